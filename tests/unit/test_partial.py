"""What is finished of a long pass is published, and stays when other machines go on."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from disasters import flip

from deblur_lib import seals
from deblur_lib.cli import main
from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.records import read_json, read_manifests, read_rows, write_text
from deblur_lib.runs import looking, matrix, store
from deblur_lib.runs.collecting import OWN, TRAINED
from deblur_lib.runs.looking import look
from deblur_lib.runs.partial import (
    NOBODY,
    discard,
    folder_of,
    publish_part,
    published,
    rows_here,
    to_publish,
    whole_part,
    without,
)
from deblur_lib.runs.plan import Plan, Request, Run, make_plan, widened
from deblur_lib.weights.checkpoint import read_card


@pytest.fixture
def plan(project: Path) -> Plan:
    """One run of two is finished; nothing is published."""
    methods = ("wan2023_baseline", "wan2023")
    wide = widened(make_plan(Request("wan2023", profile="smoke", methods=methods)))
    narrow = make_plan(Request("wan2023", profile="smoke", methods=("wan2023",)))
    target = store.run_folder(wide.runs[1])
    if not target.exists():
        shutil.copytree(store.run_folder(narrow.runs[0]), target)
    look(wide)
    return wide


def _as_another_machine_leaves_it(folder: Path, mine: Run, other: Run) -> None:
    for name in ("rows.csv", "manifests.json", "curves.csv"):
        text = (folder / name).read_text().replace(mine.id, other.id)
        write_text(
            folder / name, text.replace(",wan2023,wan2023_base", ",wan2023_base,wan2023_base")
        )
    seals.seal(folder)


def test_runs_of_several_machines_add_up(plan: Plan) -> None:
    other, mine = plan.runs
    folder, count = publish_part(plan)
    assert (count, published(plan)) == (1, {mine.id})
    here = {name: (folder / name).read_text() for name in ("rows.csv", "curves.csv")}
    _as_another_machine_leaves_it(folder, mine, other)
    _, count = publish_part(plan)
    assert (count, published(plan)) == (2, {mine.id, other.id})
    assert [one.run for one in read_manifests(folder / "manifests.json")] == [mine.id, other.id]
    rows = read_rows(folder / "rows.csv")
    counts = rows["run"].value_counts()
    assert counts[mine.id] == counts[other.id]
    assert not rows.duplicated().any()
    assert all((folder / name).read_text().startswith(text) for name, text in here.items())
    assert seals.is_whole(folder)
    assert publish_part(plan)[1] == 2


def test_of_a_part_that_was_executed_the_finished_runs_are_compared(plan: Plan) -> None:
    other, mine = plan.runs
    with rows_here(plan) as folder:
        rows, told = read_rows(folder / "rows.csv"), read_manifests(folder / "manifests.json")
    assert [one.run for one in told] == [mine.id]
    assert {*rows["run"]} == {mine.id, NOBODY}
    with (
        pytest.raises(MissingRowsError, match="no run of wan2023 at profile smoke is finished"),
        rows_here(replace(plan, runs=(other,))),
    ):
        pass
    whole = store.results_folder(plan.request)
    whole.mkdir(parents=True)
    write_text(whole / "rows.csv", (store.run_folder(mine) / "rows.csv").read_text())
    with rows_here(plan) as folder:
        assert folder == whole


def test_runs_of_several_machines_make_the_whole_profile(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, mine = plan.runs
    folder, _ = publish_part(plan)
    assert not (folder / TRAINED).exists()  # not all networks that figures show are here
    monkeypatch.setattr(looking, "probed", lambda _: [mine])
    publish_part(plan)
    assert seals.is_whole(folder)
    assert mine.method.id in read_json(folder / TRAINED)["branch_weights"]
    assert {name: (folder / name).is_file() for name in OWN} == dict.fromkeys(OWN, True)
    assert read_card(folder / "own.safetensors").options == mine.options
    assert whole_part(plan) is None  # a run is still missing
    _as_another_machine_leaves_it(folder, mine, other)
    monkeypatch.setattr(looking, "probed", lambda _: [other])
    publish_part(plan)
    whole = whole_part(plan)
    assert whole == folder
    assert seals.is_whole(whole)
    costs = pd.read_csv(whole / "costs.csv")
    assert set(costs["method"]) == {mine.method.id, other.method.id}
    probes = read_json(whole / "probes.json")
    assert mine.method.id in probes["branch_weights"]
    assert mine.method.id in probes["costs"]
    assert to_publish(plan) == folder
    executed = store.results_folder(plan.request)
    shutil.copytree(folder, executed, dirs_exist_ok=True)
    assert to_publish(plan) == executed  # a whole pass of one's own comes first


def test_rows_of_the_whole_profile_count_and_end_its_part(plan: Plan) -> None:
    part, _ = publish_part(plan)
    shutil.copytree(part, store.published_folder("wan2023", "smoke"))
    discard("wan2023", "smoke")
    assert not part.parent.exists()  # no empty folder stays behind
    assert published(plan) == {plan.runs[1].id}


def test_what_is_published_is_left_out_unless_another_run_needs_it(plan: Plan) -> None:
    done = {run.id for run in plan.runs}
    assert without(plan, done).runs == ()
    assert without(plan, {plan.runs[1].id}).runs == plan.runs[:1]
    full = make_plan(Request("wan2023", profile="study"))
    frozen = next(run for run in full.runs if run.source)
    left = without(full, {run.id for run in full.runs} - {frozen.id})
    assert left.runs == tuple(one for one in full.runs if one.id in (frozen.id, frozen.source.id))


def test_a_damaged_part_is_neither_trusted_nor_replaced(plan: Plan) -> None:
    folder, _ = publish_part(plan)
    flip(folder / "rows.csv")
    before = (folder / "rows.csv").read_bytes()
    with pytest.raises(RecordError, match=r"rows\.csv"):
        publish_part(plan)
    assert (folder / "rows.csv").read_bytes() == before


def test_the_commands_know_it(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "check_library", lambda: None)
    shutil.rmtree(store.run_folder(plan.runs[1]))
    with pytest.raises(MissingRowsError, match="no run of wan2023 at profile smoke is finished"):
        publish_part(plan)
    done = CliRunner().invoke(main, ["publish", "wan2023", "--profile", "smoke", "--partial"])
    assert done.exit_code == 2
    assert "smoke is not published" in done.output
    asked: list[list[Plan]] = []
    monkeypatch.setattr(matrix, "sweep", lambda plans, *_, **__: asked.append(plans) or [])
    every = {run.id for run in make_plan(Request("wan2023", profile="smoke")).runs}
    monkeypatch.setattr("deblur_lib.runs.partial.published", lambda _: every)
    words = ["run", "wan2023", "--profile", "smoke", "--skip-published"]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert [plan.runs for plan in asked[0]] == [()]
    assert folder_of("wan2023", "study").parts[-3:] == ("wan2023", "unfinished", "study")

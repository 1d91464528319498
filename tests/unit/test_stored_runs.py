"""A run that is not whole, or of other code, is scored again, trained again or refused."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from disasters import cut, flip

from deblur_lib import seals
from deblur_lib.errors import RecordError, UsageError
from deblur_lib.nn.base import Deblurrer
from deblur_lib.records import read_json, read_manifests, read_rows, write_json, write_manifests
from deblur_lib.runs import collecting, costing, matrix, running, store, vintage
from deblur_lib.runs.collecting import collect
from deblur_lib.runs.looking import look
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.running import execute, is_finished, open_tests
from deblur_lib.runs.vetting import check_ready
from deblur_lib.training import loop


def planned(train: str = "missing") -> tuple[Plan, Run, Path]:
    plan = make_plan(Request("wan2023", profile="smoke", methods=("wan2023",), train=train))
    (run,) = plan.runs
    return plan, run, store.run_folder(run)


@pytest.fixture
def stored(project: Path) -> tuple[Plan, Run, Path]:
    return planned()


def again(plan: Plan) -> None:
    (run,) = plan.runs
    execute(run, plan, open_tests(plan), {})


def scored(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("rows.csv", "log.csv")}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "Session", None)  # a step would fail


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink], ids=["flipped", "cut", "gone"])
@pytest.mark.parametrize("name", [*running.STORED, seals.NAME, "picture"])
def test_a_run_is_finished_when_every_file_is_whole(stored, name: str, harm) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    tests = open_tests(plan)
    assert is_finished(run, tests)
    harm(next(folder.glob("pictures/**/*.png")) if name == "picture" else folder / name)
    assert not is_finished(run, tests)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", ["rows.csv", "manifest.json", seals.NAME, "config.json"])
def test_damaged_rows_are_scored_again_without_training(stored, name: str) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    before = scored(folder)
    flip(folder / name)
    again(plan)
    assert is_finished(run, open_tests(plan))
    assert scored(folder) == before


def test_rows_do_not_tell_whether_a_training_came_before(stored, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The layout of the weights decides the last digit of a sum."""
    plan, _, folder = stored
    layouts, score = [], running.evaluate

    def watched(network: Deblurrer, *args: Any, **named: Any) -> list[Any]:
        layouts.append([one.stride() for one in network.parameters()])
        return score(network, *args, **named)

    monkeypatch.setattr(running, "evaluate", watched)
    for name in ("best.safetensors", "rows.csv"):
        cut(folder / name)
        again(plan)
    half = len(layouts) // 2
    assert layouts[:half] == layouts[half:]


def test_damaged_weights_are_trained_again(stored) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    before, weights = scored(folder), (folder / "best.safetensors").read_bytes()
    cut(folder / "best.safetensors")
    again(plan)
    assert is_finished(run, open_tests(plan))
    assert scored(folder) == before
    assert (folder / "best.safetensors").read_bytes() == weights


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", ["log.csv", "fit.json"])
def test_a_damaged_record_of_a_training_says_what_to_delete(stored, name: str) -> None:  # type: ignore[no-untyped-def]
    plan, _, folder = stored
    flip(folder / name)
    with pytest.raises(RecordError, match=rf"{name} .*delete"):
        again(plan)


def test_rows_cut_after_the_check_are_not_collected(stored, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    counted = SimpleNamespace(structure=lambda *_: {"counted": 1})
    monkeypatch.setattr(collecting, "import_module", lambda _: counted)
    monkeypatch.setattr(costing, "published", lambda _: {})
    look(plan)
    while jobs := costing.missing(plan):
        for job in jobs:
            costing.tell(*job)
    results = store.results_folder(plan.request)
    collect(plan, results, plan.runs)
    assert seals.is_whole(results)
    probes = (results / "probes.json").read_bytes()
    flip(results / "probes.json")
    collect(plan, results, plan.runs)
    assert (results / "probes.json").read_bytes() == probes, "counted anew"
    flip(store.run_base(plan.request) / "identity.csv")
    with pytest.raises(RecordError, match=r"identity\.csv"):
        collect(plan, results, plan.runs)
    look(plan)
    cut(folder / "rows.csv")
    with pytest.raises(RecordError, match=rf"{run.id}/rows\.csv was cut"):
        collect(plan, results, plan.runs)


# --- other code ----------------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Digests of today's code, which a test may change."""
    codes = vintage.today("wan2023")
    monkeypatch.setattr(vintage, "today", lambda *_: dict(codes))
    return codes


@pytest.mark.usefixtures("no_training")
def test_other_scoring_code_scores_again(stored, now: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    tests = open_tests(plan)
    assert is_finished(run, tests)
    now["scoring"] = "another"
    assert not is_finished(run, tests)
    again(plan)
    assert is_finished(run, tests)
    (told,) = read_manifests(folder / "manifest.json")
    assert told.code == now


@pytest.mark.usefixtures("no_training")
def test_a_convention_asked_for_since_scores_again(stored, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    monkeypatch.setattr(running, "conventions", lambda *_, **__: ("psnr-rgb", "psnr-float"))
    assert not is_finished(run, open_tests(plan))
    again(plan)
    assert is_finished(run, open_tests(plan))
    assert set(read_rows(folder / "rows.csv")["convention"]) == {"psnr-rgb", "psnr-float"}


@pytest.mark.usefixtures("no_training")
def test_other_training_code_is_refused_before_anything_starts(stored, now) -> None:  # type: ignore[no-untyped-def]
    plan, run, _ = stored
    check_ready(plan)
    now["training"] = "another"
    told = rf"1 of 1 runs .* other code .*first {run.id}; .*--set train=renew`.*--set train=keep`"
    for start in (check_ready, matrix.run_all):
        with pytest.raises(UsageError, match=told):
            start(plan)
    now["scoring"] = "another"  # and where nobody asked before
    with pytest.raises(UsageError, match=r"trained by other code than .*delete"):
        again(plan)


@pytest.mark.usefixtures("no_training")
def test_other_training_code_may_be_kept_and_is_told(stored, now) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    was = now["training"]
    now |= {"training": "another", "scoring": "another"}
    kept, _, _ = planned("keep")
    vintage.settle(kept)
    again(kept)
    assert is_finished(run, open_tests(plan))
    (told,) = read_manifests(folder / "manifest.json")
    assert told.code == {"training": was, "scoring": "another"}
    assert vintage.told_of(told) == ["trained by other code than today's"]


def test_other_training_code_may_be_trained_again(stored, now) -> None:  # type: ignore[no-untyped-def]
    _, run, folder = stored
    before = scored(folder)
    now["training"] = "another"
    renewed, _, _ = planned("renew")
    vintage.settle(renewed)
    assert not is_finished(run, open_tests(renewed))
    again(renewed)
    assert scored(folder) == before
    (told,) = read_manifests(folder / "manifest.json")
    assert told.code == now
    vintage.settle(renewed)
    assert is_finished(run, open_tests(renewed)), "only once"


@pytest.mark.usefixtures("no_training")
def test_runs_that_do_not_tell_their_code_stay_valid(stored, now) -> None:  # type: ignore[no-untyped-def]
    plan, run, folder = stored
    fit = read_json(folder / "fit.json")
    del fit["settings"]["code"], fit["fit"]["code"], fit["log"]
    write_json(folder / "fit.json", fit)
    (told,) = read_manifests(folder / "manifest.json")
    write_manifests(folder / "manifest.json", [dataclasses.replace(told, code={})])
    (folder / seals.NAME).unlink()
    now["training"] = "another"
    check_ready(plan)
    again(plan)
    assert is_finished(run, open_tests(plan))
    (told,) = read_manifests(folder / "manifest.json")
    assert vintage.remark([told, told]) == "2 of 2 runs: code not recorded"


def test_a_training_begun_by_other_code_is_told_from_its_state(tmp_path: Path) -> None:
    assert vintage.begun_by(tmp_path) == ""
    settings = {"settings": {"code": "abc"}, "step": 3}
    write_json(tmp_path / "resume-b.json", {"counters": settings, "sha256": "0"})
    assert vintage.begun_by(tmp_path) == "abc"
    (tmp_path / "fit.json").write_text("[")
    assert vintage.begun_by(tmp_path) == "abc"
    vintage.forget(tmp_path)
    assert not list(tmp_path.iterdir())

"""Rows scored with weights that authors released: nothing is trained, and the tables say so."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from data_pictures import PAIRS, write_pairs

from deblur_lib import catalogue, papers
from deblur_lib.errors import MissingRowsError, UsageError
from deblur_lib.notebook.parameters import request_of
from deblur_lib.records import read_json, read_manifests, read_rows, write_manifests
from deblur_lib.report import cells, tables
from deblur_lib.report.results import Results
from deblur_lib.runs import running, store
from deblur_lib.runs.collecting import collect
from deblur_lib.runs.looking import look, probe
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.publishing import check_declared
from deblur_lib.runs.vetting import check_ready, checked_plan, used_data
from deblur_lib.weights import shelf


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose shelf holds weights of MT-RNN as published, and a folder of pairs."""
    for name in ("notebooks", "deblur_lib"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    write_pairs(tmp_path / "mine", PAIRS)
    torch.manual_seed(0)
    torch.save(catalogue.build("mtrnn", start="identity").state_dict(), tmp_path / "mt-rnn.pth")
    shelf.add(tmp_path / "mt-rnn.pth", store.weights_folder())
    return tmp_path


def planned(**changes: object) -> tuple[Plan, Run]:
    given = {"profile": "smoke", "released": {"mtrnn": "mtrnn"}, "methods": ["mtrnn"]} | changes
    plan = make_plan(request_of("wan2023", given))
    (run,) = plan.runs
    return plan, run


def no_training(*_: object, **__: object) -> None:
    raise AssertionError("a released row asks for training")


def test_a_released_row_fills_its_table(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "open_training", no_training)
    monkeypatch.setattr(running, "learn", no_training)
    plan, run = planned()
    assert run.steps == 0
    assert run.options == {}  # as published, whatever the profile declares
    tests, shown = look(plan)
    running.execute(run, plan, tests, shown)
    assert running.is_finished(run, tests)
    (manifest,) = read_manifests(store.run_folder(run) / "manifest.json")
    assert (manifest.steps, manifest.origin["preset"]) == (0, "mtrnn")
    assert list(manifest.origin["files"]) == ["mt-rnn.pth"]
    assert any(note == "released weights mtrnn" for note in manifest.notes)
    assert str(place) not in json.dumps(dataclasses.asdict(manifest)["origin"])
    rows = read_rows(store.run_folder(run) / "rows.csv")
    results = Results.load(results_of(plan, run))
    frame = tables.compare(results, papers.load("wan2023"), "T1")
    found = frame[(frame["method"] == "mtrnn") & (frame["metric"] == "psnr_db")].iloc[0]
    assert found["kind"] == cells.RELEASED == "re-run with released weights"
    meant = rows[(rows["convention"] == "psnr-rgb") & (rows["dataset"] == found["dataset"])]
    assert found["ours"] == pytest.approx(meant["value"].mean())


def results_of(plan: Plan, run: Run) -> Path:
    from deblur_lib.runs import costing

    costing.counted(str(run.method.network), run.options)
    folder = store.results_folder(plan.request)
    probe(plan, running.open_tests(plan), look(plan)[1], store.run_base(plan.request))
    collect(plan, folder, [run])
    return folder


def test_other_weights_and_other_code_are_other_runs(place: Path) -> None:
    before = planned()[1].id
    torch.manual_seed(1)
    torch.save(catalogue.build("mtrnn").state_dict(), place / "b.pth")
    shelf.add(place / "b.pth", store.weights_folder(), name="b")
    assert planned(released={"mtrnn": "b"})[1].id != before
    assert (
        planned(released={"mtrnn": str(store.weights_folder() / "b.safetensors")})[1].id != before
    )
    assert planned(seeds=[4, 5])[1].seed == 4  # one run, whatever seeds others have


def test_at_the_papers_profile_only_test_pictures_are_needed(place: Path) -> None:
    sources = {"gopro-linear": "mine", "realblur-j": "mine"}
    plan, _ = planned(profile="paper", sources=sources, roots={"mine": "mine"})
    assert used_data(plan) == ["mine"]
    check_ready(plan)
    assert planned(profile="paper")[0].request.altered == {"methods": ["mtrnn"]}
    assert "released" in planned()[0].request.altered


def test_official_weights_may_be_published_at_the_papers_profile(place: Path) -> None:
    request = Request("wan2023", "paper")
    folder = place / "results"
    folder.mkdir()
    made = _manifest(planned(profile="paper")[1])
    others = [_manifest(one) for one in make_plan(request).runs if one.method.id != "mtrnn"]
    write_manifests(folder / "manifests.json", [*others, made])
    check_declared(folder, "wan2023", "paper")
    unknown = dataclasses.replace(made, origin={"files": {}})
    write_manifests(folder / "manifests.json", [*others, unknown])
    with pytest.raises(MissingRowsError, match="1 of other settings"):
        check_declared(folder, "wan2023", "paper")


def _manifest(run: Run):  # type: ignore[no-untyped-def]
    from fake_results import manifest

    origin = {"preset": "mtrnn"} if run.released else {}
    made = manifest("wan2023", "paper", run.method.id, run.seed)
    return dataclasses.replace(made, run=run.id, origin=origin)


@pytest.mark.parametrize(
    ("released", "told"),
    [
        ({"mtrnn": "nothing"}, "row mtrnn needs stored weights, nothing has no card"),
        ({"dmphn": "mtrnn"}, "row dmphn needs weights of dmphn, mtrnn holds those of mtrnn"),
        ({"mtrn": "mtrnn"}, "did you mean 'mtrnn'"),
    ],
)
def test_weights_that_cannot_fill_the_row_are_refused(
    place: Path, released: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        planned(released=released, methods=[])


def test_weights_of_another_size_are_no_row_of_the_paper(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "check_library", lambda: None)
    torch.save(catalogue.build("mtrnn", base_channels=8).state_dict(), place / "small.pth")
    shelf.add(place / "small.pth", store.weights_folder())
    request = planned(released={"mtrnn": "small"})[0].request
    with pytest.raises(UsageError, match=r"row mtrnn needs mtrnn with .* small is of"):
        checked_plan(request)


def test_the_stored_card_stays_with_the_run(place: Path) -> None:
    plan, run = planned()
    running.execute(run, plan, *look(plan))
    card = read_json(store.run_folder(run) / "best.json")
    assert card["origin"]["licence"] == "none stated"
    assert card["step"] == 0

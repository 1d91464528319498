"""Networks are scored on check sets once, and what the sets are is told beside every number."""

import dataclasses
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from data_pictures import PAIRS, save, sharp_picture, write_pairs
from disasters import cut, flip
from fake_results import rows_of, write_checks, write_results

from deblur_lib import locks, papers, seals
from deblur_lib.data.clips.pairs import as_clips
from deblur_lib.data.opening import open_data
from deblur_lib.data.pairs import PairedImages
from deblur_lib.errors import DataError, UsageError
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.notebook import room as room_module
from deblur_lib.notebook.room import Room
from deblur_lib.records import read_json, read_rows, write_rows
from deblur_lib.report import derive
from deblur_lib.report.checks import view
from deblur_lib.runs import checking, matrix, publishing, store
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import trained
from deblur_lib.spec import CHECKS
from deblur_lib.weights.checkpoint import save as save_weights


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a network was scored (else the blurred pictures), for each evaluation so far."""
    made: list[bool] = []

    def counted(network, source, **more):  # type: ignore[no-untyped-def]
        made.append(network is not None)
        return evaluate(network, source, **more)

    monkeypatch.setattr(checking, "evaluate", counted)
    return made


def opened(project: Path, *checks: str) -> Room:
    roots = {"mine": str(project / "mine")} if "mine" in checks else {}
    asked = Request("wan2023", "smoke", methods=("wan2023",), roots=roots, checks=checks)
    return Room(make_plan(asked))


def checked(project: Path, *checks: str) -> Room:
    room = opened(project, *checks)
    checking.score_checks(room.plan, checking.open_checks(room.plan))
    checking.collect_checks(room.plan, room.folder)
    return room


def test_rows_hold_the_scores_of_every_picture(project: Path) -> None:
    room = checked(project, "mine")
    rows = read_rows(room.folder / "checks.csv")
    assert set(rows["method"]) == {"identity", "wan2023"}
    assert (set(rows["dataset"]), set(rows["data"])) == ({"mine"}, {"mine/test"})
    assert sorted(set(rows["picture"])) == PAIRS
    run = room.plan.runs[0]
    source = PairedImages.from_folder(project / "mine")
    wanted = {one.picture: one.scores["psnr-rgb"] for one in evaluate(trained(run), source)}
    mine = rows[(rows["run"] == run.id) & (rows["convention"] == "psnr-rgb")]
    assert dict(zip(mine["picture"], mine["value"], strict=True)) == pytest.approx(wanted)
    told = read_json(room.folder / "checks.json")["mine"]
    assert told["digest"] == source.digest
    assert (told["pictures"], told["data"], told["licence"]) == (4, "mine/test", "your own")
    assert "mine, a folder of your own: 4 pictures, 2 scenes" in room.checks().markdown()
    assert not list(project.glob("runs/**/checks/**/*.png"))


def test_what_is_stored_is_not_scored_again(project: Path, calls: list[bool]) -> None:
    checked(project, "mine")
    assert calls == [False, True]
    first = (opened(project, "mine").folder / "checks.csv").read_bytes()
    checked(project, "mine")
    assert calls == [False, True]
    assert (opened(project, "mine").folder / "checks.csv").read_bytes() == first


def test_other_weights_are_scored_again(project: Path, calls: list[bool]) -> None:
    room = checked(project, "mine")
    (run,) = room.plan.runs
    kept = read_rows(room.folder / "checks.csv")
    weights = store.run_folder(run) / "best.safetensors"
    network = trained(run)
    with torch.no_grad():
        for one in network.parameters():
            one.mul_(0.9)
    save_weights(weights, network, name=run.method.network, options=run.options)
    checking.collect_checks(room.plan, room.folder)
    assert not (room.folder / "checks.csv").exists()  # rows of other weights are not shown
    checked(project, "mine")
    assert calls == [False, True, True]
    again = read_rows(room.folder / "checks.csv")
    same = kept["method"] == "identity"
    assert (kept["value"] == again["value"]).to_list() == same.to_list()


def test_other_pictures_are_scored_again(project: Path, calls: list[bool]) -> None:
    checked(project, "mine")
    save(project / "mine" / "sharp" / "s2" / "001.png", sharp_picture(9))
    checked(project, "mine")
    assert calls == [False, True, False, True]


def test_damaged_rows_and_rows_of_other_code_are_scored_again(
    project: Path, calls: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = checked(project, "mine")
    (run,) = room.plan.runs
    rows = (room.folder / "checks.csv").read_bytes()
    flip(store.run_folder(run) / "checks" / "mine.csv")
    checked(project, "mine")
    flip(store.run_base(room.plan.request) / "checks" / "mine.csv")
    checked(project, "mine")
    cut(store.run_folder(run) / "checks" / "mine.json")
    checked(project, "mine")
    assert calls == [False, True, True, False, True]
    assert (room.folder / "checks.csv").read_bytes() == rows
    monkeypatch.setattr(checking.code, "digest", lambda *_: "another")
    checked(project, "mine")
    assert calls[5:] == [False, True]


def test_rows_stay_when_the_folder_is_gone(project: Path, calls: list[bool]) -> None:
    room = opened(project)
    plan = dataclasses.replace(
        room.plan,
        request=dataclasses.replace(
            room.plan.request, roots={"gopro-linear": str(project / "mine")}
        ),
        checks=(dataclasses.replace(CHECKS[0], data="own", split="test"),),
    )
    checking.score_checks(plan, checking.open_checks(plan))
    shutil.rmtree(project / "mine")
    checking.score_checks(room.plan, {})
    checking.collect_checks(room.plan, room.folder)
    assert calls == [False, True]
    shown = room.checks().markdown()
    assert "GoPro, real pairs: 4 pictures, 2 scenes; numbers from this run, profile smoke" in shown
    assert "REDS, real pairs at 320x180: not measured" in shown
    assert "CC BY 4.0, Nah et al. 2017" in shown


def test_the_stage_stands_between_training_and_collecting(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    held: dict[str, bool] = {}

    def note(where: Any, name: str) -> None:
        def noted(*_: Any) -> None:
            done.append(name)
            held[name] = locks.holder(room.folder) is not None

        monkeypatch.setattr(where, name, noted)

    room = opened(project, "mine")

    for where, name in ((checking, "open_checks"), (matrix, "run_all"), (derive, "write_derived"),
                        (checking, "score_checks"), (checking, "collect_checks")):  # fmt: skip
        note(where, name)
    note(room_module, "collect")
    room.run()
    assert done == ["open_checks", "run_all", "score_checks", "collect", "collect_checks",
                    "write_derived"]  # fmt: skip
    assert list(held.values()) == [False, False, False, True, True, True]  # nobody else writes


def test_a_folder_that_cannot_be_used_stops_before_training(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project / "mine" / "sharp")
    monkeypatch.setattr(matrix, "run_all", lambda plan: pytest.fail("training began"))
    with pytest.raises(DataError, match="no sharp partner"):
        opened(project, "mine").run()


def test_jobs_travel_to_other_processes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(checking, "side_by_side", lambda task, jobs, *_: seen.extend(jobs))
    room = opened(project, "mine")
    checking.score_checks(room.plan, checking.open_checks(room.plan))
    ((plan, run, check, source),) = pickle.loads(pickle.dumps(seen))
    assert not checking.is_scored(run, check, source)
    checking.score_run(plan, run, check, source)
    assert checking.is_scored(run, check, source)


def test_a_published_run_stands_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = checked(project, "mine")
    assert {"checks.csv", "checks.json"} <= set(publishing.KEPT)
    shutil.copytree(room.folder, store.published_folder("wan2023", "smoke"))
    monkeypatch.setenv("DEBLUR_RUNS", str(project / "empty"))
    shown = opened(project, "mine").checks().markdown()
    assert "numbers from the published run, profile smoke" in shown
    never = Request("wan2023", "smoke", train="never", roots={"mine": "x"}, checks=("mine",))
    assert "numbers from the published run" in Room(make_plan(never)).checks().markdown()
    with pytest.raises(UsageError, match="did you mean 'gopro_real'"):
        opened(project).checks("gopro_rael")


def test_without_any_numbers_it_says_what_to_do(project: Path) -> None:
    shown = opened(project).checks()
    assert not shown.blocks
    assert len(shown.notes) == len(CHECKS)
    assert all("not measured" in note and "and roots=" in note for note in shown.notes)
    assert len(opened(project).checks("reds_real").notes) == 1


def test_gains_are_paired_and_told_for_each_seed(tmp_path: Path) -> None:
    write_results(tmp_path, gains={"wan2023": 0.5}, by_seed=0.0, by_scene=0.0, pictures=False)
    write_checks(tmp_path)
    made = view({"this run": tmp_path}, papers.load("wan2023"), ())
    ((heading, table),) = made.blocks
    assert heading == "Mine: 24 of 30 pictures, 6 scenes; numbers from this run, profile demo"
    assert list(table.index) == ["wan2023 (DFFM + MSRM)", "Blurred input"]
    first = table.iloc[0]
    assert (first["gain [dB]"], first["each seed"]) == ("+0.50", "+0.50 +0.50 +0.50")
    assert first["interval"].startswith("+0.50 to +0.50")
    read_rows(tmp_path / "checks.csv").assign(scene="one").to_csv(
        tmp_path / "checks.csv", index=False
    )
    seals.renew(tmp_path, "checks.csv")
    ((_, table),) = view({"this run": tmp_path}, papers.load("wan2023"), ()).blocks
    assert table.iloc[0]["interval"] == "none over 1 scene"
    assert table.iloc[1]["gain [dB]"] == "–"
    assert made.notes == ["Mine (mine/test): Why. Licence: free."]


def test_what_a_set_was_not_scored_with_is_told(tmp_path: Path) -> None:
    gains = {"wan2023": 0.5, "wan2023_aff": 0.1}
    write_results(tmp_path, gains=gains, pictures=False)
    write_checks(tmp_path)
    rows = read_rows(tmp_path / "checks.csv")
    left = (rows["method"] == "wan2023_aff") | (rows["seed"] == 2)
    write_rows(tmp_path / "checks.csv", rows_of(rows[~left & (rows["scene"] == "s0")]))
    made = view({"this run": tmp_path}, papers.load("wan2023"), ())
    told = "Scored on it: wan2023 (DFFM + MSRM) (seed 0, 1); the other 4 runs were not."
    assert made.notes[0].endswith(told)
    assert made.blocks[0][1].iloc[0]["interval"] == "none over 1 scene"


# --- opening -----------------------------------------------------------------------------------


def test_a_large_set_is_thinned_evenly(project: Path) -> None:
    room = opened(project, "mine")
    few = dataclasses.replace(room.plan.checks[0], pictures=2)
    source = checking.open_checks(dataclasses.replace(room.plan, checks=(few,)))["mine"]
    assert (list(source.names), source.expected) == (["s1/001", "s2/001"], 4)


def test_neighbouring_pairs_make_clips(tmp_path: Path) -> None:
    names = ["a/0008", "a/0009", "a/0010", "a/0011", "a/0013", "b/0012", "b/plain"]
    root = write_pairs(tmp_path / "video", names)
    settings = {"clips": True, "pack": False}
    clips = open_data("video", "test", settings=settings, roots={"video": root}, cache=tmp_path)
    assert list(clips.names) == ["a/0009", "a/0010"]
    pairs = PairedImages.from_folder(root)
    clip = clips.pair(1)
    for frame, name in zip(clip.blurred, ("a/0009", "a/0010", "a/0011"), strict=True):
        np.testing.assert_array_equal(frame, pairs.pair(names.index(name)).blurred)
    np.testing.assert_array_equal(clip.sharp, pairs.pair(2).sharp)
    assert as_clips(as_clips(pairs)).digest == clips.digest != pairs.digest
    with pytest.raises(DataError, match="no three pairs with neighbouring numbers"):
        as_clips(PairedImages.from_folder(write_pairs(tmp_path / "few", ["1", "2", "4", "x"])))


def test_generated_blur_over_photographs(project: Path) -> None:
    for number in range(3):
        save(project / "kodak" / f"{number:02d}.png", sharp_picture(number, 200, 300))
    small = dataclasses.replace(CHECKS[2], settings={"size": 64, "blur": 0.3, "test": 3})
    room = opened(project)
    request = dataclasses.replace(room.plan.request, roots={"kodak24": str(project / "kodak")})
    plan = dataclasses.replace(room.plan, request=request, checks=(small,))
    source = checking.open_checks(plan)[small.id]
    assert len(source) == 3
    checking.score_checks(plan, {small.id: source})
    checking.collect_checks(plan, room.folder)
    assert set(read_rows(room.folder / "checks.csv")["dataset"]) == {small.id}


@pytest.mark.real_data
def test_real_pairs_and_clips_open(project: Path, real_data: Path) -> None:
    roots = {
        "gopro-linear": str(real_data / "gopro_linear"),
        "reds-180p": str(real_data / "reds_180p"),
    }
    counts = {}
    for paper in ("wan2023", "zhao2020"):
        sources = checking.open_checks(make_plan(Request(paper, "smoke", roots=roots)))
        counts[paper] = {name: len(source) for name, source in sources.items()}
    assert counts["wan2023"] == {"gopro_real": 12, "reds_real": 20}
    assert counts["zhao2020"] == {"gopro_real": 6, "reds_real": 16}

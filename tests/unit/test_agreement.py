"""A second execution beside the published one: rows, verdicts, floor, and what is refused."""

import json
from pathlib import Path

import fake_results
import pytest
from click.testing import CliRunner
from fake_results import AGAIN, change_manifests, compared, shift

from deblur_lib import papers
from deblur_lib.cli import main
from deblur_lib.errors import MissingRowsError
from deblur_lib.notebook.room import open_paper
from deblur_lib.records import (
    read_rows,
    write_json,
    write_text,
)
from deblur_lib.report import agreement_view, floors, verdicts
from deblur_lib.report.agreement import ITSELF, Agreement
from deblur_lib.report.results import Results
from deblur_lib.report.rules import NOT_JUDGED
from deblur_lib.runs import store

PAPER = papers.load("wan2023")


def keep(folder: Path, query: str) -> None:
    frame = read_rows(folder / "rows.csv").query(query)
    write_text(folder / "rows.csv", frame.to_csv(index=False))


def difference(found: Agreement, method: str, dataset: str = "gopro_test") -> float:
    rows = {(row.method, row.dataset, row.convention): row.value for row in found.rows}
    return rows[method, dataset, "psnr-rgb" if dataset == "gopro_test" else "realblur-ecc-psnr"]


def test_an_equal_execution_agrees_in_everything(executed: Path, published: Path) -> None:
    found = compared(executed, published)
    assert found.agreed == len(found.claims) >= 5
    assert {row.value for row in found.rows} == {0.0}
    assert len(found.rows) == (len(fake_results.GAINS) + 1) * 4
    assert found.notes == ()
    assert found.sentence.endswith("verdicts; every row is the same to the last stored digit.")


def test_only_claims_that_rows_can_judge_are_counted(executed: Path, published: Path) -> None:
    for folder in (executed, published):
        write_json(folder / "probes.json", fake_results.probes(fake_results.GAINS))
    shift(executed, -9.0, method="wan2023")
    shift(published, -9.0, method="wan2023")
    whole = compared(executed, published)
    found = {one.claim[-3:]: one for one in whole.claims}
    withheld = sum(one.ours == NOT_JUDGED for one in whole.claims)
    assert f"withhold from rows that are there: {withheld}" in " ".join(
        agreement_view.view(whole).notes
    )
    assert found["C18"].ours == found["C18"].published != NOT_JUDGED
    assert found["C06"].ours == NOT_JUDGED  # by the guard, on rows that are there
    assert not {*found} & {"C01", "C20", "C22"}  # about the print, not run, untestable


def test_a_small_difference_is_told_in_decibels(executed: Path, published: Path) -> None:
    shift(executed, 0.03, method="wan2023", convention="psnr-rgb", dataset="gopro_test")
    shift(executed, 0.3, method="wan2023", convention="psnr-rgb", dataset="realblur_j")
    found = compared(executed, published)
    assert difference(found, "wan2023") == pytest.approx(0.03)
    assert difference(found, "wan2023_dffm") == 0  # psnr-rgb is beside the print on RealBlur
    assert found.sentence == (
        f"Your run and the published one agree on {found.agreed} of {len(found.claims)} verdicts; "
        "the largest difference of a row is 0.03 dB (wan2023 (DFFM + MSRM), gopro_test), the floor "
        "is not measured yet."
    )


def test_a_flipped_verdict_shows_both_words_first(executed: Path, published: Path) -> None:
    shift(executed, -1.0, method="wan2023_dffm", convention="psnr-rgb")
    found = compared(executed, published)
    flipped = [one for one in found.claims if not one.same]
    assert [one.claim[-3:] for one in flipped] == ["C07", "C16", "C29"]
    for folder, words in (
        (executed, [one.alone.ours for one in flipped]),
        (published, [one.published for one in flipped]),
    ):
        judged = {one.claim.id: one for one in verdicts.judge(Results.load(folder), PAPER)}
        assert words == [judged[one.claim].ours.verdict for one in flipped]
    assert [before == now for before, now in flipped[1].checks] == [False, True, True, True]
    assert found.agreed == len(found.claims) - len(flipped)
    table = agreement_view.view(found).blocks[1][1]
    assert list(table["same"][: len(flipped)]) == ["no"] * len(flipped)
    assert list(table["same"])[-1] == "yes"
    record = found.record("one")
    told = {one.claim for one in record.claims if one.published != one.ours}
    assert told == {one.claim for one in flipped}
    assert (record.agreed, len(record.claims)) == (found.agreed, len(found.claims))


def test_the_published_rows_themselves_are_no_second_execution(
    published: Path, tmp_path: Path
) -> None:
    copy = fake_results.write_results(tmp_path / "copy", pictures=False)
    found = compared(copy, published)
    assert found.sentence == ITSELF
    assert agreement_view.view(found).blocks == []
    with pytest.raises(MissingRowsError, match="executed again"):
        found.record("none")
    assert agreement_view.shown(Results.load(published), published, PAPER).title.startswith(ITSELF)


def test_runs_that_were_not_executed_again_are_no_rows(executed: Path, published: Path) -> None:
    change_manifests(executed, method="wan2023", started="2026-01-01T00:00:00+00:00")
    found = compared(executed, published)
    assert "wan2023" not in {row.method for row in found.rows}
    assert "3 runs are the published ones themselves" in found.notes[0]
    assert len(found.ours) == 12


def test_missing_rows_seeds_and_pictures_are_told(executed: Path, published: Path) -> None:
    shift(executed, 0.5, method="wan2023", picture="p00", dataset="gopro_test")
    shift(executed, 0.5, method="wan2023", seed=2, dataset="gopro_test")
    keep(executed, "method != 'wan2023_aff' and (picture != 'p01' or dataset != 'realblur_j')")
    keep(published, "(method != 'wan2023' or seed != 2) and method != 'mimo_unet'")
    keep(published, "picture != 'p00' or dataset != 'gopro_test'")
    found = compared(executed, published)
    assert set(found.notes) == {
        "only published: wan2023_aff",
        "only now: mimo_unet",
        "only now: seeds 2 of wan2023",
        "only now: 1 pictures of gopro_test",
        "only published: 1 pictures of realblur_j",
    }
    assert difference(found, "wan2023") == pytest.approx(0, abs=1e-6)
    assert {row.method for row in found.rows} == {
        "identity", "wan2023", "wan2023_dffm", "wan2023_baseline",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["digest", "scores"])
def test_other_pictures_are_not_compared(executed: Path, published: Path, how: str) -> None:
    if how == "digest":
        data = {"synth-gopro-linear/train": "0" * 64, "synth-gopro-linear/test": "3" * 64}
        change_manifests(executed, data=data)
    else:
        shift(executed, 0.02, method="identity", dataset="gopro_test", picture="p12")
    found = compared(executed, published)
    assert found.notes == ("gopro_test: other pictures, not compared",)
    assert {row.dataset for row in found.rows} == {"realblur_j"}
    assert found.claims == ()  # those of this test are all about the first data set
    assert found.sentence.startswith("Your run and the published one share no judged claim")


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"base_channels": 16}},
        {"train": {"steps": 700, "batch": 4, "crop": 64}},
        {"data": {"synth-gopro-linear/train": "4" * 64, "synth-gopro-linear/test": "1" * 64}},
    ],
)
def test_rows_trained_otherwise_are_not_compared(
    executed: Path, published: Path, changes: dict[str, object]
) -> None:
    change_manifests(executed, method="wan2023", **changes)
    found = compared(executed, published)
    assert found.notes == ("trained with other settings or pictures, not compared: wan2023",)
    assert "wan2023" not in {row.method for row in found.rows}


def test_a_field_that_older_recipes_lack_is_no_difference(executed: Path, published: Path) -> None:
    change_manifests(executed, train={"steps": 600, "batch": 4, "crop": 64, "ema": 0.0})
    assert compared(executed, published).notes == ()


def test_nothing_in_common_is_refused_with_the_reason(executed: Path, published: Path) -> None:
    change_manifests(executed, options={"base_channels": 16})
    with pytest.raises(MissingRowsError, match=r"no trained row in common .*other settings"):
        compared(executed, published)
    line = agreement_view.shown(Results.load(executed), published, PAPER)
    assert line.title.startswith("Not compared: ")
    assert line.blocks == []


# --- command and chapter -------------------------------------------------------------------------


def agree(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["agree", "wan2023", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "deblur_lib").symlink_to(papers.ROOT.parent)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEBLUR_RUNS", raising=False)
    return tmp_path


def test_the_command_says_which_side_is_missing(project: Path) -> None:
    status, _, said = agree()
    assert status == 1
    assert "no run of wan2023 at profile demo is finished here" in said
    executed = project / "runs" / "wan2023" / "demo" / "results"
    fake_results.write_results(executed, pictures=False)
    status, _, said = agree()
    assert status == 1
    assert "nothing is published of wan2023 at profile demo" in said
    assert "deblur publish" in said
    title = open_paper("wan2023").agreement().title
    assert title.startswith("Not compared: nothing is published of wan2023 at profile demo")


def test_the_command_compares_records_and_ends_with_the_sentence(project: Path) -> None:
    executed = project / "runs" / "wan2023" / "demo" / "results"
    fake_results.write_results(executed, pictures=False)
    change_manifests(executed, started=AGAIN)
    shift(executed, -3.0, method="wan2023_dffm")
    target = store.published_folder("wan2023", "demo")
    fake_results.write_results(target, pictures=False)
    status, shown, said = agree("--record", "two threads")
    assert status == 0
    assert shown.splitlines()[-1].startswith("Your run and the published one agree on ")
    assert "recorded: two threads" in said
    assert [one.label for one in floors.read_records(target)] == ["two threads"]
    status, shown, _ = agree("--json")
    told = json.loads(shown)
    assert status == 0
    assert told["agreed"] == told["compared"] - sum(not one["same"] for one in told["claims"])
    assert told["agreed"] < told["compared"]
    room = open_paper("wan2023").agreement()
    assert room.title == told["sentence"]
    assert "now:" in room._repr_html_()
    assert open_paper("wan2023", train="never").agreement().title == ITSELF

"""Records of other executions: the floor they measure, and directions that they do not show."""

import json
from pathlib import Path

import fake_results
import pandas as pd
import pytest
from fake_results import change_manifests, compared, shift

from deblur_lib import papers
from deblur_lib.errors import RecordError
from deblur_lib.records import read_json, read_rows, write_json, write_rows
from deblur_lib.report import agreement_view, floors, verdicts
from deblur_lib.report.results import Results
from deblur_lib.report.rules import DIRECTION, INSEPARABLE
from deblur_lib.runs.publishing import publish

PAPER = papers.load("wan2023")


def recorded(executed: Path, published: Path, label: str, by: float, method: str) -> None:
    shift(executed, by, method=method, convention="psnr-rgb", dataset="gopro_test")
    floors.add_record(published, compared(executed, published).record(label))
    shift(executed, -by, method=method, convention="psnr-rgb", dataset="gopro_test")


def test_the_floor_is_the_root_mean_square_of_other_executions(
    executed: Path, published: Path
) -> None:
    assert compared(executed, published).floors == {}
    limits = {"processor": "made up", "instruction_sets": "ATEN_CPU_CAPABILITY=avx2"}
    change_manifests(executed, hardware=limits, threads=2)
    recorded(executed, published, "first", 0.5, "wan2023")
    recorded(executed, published, "two threads", 0.3, "wan2023")
    recorded(executed, published, "two threads", 0.4, "wan2023")
    recorded(executed, published, "another", 0.3, "mimo_unet")
    shift(executed, 0.1, method="wan2023_dffm", convention="psnr-rgb", dataset="gopro_test")
    found = compared(executed, published)
    floor = ((0.5**2 + 0.4**2 + 0.3**2) / 3) ** 0.5  # of the rows that moved
    assert found.floors["gopro_test", "psnr-rgb"] == pytest.approx(floor)
    assert found.floors["realblur_j", "realblur-ecc-psnr"] == 0  # of the same rows
    assert f"the floor is {floor:.2f} dB." in found.sentence
    view = agreement_view.view(found).markdown()
    assert f"| floor | {floor:.2f} | 0.0000 | 0.00 | 0.0000 |" in view
    assert "| two threads | made up ATEN\\_CPU\\_CAPABILITY=avx2 | 2 | fp32 |" in view
    told = dict(agreement_view.view(found).blocks)[agreement_view.FLOORS]
    assert list(told.columns) == ["first", "two threads", "another", "all"]
    assert told.loc["gopro_test PSNR [dB]", "all"] == f"{floor:.2f}"
    assert len(told) == len(found.floors)  # a row for each, as there may be many
    first = json.loads((published / "agreement.json").read_text())["records"][0]
    assert (first["label"], first["threads"], first["hardware"]) == ("first", [2], [limits])


def test_a_row_that_drifts_does_not_set_the_floor(executed: Path, published: Path) -> None:
    for folder, by in ((published, -20.0), (executed, -15.0)):
        shift(folder, by, method="wan2023", convention="psnr-rgb", dataset="gopro_test")
    recorded(executed, published, "another", 0.3, "mimo_unet")
    found = compared(executed, published)
    assert found.floors["gopro_test", "psnr-rgb"] == pytest.approx(0.3)
    assert "without rows 3 dB or more below" in " ".join(agreement_view.view(found).notes)


def words(folder: Path, claim: str) -> tuple[str, list[str]]:
    """Verdict on a claim and on each of its checks, as stored rows are shown."""
    judged = {one.claim.id: one for one in verdicts.judge(Results.load(folder), PAPER)}
    one = judged[f"wan2023-{claim}"]
    return one.ours.verdict, [part.verdict for part in one.our_parts]


def test_a_direction_counts_where_every_other_execution_shows_it(
    executed: Path, published: Path
) -> None:
    assert words(published, "C07") == (DIRECTION, [DIRECTION])
    recorded(executed, published, "as before", 0.1, "wan2023_dffm")
    assert words(published, "C07") == (DIRECTION, [DIRECTION])
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    assert words(published, "C07") == (INSEPARABLE, [INSEPARABLE])
    told = {one.claim.id: one for one in verdicts.judge(Results.load(published), PAPER)}
    assert "; 1 of 2 other executions: " in told["wan2023-C07"].ours.reason
    assert words(executed, "C07")[0] == DIRECTION  # nothing is recorded beside these
    found = {one.claim: one for one in compared(executed, published).claims}
    pair = found["wan2023-C07"]
    assert (pair.published, pair.ours) == (INSEPARABLE, INSEPARABLE)
    assert (pair.alone.published, pair.alone.ours) == (DIRECTION, DIRECTION)


def test_an_execution_that_did_the_same_sums_shows_nothing(executed: Path, published: Path) -> None:
    recorded(executed, published, "the same", 5e-5, "wan2023")
    assert [one.moved for one in Results.load(published).executions] == [frozenset()]
    assert compared(executed, published).floors == {}
    shown = agreement_view.shown(Results.load(published), published, PAPER).markdown()
    assert "none: the same sums, which tests nothing" in shown
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    shown = agreement_view.shown(Results.load(published), published, PAPER).markdown()
    assert f"| 1 of {len(fake_results.GAINS)} |" in shown


def test_an_execution_says_nothing_on_a_check_none_of_whose_rows_moved(
    executed: Path, published: Path
) -> None:
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    alone = {one.claim.id: one for one in verdicts.judge(Results.load(executed), PAPER)}
    one = alone["wan2023-C07"]  # wan2023_dffm less the baseline
    (said,) = Results.load(published).executions
    assert said.moved == {"wan2023_dffm"}
    assert verdicts.held(one, [said]).ours.verdict == INSEPARABLE
    assert verdicts.held(one, [said._replace(moved=frozenset({"mimo_unet"}))]) == one


def test_a_record_of_a_claim_with_other_checks_is_not_its_execution(
    executed: Path, published: Path
) -> None:
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    alone = {one.claim.id: one for one in verdicts.judge(Results.load(executed), PAPER)}
    one = alone["wan2023-C07"]
    moved = frozenset({"wan2023_dffm"})
    said = floors.Execution({"wan2023-C07": [INSEPARABLE]}, moved)
    assert verdicts.held(one, [said]).ours.verdict == INSEPARABLE
    assert verdicts.held(one, [floors.Execution({"wan2023-C07": [INSEPARABLE] * 2}, moved)]) == one


def test_records_go_with_rows_that_are_the_same(
    executed: Path, published: Path, tmp_path: Path
) -> None:
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    copy = fake_results.write_results(tmp_path / "copy", pictures=False)
    floors.carry(published, copy)
    assert words(copy, "C07")[0] == INSEPARABLE
    floors.carry(published, executed)
    shift(executed, 0.1, method="wan2023")
    floors.carry(published, executed)
    assert Results.load(executed).executions == ()


def test_a_record_stays_where_runs_are_added_and_goes_where_one_of_its_own_changed(
    executed: Path, published: Path, tmp_path: Path
) -> None:
    recorded(executed, published, "another", -1.0, "wan2023_dffm")
    (told,) = floors.read_records(published)
    assert {*told.runs} == {one.run for one in Results.load(published).manifests}
    wider = fake_results.write_results(tmp_path / "wider", pictures=False)
    rows = read_rows(wider / "rows.csv")
    more = rows[(rows["method"] == "wan2023") & (rows["seed"] == 0)].assign(run="more", seed=9)
    write_rows(wider / "rows.csv", pd.concat([more, rows], ignore_index=True))
    floors.carry(published, wider)
    assert floors.read_records(wider) == [told]
    shift(wider, 0.1, method="wan2023")
    floors.carry(published, wider)
    assert floors.read_records(wider) == []


def test_an_execution_is_not_its_own_floor(executed: Path, published: Path) -> None:
    shift(executed, 0.4, method="wan2023")
    floors.add_record(published, compared(executed, published).record("itself"))
    assert compared(executed, published).floors == {}


def test_publishing_the_same_rows_keeps_records_and_other_rows_drop_them(
    executed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deblur_lib.report.derive.write_derived", lambda *_: [])
    target = tmp_path / "results" / "wan2023" / "demo"
    publish(executed, target, "wan2023")
    change_manifests(executed, started="2026-03-03T00:00:00+00:00")
    recorded(executed, target, "one", 0.2, "wan2023")
    source = fake_results.write_results(tmp_path / "same", pictures=False)
    publish(source, target, "wan2023")
    assert [one.label for one in floors.read_records(target)] == ["one"]
    shift(source, 0.1, method="wan2023")
    publish(source, target, "wan2023")
    assert not (target / "agreement.json").exists()


def test_records_of_rows_changed_by_hand_measure_nothing(executed: Path, published: Path) -> None:
    recorded(executed, published, "one", 0.2, "wan2023")
    shift(published, 0.1, method="wan2023")
    assert floors.read_records(published) == []


def test_a_broken_file_of_records_is_named(executed: Path, published: Path) -> None:
    recorded(executed, published, "one", 0.2, "wan2023")
    path = published / "agreement.json"
    write_json(path, read_json(path) | {"records": [{"agreeed": 1}]})
    with pytest.raises(RecordError, match=r"agreement\.json: a list of records is needed"):
        floors.read_records(published)

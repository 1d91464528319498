import dataclasses

import fake_results
import numpy as np
import pandas as pd
import pytest

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, RecordError, UsageError
from deblur_lib.report import budget, cells, columns, photographs, tables
from deblur_lib.report.results import Results

PAPER = papers.load("wan2023")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Results.load(fake_results.write_results(tmp_path_factory.mktemp("demo"), pictures=False))


@pytest.fixture(scope="module")
def second(results: Results) -> pd.DataFrame:
    return tables.compare(results, PAPER, "T2")


def cell(frame: pd.DataFrame, method: str, metric: str = "psnr_db") -> pd.Series:
    return frame[(frame["method"] == method) & (frame["metric"] == metric)].iloc[0]


def with_rows(results: Results, rows: pd.DataFrame) -> Results:
    return dataclasses.replace(results, rows=rows.reset_index(drop=True))


def test_every_printed_cell_is_there_with_its_text(results: Results) -> None:
    frames = pd.concat([tables.compare(results, PAPER, one) for one in ("T1", "T2")])
    printed = frames[frames["reported"] != ""]
    assert len(printed) == 38
    assert sorted(printed["reported"]) == sorted(
        one.printed for one in papers.printed_cells("wan2023")
    )


def test_ours_is_the_plain_mean_and_the_gap_has_a_reason(
    results: Results, second: pd.DataFrame
) -> None:
    rows = results.rows
    mine = rows[
        (rows["method"] == "wan2023_dffm")
        & (rows["dataset"] == "gopro_test")
        & (rows["convention"] == "psnr-rgb")
    ]
    found = cell(second, "wan2023_dffm")
    assert found["ours"] == pytest.approx(mine["value"].mean(), abs=1e-9)
    assert found["gap"] == pytest.approx(mine["value"].mean() - 31.78, abs=1e-9)
    spread = mine.groupby("seed")["value"].mean().std()
    assert found["seed_spread"] == pytest.approx(spread, abs=1e-9)
    assert found["gain"] == pytest.approx(1.3, abs=0.1)
    assert found["gain_low"] < found["gain"] < found["gain_high"]
    assert found["low"] < found["ours"] < found["high"]
    for cause in ("data: synth-gopro-gamma", "size: base_channels 8 (paper: 32)", "budget: "):
        assert cause in found["gap_reason"]


def test_scenes_of_unequal_length_count_alike_beside_the_plain_mean(results: Results) -> None:
    rows = results.rows
    shorter = with_rows(results, rows[~rows["picture"].isin(["p00", "p01", "p02"])])
    found = cell(tables.compare(shorter, PAPER, "T2"), "wan2023")
    mine = shorter.rows[
        (shorter.rows["method"] == "wan2023")
        & (shorter.rows["dataset"] == "gopro_test")
        & (shorter.rows["convention"] == "psnr-rgb")
    ]
    by_scene = mine.groupby("scene")["value"].mean().mean()
    assert found["ours_by_scene"] == pytest.approx(by_scene, abs=1e-9)
    assert abs(found["ours_by_scene"] - found["ours"]) > 1e-3


def test_each_cell_says_what_it_is(results: Results, second: pd.DataFrame) -> None:
    found = cell(second, "wan2023")
    assert found["kind"] == cells.RETRAINED
    assert (found["profile"], found["convention"]) == ("demo", "psnr-rgb")
    assert (found["data_id"], found["pictures"], found["scenes"]) == (
        "synth-gopro-gamma/test",
        24,
        6,
    )
    assert found["seeds"] == "0 1 2"
    assert len(found["runs"].split()) == 3
    assert found["train_budget"] == "600 steps of 4 crops of 64 px"
    assert (found["parameters"], found["macs"]) == (38000, 0.3 * 1.2e9)
    assert found["status"] == "complete"
    blurred = cell(second, "identity")
    assert (blurred["kind"], blurred["control"], blurred["train_budget"]) == (
        cells.INPUT,
        True,
        "none",
    )
    control = cell(second, "wan2023_aff")
    assert control["control"]
    assert np.isnan(control["gap"])
    quoted = cell(tables.compare(results, PAPER, "T1"), "srn")
    assert quoted["kind"] == cells.PRINTED_ONLY
    assert "gpu and paper" in quoted["why"]
    absent = cell(second, "wan2023_msrm_plain")
    assert absent["kind"] == cells.NOT_RUN
    assert "demo budget" in absent["why"]


def test_pictures_in_place_of_the_declared_ones_are_named(results: Results) -> None:
    manifests = tuple(
        dataclasses.replace(one, data={"mine/train": "0" * 64, "mine/test": "1" * 64})
        for one in results.manifests
    )
    rows = results.rows.replace({"data": {"synth-gopro-gamma/test": "mine/test"}})
    other = dataclasses.replace(with_rows(results, rows), manifests=manifests)
    found = cell(tables.compare(other, PAPER, "T2"), "wan2023")
    assert "data: mine stands for gopro-linear; training data: mine instead" in found["gap_reason"]
    assert budget.title(other, PAPER, PAPER.tables[1]).count(" on mine;") == 1


def test_a_row_that_should_have_run_says_so(results: Results) -> None:
    rows = results.rows
    frame = tables.compare(with_rows(results, rows[rows["method"] != "wan2023"]), PAPER, "T2")
    found = cell(frame, "wan2023")
    assert (found["kind"], found["status"]) == (cells.NOT_RUN, "missing")
    assert found["why"] == "no run of it is stored at profile demo"


def test_a_convention_that_was_not_scored_says_so(results: Results) -> None:
    rows = results.rows
    frame = tables.compare(with_rows(results, rows[rows["convention"] != "vol3d-rgb"]), PAPER, "T2")
    found = cell(frame, "wan2023", "ssim")
    assert found["why"] == "not scored as vol3d-rgb at profile demo"
    assert np.isnan(found["gap"])


def test_weights_that_nobody_trained_here_are_released_ones(results: Results) -> None:
    released = tuple(dataclasses.replace(one, steps=0) for one in results.manifests)
    frame = tables.compare(dataclasses.replace(results, manifests=released), PAPER, "T2")
    assert cell(frame, "wan2023")["kind"] == cells.RELEASED


def test_fewer_pictures_than_meant_are_partial(results: Results) -> None:
    rows = results.rows
    frame = tables.compare(with_rows(results, rows[rows["picture"] != "p00"]), PAPER, "T2")
    assert cell(frame, "wan2023")["status"] == "partial: 23 of 24 pictures"
    bad = (rows["picture"] == "p00") & (rows["seed"] == 1) & (rows["method"] == "wan2023")
    frame = tables.compare(with_rows(results, rows[~bad]), PAPER, "T2")
    assert cell(frame, "wan2023")["status"] == "partial: 23 of 24 pictures"


def test_equal_pictures_are_left_out_and_counted(results: Results) -> None:
    rows = results.rows.copy()
    equal = (rows["picture"] == "p00") & (rows["method"] == "wan2023") & (rows["seed"] == 2)
    rows.loc[equal & (rows["convention"] == "psnr-rgb"), "value"] = np.inf
    frame = tables.compare(with_rows(results, rows), PAPER, "T2")
    found = cell(frame, "wan2023")
    assert found["infinite"] == 1
    assert np.isfinite(found["ours"])
    assert "(1 equal)" in tables.to_markdown(frame)


def test_other_conventions_stand_beside_and_have_no_gap(results: Results) -> None:
    frame = tables.compare(results, PAPER, "T1")
    beside = frame[frame["beside"]]
    assert set(beside["convention"]) == {"psnr-float", "wang-rgb", "psnr-rgb", "vol3d-rgb"}
    assert beside["gap"].isna().all()
    assert (beside["reported"] == "").all()
    crossed = frame[(frame["method"] == "wan2023") & (frame["dataset"] == "realblur_j")]
    assert crossed["flags"].str.contains("cross-variant: trained on synth-gopro-gamma").all()


def test_the_title_tells_budget_and_limits(second: pd.DataFrame) -> None:
    assert second.attrs["title"] == (
        "Table 2, demo: networks with base_channels 8 (paper: 32), blocks 2 (paper: 8), "
        "blocks_per_stage 2 (paper: 8) trained for 600 steps on generated pictures "
        "(synth-gopro-gamma); not comparable with the printed column except in direction"
    )


def test_a_title_lists_few_changes_of_size_and_the_gaps_tell_all(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "TITLED", 2)
    table = next(one for one in PAPER.tables if one.id == "T2")
    told = budget.title(results, PAPER, table)
    assert told.startswith("Table 2, demo: networks of reduced size (told with each gap) trained")
    reason = budget.gap_reason(results, PAPER, "mimo_unet", "gopro_test")
    assert "size: base_channels 8 (paper: 32), blocks 2 (paper: 8)" in reason


def test_each_cause_of_a_gap_is_told_once_with_its_rows(second: pd.DataFrame) -> None:
    def gaps(frame: pd.DataFrame) -> list[str]:
        lines = tables.to_markdown(frame).replace("\\", "").splitlines()
        return [line.removeprefix("- gap ") for line in lines if line.startswith("- gap ")]

    assert gaps(second) == [
        "(all rows): data: synth-gopro-gamma stands for gopro-linear",
        "(all rows): training data: synth-gopro-gamma instead of gopro-linear",
        "(all rows): size: base_channels 8 (paper: 32), blocks_per_stage 2 (paper: 8)",
        "(all rows): budget: 0.0024 % of the pixels that the paper trains on",
    ]
    other = second.copy()
    other.attrs = second.attrs
    one = (other["title"] == "Baseline") & (other["gap_reason"] != "")
    other.loc[one, "gap_reason"] = "data: mine stands for gopro-linear; size: blocks 1"
    told = gaps(other)
    assert told[:2] == [
        "(Baseline): data: mine stands for gopro-linear",
        "(Baseline + DFFM, wan2023 (DFFM + MSRM)): data: synth-gopro-gamma stands for gopro-linear",
    ]
    assert "(Baseline): size: blocks 1" in told


def test_views_are_the_same_every_time_and_hold_no_address(second: pd.DataFrame) -> None:
    first, again = tables.styled(second), tables.styled(second.copy())
    assert first._repr_html_() == again._repr_html_()
    assert repr(first) == tables.to_markdown(second)
    assert " at 0x" not in repr(first) + first._repr_html_()
    assert 'id="T_wan2023_T2_0"' in first._repr_html_()
    assert "| Baseline | 120 k | 1.2 G | 31.66 |" in repr(first)
    assert tables.to_csv(second).splitlines()[0] == ",".join(cells.FIELDS)


@pytest.mark.parametrize("field", ["convention", "profile", "status", "kind", "train_budget"])
def test_a_cell_without_a_needed_field_is_refused(second: pd.DataFrame, field: str) -> None:
    broken = second.copy()
    broken.loc[3, field] = ""
    with pytest.raises(RecordError, match=f"has no {field}"):
        tables.check(broken)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data_id", "", "a number without its data id"),
        ("gap_reason", "", "a gap without a reason"),
        ("ours", float("nan"), "does not say why"),
        ("profile", "gpu", "holds one profile"),
        ("convention", "wang-rgb", "mixes conventions: psnr-rgb, wang-rgb"),
        ("data_id", "gopro-linear/test", "mixes data_ids: gopro-linear/test, synth-gopro-gam"),
    ],
)
def test_a_table_that_hides_or_mixes_is_refused(
    second: pd.DataFrame, field: str, value: object, message: str
) -> None:
    broken = second.copy()
    broken.loc[0, field] = value
    with pytest.raises(RecordError, match=message):
        tables.check(broken)


def test_wrong_requests_are_named(results: Results) -> None:
    with pytest.raises(UsageError, match="no table of wan2023 is called 'T3'; See: deblur list"):
        tables.compare(results, PAPER, "T3")
    with pytest.raises(MissingRowsError, match="holds no rows of wan2023"):
        tables.compare(with_rows(results, results.rows[:0]), PAPER, "T1")


def test_gain_is_shown_photograph_by_photograph(results: Results) -> None:
    frame = photographs.gains(results, PAPER, "gopro_test")
    assert sorted(frame.index) == [f"s{number}" for number in range(6)]
    assert list(frame["pictures"]) == [4] * 6
    assert "blurred input" not in frame
    title = columns.method_of(PAPER, "wan2023").title
    rows = results.rows[
        (results.rows["dataset"] == "gopro_test") & (results.rows["convention"] == "psnr-rgb")
    ]
    one = rows[rows["scene"] == "s2"].groupby("method")["value"].mean()
    assert frame.loc["s2", "input"] == pytest.approx(one["identity"])
    assert frame.loc["s2", title] == pytest.approx(one["wan2023"] - one["identity"])
    worst_first = frame.iloc[:, 2:].mean(axis=1)
    assert worst_first.is_monotonic_increasing
    with pytest.raises(UsageError, match="did you mean 'gopro_test'"):
        photographs.gains(results, PAPER, "gopro_tst")

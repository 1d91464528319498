import dataclasses
from pathlib import Path

import fake_results
import numpy as np
import pandas as pd
import pytest
from fake_results import with_rows

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, RecordError, UsageError
from deblur_lib.records import write_json
from deblur_lib.report import budget, cells, differences, layout, markup, places, tables
from deblur_lib.report.results import Results
from deblur_lib.spec import Column

PAPER = papers.load("wan2023")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return fake_results.made(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def second(results: Results) -> pd.DataFrame:
    return tables.compare(results, PAPER, "T2")


def cell(frame: pd.DataFrame, method: str, metric: str = "psnr_db") -> pd.Series:
    return frame[(frame["method"] == method) & (frame["metric"] == metric)].iloc[0]


def as_smoke(results: Results) -> Results:
    rows = results.rows.assign(profile="smoke")
    manifests = tuple(dataclasses.replace(one, profile="smoke") for one in results.manifests)
    return dataclasses.replace(results, rows=rows, manifests=manifests)


def test_every_printed_cell_is_there_with_its_text(results: Results) -> None:
    frames = pd.concat([tables.compare(results, PAPER, one) for one in ("T1", "T2")])
    printed = frames[frames["reported"] != ""]
    assert len(printed) == 38
    assert sorted(printed["reported"]) == sorted(
        one.printed for one in papers.printed_cells("wan2023")
    )


def test_ours_is_the_plain_mean_and_a_gap_to_other_pictures_is_not_told(
    results: Results, second: pd.DataFrame
) -> None:
    mine = results.of_cell("wan2023_dffm", "gopro_test", "psnr-rgb")
    found = cell(second, "wan2023_dffm")
    assert found["ours"] == pytest.approx(mine["value"].mean(), abs=1e-9)
    assert np.isnan(found["gap"])
    spread = mine.groupby("seed")["value"].mean().std()
    assert found["seed_spread"] == pytest.approx(spread, abs=1e-9)
    assert found["gain"] == pytest.approx(1.3, abs=0.1)
    assert found["gain_low"] < found["gain"] < found["gain_high"]
    assert found["low"] < found["ours"] < found["high"]
    for cause in ("data: synth-gopro-linear", "size: base_channels 8 (full: 32)", "steps: 600 of"):
        assert cause in found["gap_reason"]


def test_places_stand_side_by_side_among_rows_that_have_both(second: pd.DataFrame) -> None:
    found = {one: cell(second, one) for one in ("wan2023_baseline", "wan2023_dffm", "wan2023")}
    assert [one["rank"] for one in found.values()] == ["3", "2", "1"]
    assert [one["rank_printed"] for one in found.values()] == ["3", "2", "1"]
    assert {one["ranked"] for one in found.values()} == {3}
    assert cell(second, "wan2023_aff")["ranked"] == 0
    assert " | 31.95 | 1 | 1 of 3 |" in tables.styled(second).markdown().replace("\\", "")


@pytest.mark.parametrize(
    ("values", "metric", "expected"),
    [
        ([30.0, 32.0, 31.0], "psnr_db", ["3", "1", "2"]),
        ([30.001, 30.004, 29.0], "psnr_db", ["1=", "1=", "3"]),
        ([0.91, 0.9, 0.90001, 0.5], "ssim", ["1", "2=", "2=", "4"]),
        ([4.4, 0.1, 0.03], "time_s", ["3", "2", "1"]),
        ([14.83, 7.29], "params_m", ["2", "1"]),
    ],
)
def test_values_that_read_alike_share_a_place(
    values: list[float], metric: str, expected: list[str]
) -> None:
    assert places.places(values, metric) == expected


def test_costs_of_published_networks_compare_at_every_budget(tmp_path: Path) -> None:
    room = papers.load("lu2025")
    small = fake_results.write_results(
        tmp_path, gains={"mprnet": 1.0}, pictures=False, paper="lu2025"
    )
    size_l = {"parameters": 7_296_000}
    write_json(tmp_path / "probes.json", {"costs": {"mb_taylorformer_v2_l": size_l}})
    frame = tables.compare(Results.load(small), room, "T1")
    own = cell(frame, "mprnet", "params_m")
    assert (own["kind"], own["gap_reason"]) == (cells.COUNTED, differences.COUNTED)
    assert own["gap"] == pytest.approx(0.12 - 20.1)
    rival = cell(frame, "mb_taylorformer_v2", "params_m")  # not run, and its printed size is L
    assert (rival["kind"], rival["ours"]) == (cells.COUNTED, pytest.approx(7.296))
    assert rival["gap"] == pytest.approx(0.006)
    assert np.isnan(cell(frame, "mprnet", "psnr_db")["gap"])
    frame = tables.compare(as_smoke(Results.load(small)), room, "T1")
    assert cell(frame, "mprnet", "params_m")["kind"] == cells.RETRAINED  # of the network as run
    assert cell(frame, "mb_taylorformer_v2", "params_m")["kind"] == cells.COUNTED


def test_costs_of_a_smoke_run_say_that_they_are_of_its_own_size(results: Results) -> None:
    smoke = as_smoke(results)
    column = Column("gopro_test", "params_m", "parameters", "parameters [M]")
    told = differences.differences(smoke, PAPER, "wan2023", column)
    assert told == ["size: base_channels 8 (full: 32), blocks_per_stage 2 (full: 8)"]
    assert not differences.comparable(smoke, column, told)


def test_scenes_of_unequal_length_count_alike_beside_the_plain_mean(results: Results) -> None:
    rows = results.rows
    shorter = with_rows(results, rows[~rows["picture"].isin(["p00", "p01", "p02"])])
    found = cell(tables.compare(shorter, PAPER, "T2"), "wan2023")
    mine = shorter.of_cell("wan2023", "gopro_test", "psnr-rgb")
    by_scene = mine.groupby("scene")["value"].mean().mean()
    assert found["ours_by_scene"] == pytest.approx(by_scene, abs=1e-9)
    assert abs(found["ours_by_scene"] - found["ours"]) > 1e-3


def test_each_cell_says_what_it_is(results: Results, second: pd.DataFrame) -> None:
    found = cell(second, "wan2023")
    assert found["kind"] == cells.RETRAINED
    assert (found["profile"], found["convention"]) == ("demo", "psnr-rgb")
    assert (found["data_id"], found["pictures"], found["scenes"]) == (
        "synth-gopro-linear/test",
        24,
        6,
    )
    assert found["seeds"] == "0 1 2"
    assert len(found["runs"].split()) == 3
    assert found["train_budget"] == "600 steps with 4 crops of 64 px"
    assert (found["parameters"], found["macs"]) == (38000, 0.3 * 1.2e9)
    assert (found["parameters_here"], found["macs_here"]) == (9002, 1e8)
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
    assert "from study on" in quoted["why"]
    absent = cell(second, "wan2023_msrm_plain")
    assert absent["kind"] == cells.NOT_RUN
    assert "demo budget" in absent["why"]


def test_pictures_in_place_of_the_declared_ones_are_named(results: Results) -> None:
    manifests = tuple(
        dataclasses.replace(one, data={"mine/train": "0" * 64, "mine/test": "1" * 64})
        for one in results.manifests
    )
    rows = results.rows.replace({"data": {"synth-gopro-linear/test": "mine/test"}})
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


def test_what_nobody_trained_here_has_released_weights_or_nothing_to_train(
    results: Results,
) -> None:
    for origin, kind in (({"preset": "x"}, cells.RELEASED), ({}, cells.COMPUTED)):
        runs = tuple(dataclasses.replace(one, steps=0, origin=origin) for one in results.manifests)
        frame = tables.compare(dataclasses.replace(results, manifests=runs), PAPER, "T2")
        assert cell(frame, "wan2023")["kind"] == kind


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
    assert "(1 equal)" in tables.styled(frame).markdown()


def test_other_conventions_stand_beside_and_have_no_gap(results: Results) -> None:
    frame = tables.compare(results, PAPER, "T1")
    beside = frame[frame["beside"]]
    assert set(beside["convention"]) == {"psnr-float", "wang-rgb", "psnr-rgb", "vol3d-rgb"}
    assert beside["gap"].isna().all()
    assert (beside["reported"] == "").all()
    crossed = frame[(frame["method"] == "wan2023") & (frame["dataset"] == "realblur_j")]
    assert crossed["flags"].str.contains("cross-variant: trained on synth-gopro-linear").all()


def test_the_title_tells_budget_and_limits(second: pd.DataFrame) -> None:
    assert second.attrs["title"] == (
        "Table 2, demo: networks with base_channels 8 (full: 32), blocks 2 (full: 8), "
        "blocks_per_stage 2 (full: 8) trained for 600 steps on generated pictures "
        "(synth-gopro-linear); not comparable with the printed column except in direction"
    )


def test_a_table_tells_only_of_what_it_has(tmp_path: Path) -> None:
    room = papers.load("lu2025")
    results = fake_results.made(tmp_path, paper="lu2025", gains={"mprnet": 1, "convir": 2})
    cost = {"method": "dsgformer", "name": "parameters", "value": 2e7}
    results.costs.loc[len(results.costs)] = pd.Series(cost)
    views = {one.id: tables.styled(tables.compare(results, room, one.id)) for one in room.tables}
    assert views["cost"].title == "Cost: networks at their published size, trained or not"
    assert views["cost"].notes == [layout.COUNTED]
    assert not views["jpeg"].notes  # no row ran, so a sentence stands in its place
    assert views["T1"].notes == [layout.SCORED + layout.RANKED, layout.COUNTED, layout.SILENT]
    told = {name for name, one in views.items() if "printed column" in one.title}
    assert told == {"T1", "T2"}


def test_views_are_the_same_every_time_and_hold_no_address(second: pd.DataFrame) -> None:
    first, again = tables.styled(second), tables.styled(second.copy())
    assert first._repr_html_() == again._repr_html_()
    assert repr(first) == repr(again)
    assert " at 0x" not in repr(first) + first._repr_html_()
    assert 'id="T_wan2023_T2_0"' in first._repr_html_()
    assert "| Baseline | 25.60 ±0.01 | +1.0" in repr(first)
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
        ("gap_reason", "", "does not say what differs"),
        ("ours", float("nan"), "does not say why"),
        ("profile", "gpu", "holds one profile"),
        ("convention", "wang-rgb", "mixes conventions: psnr-rgb, wang-rgb"),
        ("data_id", "gopro-linear/test", "mixes data_ids: gopro-linear/test, synth-gopro-lin"),
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


def test_ours_over_input_and_print_come_first_and_each_metric_has_its_table(
    results: Results, second: pd.DataFrame
) -> None:
    view = tables.styled(second)
    headings = [heading for heading, _ in view.blocks]
    assert [one.partition(" ")[0] for one in headings if one not in view.folded] == ["PSNR", "SSIM"]
    assert "a stand-in for gopro_test: synth-gopro-linear/test, 24 pictures of 6" in headings[0]
    assert all("under other conventions" in one for one in view.folded)
    for heading, table in view.blocks:
        assert len(table.columns) <= 7, "more does not fit a page of paper"
        if heading not in view.folded:
            assert list(table.columns[:3]) == ["ours", "over input", "printed"]
            assert table.columns[-1] == layout.KIND
    assert set(view.sources.values()) == {"gopro_test"}
    assert view.rows["Baseline"] == "wan2023_baseline"
    assert "Baseline + MSRM" not in view.rows  # nothing is stored of it


def test_costs_have_columns_for_what_there_is(tmp_path: Path) -> None:
    room = papers.load("lu2025")
    results = fake_results.made(tmp_path, paper="lu2025", gains={"dsgformer": 1.0, "mprnet": 1.0})
    ((_, table),) = tables.styled(tables.compare(results, room, "cost")).blocks
    assert table.columns[0] == "parameters [M]"  # nothing is printed beside it
    assert not [name for name in table if name.endswith("printed")]
    first = tables.styled(tables.compare(results, room, "T1")).blocks
    (costs,) = [one for name, one in first if name.startswith("What the networks cost")]
    ours, gap = (len(costs.loc["MPRNet", name].partition(".")[2]) for name in costs.columns[[0, 2]])
    assert costs.columns[0] == "parameters [M]: ours"
    assert ours == gap


def test_what_a_number_differs_in_is_a_footnote_at_its_cell(second: pd.DataFrame) -> None:
    view = tables.styled(second)
    assert len(view.notes) <= 3
    assert len(set(view.footnotes)) == len(view.footnotes)
    assert view.footnotes[0].startswith("all rows differ from profile paper in data: synth-gopro")
    assert view.blocks[0][0].endswith("\u00b9")
    absent = view.blocks[0][1].loc["Baseline + MSRM", layout.KIND]
    (number,) = [n for n, one in enumerate(view.footnotes, 1) if "the demo budget is spent" in one]
    assert absent == markup.marked("our control: not run", [number])
    assert f'<sup><a href="#wan2023_T2-n{number}">{number}</a></sup>' in view._repr_html_()
    assert f'<li id="wan2023_T2-n{number}">no number of ours: ' in view._repr_html_()

"""Gains photograph by photograph."""

import dataclasses

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.errors import UsageError
from deblur_lib.report import columns, numbers, photographs
from deblur_lib.report.results import Results

PAPER = papers.load("wan2023")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return fake_results.made(tmp_path_factory.mktemp("demo"))


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
    worst_first = frame.iloc[:, 2:].median(axis=1)
    assert worst_first.is_monotonic_increasing
    with pytest.raises(UsageError, match="did you mean 'gopro_test'"):
        photographs.gains(results, PAPER, "gopro_tst")


def test_a_network_that_failed_does_not_order_the_photographs(results: Results) -> None:
    before = list(photographs.gains(results, PAPER, "gopro_test").index)
    rows = results.rows.copy()
    failed = (rows["method"] == "mimo_unet") & (rows["scene"] == before[-1])
    rows.loc[failed, "value"] -= 20.0
    worse = dataclasses.replace(results, rows=rows)
    assert list(photographs.gains(worse, PAPER, "gopro_test").index) == before


def test_photographs_are_columns_and_networks_rows(results: Results) -> None:
    gained = photographs.gains(results, PAPER, "gopro_test")
    shown = photographs.shown(gained, "psnr_db")
    assert list(shown.columns) == list(gained.index)
    assert shown.index[0] == "blurred input"
    first = gained.iloc[0]
    title = gained.columns[2]
    assert shown.loc[title].iloc[0] == numbers.number(first[title], "psnr_db", sign=True)

"""Two budgets are compared by the order of their rows, never by their numbers."""

import dataclasses
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.book.budgets import budgets_page
from deblur_lib.report import standing
from deblur_lib.report.rankings import PRINT, Ranking, rankings, to_markdown
from deblur_lib.report.results import Results

WAN = papers.load("wan2023")


def stored(folder: Path, profile: str, gains: dict[str, float] | None = None) -> Results:
    return fake_results.made(folder / "wan2023" / profile, profile, gains=gains)


def of_ablation(found: list[Ranking], first: str, second: str) -> Ranking:
    return next(
        one
        for one in found
        if (one.table, one.dataset, one.first, one.second)
        == ("Table 2", "gopro_test", first, second)
        and "PSNR" in one.column
    )


def test_the_same_order_has_tau_one_whatever_the_numbers(tmp_path: Path) -> None:
    small = stored(tmp_path, "demo")
    large = stored(tmp_path, "gpu", {name: 9 * gain for name, gain in fake_results.GAINS.items()})
    one = of_ablation(rankings(WAN, {"demo": small, "gpu": large}), "gpu", "demo")
    assert one.tau == pytest.approx(1.0)
    assert one.first_order == one.second_order
    assert 0 < one.chance < 0.05  # four rows or more: at most 1 in 24


def test_budgets_that_scored_other_pictures_say_so(tmp_path: Path) -> None:
    small, large = stored(tmp_path, "demo"), stored(tmp_path, "gpu")
    rows = large.rows.assign(data=large.rows["data"].str.replace("synth-gopro-linear", "other"))
    found = rankings(WAN, {"demo": small, "gpu": dataclasses.replace(large, rows=rows)})
    one = of_ablation(found, "gpu", "demo")
    assert one.pictures == "other at gpu, synth-gopro-linear at demo"
    assert f"PSNR [dB] ({one.pictures})" in to_markdown([one])
    same = of_ablation(rankings(WAN, {"demo": small, "gpu": large}), "gpu", "demo")
    assert same.pictures == ""


def test_the_reversed_order_has_tau_minus_one(tmp_path: Path) -> None:
    small = stored(tmp_path, "demo")
    turned = {name: 3 - gain for name, gain in fake_results.GAINS.items()}
    one = of_ablation(rankings(WAN, {"demo": small, "gpu": stored(tmp_path, "gpu", turned)}),
                      "gpu", "demo")  # fmt: skip
    assert one.tau == pytest.approx(-1.0)
    assert one.first_order == one.second_order[::-1]
    assert one.chance == pytest.approx(1.0)


def test_the_print_is_one_more_budget_and_the_input_none(tmp_path: Path) -> None:
    found = rankings(WAN, {"demo": stored(tmp_path, "demo")})
    assert {(one.first, one.second) for one in found} == {(PRINT, "demo")}
    one = of_ablation(found, PRINT, "demo")
    assert len(one.first_order) == 3  # the printed rows of Table 2
    assert one.tau == pytest.approx(1.0)
    assert one.chance == pytest.approx(1 / 6)
    assert not any("identity" in one.first_order for one in found)


def test_two_rows_are_too_few_and_the_page_says_so(tmp_path: Path) -> None:
    two = {name: fake_results.GAINS[name] for name in ("wan2023_baseline", "wan2023")}
    found = rankings(WAN, {"demo": stored(tmp_path, "demo", two)})
    assert all(one.tau != one.tau for one in found)
    text = to_markdown(found)
    assert f"Not ranked: {len(found)} more" in text
    assert "| column |" not in text


def page(published: Path, shown: Results) -> str:
    budgets = standing.stored(published, "wan2023", shown)
    return budgets_page({"wan2023": budgets}, {"wan2023": shown})


def test_the_page_names_missing_budgets_and_shows_tables_of_the_others(tmp_path: Path) -> None:
    small = stored(tmp_path, "demo")
    alone = page(tmp_path, small)
    assert "No rows are stored of: study, gpu, paper" in alone
    assert "at profile" not in alone.replace("Chapter at profile", "")
    large = stored(tmp_path, "gpu")
    both = page(tmp_path, large)
    assert "Chapter at profile **gpu**" in both
    assert "(wan2023-at-demo)=\n### wan2023 at profile demo" in both
    assert "Verdicts on the paper's claims" in both
    assert "### Table 2: gpu and demo\n\n| column |" in both
    assert "| gopro\\_test, PSNR" in both


def test_a_smoke_chapter_is_never_ranked(tmp_path: Path) -> None:
    smoke = stored(tmp_path, "smoke")
    text = page(tmp_path, smoke)
    assert "Stored budgets: none" in text
    assert "| column |" not in text

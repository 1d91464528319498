import dataclasses
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.errors import DeclarationError
from deblur_lib.report import verdicts
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    INSEPARABLE,
    NOT_JUDGED,
    SUPPORTED,
    UNTESTABLE,
    counted_verdict,
    measured_verdict,
    printed_verdict,
    weakest,
)
from deblur_lib.report.statistics import Interval
from deblur_lib.report.verdicts import Judgement, judge
from deblur_lib.report.weighing import on_rows
from deblur_lib.spec import Check

PAPER = papers.load("wan2023")
GAIN = "T2.gopro_test.psnr_db.wan2023 - T2.gopro_test.psnr_db.wan2023_dffm"


def judged(results: Results | None) -> dict[str, Judgement]:
    return {one.claim.id[-3:]: one for one in judge(results, PAPER)}


def made(folder: Path, **settings: object) -> Results:
    settings.setdefault("pictures", False)
    return Results.load(fake_results.write_results(folder, **settings))  # type: ignore[arg-type]


# --- against the print ---------------------------------------------------------------------------


def test_printed_verdicts_of_all_claims() -> None:
    found = {name: one.printed.verdict for name, one in judged(None).items()}
    expected = {f"C{n:02d}": SUPPORTED for n in (*range(1, 10), *range(12, 18))}
    expected |= {"C10": INSEPARABLE, "C11": CONTRADICTED}
    expected |= {f"C{n}": NOT_JUDGED for n in (18, 19, 20, 21)}
    expected |= {f"C{n}": UNTESTABLE for n in (22, 23, 24, 25)}
    assert found == expected


def test_the_two_sided_claims_say_which_side_holds() -> None:
    found = judged(None)
    assert [one.verdict for one in found["C10"].printed_parts] == [SUPPORTED, INSEPARABLE]
    assert "equal in the printed digits" in found["C10"].printed.reason
    assert [one.verdict for one in found["C11"].printed_parts] == [CONTRADICTED, SUPPORTED]
    assert "0.93" in found["C11"].printed_parts[0].reason
    assert "-1.94" in found["C11"].printed_parts[1].reason


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        ("eq", 0.754, SUPPORTED),
        ("eq", 0.76, CONTRADICTED),
        ("gt", 0.76, SUPPORTED),
        ("gt", 0.75, INSEPARABLE),
        ("ge", 0.75, SUPPORTED),
        ("lt", 0.75, INSEPARABLE),
        ("le", 0.75, SUPPORTED),
        ("lt", 0.76, CONTRADICTED),
    ],
)
def test_rules_for_printed_numbers(relation: str, value: float, verdict: str) -> None:
    check = Check("a", relation, stated=0.75, tol=0.005)  # type: ignore[arg-type]
    assert printed_verdict(check, value).verdict == verdict


# --- the rule for measured numbers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "stated", "low", "high", "seeds", "verdict"),
    [
        ("gt", 0.0, 0.1, 0.3, (0.2, 0.1, 0.3), SUPPORTED),
        ("gt", 0.0, 0.1, 0.3, (0.2, 0.1), DIRECTION),
        ("gt", 0.0, 0.1, 0.3, (), DIRECTION),
        ("gt", 0.0, 0.1, 0.3, (0.4, 0.3, -0.1), INSEPARABLE),
        ("gt", 0.0, -0.1, 0.3, (0.1, 0.1, 0.1), INSEPARABLE),
        ("gt", 0.0, -0.3, -0.1, (-0.2, -0.2, -0.2), CONTRADICTED),
        ("gt", 0.0, -0.3, -0.1, (-0.2,), INSEPARABLE),
        ("gt", 0.0, -0.3, -0.1, (-0.4, 0.1, -0.3), INSEPARABLE),
        ("lt", 0.0, -0.3, -0.1, (-0.2, -0.2, -0.2), SUPPORTED),
        ("lt", 0.0, 0.1, 0.3, (0.2, 0.2, 0.2), CONTRADICTED),
        ("ge", 1.0, 1.1, 1.3, (1.2, 1.2, 1.2), SUPPORTED),
        ("gt", 1.0, 0.9, 1.3, (1.2, 1.2, 1.2), INSEPARABLE),
        ("eq", 0.2, 0.1, 0.3, (0.2, 0.1, 0.3), SUPPORTED),
        ("eq", 0.5, 0.1, 0.3, (0.2, 0.1, 0.3), DIRECTION),
        ("eq", 0.2, 0.1, 0.3, (0.2, 0.2), DIRECTION),
        ("eq", 0.2, -0.1, 0.3, (0.1, 0.1, 0.1), INSEPARABLE),
        ("eq", 0.2, -0.3, -0.1, (-0.2, -0.2, -0.2), CONTRADICTED),
        ("eq", -0.2, -0.3, -0.1, (-0.2, -0.2, -0.2), SUPPORTED),
        ("eq", 0.0, 0.1, 0.3, (0.2, 0.2, 0.2), CONTRADICTED),
        ("eq", 0.0, -0.1, 0.3, (0.2, 0.2, 0.2), INSEPARABLE),
        ("gt", 0.0, float("nan"), float("nan"), (0.2, 0.2, 0.2), INSEPARABLE),
    ],
)
def test_rules_for_our_rows(
    relation: str,
    stated: float,
    low: float,
    high: float,
    seeds: tuple[float, ...],
    verdict: str,
) -> None:
    check = Check("a", relation, stated=stated)  # type: ignore[arg-type]
    bounds = Interval(low, high, 6, "scene")
    assert measured_verdict(check, (low + high) / 2, bounds, seeds).verdict == verdict


@pytest.mark.parametrize(
    ("relation", "stated", "low", "high", "verdict"),
    [
        ("lt", 0.0, -5.0, -5.0, SUPPORTED),
        ("lt", 0.0, 5.0, 5.0, CONTRADICTED),
        ("lt", 0.0, 0.0, 0.0, INSEPARABLE),
        ("le", 0.0, 0.0, 0.0, SUPPORTED),
        ("lt", 0.0, -5.0, 1.0, INSEPARABLE),
        ("eq", 7.0, 7.0, 7.0, SUPPORTED),
        ("eq", 7.0, 9.0, 9.0, CONTRADICTED),
        ("gt", 0.0, float("inf"), float("inf"), INSEPARABLE),
    ],
)
def test_rules_for_costs(
    relation: str, stated: float, low: float, high: float, verdict: str
) -> None:
    check = Check("a", relation, stated=stated)  # type: ignore[arg-type]
    assert counted_verdict(check, low, low, high).verdict == verdict


def test_a_claim_is_as_good_as_its_weakest_check() -> None:
    assert weakest([SUPPORTED, DIRECTION]) == DIRECTION
    assert weakest([SUPPORTED, NOT_JUDGED]) == NOT_JUDGED
    assert weakest([NOT_JUDGED, INSEPARABLE]) == INSEPARABLE
    assert weakest([NOT_JUDGED, CONTRADICTED]) == CONTRADICTED


# --- against made-up rows ------------------------------------------------------------------------


def test_rows_that_show_the_claimed_order(tmp_path: Path) -> None:
    found = judged(made(tmp_path))
    assert found["C16"].ours.verdict == SUPPORTED
    assert found["C05"].ours.verdict == DIRECTION  # 0.4 dB made, 0.17 stated
    assert "the stated 0.17 lies outside; 6 scenes" in found["C05"].ours.reason
    assert found["C12"].ours.verdict == NOT_JUDGED
    assert "not run here: nah2017, svrnn" in found["C12"].ours.reason
    assert found["C10"].ours.verdict == NOT_JUDGED
    assert found["C09"].ours.verdict == NOT_JUDGED
    assert found["C22"].ours.verdict == UNTESTABLE


def test_rows_that_hold_the_stated_size(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.0, "wan2023_dffm": 1.12, "wan2023": 1.29}
    found = judged(made(tmp_path, gains=gains, by_seed=0.005, by_scene=0.05))
    assert found["C05"].ours.verdict == SUPPORTED
    assert found["C07"].ours.verdict == SUPPORTED


def test_rows_that_show_the_other_order(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.7, "wan2023_dffm": 1.3, "wan2023": 1.0}
    found = judged(made(tmp_path, gains=gains))
    assert found["C05"].ours.verdict == CONTRADICTED
    assert found["C16"].ours.verdict == CONTRADICTED


def test_rows_that_decide_nothing(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.0, "wan2023_dffm": 1.0, "wan2023": 1.0}
    found = judged(made(tmp_path, gains=gains, by_seed=0.01, by_scene=0.3))
    assert found["C16"].ours.verdict == INSEPARABLE


def test_two_seeds_give_at_most_a_direction(tmp_path: Path) -> None:
    found = judged(made(tmp_path, seeds=(0, 1)))
    assert found["C16"].ours.verdict == DIRECTION
    assert "3 seeds are needed for more" in found["C16"].ours.reason


def test_maxima_and_two_data_sets_are_resampled_together(tmp_path: Path) -> None:
    results = made(tmp_path)
    best = "max(T2.gopro_test.psnr_db.wan2023_dffm, T2.gopro_test.psnr_db.wan2023_baseline)"
    check = Check(f"T2.gopro_test.psnr_db.wan2023 - {best}", "gt")
    assert on_rows(check, results, PAPER).verdict == SUPPORTED
    lead = "T1.{0}.psnr_db.wan2023 - T1.{0}.psnr_db.mimo_unet"
    check = Check(f"({lead.format('gopro_test')}) - ({lead.format('realblur_j')})", "gt")
    assert on_rows(check, results, PAPER).verdict == SUPPORTED


def test_costs_are_compared_as_they_are(tmp_path: Path) -> None:
    found = judged(made(tmp_path, pictures=True))
    assert found["C18"].ours.verdict == SUPPORTED
    assert found["C19"].ours.verdict == SUPPORTED
    assert found["C20"].ours.verdict == NOT_JUDGED
    assert "no seconds of deblurgan_v2, nah2017" in found["C20"].ours.reason
    results = Results.load(tmp_path)
    close = Check("cost.wan2023.seconds - cost.wan2023_aff.seconds", "lt")
    assert on_rows(close, results, PAPER).verdict == SUPPORTED
    results.costs.loc[results.costs["name"] == "seconds_iqr", "value"] = 0.02
    assert on_rows(close, results, PAPER).verdict == INSEPARABLE


def test_a_method_scored_otherwise_is_named(tmp_path: Path) -> None:
    results = made(tmp_path)
    kept = results.rows[results.rows["convention"] != "psnr-rgb"]
    results = dataclasses.replace(results, rows=kept)
    found = on_rows(Check(GAIN, "gt"), results, PAPER)
    assert found.verdict == NOT_JUDGED
    assert "not scored here on gopro_test as psnr-rgb: wan2023, wan2023_dffm" in found.reason


def test_equal_pictures_are_left_out_of_both_sides(tmp_path: Path) -> None:
    results = made(tmp_path)
    rows = results.rows
    equal = (rows["picture"] == "p00") & (rows["method"] == "wan2023") & (rows["seed"] == 0)
    rows.loc[equal & (rows["convention"] == "psnr-rgb"), "value"] = float("inf")
    found = on_rows(Check(GAIN, "gt"), results, PAPER)
    assert found.verdict == SUPPORTED
    assert found.reason.endswith("6 scenes, 1 equal pictures left out")


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("T2.gopro_test.psnr_db.wan2032", "did you mean 'T2.gopro_test.psnr_db.wan2023'"),
        ("T3.gopro_test.psnr_db.wan2023", "no cell is called"),
        ("T1.gopro.psnr_db.wan2023", "no cell is called"),
        ("T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.ssim.wan2023", "mixes metrics"),
        ("wan2023", "no cell is called"),
    ],
)
def test_claims_may_only_name_what_is_declared(expr: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        verdicts.check_keys(Check(expr, "gt"), PAPER)


def test_views_and_counts(tmp_path: Path) -> None:
    found = judge(made(tmp_path), PAPER)
    assert sum(verdicts.counts(found)["ours"].values()) == 25
    assert len(verdicts.as_dicts(found)) == 25
    view = verdicts.styled(found)
    assert view._repr_html_() == verdicts.styled(found)._repr_html_()
    assert repr(view) == verdicts.to_markdown(found)
    assert "| C16 |" in repr(view)
    for word in ("supported", "direction only", "not separable", "contradicted", "untestable"):
        assert f"**{word}**" in verdicts.RULES

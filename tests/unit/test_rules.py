"""From intervals to words: the rules for printed numbers, for measured ones, for costs."""

import numpy as np
import pytest

from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    INSEPARABLE,
    NOT_JUDGED,
    OTHER,
    SUPPORTED,
    UNTESTABLE,
    Evidence,
    at,
    compared,
    counted_verdict,
    measured_verdict,
    printed_verdict,
    weakest,
)
from deblur_lib.report.statistics import Interval, interval
from deblur_lib.spec import Check


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


def evidence(
    low: float,
    high: float,
    *,
    trainings: tuple[float, float] | None = None,
    seeds: tuple[int, ...] = (3, 3),
    profile: str = "study",
    photographs: int = 6,
) -> Evidence:
    over = Interval(*(trainings or (low, high)), min(seeds, default=0))
    return Evidence((low + high) / 2, Interval(low, high, photographs), over, seeds, profile)


@pytest.mark.parametrize(
    ("relation", "stated", "low", "high", "verdict"),
    [
        ("gt", 0.0, 0.1, 0.3, SUPPORTED),
        ("gt", 0.0, -0.1, 0.3, INSEPARABLE),
        ("gt", 0.0, -0.3, -0.1, CONTRADICTED),
        ("lt", 0.0, -0.3, -0.1, SUPPORTED),
        ("lt", 0.0, 0.1, 0.3, CONTRADICTED),
        ("ge", 1.0, 1.1, 1.3, SUPPORTED),
        ("gt", 1.0, 0.9, 1.3, INSEPARABLE),
        ("le", 0.2, 0.0, 0.1, SUPPORTED),
        ("eq", 0.2, 0.1, 0.3, SUPPORTED),
        ("eq", 0.5, 0.1, 0.3, DIRECTION),
        ("eq", 0.2, -0.1, 0.3, INSEPARABLE),
        ("eq", 0.2, -0.3, -0.1, CONTRADICTED),
        ("eq", -0.2, -0.3, -0.1, SUPPORTED),
        ("eq", 0.0, 0.1, 0.3, CONTRADICTED),
        ("eq", 0.0, -0.3, -0.1, CONTRADICTED),
        ("eq", 0.0, -0.1, 0.3, INSEPARABLE),
    ],
)
def test_rules_for_our_rows(
    relation: str, stated: float, low: float, high: float, verdict: str
) -> None:
    check = Check("a", relation, stated=stated)  # type: ignore[arg-type]
    assert measured_verdict(check, evidence(low, high)).verdict == verdict
    weaker = {SUPPORTED: DIRECTION, CONTRADICTED: OTHER}.get(verdict, verdict)
    assert measured_verdict(check, evidence(low, high, seeds=(3, 2))).verdict == weaker
    for profile in ("smoke", "demo"):
        assert measured_verdict(check, evidence(low, high, profile=profile)).verdict == weaker


@pytest.mark.parametrize("trainings", [(-0.1, 0.5), (-0.3, -0.1)])
def test_both_intervals_must_lie_on_one_side(trainings: tuple[float, float]) -> None:
    found = measured_verdict(Check("a", "gt"), evidence(0.1, 0.3, trainings=trainings))
    assert found.verdict == INSEPARABLE
    swapped = Evidence(0.2, Interval(*trainings, 6), Interval(0.1, 0.3, 3), (3, 3), "study")
    assert measured_verdict(Check("a", "gt"), swapped).verdict == INSEPARABLE


def test_not_separable_says_what_could_have_been_seen() -> None:
    found = measured_verdict(Check("a", "gt"), evidence(-0.1, 0.1, trainings=(-0.16, 0.16)))
    assert found.reason.endswith("could have seen 0.16")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.11, 0.3, SUPPORTED),
        (0.05, 0.3, DIRECTION),
        (-0.05, 0.3, INSEPARABLE),
        (0.02, 0.09, CONTRADICTED),
        (-0.3, -0.1, CONTRADICTED),
    ],
)
def test_a_margin_moves_the_line(low: float, high: float, verdict: str) -> None:
    check = Check("a", "gt", margin=0.1)
    assert measured_verdict(check, evidence(low, high)).verdict == verdict
    mirrored = Check("a", "lt", margin=0.1)
    assert measured_verdict(mirrored, evidence(-high, -low)).verdict == verdict


def test_a_margin_holds_for_printed_and_counted_numbers() -> None:
    check = Check("a", "gt", margin=0.1)
    assert printed_verdict(check, 0.03).verdict == CONTRADICTED
    assert printed_verdict(check, 0.2).verdict == SUPPORTED
    open_one = counted_verdict(check, 0.1, 0.05, 0.15)
    assert open_one.verdict == INSEPARABLE
    assert open_one.reason.endswith("could have seen 0.05")
    assert counted_verdict(check, 0.2, 0.15, 0.25).verdict == SUPPORTED
    with pytest.raises(ValueError, match="eq states its size"):
        Check("a", "eq", margin=0.1)


def test_what_cannot_be_judged_says_why() -> None:
    check, nan = Check("a", "gt"), float("nan")
    empty = measured_verdict(check, evidence(nan, nan, trainings=(0.1, 0.3)))
    assert empty.reason.startswith("no number comes out")
    single = Evidence(0.2, Interval(nan, nan, 1), Interval(0.1, 0.3, 3), (3, 3), "study")
    assert measured_verdict(check, single).reason.startswith("1 photograph cannot")
    five = Evidence(0.2, interval(np.linspace(0.1, 0.3, 99), photographs=5), *single[2:])
    assert measured_verdict(check, five).reason.startswith("5 photographs cannot")
    six = five._replace(pictures=interval(np.linspace(0.1, 0.3, 99), photographs=6))
    assert measured_verdict(check, six).verdict == SUPPORTED
    lucky = Evidence(0.2, Interval(0.1, 0.3, 6), Interval(nan, nan, 1), (1, 1), "study")
    assert measured_verdict(check, lucky).reason.startswith("one training")


def test_a_word_carries_its_budget() -> None:
    assert at(CONTRADICTED, "study") == "contradicted at study"
    assert at(UNTESTABLE, "study") == "untestable"
    assert at(SUPPORTED, "") == "supported"


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
        ("gt", 0.0, float("inf"), float("inf"), NOT_JUDGED),
    ],
)
def test_rules_for_costs(
    relation: str, stated: float, low: float, high: float, verdict: str
) -> None:
    check = Check("a", relation, stated=stated)  # type: ignore[arg-type]
    assert counted_verdict(check, low, low, high).verdict == verdict


@pytest.mark.parametrize(
    ("expr", "told"),
    [
        ("T.a.psnr_db.x - T.a.psnr_db.y", "claimed above +1.31, measured +0.45 dB"),
        ("T.a.psnr_db.x", "claimed above 1.31, measured 0.45 dB"),
        ("T.a.time_s.x / T.a.time_s.y", "claimed above 1.31, measured 0.45"),
    ],
)
def test_differences_have_a_sign_and_levels_and_ratios_none(expr: str, told: str) -> None:
    assert compared(Check(expr, "gt", stated=1.31), 0.45, 0.45, 0.45) == told


def test_a_claim_is_as_good_as_its_weakest_check() -> None:
    assert weakest([SUPPORTED, DIRECTION]) == DIRECTION
    assert weakest([SUPPORTED, NOT_JUDGED]) == NOT_JUDGED
    assert weakest([NOT_JUDGED, INSEPARABLE]) == INSEPARABLE
    assert weakest([NOT_JUDGED, CONTRADICTED]) == CONTRADICTED
    assert weakest([INSEPARABLE, OTHER]) == OTHER

"""The fixed rules by which numbers turn into verdicts; pure functions of numbers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from deblur_lib.report.statistics import Interval
from deblur_lib.spec import Check

SUPPORTED = "supported"
DIRECTION = "direction only"
CONTRADICTED = "contradicted"
INSEPARABLE = "not separable"
NOT_JUDGED = "not judged"
UNTESTABLE = "untestable"
VERDICTS = (SUPPORTED, DIRECTION, INSEPARABLE, NOT_JUDGED, CONTRADICTED, UNTESTABLE)

ENOUGH_SEEDS = 3
EQUAL = 1e-9  # printed numbers are decimal; their differences in binary are equal up to this

RULES = """\
Each claim was written down with its rule before anything was trained. A claim has one or more
checks; a check is an arithmetic expression over table cells and what it must fulfil.

**Against the printed tables** the expression is computed from the printed numbers: *supported* when
it holds (a stated size within the printed rounding), *not separable* when an ordering is a tie in
the printed digits, *contradicted* otherwise, *not judged* when the paper prints no such number.

**Against our rows** the expression is computed from the means over test pictures. Scenes are drawn
with replacement 2000 times, all pictures of a scene together and the same draw for every network;
the interval holds the middle 95 percent. It is also computed for each training seed alone.

- **supported**: the interval excludes zero on the claimed side, at least 3 seeds were trained, and
  each seed alone shows the claimed sign; where the claim states a size, the interval holds it.
- **direction only**: the claimed sign is clear, but fewer than 3 seeds were trained, or the stated
  size lies outside the interval.
- **not separable**: the interval includes zero, the seeds disagree about the sign, or the other
  side is clear with fewer than 3 seeds.
- **contradicted**: the interval excludes zero on the other side, at least 3 seeds were trained, and
  no seed shows the claimed sign.
- **not judged**: a row that the check needs was not run, or its network does not beat the blurred
  input, so that its order says nothing; the rows are named.
- **untestable**: no number can decide it, for example how sharp a sign looks.

Counts (parameters, operations, receptive fields) have no chance in them and are compared as they
are; measured times must differ by more than their interquartile ranges. A claim with several checks
is as good as its weakest: contradicted, not separable, not judged, direction only, supported.
A test set of one scene is resampled by pictures instead, and a verdict always belongs to one
profile: what a reduced network does on generated pictures need not be what the printed one does.
"""

_WEAKEST_FIRST = (CONTRADICTED, INSEPARABLE, NOT_JUDGED, DIRECTION, SUPPORTED)
_SIGNS = {"gt": 1.0, "ge": 1.0, "lt": -1.0, "le": -1.0}


class Verdict(NamedTuple):
    """A verdict and the reason in a few words."""

    verdict: str
    reason: str


def weakest(verdicts: Sequence[str]) -> str:
    """Verdict of a claim whose checks must all hold."""
    return min(verdicts, key=_WEAKEST_FIRST.index)


def printed_verdict(check: Check, value: float) -> Verdict:
    """Hold a value computed from printed numbers against a check."""
    gap = value - check.stated
    if check.relation == "eq":
        holds = abs(gap) <= check.tol + EQUAL
        found = f"printed numbers give {_text(value)}, stated is {_text(check.stated)}"
        return Verdict(SUPPORTED if holds else CONTRADICTED, found)
    found = f"printed numbers give {_text(value)}"
    if abs(gap) <= EQUAL:
        if check.relation in ("ge", "le"):
            return Verdict(SUPPORTED, found)
        return Verdict(INSEPARABLE, f"{found}: equal in the printed digits")
    return Verdict(SUPPORTED if gap * _SIGNS[check.relation] > 0 else CONTRADICTED, found)


def measured_verdict(
    check: Check, value: float, bounds: Interval, seeds: Sequence[float]
) -> Verdict:
    """Hold a value computed from our rows against a check.

    Args:
        check: what must hold.
        value: the expression on the means over all pictures and seeds.
        bounds: its interval over scenes.
        seeds: the expression for each seed alone.
    """
    found = f"{_text(value)} [{_text(bounds.low)}, {_text(bounds.high)}], {_seeds(seeds)}"
    if not all(map(math.isfinite, (value, bounds.low, bounds.high))):
        return Verdict(INSEPARABLE, f"{found}; no interval can be formed")
    if check.relation == "eq":
        sign, base = math.copysign(1.0, check.stated), 0.0
    else:
        sign, base = _SIGNS[check.relation], check.stated
    low, high = sorted((sign * (bounds.low - base), sign * (bounds.high - base)))
    agree = [sign * (one - base) > 0 for one in seeds]
    if low <= 0 <= high:
        return Verdict(INSEPARABLE, f"{found}; the interval includes {_text(base)}")
    if len(set(agree)) > 1 or (agree and agree[0] != (low > 0)):
        return Verdict(INSEPARABLE, f"{found}; the seeds disagree about the sign")
    if high < 0 or (check.relation == "eq" and check.stated == 0):
        if len(seeds) < ENOUGH_SEEDS:
            few = f"the other side is clear, but {ENOUGH_SEEDS} seeds are needed"
            return Verdict(INSEPARABLE, f"{found}; {few}")
        return Verdict(CONTRADICTED, f"{found}; the other side is clear")
    if len(seeds) < ENOUGH_SEEDS:
        return Verdict(DIRECTION, f"{found}; {ENOUGH_SEEDS} seeds are needed for more")
    if check.relation == "eq" and not bounds.low <= check.stated <= bounds.high:
        return Verdict(DIRECTION, f"{found}; the stated {_text(check.stated)} lies outside")
    return Verdict(SUPPORTED, found)


def counted_verdict(check: Check, value: float, low: float, high: float) -> Verdict:
    """Hold an expression over costs against a check; `low` and `high` span its measuring error."""
    exact = low == high
    found = _text(value) if exact else f"{_text(value)} [{_text(low)}, {_text(high)}]"
    if not all(map(math.isfinite, (value, low, high))):
        return Verdict(INSEPARABLE, f"{found} is no number")
    if check.relation == "eq":
        holds = low - check.tol - EQUAL <= check.stated <= high + check.tol + EQUAL
        return Verdict(
            SUPPORTED if holds else CONTRADICTED, f"{found}, stated {_text(check.stated)}"
        )
    sign = _SIGNS[check.relation]
    ends = sorted((sign * (low - check.stated), sign * (high - check.stated)))
    if ends[0] > 0 or (exact and ends[0] == 0 and check.relation in ("ge", "le")):
        return Verdict(SUPPORTED, found)
    return Verdict(CONTRADICTED if ends[1] < 0 else INSEPARABLE, found)


def _seeds(seeds: Sequence[float]) -> str:
    if not seeds:
        return "no seed in common"
    return "by seed " + ", ".join(_text(one) for one in seeds)


def _text(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 4 if abs(value) < 1 else 2
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, digits):g}"

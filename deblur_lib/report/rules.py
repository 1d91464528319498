"""The fixed rules by which numbers turn into verdicts; pure functions of numbers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from deblur_lib.report.expressions import keys
from deblur_lib.report.numbers import named, number, printed, reached, together
from deblur_lib.report.statistics import FEWEST, Interval
from deblur_lib.spec import Check

SUPPORTED = "supported"
DIRECTION = "same direction"
INSEPARABLE = "not separable"
OTHER = "other direction"
CONTRADICTED = "contradicted"
NOT_JUDGED = "not judged"
UNTESTABLE = "untestable"
VERDICTS = (SUPPORTED, DIRECTION, INSEPARABLE, OTHER, CONTRADICTED, NOT_JUDGED, UNTESTABLE)

ENOUGH_SEEDS = 3
CAPPED = ("smoke", "demo")  # budgets that never say more than a direction
ELSEWHERE = "other executions"
EQUAL = 1e-9  # printed numbers are decimal; their differences in binary are equal up to this
_CLEAR = {True: (SUPPORTED, DIRECTION), False: (CONTRADICTED, OTHER)}
_WEAKEST_FIRST = (CONTRADICTED, OTHER, INSEPARABLE, NOT_JUDGED, DIRECTION, SUPPORTED)
_WORDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_SIGNS = {"gt": 1.0, "ge": 1.0, "lt": -1.0, "le": -1.0}

RULES = f"""\
Each claim was written down with its rule before the rows that judge it were trained; where a rule
changed since, its note or the list below says so. A claim has one or more checks; a check is an
arithmetic expression over table cells and what it must fulfil.

**Against the printed tables** the expression is computed from the printed numbers: *{SUPPORTED}*
when it holds (a stated size within the printed rounding), *{INSEPARABLE}* when an ordering is a tie
in the printed digits, *{CONTRADICTED}* otherwise, *{NOT_JUDGED}* when the paper prints no such
number.

**Against our rows** the expression is computed from means over test pictures and seeds, with two
intervals of 95 percent: one over *pictures* (photographs are drawn with replacement, then crops
within each, the same draw for every network) and one over *trainings* (Student, over seeds). An
effect is **clear** when both exclude zero on the same side, and **strong** when besides every
trained row of the check has at least {ENOUGH_SEEDS} seeds and the budget is neither
{" nor ".join(CAPPED)}.

| effect | clear and strong | clear | not clear |
|---|---|---|---|
| on the claimed side | **{SUPPORTED}** | **{DIRECTION}** | **{INSEPARABLE}** |
| on the other side | **{CONTRADICTED}** | **{OTHER}** | **{INSEPARABLE}** |

- A stated size must lie within the two intervals, else an effect on the claimed side is
  *{DIRECTION}* and no more.
- "It makes no difference" is *{CONTRADICTED}*, or *{OTHER}*, when a difference is clear.
- Words that promise size ("a clear step", "much") have a margin, declared with the claim: both
  intervals must lie beyond it; both short of it speak against the claim.
- At {" and ".join(CAPPED)}, where a single execution says little, a direction counts only where
  every other execution recorded beside the rows shows it as well, those left out in which no row of
  the check moved; else it is *{INSEPARABLE}*.
- *{INSEPARABLE}* says how large an effect would have had to be to be seen.
- Where a printed row differs from another in more than the claim is about, a row of ours stands in
  its place; a note below the claims names it.
- **{NOT_JUDGED}**, with the measured reason: a row was not run, or is no better than the blurred
  input on the kind of pictures that it learnt from; the module in question does nothing in any row
  of the check; two rows of an ablation differ in loss or size although the claim is about neither;
  the row that leads was trained for more steps than the one behind it, or began by giving back its
  input where the other began at random (not at paper; asked since demo's and study's rows were
  known, and it only takes verdicts away); there are fewer than {FEWEST} photographs (asked since
  study's rows were known, which have more), or one training and nothing that tells its luck. A row
  with nothing to train has no such luck, which was said since study's rows were known.
- On pictures of another kind a row's score tells how it carries over and is judged even below the
  blurred input, where printed rows lie too; so is a row that its loss ruined, in a check about the
  loss, and a method that estimates blur and deconvolves, which never learnt to restore. The reason
  tells what it loses. None of the three was judged before study's rows were known.
- **{UNTESTABLE}**: no number can decide it, for example how sharp a sign looks.

Counts (parameters, operations, receptive fields) have no chance in them and are compared as they
are; measured times are taken in rounds, and must differ by more than these spread (asked since
study's rows were known: the quartiles of a single round were far narrower than what another round
gave). A claim with several checks is as good as its weakest: {", ".join(_WEAKEST_FIRST)}. A verdict
belongs to one budget and is never shown without it.
"""


class Verdict(NamedTuple):
    """A verdict and the reason in a few words.

    `short` holds what was claimed and what was measured, where there are two such numbers.
    """

    verdict: str
    reason: str
    short: str = ""


class Evidence(NamedTuple):
    """What our rows say about one expression.

    Attributes:
        value: the expression on the means over pictures and seeds.
        pictures, trainings: its two intervals.
        seeds: number of seeds of each trained row.
        profile: budget of the rows.
    """

    value: float
    pictures: Interval
    trainings: Interval
    seeds: tuple[int, ...]
    profile: str

    @property
    def low(self) -> float:
        """Lower end of both intervals together."""
        return min(self.pictures.low, self.trainings.low)

    @property
    def high(self) -> float:
        """Upper end of both intervals together."""
        return max(self.pictures.high, self.trainings.high)

    @property
    def weak(self) -> str:
        """Why a clear effect is no more than a direction; "" where it is."""
        if self.profile in CAPPED:
            return limit(self.profile)
        if min(self.seeds, default=ENOUGH_SEEDS) < ENOUGH_SEEDS:
            return f"{ENOUGH_SEEDS} seeds of every row are needed for more"
        return ""


def limit(profile: str) -> str:
    """What a small budget cannot say."""
    return f"{profile} shows no more than a direction"


def compared(check: Check, value: float, low: float, high: float) -> str:
    """Claim and measurement in a few words: "claimed +0.17, measured −0.17 [−0.20, −0.13] dB".

    Differences have a sign, levels and ratios none.
    """
    metric, sign = _metric(check), " - " in check.expr and "/" not in check.expr
    bound = number(check.stated + _beyond(check), metric, sign=sign)
    middle, *ends = together((value, low, high), metric, sign=sign, ends=True)
    bound = bound if bound.strip("0.") else "0"
    claimed = bound if check.relation == "eq" else f"{_WORDS[check.relation]} {bound}"
    around = f" [{', '.join(ends)}]" if low < high and math.isfinite(high - low) else ""
    return f"claimed {claimed}, measured {named(middle + around, metric)}"


def _metric(check: Check) -> str:
    """What an expression measures; "" for a ratio and for a mixture."""
    metrics = {"".join(key.split(".")[2:3]) for key in keys(check.expr)}
    return "" if len(metrics) != 1 or "/" in check.expr else metrics.pop()


def _beyond(check: Check) -> float:
    return check.margin * _SIGNS.get(check.relation, 0.0)


def at(verdict: str, profile: str) -> str:
    """A verdict with its budget in the same breath: "contradicted at study"."""
    return f"{verdict} at {profile}" if profile and verdict != UNTESTABLE else verdict


def not_judged(reason: str) -> Verdict:
    """No verdict, because of something measured."""
    return Verdict(NOT_JUDGED, reason)


def weakest(verdicts: Sequence[str]) -> str:
    """Verdict of a claim whose checks must all hold."""
    return min(verdicts, key=_WEAKEST_FIRST.index)


def repeated(verdict: Verdict, others: Sequence[str]) -> Verdict:
    """A direction that another execution of the same rows does not show is none.

    Args:
        verdict: on one check, by the rows alone.
        others: verdicts on it by other executions.
    """
    different = [word for word in others if word != verdict.verdict]
    if verdict.verdict not in (DIRECTION, OTHER) or not different:
        return verdict
    told = f"{verdict.reason}; {len(different)} of {len(others)} {ELSEWHERE}: {different[0]}"
    return verdict._replace(verdict=INSEPARABLE, reason=told)


def printed_verdict(check: Check, value: float) -> Verdict:
    """Hold a value computed from printed numbers against a check."""
    gap = value - check.stated
    found = f"printed numbers give {printed(value)}"
    if check.relation == "eq":
        holds = abs(gap) <= check.tol + EQUAL
        told = f"{found}, stated is {printed(check.stated)}"
        return Verdict(SUPPORTED if holds else CONTRADICTED, told)
    beyond = gap * _SIGNS[check.relation] - check.margin
    if check.margin:
        found += f", the margin is {number(check.margin)}"
    if abs(beyond) <= EQUAL:
        if check.relation in ("ge", "le"):
            return Verdict(SUPPORTED, found)
        return Verdict(INSEPARABLE, f"{found}: equal in the printed digits")
    return Verdict(SUPPORTED if beyond > 0 else CONTRADICTED, found)


def measured_verdict(check: Check, found: Evidence) -> Verdict:
    """Hold a value computed from our rows against a check."""
    verdict = _measured(check, found)
    return verdict._replace(short=compared(check, found.value, found.low, found.high))


def _measured(check: Check, found: Evidence) -> Verdict:
    metric = _metric(check)
    told = _told(found, metric)
    if found.pictures.units < FEWEST:
        few = _number(found.pictures.units, "photograph")
        return not_judged(f"{few} cannot say what others would give, {FEWEST} are needed ({told})")
    if not math.isfinite(found.value + found.pictures.half):
        return not_judged(f"no number comes out ({told})")
    if not math.isfinite(found.trainings.half):
        return not_judged(f"one training cannot be told from luck ({told})")
    if check.relation == "eq":
        sign, base = math.copysign(1.0, check.stated), 0.0
    else:
        sign, base = _SIGNS[check.relation], check.stated
    low, high = sorted((sign * (found.low - base), sign * (found.high - base)))
    if check.relation == "eq" and check.stated == 0 and low > 0:
        low, high = -high, -low  # any clear difference speaks against "no difference"
    if low > check.margin or high < check.margin:
        return _clear(check, found, told, claimed=low > check.margin)
    if check.margin and low > 0:
        return Verdict(
            DIRECTION, f"{told}; not beyond the margin of {number(check.margin, metric)}"
        )
    seen = max(found.pictures.half, found.trainings.half)
    told += f"; could have seen {reached(seen, metric)}"
    if check.relation == "eq" and check.stated and not found.low <= check.stated <= found.high:
        told += f"; the stated {number(check.stated, metric, sign=True)} lies outside"
    return Verdict(INSEPARABLE, told)


def _clear(check: Check, found: Evidence, told: str, *, claimed: bool) -> Verdict:
    strong, direction = _CLEAR[claimed]
    margin, stated = together((check.margin, check.stated), _metric(check))
    if check.margin and not claimed:
        told += f"; short of the margin of {margin}"
    if claimed and check.relation == "eq" and not found.low <= check.stated <= found.high:
        return Verdict(direction, f"{told}; the stated {stated} lies outside")
    if found.weak:
        return Verdict(direction, f"{told}; {found.weak}")
    return Verdict(strong, told)


def counted_verdict(check: Check, value: float, low: float, high: float) -> Verdict:
    """Hold an expression over costs against a check; `low` and `high` span its measuring error."""
    return _counted(check, value, low, high)._replace(short=compared(check, value, low, high))


def _counted(check: Check, value: float, low: float, high: float) -> Verdict:
    exact = low == high
    middle, *around = together((value, low, high), _metric(check))
    found = middle if exact else f"{middle} [{', '.join(around)}]"
    if not all(map(math.isfinite, (value, low, high))):
        return not_judged(f"{found} is no number")
    if check.relation == "eq":
        holds = low - check.tol - EQUAL <= check.stated <= high + check.tol + EQUAL
        return Verdict(
            SUPPORTED if holds else CONTRADICTED,
            f"{found}, stated {number(check.stated, _metric(check))}",
        )
    sign = _SIGNS[check.relation]
    ends = sorted(sign * (end - check.stated) - check.margin for end in (low, high))
    if ends[0] > 0 or (exact and ends[0] == 0 and check.relation in ("ge", "le")):
        return Verdict(SUPPORTED, found)
    if ends[1] < 0:
        return Verdict(CONTRADICTED, found)
    seen = reached((high - low) / 2, _metric(check))
    return Verdict(INSEPARABLE, found if exact else f"{found}; could have seen {seen}")


def _told(found: Evidence, metric: str) -> str:
    fewest, most = min(found.seeds, default=0), max(found.seeds, default=0)
    seeds = _number(most, "seed") if fewest == most else f"{fewest} to {most} seeds"
    value, *ends = together(
        (found.value, *found.pictures[:2], *found.trainings[:2]), metric, ends=True
    )
    over = (
        (found.pictures, ends[:2], _number(found.pictures.units, "photograph")),
        (found.trainings, ends[2:], seeds),
    )
    parts = [
        f"[{', '.join(shown)}] over {what}" if math.isfinite(one.half) else what
        for one, shown, what in over[: None if found.seeds else 1]
    ]
    parts += [] if found.seeds else ["nothing was trained"]
    return f"{value}, {' and '.join(parts)}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

"""Two budgets of one paper: verdicts in common, what each could judge, the order of the rows.

A claim compares rows where one of its checks on our rows names a score. Of these claims a budget
judges those whose verdict points one way or is not separable; the others wait for rows. Questions
of ours are not among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from deblur_lib.report import columns, rankings, verdicts
from deblur_lib.report.expressions import keys
from deblur_lib.report.numbers import fixed
from deblur_lib.report.results import Results
from deblur_lib.report.rules import INSEPARABLE, NOT_JUDGED, UNTESTABLE
from deblur_lib.report.summary import AGAINST, FOR
from deblur_lib.report.verdicts import Judgement
from deblur_lib.spec import PROFILES, Claim, Paper

ABOVE_SMOKE = PROFILES[1:]  # smoke shows that code runs; its numbers mean nothing


@dataclass(frozen=True)
class Standing:
    """How many claims stand where at one budget.

    Attributes:
        profile: the budget.
        holds, fails, undecided: claims that our rows speak for, against, and cannot tell.
        compare: claims that compare rows, `judged` of which have one of these verdicts.
    """

    profile: str
    holds: int
    fails: int
    undecided: int
    judged: int
    compare: int

    @property
    def share(self) -> str:
        """Share of the claims that compare rows which is judged: "12 of 16 (75 %)"."""
        percent = f" ({100 * self.judged / self.compare:.0f} %)" if self.compare else ""
        return f"{self.judged} of {self.compare}{percent}"


@dataclass(frozen=True)
class Pair:
    """A small budget beside a large one.

    Attributes:
        small, large: how the claims stand at each.
        same, differ: ids of claims that both judge, to one side and to different sides; of these
            `turned` point to opposite ones, of the others one budget sees none.
        orders: orders of the rows of each scored column of the tables.
    """

    small: Standing
    large: Standing
    same: tuple[str, ...]
    differ: tuple[str, ...]
    turned: tuple[str, ...]
    orders: tuple[rankings.Ranking, ...]


def stored(root: Path, paper: str, shown: Results) -> dict[str, Results]:
    """Results of a paper by profile, the smallest first; those shown stand for their own profile.

    Args:
        root: folder of published results, <root>/<paper>/<profile>.
        paper: room id.
        shown: the results of its chapter; where they are of smoke, they are all.
    """
    if shown.profile not in ABOVE_SMOKE:
        return {shown.profile: shown}
    found: dict[str, Results] = {}
    for profile in ABOVE_SMOKE:
        folder = root / paper / profile
        if profile == shown.profile:
            found[profile] = shown
        elif (folder / "rows.csv").is_file():
            found[profile] = Results.load(folder)
    return found


def largest(budgets: Mapping[str, Results]) -> Results:
    """The largest of some budgets that `stored` gave."""
    return list(budgets.values())[-1]


def compares_rows(claim: Claim, paper: Paper) -> bool:
    """True for a claim that compares scores of rows, not costs or printed numbers alone."""
    found = (columns.of_key(key, paper)[0] for one in claim.our_checks for key in keys(one.expr))
    return any(one is not None and not columns.is_cost(one) for one in found)


def standing(judged: Sequence[Judgement], paper: Paper) -> Standing:
    """Count the verdicts of one budget."""
    judged = [one for one in judged if not one.claim.ours]
    words = [one.ours.verdict for one in judged]
    compare = [one for one in judged if compares_rows(one.claim, paper)]
    open_ones = (NOT_JUDGED, UNTESTABLE)
    return Standing(
        profile=judged[0].profile,
        holds=sum(word in FOR for word in words),
        fails=sum(word in AGAINST for word in words),
        undecided=words.count(INSEPARABLE),
        judged=sum(one.ours.verdict not in open_ones for one in compare),
        compare=len(compare),
    )


def pair(small: Results, large: Results, paper: Paper) -> Pair:
    """Hold two budgets of a paper against each other."""
    at_small, at_large = (verdicts.judge(one, paper) for one in (small, large))
    sides = {
        one.claim.id: (side(one), side(other))
        for one, other in zip(at_small, at_large, strict=True)
        if side(one) and side(other)
    }
    orders = rankings.rankings(paper, {one.profile: one for one in (small, large)})
    return Pair(
        standing(at_small, paper),
        standing(at_large, paper),
        tuple(name for name, (one, other) in sides.items() if one == other),
        tuple(name for name, (one, other) in sides.items() if one != other),
        tuple(name for name, both in sides.items() if {*both} == {"holds", "fails"}),
        tuple(one for one in orders if {one.first, one.second} == {small.profile, large.profile}),
    )


def side(one: Judgement) -> str:
    """Where a verdict points: "holds", "fails", "open"; "" where there is none."""
    word = one.ours.verdict
    named = {"holds": FOR, "fails": AGAINST, "open": (INSEPARABLE,)}
    return next((name for name, words in named.items() if word in words), "")


def agreement(orders: Sequence[rankings.Ranking]) -> str:
    """How far orders agree, in a few words: "0.62 over 8 columns"; a dash without any."""
    told = [one.tau for one in orders if one.tau == one.tau]
    if not told:
        return "–"
    columns_told = f"{len(told)} column{'s' if len(told) > 1 else ''}"
    return f"{fixed(mean(told), 2, sign=True)} over {columns_told}"

"""What was found over all papers, on two screens: main claims, gains, and how much holds."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deblur_lib import papers
from deblur_lib.book import answers
from deblur_lib.book.front import in_order
from deblur_lib.report import budget, rankings, standing, summary, verdicts
from deblur_lib.report.markup import escape, pipes
from deblur_lib.report.rankings import Ranking
from deblur_lib.report.results import Results
from deblur_lib.report.rules import CAPPED
from deblur_lib.report.standing import Standing
from deblur_lib.spec import Paper

ASIDE = re.compile(r"^\(1\) [a-z ]+: | \([^()]*\)$")  # which check, and its numbers
MAIN = 3  # claims that are told of each paper, those that its summary names first
HEADS = (
    "paper",
    "budget",
    "hold",
    "do not",
    "not separable",
    "judged, of those that compare rows",
    "order as in print (mean tau)",
)


def page(stored: Mapping[str, Mapping[str, Results]], published: Path) -> str:
    """The page, as Markdown.

    Args:
        stored: the budgets of each paper, see `standing.stored`; the largest is shown.
        published: folder of published results.
    """
    shown = {name: standing.largest(budgets) for name, budgets in stored.items()}
    names = in_order(shown)
    lines = [_budget(shown), "", "::::{grid} 1 1 2 3", ":gutter: 2", ":class-container: dl-found"]
    for name in names:
        lines += ["", *_card(papers.load(name), shown[name], published)]
    lines += ["::::", "", "## Over all papers", ""]
    return "\n".join([*lines, *_overall({name: stored[name] for name in names}), ""])


def _budget(stored: Mapping[str, Results]) -> str:
    """Which budget the page shows, and what it cannot say."""
    names = sorted({one.profile for one in stored.values()})
    told = f"Shown is the largest stored budget: {escape(budget.in_words(*stored.values()))}."
    if set(names) <= {*CAPPED}:
        told += (
            f" No larger one than {' and '.join(names)} is stored yet: it says no more than which "
            "way an effect points, and most claims wait for longer trainings and more seeds."
        )
    return told


def _card(paper: Paper, results: Results, published: Path) -> Iterator[str]:
    yield f":::{{grid-item-card}} {paper.id}"
    yield from (f":link: notebooks/{paper.id}", ":link-type: doc", "")
    told = papers.summary(paper.id)
    judged = {one.claim.id: one for one in verdicts.judge(results, paper)}
    yield from (escape(told.question), "")
    main = [judged[name] for name in told.headline[:MAIN]]
    for one in main:
        yield f"- {answers.chip(one)} {summary.asked(one)} {_effect(one, results)}"
    for text in dict.fromkeys(filter(None, (verdicts.stood_in(one.claim) for one in main))):
        yield f"- Above {escape(text)}."
    yield from (f"- {one}." for one in _gains(paper, results, published))
    yield ":::"


def _effect(one: verdicts.Judgement, results: Results) -> str:
    """The first effect measured with its interval, else the first reason for no verdict."""
    found = summary.effect(one, results)
    reason = ASIDE.sub("", one.ours.reason.partition("; ")[0])
    return f"Measured: {escape(found)}." if found else f"Why: {escape(reason)}."


def _gains(paper: Paper, results: Results, published: Path) -> Iterator[str]:
    """Gains of the own network, and of its long run, on its first test pictures and real pairs."""
    told = papers.summary(paper.id)
    long = [one.id for one in paper.methods if one.apart]
    for method, name in ((told.own, "Own network"), *((one, "Its long run") for one in long)):
        one = summary.gain_of(results, paper, method, told.datasets[0])
        if one is not None:
            mine = method == told.own  # the long run is scored on the pictures just told
            counts = ("training", "scene") if mine else ()
            whose, real = answers.real_gains(results, method, published, counts)
            real = [f"{text}{whose}" for text in real]
            where = f" on {escape(one.where)}" if mine else " there"
            parts = [f"{one.mean} dB [{one.low}, {one.high}]{where}", *map(escape, real)]
            other = (
                ", of more steps and longer blur"
                if summary.other_blur(results, paper, method)
                else ""
            )
            yield f"{name}{other}: {'; '.join(parts)}"
        elif method == told.own:
            yield f"{name}: not scored at this budget"


def _overall(stored: Mapping[str, Mapping[str, Results]]) -> Iterator[str]:
    """A row of counts for each paper and for all of a budget, and what they come to."""
    rows: list[tuple[str, Standing, list[Ranking]]] = []
    before: list[Standing] = []
    for name, budgets in stored.items():
        paper, results = papers.load(name), standing.largest(budgets)
        found = rankings.rankings(paper, {results.profile: results})
        rows.append((name, standing.standing(verdicts.judge(results, paper), paper), found))
        smallest = next(iter(budgets.values()))
        before.append(standing.standing(verdicts.judge(smallest, paper), paper))
    total = _sum([one for _, one, _ in rows])
    for profile in dict.fromkeys(one.profile for _, one, _ in rows):
        alike = [one for one in rows if one[1].profile == profile]
        orders = [one for _, _, found in alike for one in found]
        rows.append(("all", _sum([one for _, one, _ in alike]), orders))
    cells = (
        (
            name, one.profile, one.holds, one.fails, one.undecided, one.share,
            standing.agreement(orders),
        )
        for name, one, orders in rows
    )  # fmt: skip
    yield from (pipes(HEADS, cells), "")
    yield _shares(_sum(before), total)


def _sum(some: list[Standing]) -> Standing:
    return Standing(
        " and ".join(dict.fromkeys(one.profile for one in some)),
        *(
            sum(getattr(one, field) for one in some)
            for field in ("holds", "fails", "undecided", "judged", "compare")
        ),
    )


def _shares(before: Standing, now: Standing) -> str:
    """How many claims are judged, at the smallest budget too, and where the words come from."""
    told = f"Of the claims that compare rows, {now.share} are judged at {now.profile}"
    if before.profile != now.profile:
        told += f"; at {before.profile}, the smallest budget, {before.share}"
    small = {*CAPPED} & {*now.profile.split(" and ")}
    other = ", or that other executions say otherwise" if small else ""
    return (
        f"{told}. *Hold* and *do not* count verdicts that point one way, firm or not; each "
        f"*not separable* tells in its chapter the smallest effect that would have been seen{other}"
        ". The last column compares the order of our rows with the print's: 1 for the same, −1 for "
        "the reversed one ({doc}`budgets`)."
    )

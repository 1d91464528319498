"""Budgets beside each other: a part of each chapter, and a page with what no chapter shows."""

from collections.abc import Iterator, Mapping

from deblur_lib import papers
from deblur_lib.book.answers import verdict_bar
from deblur_lib.report import budget, rankings, standing, verdicts
from deblur_lib.report.markup import escape, pipes
from deblur_lib.report.rankings import Ranking
from deblur_lib.report.results import Results
from deblur_lib.report.standing import ABOVE_SMOKE, Pair
from deblur_lib.report.tables import compare, styled
from deblur_lib.spec import Paper

PAGE = "budgets"


def budgets_page(stored: Mapping[str, Mapping[str, Results]], shown: Mapping[str, Results]) -> str:
    """Rank correlations of all stored budgets of every paper, and what no chapter shows of them.

    Args:
        stored: the budgets of each paper, see `standing.stored`.
        shown: the results that the chapters show, by paper.

    Returns:
        Markdown.
    """
    above: dict[str, dict[str, Results]] = {
        name: {profile: one for profile, one in budgets.items() if profile in ABOVE_SMOKE}
        for name, budgets in stored.items()
    }
    orders = {name: rankings.rankings(papers.load(name), one) for name, one in above.items()}
    lines = _overall(orders)
    for name, budgets in above.items():
        lines += _section(papers.load(name), budgets, shown[name], orders[name])
    return "\n".join(lines)


def _overall(orders: Mapping[str, list[Ranking]]) -> list[str]:
    """Mean agreement of each two budgets, paper by paper."""
    both = dict.fromkeys((one.first, one.second) for found in orders.values() for one in found)
    if not both:
        return []
    rows = [(name, *(_agreement(found, pair) for pair in both)) for name, found in orders.items()]
    heads = ("mean tau", *(" and ".join(pair) for pair in both))
    return ["Over all columns of a paper:", "", pipes(heads, rows), ""]


def _agreement(found: list[Ranking], pair: tuple[str, str]) -> str:
    return standing.agreement([one for one in found if (one.first, one.second) == pair])


def _section(
    paper: Paper, stored: Mapping[str, Results], shown: Results, orders: list[Ranking]
) -> list[str]:
    held = ", ".join(f"**{name}**" for name in stored) or "none"
    missing = ", ".join(name for name in ABOVE_SMOKE if name not in stored)
    lines = [
        f"## {paper.id}",
        "",
        f"Chapter at profile **{shown.profile}**. Stored budgets: {held}."
        + (f" No rows are stored of: {missing}." if missing else ""),
        "",
        rankings.to_markdown(orders),
    ]
    for name, results in stored.items():
        if name != shown.profile:
            lines += [f"({anchor(paper.id, name)})=", f"### {paper.id} at profile {name}", ""]
            for table in paper.tables:
                lines += [styled(compare(results, paper, table.id)).markdown(), ""]
            lines += [verdicts.styled(verdicts.judge(results, paper)).markdown(), ""]
    return lines


def anchor(paper: str, profile: str) -> str:
    """Where the page holds what no chapter shows of a budget."""
    return f"{paper}-at-{profile}"


def beside(budgets: Mapping[str, Results], shown: Results, paper: Paper) -> str:
    """The chapter's own budget beside the largest that is stored, or the next one beside it.

    Args:
        budgets: those of the paper, see `standing.stored`.
        shown: the results that the chapter shows.
        paper: the declaration.

    Returns:
        Markdown; "" where one budget alone is stored.
    """
    stored = list(budgets.values())
    if len(stored) < 2:
        return ""
    large = stored[-1]
    small = shown if shown is not large else stored[-2]
    here = small.folder.name != small.profile  # a published folder bears its profile's name
    what = "What this machine just did" if here else "The small budget"
    other = small if shown is large else large
    found = standing.pair(small, large, paper)
    return "\n".join(
        [
            f":::{{dropdown}} {what}: profile {small.profile}, held against {large.profile}",
            *([":open:"] if here else []),
            ":class-container: answer",
            "",
            f"{escape(budget.in_words(small).partition(': ')[2])}.",
            "",
            verdict_bar(small, paper),
            "",
            *(f"- {one}" for one in _sentences(found)),
            "",
            *_orders(found),
            f"Tables and figures below are those of {shown.profile}; the tables and verdicts of "
            f"{other.profile} stand on {{ref}}`a page of their own "
            f"<{anchor(paper.id, other.profile)}>`.",
            ":::",
            "",
        ]
    )


def _sentences(found: Pair) -> Iterator[str]:
    small, large = found.small, found.large
    both = len(found.same) + len(found.differ)
    yield (
        f"Of {both} claims that both budgets judge, {len(found.same)} have verdicts to the same "
        f"side; of {len(found.differ) - len(found.turned)} one budget sees a side and the other "
        "none; "
        f"{len(found.turned)} point the other way{_named(found.turned)}."
    )
    yield (
        f"Judged, of the claims that compare rows: {small.share} at {small.profile}, "
        f"{large.share} at {large.profile}."
    )


def _named(claims: tuple[str, ...]) -> str:
    names = ", ".join(one.rpartition("-")[2] for one in claims)
    return f": {names}" if names else ""


def _orders(found: Pair) -> Iterator[str]:
    """Agreement of the orders, a line for each table that both budgets fill."""
    tables = {
        name: [one for one in found.orders if one.table == name]
        for name in dict.fromkeys(one.table for one in found.orders)
    }
    told = {name: text for name, one in tables.items() if (text := standing.agreement(one)) != "–"}
    if told:
        yield pipes(("order of the rows", "rank correlation (mean tau)"), told.items())
        yield ""

"""Do two budgets put the rows of a table in the same order? Rank correlation, column by column.

A small budget is of use where it ranks networks as a large one does. For each column of a printed
table the orders of two budgets are compared by Kendall's tau-b over the rows that both trained; the
print itself counts as one more budget. The blurred input is no network and is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
from scipy.stats import kendalltau

from deblur_lib.report import cells, columns
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare
from deblur_lib.spec import PROFILES, Paper

PRINT = "print"
LEAST = 3  # two rows agree by chance every other time
HEADS = (
    "table",
    "column",
    "budgets",
    "rows",
    "tau",
    "by chance",
    "best to worst at the first (place at the second)",
)


@dataclass(frozen=True)
class Ranking:
    """Orders of the rows of one column at two budgets.

    Attributes:
        table, dataset, column: what was ranked.
        first, second: profiles, or "print".
        first_order, second_order: titles of the rows that both hold, best first.
        tau: Kendall's tau-b; NaN with fewer than three rows or where all scores of one are equal.
        chance: how often random orders agree at least that well; NaN where tau is.
    """

    table: str
    dataset: str
    column: str
    first: str
    second: str
    first_order: tuple[str, ...]
    second_order: tuple[str, ...]
    tau: float
    chance: float


def rankings(paper: Paper, budgets: Mapping[str, Results]) -> list[Ranking]:
    """Compare the orders of all pairs of budgets, in every scored column of every printed table.

    Args:
        paper: its declaration.
        budgets: stored results by profile.
    """
    made = []
    for table in paper.tables:
        frames = {name: compare(one, paper, table.id) for name, one in budgets.items()}
        for dataset, column, values in _columns(frames):
            for first, second in combinations(sorted(values, key=_large_first), 2):
                made.append(
                    _rank(
                        table.number, dataset, column, first, second, values[first], values[second]
                    )
                )
    return made


def _large_first(budget: str) -> int:
    return -1 if budget == PRINT else -PROFILES.index(budget) + len(PROFILES)


def _columns(
    frames: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, str, dict[str, dict[str, float]]]]:
    """Data set, column title and {budget: {row title: score, larger is better}}."""
    some = next(iter(frames.values()), None)
    if some is None:
        return
    kept = some[~some["beside"]].drop_duplicates(["dataset", "column"])
    for dataset, column, metric in kept[["dataset", "column", "metric"]].itertuples(index=False):
        sign = 1.0 if columns.higher_is_better(metric) else -1.0
        values: dict[str, dict[str, float]] = {}
        for budget, frame in frames.items():
            part = frame[
                (frame["dataset"] == dataset) & (frame["column"] == column) & ~frame["beside"]
            ]
            printed = part[part["reported_value"].notna()]
            values[PRINT] = _scores(printed, "reported_value", sign)
            run = part[part["ours"].notna() & part["kind"].isin([cells.RETRAINED, cells.RELEASED])]
            values[budget] = _scores(run, "ours", sign)
        yield str(dataset), str(column), values


def _scores(part: pd.DataFrame, field: str, sign: float) -> dict[str, float]:
    return {str(one["title"]): sign * float(one[field]) for _, one in part.iterrows()}


def _rank(
    table: str,
    dataset: str,
    column: str,
    first: str,
    second: str,
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
) -> Ranking:
    common = [title for title in ours if title in theirs]
    tau = chance = float("nan")
    if len(common) >= LEAST:
        a, b = [ours[one] for one in common], [theirs[one] for one in common]
        tau = float(kendalltau(a, b).statistic)
        chance = float(kendalltau(a, b, alternative="greater").pvalue)
    return Ranking(
        table, dataset, column, first, second, _order(common, ours), _order(common, theirs),
        tau, chance,
    )  # fmt: skip


def _order(common: list[str], values: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(common, key=lambda title: -values[title]))


def to_markdown(found: list[Ranking]) -> str:
    """A table of all rankings that have enough common rows, and how many have not."""
    told = [one for one in found if one.tau == one.tau]
    lines = []
    if told:
        lines += ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
        lines += ["| " + " | ".join(map(escape, _texts(one))) + " |" for one in told] + [""]
    few = len(found) - len(told)
    if few:
        lines += [
            f"Not ranked: {few} more, where both budgets hold fewer than {LEAST} rows or all "
            "scores of one are equal.",
            "",
        ]
    return "\n".join(lines)


def _texts(one: Ranking) -> tuple[str, ...]:
    return (
        one.table,
        f"{one.dataset}, {one.column}",
        f"{one.first}, {one.second}",
        str(len(one.first_order)),
        f"{one.tau:+.2f}".replace("-", "−"),
        f"{one.chance:.2f}",
        ", ".join(f"{title} ({one.second_order.index(title) + 1})" for title in one.first_order),
    )

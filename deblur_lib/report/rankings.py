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

from deblur_lib.report import cells, columns, numbers
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare
from deblur_lib.spec import PROFILES, Paper

PRINT = "print"
LEAST = 3  # two rows agree by chance every other time
HEADS = ("column", "rows", "tau", "by chance", "order")


@dataclass(frozen=True)
class Ranking:
    """Orders of the rows of one column at two budgets.

    Attributes:
        table, dataset, column: what was ranked.
        first, second: profiles, or "print".
        first_order, second_order: ids of the rows that both hold, best first.
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
                names = (table.number, dataset, column, first, second)
                made.append(_rank(*names, values[first], values[second]))
    return sorted(made, key=lambda one: (one.table, _large_first(one.first), one.second))


def _large_first(budget: str) -> int:
    return -1 if budget == PRINT else -PROFILES.index(budget) + len(PROFILES)


def _columns(
    frames: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, str, dict[str, dict[str, float]]]]:
    """Data set, column title and {budget: {method: score, larger is better}}."""
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
            run = part[part["ours"].notna() & part["kind"].isin(cells.OURS)]
            values[budget] = _scores(run, "ours", sign)
        yield str(dataset), str(column), values


def _scores(part: pd.DataFrame, field: str, sign: float) -> dict[str, float]:
    return {str(one["method"]): sign * float(one[field]) for _, one in part.iterrows()}


def _rank(
    table: str,
    dataset: str,
    column: str,
    first: str,
    second: str,
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
) -> Ranking:
    common = [method for method in ours if method in theirs]
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
    return tuple(sorted(common, key=lambda method: -values[method]))


def to_markdown(found: list[Ranking], *, level: int = 3) -> str:
    """Rankings under a heading for each table and pair of budgets.

    Args:
        found: what `rankings` gave.
        level: depth of the headings.
    """
    told = [one for one in found if one.tau == one.tau]
    lines: list[str] = []
    heading = ""
    for one in told:
        mine = f"{'#' * level} {one.table}: {one.first} and {one.second}"
        if mine != heading:
            heading = mine
            lines += [*([""] if lines else []), mine, ""]
            lines += ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
        lines.append("| " + " | ".join(map(escape, _texts(one))) + " |")
    few = len(found) - len(told)
    if few:
        lines += [
            *([""] if lines else []),
            f"Not ranked: {few} more, where both budgets hold fewer than {LEAST} rows or all "
            "scores of one are equal.",
        ]
    return "\n".join([*lines, ""])


def _texts(one: Ranking) -> tuple[str, ...]:
    return (
        f"{one.dataset}, {one.column}",
        str(len(one.first_order)),
        numbers.fixed(one.tau, 2, sign=True),
        numbers.fixed(one.chance, 2),
        ", ".join(f"{name} ({one.second_order.index(name) + 1})" for name in one.first_order),
    )

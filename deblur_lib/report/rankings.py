"""Do two budgets put the rows of a table in the same order? Rank correlation, column by column.

A small budget is of use where it ranks networks as a large one does. For each column of a printed
table the orders of two budgets are compared by Kendall's tau-b over the rows that both trained; the
print itself counts as one more budget. The blurred input is no network and is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, groupby

import pandas as pd
from scipy.stats import kendalltau

from deblur_lib.report import cells, columns, numbers
from deblur_lib.report.markup import pipe_table
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare
from deblur_lib.spec import PROFILES, Paper

PRINT = "print"
LEAST = 3  # two rows agree by chance every other time
KEYS = ("dataset", "column", "metric")


@dataclass(frozen=True)
class Ranking:
    """Orders of the rows of one column at two budgets.

    Attributes:
        table, dataset, column: what was ranked.
        first, second: profiles, or "print".
        first_order, second_order: ids of the rows that both hold, best first.
        pictures: what each scored, where that is not the same; else "".
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
    pictures: str = ""


def rankings(paper: Paper, budgets: Mapping[str, Results]) -> list[Ranking]:
    """Compare the orders of all pairs of budgets, in every scored column of every printed table.

    Args:
        paper: its declaration.
        budgets: stored results by profile.
    """
    made = []
    for table in paper.tables:
        frames = {name: compare(one, paper, table.id) for name, one in budgets.items()}
        for dataset, column, scored in _columns(frames):
            for first, second in combinations(sorted(scored, key=_large_first), 2):
                names = (table.number, dataset, column, first, second)
                ranked = _rank(names, scored[first], scored[second])
                told = _pictures(paper, budgets, dataset, (first, second))
                made.append(replace(ranked, pictures=told))
    return sorted(made, key=lambda one: (one.table, _large_first(one.first), one.second))


def _pictures(
    paper: Paper, budgets: Mapping[str, Results], dataset: str, names: tuple[str, str]
) -> str:
    """What two budgets scored under one name, where it is not the same; the print is not asked."""
    found = [
        (columns.tested_on(budgets[name], paper).get(dataset, ""), name)
        for name in names
        if name in budgets
    ]
    differ = len({data_id for data_id, _ in found}) > 1
    return ", ".join(f"{data_id} at {name}" for data_id, name in found) if differ else ""


def _large_first(budget: str) -> int:
    return -1 if budget == PRINT else len(PROFILES) - PROFILES.index(budget)


def _columns(
    frames: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, str, dict[str, pd.Series]]]:
    """Data set, column title and {budget: scores by method, larger is better}."""
    cut = {budget: frame[~frame["beside"]] for budget, frame in frames.items()}
    some = next(iter(cut.values()), pd.DataFrame(columns=[*KEYS]))
    asked = some[[*KEYS]].drop_duplicates(["dataset", "column"])
    for dataset, column, metric in asked.itertuples(index=False):
        sign = 1.0 if columns.higher_is_better(metric) else -1.0
        scored = {}
        for budget, frame in cut.items():
            part = frame[(frame["dataset"] == dataset) & (frame["column"] == column)]
            part = part.set_index("method")
            scored[PRINT] = sign * part["reported_value"].dropna()
            scored[budget] = sign * part.loc[part["kind"].isin(cells.OURS), "ours"].dropna()
        yield str(dataset), str(column), scored


def _rank(names: tuple[str, str, str, str, str], ours: pd.Series, theirs: pd.Series) -> Ranking:
    common = [method for method in ours.index if method in theirs.index]
    sides = ours[common], theirs[common]
    tau = chance = float("nan")
    if len(common) >= LEAST:
        tau = float(kendalltau(*sides).statistic)
        chance = float(kendalltau(*sides, alternative="greater").pvalue)
    ordered = (one.sort_values(ascending=False, kind="stable") for one in sides)
    first, second = (tuple(map(str, one.index)) for one in ordered)
    return Ranking(*names, first, second, tau, chance)


def to_markdown(found: list[Ranking]) -> str:
    """Rankings under a heading for each table and pair of budgets."""
    told = [one for one in found if one.tau == one.tau]
    parts = []
    for (table, first, second), group in groupby(told, key=_pair):
        parts.append(f"### {table}: {first} and {second}")
        parts.append(pipe_table(pd.DataFrame(map(_texts, group)).set_index("column")))
    few = len(found) - len(told)
    if few:
        parts.append(
            f"Not ranked: {few} more, where both budgets hold fewer than {LEAST} rows or all "
            "scores of one are equal."
        )
    return "\n\n".join(parts) + "\n" if parts else ""


def _pair(one: Ranking) -> tuple[str, str, str]:
    return one.table, one.first, one.second


def _texts(one: Ranking) -> dict[str, str]:
    order = (f"{name} ({one.second_order.index(name) + 1})" for name in one.first_order)
    return {
        "column": f"{one.dataset}, {one.column}" + (f" ({one.pictures})" if one.pictures else ""),
        "rows": str(len(one.first_order)),
        "tau": numbers.fixed(one.tau, 2, sign=True),
        "by chance": numbers.fixed(one.chance, 2),
        "order": ", ".join(order),
    }

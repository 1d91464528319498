"""The ledger of a paper: where its text, its equations and its tables contradict each other.

Nothing is written down twice: the open points that are marked, the claims that the printed tables
do not bear out, and scores that are printed with two values.
"""

from itertools import groupby

import pandas as pd

from deblur_lib import papers
from deblur_lib.report import markup
from deblur_lib.report.rules import CONTRADICTED
from deblur_lib.report.verdicts import Judgement, judge
from deblur_lib.spec import Paper, PrintedCell


def view(paper: Paper) -> markup.View:
    """Every contradiction inside a paper.

    Returns:
        Up to three tables: words against words, words against the printed tables, one score with
        two numbers; what a paper does not have is left out.
    """
    refuted = [one for one in judge(None, paper) if one.printed.verdict == CONTRADICTED]
    tables = {
        "What the text says in two ways": _words(paper),
        "What the text says and its tables do not": pd.DataFrame(map(_claim, refuted)),
        "One score, two numbers": _twice(paper),
    }
    blocks = [
        (name, table.set_index(table.columns[0])) for name, table in tables.items() if len(table)
    ]
    texts = dict.fromkeys(("where", "failed"), "5em")
    texts |= dict.fromkeys(("it says", "against", "its tables give", "remark", "printed"), "13em")
    return markup.View("", "", blocks, [], "ledger", left=texts, first="3em")


def _words(paper: Paper) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": one.id, "where": one.where, "it says": one.says, "against": one.against}
        for one in paper.departures
        if one.against
    )


def _claim(one: Judgement) -> dict[str, str]:
    failed = [part.reason for part in one.printed_parts if part.verdict == CONTRADICTED]
    return {
        "id": one.claim.id.rpartition("-")[2],
        "where": one.claim.place.replace("section", "Sec."),
        "it says": one.claim.statement,
        "failed": f"{len(failed)} of {len(one.printed_parts)}",
        "its tables give": "; ".join(one.removeprefix("printed numbers give ") for one in failed),
        "remark": one.claim.note,
    }


def _twice(paper: Paper) -> pd.DataFrame:
    cells = sorted(papers.printed_cells(paper.id), key=_score)
    titles = {one.id: one.title for one in paper.methods}
    found = []
    for (method, dataset, metric), group in groupby(cells, key=_score):
        tables: dict[str, list[str]] = {}
        for one in group:
            tables.setdefault("".join(one.printed.split()), []).append(one.table)
        if len(tables) > 1:
            told = "; ".join(f"{value} in {', '.join(names)}" for value, names in tables.items())
            found.append({"row": titles[method], "where": f"{dataset}, {metric}", "printed": told})
    return pd.DataFrame(found)


def _score(cell: PrintedCell) -> tuple[str, str, str]:
    return cell.method, cell.dataset, cell.metric

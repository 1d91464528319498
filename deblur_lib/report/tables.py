"""Printed cells beside ours: one row per cell, and the views and files made of it.

`compare` starts from the declared rows and printed cells and joins ours to the left, so that what
was never run stays visible. A frame holds one profile; each column holds one metric convention.
"""

import pandas as pd

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.report import budget, cells, columns, markup, numbers
from deblur_lib.report.layout import styled
from deblur_lib.report.places import with_places
from deblur_lib.report.results import Results
from deblur_lib.spec import Paper

MEANS = {  # conventions that `means` shows, each with its metric and title
    "psnr-rgb": ("psnr_db", "PSNR [dB]"),
    "wang-rgb": ("ssim", "SSIM"),
}
ALWAYS = ("convention", "profile", "status", "kind", "train_budget")


def compare(results: Results, paper: Paper, table: str) -> pd.DataFrame:
    """Put our measurement beside each printed cell of a table.

    Args:
        results: rows of one paper at one profile.
        paper: its declaration.
        table: table id, "T1".

    Returns:
        One row per method and column with the columns `cells.FIELDS`; `attrs` hold the title and
        the caption.

    Raises:
        MissingRowsError: the results hold no row of this paper.
        RecordError: a cell lacks a field that readers need, or a column mixes conventions.
        UsageError: the paper declares no such table.
    """
    kept: tuple[Paper, pd.DataFrame] | None = results.memo.get(("table", table))
    if kept is None or kept[0] is not paper:
        kept = results.memo["table", table] = (paper, _compared(results, paper, table))
    return kept[1].copy()


def _compared(results: Results, paper: Paper, table: str) -> pd.DataFrame:
    declared = columns.table_of(paper, table)
    if results.rows.empty or results.paper != paper.id:
        raise MissingRowsError(
            f"{results.folder.name} holds no rows of {paper.id}; run its notebook or `deblur "
            f"reproduce {paper.id}` first"
        )
    printed = {one.key: one for one in papers.printed_cells(paper.id)}
    made = [
        cells.cell(
            results,
            paper,
            declared,
            columns.method_of(paper, method),
            column,
            printed.get(f"{table}.{column.dataset}.{column.metric}.{method}"),
        )
        for column in declared.columns
        for method in declared.methods
    ]
    frame = pd.DataFrame(made, columns=list(cells.FIELDS))
    frame = with_places(frame)
    check(frame)
    frame.attrs = {
        "title": budget.title(results, paper, declared),
        "caption": budget.caption(results, paper, declared.caption, declared.methods),
        "kind": declared.kind,
    }
    return frame


def check(frame: pd.DataFrame) -> None:
    """Refuse a table that hides where a number comes from.

    Raises:
        RecordError: a cell without convention, profile, status, kind or budget; a number without
            its data id; a printed number beside ours without what
            differs; a missing number without a why; several profiles;
            one column with two conventions or two data ids.
    """
    for field in ALWAYS:
        _refuse(frame[frame[field].astype(str).isin(["", "nan"])], f"has no {field}")
    ours = frame["ours"].notna()
    _refuse(frame[ours & (frame["data_id"] == "")], "has a number without its data id")
    both = ours & frame["reported_value"].notna()
    silent = frame[both & (frame["gap_reason"] == "")]
    _refuse(silent, "has a printed number beside ours and does not say what differs")
    _refuse(frame[~ours & (frame["why"] == "")], "holds no number and does not say why")
    if frame["profile"].nunique() != 1:
        raise RecordError(f"a table holds one profile, got {sorted(set(frame['profile']))}")
    for (dataset, title), group in frame.groupby(["dataset", "column"]):
        for field in ("convention", "data_id"):
            found = sorted(set(group[field]) - {""})
            if len(found) > 1:
                raise RecordError(
                    f"column {title!r} of {dataset} mixes {field}s: {', '.join(found)}; give each "
                    "its own column"
                )


def _refuse(bad: pd.DataFrame, what: str) -> None:
    if len(bad):
        first = bad.iloc[0]
        raise RecordError(
            f"cell {first['table']} {first['column']!r} of {first['method']} {what}; complete its "
            "declaration or its rows"
        )


def to_csv(frame: pd.DataFrame) -> str:
    """Every field of every cell."""
    text: str = frame.to_csv(index=False, lineterminator="\n", float_format="%.6f")
    return text


def means(results: Results, paper: Paper) -> markup.View:
    """Mean PSNR and SSIM of RGB pictures over pictures and seeds, a block for each.

    Args:
        results: rows of one paper at one profile.
        paper: its declaration; its methods give order and titles.
    """
    rows = results.rows
    made = rows["data"].str.startswith("synth-")
    rows = rows.assign(on=rows["dataset"].where(~made, "stand-in for " + rows["dataset"]))
    titles = {one.id: one.title for one in paper.methods}
    blocks = []
    for convention, (metric, title) in MEANS.items():
        part = rows[rows["convention"] == convention]
        frame = part.pivot_table(index="method", columns="on", values="value", sort=False)
        frame = frame.reindex([one for one in titles if one in frame.index]).rename(index=titles)
        texts = {on: numbers.together(frame[on], metric) for on in frame}
        blocks.append((f"{title} ({convention})", pd.DataFrame(texts, index=list(frame.index))))
    return markup.View("", "means over pictures and seeds", blocks, [], "summary")


__all__ = ["check", "compare", "means", "styled", "to_csv"]

"""Which restored pictures are published: those that are drawn, so that results stay small."""

from typing import Any

from deblur_lib import papers
from deblur_lib.spec import Paper


def is_drawn(paper: Paper, dataset: str, method: str) -> bool:
    """True where a figure of crops, or the before and after of the book, draws a row.

    Args:
        paper: the declaration.
        dataset: printed data set.
        method: id of the row.
    """
    if papers.has_summary(paper.id) and papers.summary(paper.id).own == method:
        return True
    crops: list[dict[str, Any]] = [
        dict(one.settings) for one in paper.figures if one.kind == "crops"
    ]
    return any(one["dataset"] == dataset and method in one["methods"] for one in crops)

"""Places of rows in a column, ours beside the printed: what compares where numbers do not."""

import pandas as pd

from deblur_lib.report import numbers
from deblur_lib.report.columns import higher_is_better

LEAST = 2  # rows that can be put in an order


def with_places(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill `rank`, `rank_printed` and `ranked` where a row has a number of ours and a printed one.

    Rows that show the same digits share a place ("2="), the next one comes after all of them.

    Args:
        frame: cells of one table, see `cells.FIELDS`.
    """
    both = frame[frame["ours"].notna() & frame["reported_value"].notna()]
    for (_, _, metric), block in both.groupby(["dataset", "column", "metric"], sort=False):
        if len(block) < LEAST:
            continue
        for field, values in (("rank", "ours"), ("rank_printed", "reported_value")):
            frame.loc[block.index, field] = places(block[values].tolist(), str(metric))
        frame.loc[block.index, "ranked"] = len(block)
    return frame


def places(values: list[float], metric: str) -> list[str]:
    """Place of each value, the best is "1"; values that read alike share one ("1=").

    Args:
        values: of one metric.
        metric: decides how many digits are shown, and whether more is better.
    """
    texts = [numbers.number(one, metric) for one in values]
    ranks = pd.Series(values).rank(method="min", ascending=not higher_is_better(metric))
    shared = ranks.groupby(texts).transform("min")
    return [
        f"{rank:.0f}{'=' if texts.count(text) > 1 else ''}"
        for rank, text in zip(shared, texts, strict=True)
    ]

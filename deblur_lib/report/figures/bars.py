"""Bars of an ablation: what each row gains over the blurred input, and what it costs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import main_column, method_of, table_of
from deblur_lib.report.figures import style
from deblur_lib.report.numbers import count, fixed, number
from deblur_lib.report.results import Results
from deblur_lib.report.scores import Gain, over_input
from deblur_lib.spec import Figure, Paper

MARGIN = 0.12
LOST = 3.0  # dB below the blurred input: a bar that long would hide all others


def draw(
    results: Results,
    paper: Paper,
    figure: Figure,
    *,
    table: str,
    dataset: str,
    metric: str,
    methods: Sequence[str] = (),
) -> Drawing:
    """Horizontal bars with the interval over scenes as a line and single seeds as dots.

    Args:
        results: stored rows.
        paper: declares the table.
        figure: the declaration.
        table: whose rows are drawn, in their order.
        dataset: printed data set.
        metric: printed metric; its first column names the convention.
        methods: rows to draw; all of the table when empty.
    """
    declared = table_of(paper, table)
    column = main_column(declared, dataset, metric)
    if column is None:
        raise MissingRowsError(f"{table} has no column for {metric} on {dataset}")
    found = {
        method: gain
        for method in methods or declared.methods
        if (gain := over_input(results, method, dataset, column.convention))
        and method_of(paper, method).network != "identity"
    }
    if not found:
        raise MissingRowsError(
            f"no row of {table} is scored on {dataset} as {column.convention}; run it first"
        )
    drawing = style.canvas(0.75 + 0.42 * len(found))
    axis = drawing.subplots()
    for row, (method, gain) in enumerate(found.items()):
        _bar(axis, row, gain, colour=style.pen(paper, method)[0])
    axis.set_yticks(range(len(found)), [_label(results, paper, one) for one in found])
    axis.invert_yaxis()
    axis.axvline(0, color=style.INK, linewidth=0.8)
    axis.grid(True, axis="x")
    axis.margins(x=MARGIN)
    _cut(axis, list(found.values()))
    unit = " [dB]" if "psnr" in metric else ""
    data = next(iter(found.values())).blurred.data
    axis.set_xlabel(f"gain over the blurred input of {data}, {column.convention}{unit}")
    told = [
        f"{method_of(paper, method).title} {number(gain.mean, metric, sign=True)}"
        for method, gain in found.items()
    ]
    drawing.set_label(f"{figure.title}: {'; '.join(told)}.")
    return drawing


def _cut(axis: Axes, found: Sequence[Gain]) -> None:
    """End the axis not far below the rows that restore, where another row falls far below."""
    kept = [one for one in found if one.mean > -LOST]
    if not kept or len(kept) == len(found):
        return
    ends = [0.0, *(end for one in kept for end in (one.mean, one.bounds.low, one.bounds.high))]
    low, high = np.nanmin(ends), np.nanmax(ends)
    axis.set_xlim(low - MARGIN * (high - low), high + 2 * MARGIN * (high - low))


def _bar(axis: Axes, row: int, gain: Gain, *, colour: str) -> None:
    mean, bounds, seeds = gain.mean, gain.bounds, gain.seeds
    axis.barh(row, mean, height=0.62, color=colour, zorder=2)
    if np.isfinite(bounds.low):
        axis.plot([bounds.low, bounds.high], [row, row], color=style.INK, linewidth=1.4, zorder=3)
    offsets = np.linspace(-0.18, 0.18, len(seeds)) if len(seeds) > 1 else np.zeros(len(seeds))
    axis.plot(
        seeds,
        row + offsets,
        linestyle="none",
        marker="o",
        markersize=3,
        markerfacecolor="white",
        markeredgecolor=style.INK,
        markeredgewidth=0.7,
        zorder=4,
    )
    end = max([mean, *seeds] + ([bounds.high] if np.isfinite(bounds.high) else []))
    text = fixed(mean, 2, sign=True) + (", beyond this axis" if mean <= -LOST else "")
    style.at_end(axis, max(end, 0.0), row, text)


def _label(results: Results, paper: Paper, method: str) -> str:
    parameters, macs = (results.cost(method, name) for name in ("parameters_here", "macs_here"))
    title = method_of(paper, method).title
    if parameters is None:
        return title
    spent = f"{count(parameters)} parameters"
    return f"{title}\n{spent}" + (f", {count(macs)}MAC" if macs else "")

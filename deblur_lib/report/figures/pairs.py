"""The data: sample pairs, and how far the blurred pictures are from the sharp ones."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import tested_on
from deblur_lib.report.figures import style
from deblur_lib.report.figures.choosing import chosen
from deblur_lib.report.results import Results
from deblur_lib.report.scores import scores
from deblur_lib.report.statistics import Array
from deblur_lib.spec import Figure, Paper

ABREAST = 2  # data sets side by side
EACH = 3  # pairs shown of each data set


def draw(results: Results, paper: Paper, figure: Figure) -> Drawing:
    """Pairs of each data set that all rows are scored on, above a histogram of the input's PSNR."""
    data_ids = _shown_sets(results, paper)
    shown = [
        (dataset, rule, picture)
        for dataset in data_ids
        for rule, picture in list(chosen(results, dataset).items())[:EACH]
    ]
    if not shown:
        raise MissingRowsError(f"no picture is stored for {figure.id}; run the notebook first")
    sets = list(dict.fromkeys(dataset for dataset, _, _ in shown))
    groups = [sets[start : start + ABREAST] for start in range(0, len(sets), ABREAST)]
    heights = [*([2.55] * len(groups)), 1.65 if len(sets) <= ABREAST else 1.8]
    drawing = style.canvas(sum(heights) + 0.15)
    *uppers, lower = drawing.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for upper, group in zip(uppers, groups, strict=True):
        _pairs(upper, results, [one for one in shown if one[0] in group], data_ids)
    told = _histograms(results, paper, lower.subplots(1, len(data_ids), squeeze=False)[0])
    lower.supxlabel("PSNR of the blurred input [dB]", fontsize=8)
    drawing.set_label(f"{figure.title}: {len(shown)} pairs, blurred above and sharp below. {told}")
    return drawing


def _shown_sets(results: Results, paper: Paper) -> dict[str, str]:
    tested = tested_on(results, paper)
    return {name: one for name, one in tested.items() if name not in paper.scored_for}


def _pairs(
    part: Any, results: Results, shown: list[tuple[str, str, str]], titles: dict[str, str]
) -> None:
    axes = part.subplots(2, len(shown), squeeze=False)
    for column, (dataset, rule, picture) in enumerate(shown):
        for row, what in enumerate(("blurred", "sharp")):
            axis = axes[row, column]
            axis.imshow(results.picture(dataset, picture, what))
            style.bare(axis)
        axes[0, column].set_title(rule, fontsize=7.5, fontweight="normal")
        axes[1, column].set_xlabel(titles[dataset], fontsize=7)
    axes[0, 0].set_ylabel("blurred")
    axes[1, 0].set_ylabel("sharp")


def _histograms(results: Results, paper: Paper, axes: Any) -> str:
    told = []
    for number, (axis, (dataset, data_id)) in enumerate(
        zip(axes, _shown_sets(results, paper).items(), strict=True)
    ):
        mine = scores(results, "identity", dataset, "psnr-rgb")
        values = mine.values[0] if mine else np.empty(0)
        values = values[np.isfinite(values)]
        _histogram(axis, values, style.turn(number)[0])
        between = " " if len(axes) <= ABREAST else "\n"
        axis.set_title(f"{data_id}{between}({len(values)} test pictures)")
        if len(values):
            told.append(f"Mean input PSNR of {data_id}: {values.mean():.1f} dB.")
    axes[0].set_ylabel("pictures")
    return " ".join(told)


def _histogram(axis: Axes, values: Array, colour: str) -> None:
    if not len(values):
        axis.text(0.5, 0.5, "not scored", ha="center", transform=axis.transAxes)
        return
    low, high = np.floor(values.min()), np.ceil(values.max()) + 1
    axis.hist(
        values,
        bins=[float(edge) for edge in np.arange(low, high + 0.5)],
        color=colour,
        alpha=0.8,
        rwidth=0.92,
    )
    axis.axvline(values.mean(), color=style.INK, linewidth=1)
    axis.annotate(
        f"mean {values.mean():.1f}",
        (values.mean(), 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, -8),
        textcoords="offset points",
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
    )
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))

"""The motion that methods found in a picture, as lines over it, beside the true one."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import tested_on
from deblur_lib.report.figures import style
from deblur_lib.report.figures.choosing import chosen
from deblur_lib.report.results import Results
from deblur_lib.report.statistics import Array
from deblur_lib.spec import Figure, Paper

TRUE = "motion"
TITLES = {TRUE: "true motion"}
COLOUR = "#F0E442"


def draw(results: Results, paper: Paper, figure: Figure, *, dataset: str) -> Drawing:
    """A row per picture: the field of each method that stores one, in lines of true length.

    Args:
        results: stored pictures and fields.
        paper: declares the methods.
        figure: the declaration.
        dataset: printed data set.
    """
    rules = chosen(results, dataset)
    fields = {
        method: [results.motion(dataset, name, method) for name in rules.values()]
        for method in (TRUE, *(one.id for one in paper.methods))
    }
    shown = {
        method: [one for one in found if one] for method, found in fields.items() if all(found)
    }
    if not rules or not any(shown.values()):
        raise MissingRowsError(
            f"no motion in {dataset} is stored for {figure.id}; run the notebook, on generated "
            "pictures or with methods that estimate motion"
        )
    columns = len(shown)
    cell = min(style.WIDTH / columns, style.WIDTH / 3)
    drawing = style.canvas(len(rules) * (cell + 0.25) + 0.1)
    axes = drawing.subplots(len(rules), columns, squeeze=False)
    told = []
    for row, (rule, name) in zip(axes, rules.items(), strict=True):
        gray = results.picture(dataset, name, "blurred").mean(axis=2)
        number = list(rules).index(rule)
        for axis, (method, found) in zip(row, shown.items(), strict=True):
            _lines(axis, gray, found[number])
            title = TITLES.get(method) or style.name(paper, method)
            axis.set_title(title, fontsize=7, fontweight="normal", pad=3)
            if method != TRUE and TRUE in shown:
                apart = error(found[number], shown[TRUE][number])
                axis.set_xlabel(f"off by {apart:.1f} px", fontsize=7, labelpad=2)
                told.append(f"{rule}, {title}: {apart:.1f} px")
        row[0].set_ylabel(rule, fontsize=7.5)
    data_id = tested_on(results, paper).get(dataset, dataset)
    errors = f" Distance to the true motion: {'; '.join(told)}." if told else ""
    drawing.set_label(f"{figure.title} ({data_id}). Fields of {', '.join(shown)}.{errors}")
    return drawing


def error(found: dict[str, Any], true: dict[str, Any]) -> float:
    """Root of the mean squared distance of two fields in pixels; of each sign the nearer."""
    one, other = np.asarray(found["motion"]), np.asarray(true["motion"])  # (2, n, m)
    apart = np.minimum(((one - other) ** 2).sum(axis=0), ((one + other) ** 2).sum(axis=0))
    return float(np.sqrt(apart.mean()))


def _lines(axis: Any, gray: Array, field: dict[str, Any]) -> None:
    height, width = field["side"]
    motion = np.asarray(field["motion"])
    down, across = motion.shape[1:]
    y, x = np.meshgrid(
        (np.arange(down) + 0.5) * height / down, (np.arange(across) + 0.5) * width / across,
        indexing="ij",
    )  # fmt: skip
    middles, half = np.stack([x, y], axis=-1), np.moveaxis(motion, 0, -1) / 2
    ends = np.stack([middles - half, middles + half], axis=-2).reshape(-1, 2, 2)
    axis.imshow(gray, cmap="gray", vmin=-80, vmax=255, extent=(0, width, height, 0))
    axis.add_collection(LineCollection(list(ends), colors=COLOUR, linewidths=1.0))
    axis.set(xlim=(0, width), ylim=(height, 0))
    style.bare(axis)

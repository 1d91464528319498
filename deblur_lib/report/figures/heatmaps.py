"""Heat maps of small matrices: attention scores, learnt weights, spectra."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

Panel = dict[str, Any]
Map = NDArray[np.float64]


def draw(
    results: Results, paper: Paper, figure: Figure, *, probe: str, columns: int = 4
) -> Drawing:
    """Panels in rows; all panels that name the same scale share colours and a colour bar.

    Args:
        results: its probes hold {"panels": [{"title", "map": rows of numbers, "scale"?: label,
            "middle"?: value that takes the neutral colour}]}; panels of one scale stand together.
            A title that is a method's id is shown as its title.
        paper: declares the methods.
        figure: the declaration.
        probe: name of the probe.
        columns: most panels in a row.
    """
    panels: list[Panel] = (results.probes.get(probe) or {}).get("panels", [])
    if not panels:
        raise MissingRowsError(
            f"no {probe!r} is stored for {figure.id} of {paper.id}; run the notebook first"
        )
    groups: dict[str, list[Panel]] = {}
    titles = {one.id: one.title for one in paper.methods}
    for panel in panels:
        panel = {**panel, "title": titles.get(panel["title"], panel["title"])}
        groups.setdefault(str(panel.get("scale", "")), []).append(panel)
    across = min(columns, max(len(group) for group in groups.values()))
    heights = [_height(group, across) for group in groups.values()]
    drawing = style.canvas(sum(heights))
    parts = drawing.subfigures(len(groups), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (label, group) in zip(parts, groups.items(), strict=True):
        _group(part, group, label, across)
    told = "; ".join(_told(panel) for group in groups.values() for panel in group)
    drawing.set_label(f"{figure.title}: {told}.")
    return drawing


def _height(group: list[Panel], across: int) -> float:
    """Inches of a group: the tallest map of each row at its width, and the titles."""
    tallest = max(np.shape(panel["map"])[0] / np.shape(panel["map"])[1] for panel in group)
    rows = -(-len(group) // across)
    return float(rows * (min(1.6, 0.86 * tallest) * 6.0 / across + 0.34))


def _group(part: Any, group: list[Panel], label: str, across: int) -> None:
    maps = [np.asarray(panel["map"], dtype=np.float64) for panel in group]
    norm, colours = _scale(maps, group[0].get("middle"))
    rows = -(-len(group) // across)
    axes = list(part.subplots(rows, across, squeeze=False).flat)
    for axis, panel, values in zip(axes, group, maps, strict=False):
        image = _heat(axis, values, norm, colours)
        axis.set_title(str(panel["title"]), fontsize=7.5, fontweight="normal", pad=3)
    for axis in axes[len(group) :]:
        axis.set_axis_off()
    bar = part.colorbar(image, ax=axes, shrink=0.85, pad=0.01, aspect=14 * rows)
    bar.set_label(label, fontsize=7.5)


def _scale(maps: list[Map], middle: float | None) -> tuple[Normalize, str]:
    low = min(float(one.min()) for one in maps)
    high = max(float(one.max()) for one in maps)
    if middle is None:
        return Normalize(low, high if high > low else low + 1e-9), "viridis"
    reach = max(abs(low - middle), abs(high - middle), 1e-9)
    return TwoSlopeNorm(middle, middle - reach, middle + reach), "RdBu_r"


def _heat(axis: Axes, values: Map, norm: Normalize, colours: str) -> Any:
    style.bare(axis)
    return axis.imshow(values, cmap=colours, norm=norm)


def _told(panel: Panel) -> str:
    values = np.asarray(panel["map"], dtype=np.float64)
    title = " ".join(str(panel["title"]).split())
    return f"{title}, {values.min():.3g} to {values.max():.3g}"

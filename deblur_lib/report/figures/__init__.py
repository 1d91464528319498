"""Figures from stored rows, curves, pictures and probes; each kind is a function in `DRAW`.

Shapes of the probes that figures read (probes.json):
    "architecture": {diagram: {"blocks": [{"name", "title"?, "shape", "parameters", "note"?,
        "kind"?, "row"?, "column"?}], "arrows": [[from, to] or [from, to, "add" or "skip"]]}}
    "receptive_field": {"maps": {"y1": [[...], ...], ...}, "reach": {"y1": 5, ...}}
    "branch_weights": {method: {level: {picture: [share of each branch]}}}
    any name, for kind "heatmaps": {"panels": [{"title", "map": [[...]], "scale"?, "middle"?}]}
    any name, for kind "histograms": {"edges": [...], "panels": {place: {method: {"shares": [...],
        "mean", "spread"}}}}
    "shown": {data set: {rule: picture}}
    "panels": {name: {"rows": [[{"label", "title"}, ...], ...]}}, pictures beside those of data sets
"""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.report import budget
from deblur_lib.report.figures import (
    bars,
    branches,
    costs,
    crops,
    curves,
    diagram,
    heatmaps,
    histograms,
    motion,
    pairs,
    panels,
    receptive,
    style,
)
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

DRAW: dict[str, Callable[..., Drawing]] = {
    "bars": bars.draw,
    "branch_weights": branches.draw,
    "cost_bars": costs.draw,
    "crops": crops.draw,
    "curves": curves.draw,
    "data": pairs.draw,
    "diagram": diagram.draw,
    "panels": panels.draw,
    "motion": motion.draw,
    "heatmaps": heatmaps.draw,
    "histograms": histograms.draw,
    "receptive_field": receptive.draw,
}
UNTRAINED = ("data", "diagram", "panels", "receptive_field")  # show no result of a training


def declared(paper: Paper, figure: str) -> Figure:
    """A figure of a paper by its id.

    Raises:
        UsageError: the paper declares no such figure.
    """
    known = {one.id: one for one in paper.figures}
    if figure not in known:
        raise UsageError(unknown_name(f"figure of {paper.id}", figure, known))
    return known[figure]


def draw(results: Results, paper: Paper, figure: Figure) -> Drawing:
    """Draw a declared figure.

    Returns:
        A matplotlib figure whose label is the text that stands for it where it cannot be seen.

    Raises:
        MissingRowsError: the stored results hold nothing to draw.
        UsageError: no figure of that kind can be drawn, or it knows no such setting.
    """
    if figure.kind not in DRAW:
        raise UsageError(unknown_name("kind of figure", figure.kind, DRAW, see="report.figures"))
    settings: dict[str, Any] = dict(figure.settings)
    with style.look():
        drawing = DRAW[figure.kind](results, paper, figure, **settings)
    if figure.kind not in UNTRAINED:
        drawing.set_label(budget.caption(results, paper, str(drawing.get_label())))
    return drawing


def render(results: Results, paper: Paper, figure: Figure) -> tuple[bytes, str]:
    """PNG bytes of a declared figure and the text that stands for it."""
    drawing = draw(results, paper, figure)
    return style.png(drawing), str(drawing.get_label())

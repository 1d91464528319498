"""Histograms of learnt weights: one panel per place in the network, one line per method."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import method_of
from deblur_lib.report.figures import diagram as diagrams
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

TALL = 2.3  # inches of the panels
Panels = dict[str, dict[str, dict[str, Any]]]  # place, method


def draw(
    results: Results,
    paper: Paper,
    figure: Figure,
    *,
    probe: str,
    diagram: str,
    methods: list[str],
    xlabel: str,
) -> Drawing:
    """Step lines over the bins that hold values, below the module's diagram if stored.

    Args:
        results: its probes hold {"edges": [...], "panels": {place: {method: {"shares": share of
            the values in each bin, "mean", "spread"}}}}.
        paper: declares the methods.
        figure: the declaration.
        probe: name of the probe.
        diagram: name of the module's diagram among the probes.
        methods: methods shown; those that the probe lacks are left out.
        xlabel: what is counted.
    """
    stored = results.probes.get(probe) or {}
    panels: Panels = stored.get("panels") or {}
    held = {method for one in panels.values() for method in one}
    shown = [one.id for one in paper.methods if one.id in held and one.id in methods]
    if not shown:
        raise MissingRowsError(f"no {probe!r} is stored for {figure.id}; run the notebook first")
    tall = TALL + 0.17 * -(-len(shown) // 3)
    drawing, lower = diagrams.above(results, diagram, tall)
    edges = np.asarray(stored["edges"], dtype=float)
    limits = _limits(edges, panels, shown)
    axes = list(lower.subplots(1, len(panels), sharey=True, squeeze=False).flat)
    for axis, (place, one) in zip(axes, panels.items(), strict=True):
        _panel(axis, place, edges, one, shown, paper, limits)
        axis.set_xlabel(xlabel)
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel("share of the channels [%]")
    handles, names = axes[0].get_legend_handles_labels()
    lower.legend(handles, names, loc="outside lower center", ncols=min(3, len(names)))
    drawing.set_label(_alt(figure, paper, panels, shown))
    return drawing


def _panel(
    axis: Axes,
    place: str,
    edges: Any,
    one: dict[str, dict[str, Any]],
    shown: list[str],
    paper: Paper,
    limits: tuple[float, float],
) -> None:
    for number, method in enumerate(shown):
        if method in one:
            shares = 100 * np.asarray(one[method]["shares"], dtype=float)
            colour, _ = style.turn(number)
            title = method_of(paper, method).title
            axis.stairs(shares, edges, color=colour, linewidth=1.3, label=title)
            axis.axvline(one[method]["mean"], color=colour, linewidth=0.8, linestyle=(0, (2, 2)))
    axis.set(title=place, xlim=limits)


def _limits(edges: Any, panels: Panels, shown: list[str]) -> tuple[float, float]:
    """The range that holds every value shown, and one bin more on both sides."""
    held = [
        np.flatnonzero(one[method]["shares"])
        for one in panels.values()
        for method in shown
        if method in one
    ]
    bins = np.concatenate(held)
    first, last = max(0, int(bins.min()) - 1), min(len(edges) - 1, int(bins.max()) + 2)
    return float(edges[first]), float(edges[last])


def _alt(figure: Figure, paper: Paper, panels: Panels, shown: list[str]) -> str:
    parts = []
    for place, one in panels.items():
        numbers = ", ".join(
            f"{method_of(paper, method).title} {one[method]['mean']:.3f} "
            f"(standard deviation {one[method]['spread']:.3f})"
            for method in shown
            if method in one
        )
        parts.append(f"{place}: {numbers}")
    return f"{figure.title}. Mean over channels and pictures, {'; '.join(parts)}."

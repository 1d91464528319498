"""Training curves: loss of the training crops and PSNR of the validation pictures."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import StrMethodFormatter

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import trained_on
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

PANELS = {
    "loss": ("Training crops", "loss"),
    "validation/psnr-rgb": ("Validation pictures", "PSNR [dB]"),
}
TITLES = PANELS | {
    "critic/real": ("Sharp patches", "mean logit"),
    "critic/fake": ("Restored patches", "mean logit"),
}
CROWDED = 30  # ratio of the axis above which only powers of ten are labelled


def draw(
    results: Results,
    paper: Paper,
    figure: Figure,
    *,
    names: list[str] | None = None,
    methods: list[str] | None = None,
) -> Drawing:
    """One panel per logged name; seeds as thin lines, their mean as a thick one.

    Args:
        results: stored curves.
        paper: declares the methods.
        figure: the declaration.
        names: logged names to draw; all of `PANELS` when None.
        methods: rows to draw; all when None.
    """
    curves = results.curves
    if methods is not None:
        curves = curves[curves["method"].isin(methods)]
    wanted = [name for name in names or PANELS if name in set(curves["name"])]
    if not wanted:
        raise MissingRowsError(f"no training curve is stored for {figure.id}; train first")
    drawing = style.canvas(3.3)
    axes = drawing.subplots(1, len(wanted), squeeze=False)[0]
    order = [one.id for one in paper.methods if one.id in set(curves["method"])]
    for axis, name in zip(axes, wanted, strict=True):
        rows = curves[curves["name"] == name]
        for method in order:
            _lines(axis, rows[rows["method"] == method], paper, method)
        title, label = TITLES.get(name, (name, name))
        title = f"{title} ({_data(results, paper, order)})"
        axis.set(title=title, xlabel="step", ylabel=label)
        axis.margins(x=0.01)
        axis.grid(True, axis="y")
    if "loss" in wanted:
        axes[wanted.index("loss")].set_yscale("log")
        _plain_ticks(axes[wanted.index("loss")])
    handles, labels = axes[-1].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)
    drawing.set_label(f"{figure.title}: {', '.join(TITLES.get(n, (n,))[0] for n in wanted)} over "
                      f"the steps for {', '.join(labels)}.")  # fmt: skip
    return drawing


def _data(results: Results, paper: Paper, methods: list[str]) -> str:
    """What the methods learn from; the curves of different data do not compare."""
    used = dict.fromkeys(trained_on(paper, one, results.profile) for one in methods)
    return " or ".join(used)


def _plain_ticks(axis: Axes) -> None:
    axis.grid(True, which="minor", axis="y", alpha=0.5)
    low, high = axis.get_ylim()
    crowded = high > CROWDED * low
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(StrMethodFormatter("" if crowded else "{x:g}"))
    axis.tick_params(axis="y", which="minor", labelsize=6.5)


def _lines(axis: Axes, rows: pd.DataFrame, paper: Paper, method: str) -> None:
    if rows.empty:
        return
    colour = style.colour(paper, method)
    table = rows.pivot_table(index="step", columns="seed", values="value").sort_index()
    marker = "o" if len(table) <= 30 else None
    for seed in table.columns:
        axis.plot(table.index, table[seed], color=colour, linewidth=0.6, alpha=0.45)
    axis.plot(
        table.index,
        table.mean(axis=1),
        color=colour,
        linewidth=1.6,
        linestyle=style.dashes(paper, method),
        marker=marker,
        markersize=2.5,
        label=style.name(paper, method, width=40),
    )

"""Training curves: loss of the training crops and PSNR of the validation pictures."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import StrMethodFormatter

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import trained_on
from deblur_lib.report.figures import style
from deblur_lib.report.results import UNTOUCHED, VALIDATION, Results
from deblur_lib.spec import Figure, Paper

PANELS = {
    "loss": ("Training crops", "loss, smoothed"),
    VALIDATION: ("Validation pictures", "PSNR [dB]"),
}
TITLES = PANELS | {
    "critic/real": ("Sharp patches", "mean output"),
    "critic/fake": ("Restored patches", "mean output"),
}
BELOW = 2.0  # dB below the blurred input that the axis still shows
NOISE = 40  # points of a loss are smoothed over this share of the curve
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

    Values of single steps are smoothed by a running median. The score of the blurred validation
    pictures is a dotted line; rows that end far below it are named instead of drawn, since one of
    them would press all others together.

    Args:
        results: stored curves.
        paper: declares the methods.
        figure: the declaration.
        names: logged names to draw; all of `PANELS` when None.
        methods: rows to draw; all but long runs when None.
    """
    curves = results.curves
    shown = [one.id for one in paper.methods if not one.apart] if methods is None else methods
    curves = curves[curves["method"].isin(shown)]
    stored = set(curves["name"].unique())
    wanted = [name for name in names or PANELS if name in stored]
    if not wanted:
        raise MissingRowsError(f"no training curve is stored for {figure.id}; train first")
    drawing = style.canvas(3.3)
    axes = drawing.subplots(1, len(wanted), squeeze=False)[0]
    drawn = set(curves["method"].unique())
    order = [one.id for one in paper.methods if one.id in drawn]
    for axis, name in zip(axes, wanted, strict=True):
        rows = curves[curves["name"] == name]
        for method in order:
            _lines(axis, rows[rows["method"] == method], paper, method)
        if name == VALIDATION:
            _input_line(axis, curves, paper)
        title, label = TITLES.get(name, (name, name))
        used = _data(results, paper, order)
        title = f"{title} ({used[0]})" if len(used) == 1 else title
        axis.set(title=title, xlabel="step", ylabel=label)
        axis.margins(x=0.01)
        axis.grid(True, axis="y")
    if "loss" in wanted:
        axes[wanted.index("loss")].set_yscale("log")
        _plain_ticks(axes[wanted.index("loss")])
    handles, labels = axes[-1].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)
    told = ", ".join(TITLES.get(one, (one,))[0] for one in wanted)
    ends = f" {_ends_text(curves, paper)}" if VALIDATION in wanted else ""
    drawing.set_label(f"{figure.title}: {told} over the steps for {', '.join(labels)}.{ends}")
    return drawing


def _ends(curves: pd.DataFrame) -> dict[str, float]:
    """Validation score of each row at its last step, over seeds."""
    rows = curves[curves["name"] == VALIDATION]
    last = rows[rows["step"] == rows.groupby("method")["step"].transform("max")]
    means = last.groupby("method", sort=False)["value"].mean()
    return {str(method): float(value) for method, value in means.items()}


def _ends_text(curves: pd.DataFrame, paper: Paper) -> str:
    names = [
        f"{style.name(paper, method, width=40)} {value:.2f}"
        for method, value in _ends(curves).items()
    ]
    levels = sorted(set(curves.loc[curves["name"] == UNTOUCHED, "value"].round(2)))
    names += [f"blurred input {level:.2f}" for level in levels]
    return f"Validation PSNR at the end, in dB: {', '.join(names)}."


def _data(results: Results, paper: Paper, methods: list[str]) -> list[str]:
    """What the methods learn from; the curves of different data do not compare."""
    return list(dict.fromkeys(trained_on(results, paper, one) for one in methods))


def _plain_ticks(axis: Axes) -> None:
    axis.grid(True, which="minor", axis="y", alpha=0.5)
    low, high = axis.get_ylim()
    crowded = high > CROWDED * low
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(StrMethodFormatter("" if crowded else "{x:g}"))
    axis.tick_params(axis="y", which="minor", labelsize=6.5)


def _input_line(axis: Axes, curves: pd.DataFrame, paper: Paper) -> None:
    """Draw the level of the blurred pictures and end the axis not far below it."""
    levels = sorted(set(curves.loc[curves["name"] == UNTOUCHED, "value"].round(4)))
    for level in levels:
        label = "blurred input" if level == levels[0] else None
        axis.axhline(level, color=style.INK, linewidth=1.2, linestyle=":", label=label)
    if not levels:
        return
    floor = levels[0] - BELOW
    rows = curves[curves["name"] == VALIDATION]
    seen = rows.loc[rows["value"] > floor, "value"]
    if seen.empty or len(seen) == len(rows):
        return
    bottom = min(seen.min(), levels[0])
    top = max(seen.max(), levels[-1])
    low = [
        f"{style.name(paper, method, width=40)}: {value:.1f}"
        for method, value in _ends(curves).items()
        if value <= floor
    ]
    room = 0.08 + (0.08 * (1 + len(low)) if low else 0.0)  # the note stands below all curves
    axis.set_ylim(bottom - room * (top - bottom), top + 0.08 * (top - bottom))
    if low:
        axis.text(
            0.98, 0.04, "\n".join(["below this axis at the end [dB]:", *low]),
            transform=axis.transAxes, ha="right", va="bottom", fontsize=7,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip


def _lines(axis: Axes, rows: pd.DataFrame, paper: Paper, method: str) -> None:
    if rows.empty:
        return
    colour, dashes = style.pen(paper, method)
    table = rows.pivot_table(index="step", columns="seed", values="value").sort_index()
    if len(table) > NOISE:
        table = table.rolling(len(table) // NOISE, center=True, min_periods=1).median()
    marker = "o" if len(table) <= 30 else None
    for seed in table.columns:
        axis.plot(table.index, table[seed], color=colour, linewidth=0.6, alpha=0.45)
    axis.plot(
        table.index,
        table.mean(axis=1),
        color=colour,
        linewidth=1.6,
        linestyle=dashes,
        marker=marker,
        markersize=2.5,
        label=style.name(paper, method, width=40),
    )

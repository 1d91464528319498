"""Fusion weights: which branch a fused skip listens to, picture by picture."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import method_of, tested_on
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

PROBE = "branch_weights"
Shares = dict[str, dict[str, dict[str, list[float]]]]  # method, level, picture


def draw(results: Results, paper: Paper, figure: Figure) -> Drawing:
    """Stacked bars of the shares among the probes, one panel per level."""
    shares: Shares = results.probes.get(PROBE) or {}
    if not shares:
        raise MissingRowsError(f"no {PROBE!r} is stored for {figure.id}; run the notebook first")
    shares = {one.id: shares[one.id] for one in paper.methods if one.id in shares}
    levels = sorted({level for one in shares.values() for level in one})
    rows = [
        (method, picture)
        for method, by_level in shares.items()
        for picture in next(iter(by_level.values()))
    ]
    drawing = style.canvas(0.9 + 0.24 * (len(rows) + len(shares)))
    axes = list(drawing.subplots(1, len(levels), sharey=True, squeeze=False).flat)
    labels = [_label(results, paper, picture) for _, picture in rows]
    places = _places(rows)
    for axis, level in zip(axes, levels, strict=True):
        _panel(axis, shares, level, rows, places)
    axes[0].set_yticks(places, labels)
    axes[0].invert_yaxis()
    for method in shares:
        first = next(place for place, row in zip(places, rows, strict=True) if row[0] == method)
        title = method_of(paper, method).title
        axes[0].annotate(title, (0, first - 0.62), fontsize=7.5, fontweight="bold", va="center")
    handles, names = axes[-1].get_legend_handles_labels()
    drawing.legend(handles, names, loc="outside lower center", ncols=len(names))
    drawing.set_label(_alt(figure, paper, shares))
    return drawing


def _places(rows: list[tuple[str, str]]) -> list[float]:
    """Height of each row; a new method leaves room for its name."""
    places: list[float] = []
    for number, (method, _) in enumerate(rows):
        new = number == 0 or rows[number - 1][0] != method
        places.append((places[-1] if places else -1.0) + (1.9 if new and places else 1.0))
    return places


def _panel(
    axis: Axes, shares: Shares, level: str, rows: list[tuple[str, str]], places: list[float]
) -> None:
    values = np.array([shares[method][level][picture] for method, picture in rows])
    starts = np.zeros(len(rows))
    for branch in range(values.shape[1]):
        axis.barh(
            places,
            values[:, branch],
            left=starts,
            height=0.72,
            color=style.PALETTE[branch],
            alpha=0.85,
            label=f"encoder level {branch + 1}",
        )
        for place, start, share in zip(places, starts, values[:, branch], strict=True):
            if share >= 0.08:
                axis.text(start + share / 2, place, f"{100 * share:.0f}", ha="center",
                          va="center", color="white", fontsize=7, zorder=5)  # fmt: skip
        starts = starts + values[:, branch]
    for edge in (1 / 3, 2 / 3):
        axis.axvline(edge, color="white", linewidth=0.8, linestyle=(0, (3, 2)))
    axis.set(title=f"skip at level {level}", xlabel="share [%]", xlim=(0, 1))
    axis.set_xticks([0, 1 / 3, 2 / 3, 1], ["0", "33", "67", "100"])
    axis.spines[:].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _label(results: Results, paper: Paper, picture: str) -> str:
    """Data and rule of a picture that was chosen by one, else its name."""
    dataset, _, name = picture.partition("/")
    for rule, chosen in results.probes.get("shown", {}).get(dataset, {}).items():
        if chosen == name:
            return f"{tested_on(results, paper).get(dataset, dataset)}: {rule}"
    return picture


def _alt(figure: Figure, paper: Paper, shares: Shares) -> str:
    parts = []
    for method, by_level in shares.items():
        for level, pictures in sorted(by_level.items()):
            mean = np.mean(list(pictures.values()), axis=0)
            numbers = ", ".join(f"{100 * share:.0f} %" for share in mean)
            parts.append(f"{method_of(paper, method).title}, skip at level {level}: {numbers}")
    return f"{figure.title}. Mean shares of the encoder levels: {'; '.join(parts)}."

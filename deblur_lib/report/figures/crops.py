"""Crops of the same window: blurred, each network, sharp; errors below."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Drawing
from matplotlib.gridspec import GridSpec
from matplotlib.patches import Rectangle

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import tested_on
from deblur_lib.report.figures import style
from deblur_lib.report.figures.choosing import Picture, chosen, psnr
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper
from deblur_lib.windows import Window, most_changed

SHARE = 0.4  # side of the crop, as a share of the shorter side of the picture
ERRORS = "magma"
MOST = 8  # columns that stay readable
LETTERS = 15  # of a heading, in an inch
HEADING = 7.0  # points


class Block(NamedTuple):
    """One picture in all its versions, and their crops at its window."""

    rule: str
    pictures: dict[str, Picture]
    window: Window
    crops: dict[str, Picture]


def draw(
    results: Results, paper: Paper, figure: Figure, *, dataset: str, methods: list[str]
) -> Drawing:
    """One block per picture: the whole of it with the window, the crops, their errors.

    Args:
        results: stored pictures.
        paper: declares the methods.
        figure: the declaration.
        dataset: printed data set.
        methods: networks in the order of the columns; those without pictures are left out.
    """
    rules = chosen(results, dataset)
    nets = [
        one
        for one in methods
        if rules
        and all(results.picture_path(dataset, name, one).is_file() for name in rules.values())
    ]
    if not rules or not nets:
        raise MissingRowsError(
            f"no restored picture of {dataset} is stored for {figure.id}; run the notebook first"
        )
    shown = ["blurred", *nets[: MOST - 2], "sharp"]
    blocks = [
        _block(rule, {one: results.picture(dataset, name, one) for one in shown})
        for rule, name in rules.items()
    ]
    data_id = tested_on(results, paper).get(dataset, dataset)
    drawing = _layout(blocks, shown, paper, data_id)
    drawing.set_label(_alt(figure, data_id, blocks, paper))
    return drawing


def _block(rule: str, pictures: dict[str, Picture]) -> Block:
    sharp = pictures["sharp"]
    side = max(8, int(SHARE * min(sharp.shape[:2])))
    window = most_changed(pictures["blurred"], sharp, side)
    return Block(rule, pictures, window, {name: one[window] for name, one in pictures.items()})


def _layout(blocks: list[Block], shown: list[str], paper: Paper, data_id: str) -> Drawing:
    """Rows of (crops, errors) per picture; the whole picture spans both rows at the left."""
    whole, gap, bar = 2.15, 0.12, 0.55
    cell = style.WIDTH / (len(shown) + whole + 0.15)
    height = len(blocks) * (2 * cell + 0.17) + (len(blocks) - 1) * gap + bar + 0.42
    drawing = Drawing(figsize=(style.WIDTH, height))
    FigureCanvasAgg(drawing)
    top, step = 1 - 0.42 / height, (2 * cell + 0.17 + gap) / height
    spread = _spread(blocks)
    for number, block in enumerate(blocks):
        upper = top - number * step
        grid = GridSpec(
            2, 1 + len(shown), figure=drawing, left=0.005, right=0.995, top=upper,
            bottom=upper - (2 * cell + 0.17) / height, wspace=0.04, hspace=0.19,
            width_ratios=[whole, *[1.0] * len(shown)],
        )  # fmt: skip
        _draw_block(drawing, grid, block, spread)
        if number == 0:
            for column, one in enumerate(shown, start=1):
                title = style.name(paper, one, width=99)
                text, size = heading(title, int(LETTERS * cell))
                drawing.axes[2 * column - 1].set_title(text, fontsize=size, pad=3)
    drawing.text(0.005, 0.3 / height, data_id, fontsize=7.5)
    _scale(drawing, spread, height, bar)
    return drawing


def _draw_block(drawing: Drawing, grid: GridSpec, block: Block, spread: float) -> None:
    truth = block.crops["sharp"]
    axis = drawing.add_subplot(grid[:, 0])
    _picture(axis, block.pictures["blurred"])
    rows, columns = block.window
    corner, side = (columns.start - 0.5, rows.start - 0.5), len(truth)
    axis.add_patch(Rectangle(corner, side, side, fill=False, edgecolor="#F0E442", linewidth=1.6))
    axis.set_title(block.rule, fontsize=7.5, pad=3, fontweight="normal")
    axis.set_anchor("NW")
    for column, (one, crop) in enumerate(block.crops.items(), start=1):
        axis = drawing.add_subplot(grid[0, column])
        _picture(axis, crop)
        below = "" if one == "sharp" else _decibel(psnr(crop, truth))
        axis.set_xlabel(below, fontsize=7.5, labelpad=2)
        axis = drawing.add_subplot(grid[1, column])
        _picture(axis, _error(crop, truth), cmap=ERRORS, vmin=0, vmax=spread)


def heading(title: str, letters: int) -> tuple[str, float]:
    """A title in lines that end at words or hyphens, and the size at which the longest fits."""
    words = title.replace("-", "- ").split()
    longest = max(letters, *map(len, words))
    lines = [""]
    for word in words:
        joint = " " if lines[-1] and not lines[-1].endswith("-") else ""
        if len(lines[-1] + joint + word) > longest:
            lines.append(word)
        else:
            lines[-1] += joint + word
    return "\n".join(lines), HEADING * letters / longest


def _decibel(value: float) -> str:
    return f"{value:.2f} dB" if np.isfinite(value) else "equal"


def _picture(axis: Axes, picture: Any, **options: Any) -> None:
    axis.imshow(picture, **options)
    style.bare(axis)


def _scale(drawing: Drawing, spread: float, height: float, bar: float) -> None:
    axis = drawing.add_axes((0.45, (bar - 0.27) / height, 0.4, 0.08 / height))
    colours = ScalarMappable(Normalize(0, spread), ERRORS)
    drawing.colorbar(colours, cax=axis, orientation="horizontal")
    axis.set_xlabel("error per channel, in grey levels of 255", fontsize=7.5, labelpad=1)
    axis.tick_params(labelsize=7, pad=1)


def _error(crop: Picture, truth: Picture) -> Any:
    return np.abs(crop.astype(np.float64) - truth.astype(np.float64)).mean(axis=2)


def _spread(blocks: list[Block]) -> float:
    """Error that takes the brightest colour: what 99 percent of the blurred pixels stay below."""
    pictures = (one.pictures for one in blocks)
    errors = [_error(one["blurred"], one["sharp"]).ravel() for one in pictures]
    return max(1.0, float(np.ceil(np.percentile(np.concatenate(errors), 99))))


def _alt(figure: Figure, data_id: str, blocks: list[Block], paper: Paper) -> str:
    parts = []
    for block in blocks:
        numbers = ", ".join(
            f"{style.name(paper, one, width=99)} {psnr(crop, block.crops['sharp']):.2f}"
            for one, crop in block.crops.items()
            if one != "sharp"
        )
        parts.append(f"{block.rule}: {numbers}")
    return f"{figure.title} ({data_id}), PSNR of the crop in dB. {'; '.join(parts)}."

"""Block diagrams from a stored description of a network: blocks with shape and size, arrows.

Blocks are placed by themselves: the row by the height of what leaves them (full size on top), the
column by the longest way from an input. "row" and "column" of a block place it by hand. An arrow
of kind "add" is written into the box it ends at ("+ B1 = S1"); one of kind "skip" is dashed. A box
shows its "title" where it has one, else its name.
"""

from graphlib import CycleError, TopologicalSorter
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.report.figures import style
from deblur_lib.report.numbers import count
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

Plan = dict[str, Any]
KINDS = {  # fill of a block by its kind
    "input": "#FFFFFF",
    "output": "#FFFFFF",
    "encoder": "#CFE3F3",
    "decoder": "#CDEBDD",
    "fusion": "#FBE3C0",
    "other": "#E9E9EE",
}
ROW = 0.78  # inches from row to row
HALF_WIDTH, HALF_HEIGHT = 0.44, 0.3  # of a box, in columns and rows
HEADROOM = 0.25  # rows above the first for arrows that pass over boxes


def draw(results: Results, paper: Paper, figure: Figure, *, name: str) -> Drawing:
    """A diagram on its own.

    Args:
        results: its probes hold the description.
        paper: unused but for the error text.
        figure: the declaration.
        name: which description.
    """
    plan = stored(results, name)
    if plan is None:
        raise MissingRowsError(f"no diagram {name!r} is stored for {figure.id} of {paper.id}")
    drawing = style.canvas(height(plan))
    paint(drawing.subplots(), plan)
    blocks = ", ".join(
        f"{one['name']} ({_shape(one)})" if one.get("shape") else str(one["name"])
        for one in plan["blocks"]
    )
    drawing.set_label(f"{figure.title}: block diagram of {blocks}.")
    return drawing


def above(results: Results, name: str, tall: float) -> tuple[Drawing, Any]:
    """An empty drawing and the part of it for `tall` inches of axes, below a diagram if stored.

    Args:
        results: its probes may hold the diagram.
        name: which description.
        tall: inches of the part below.
    """
    plan = stored(results, name)
    if plan is None:
        drawing = style.canvas(tall)
        return drawing, drawing
    heights = (height(plan), tall)
    drawing = style.canvas(sum(heights))
    parts: Any = drawing.subfigures(2, 1, height_ratios=heights)
    upper, lower = parts
    paint(upper.subplots(), plan)
    return drawing, lower


def stored(results: Results, name: str) -> Plan | None:
    """A description among the probes, None when there is none of that name."""
    found: Plan | None = results.probes.get("architecture", {}).get(name)
    return found if found and found.get("blocks") else None


def height(plan: Plan) -> float:
    """Inches that a diagram needs."""
    where = places(plan)
    rows = [row for row, _ in where.values()]
    return float(ROW * (max(rows) - min(rows) + 0.76 + HEADROOM * _arched(plan, where)))


def places(plan: Plan) -> dict[str, tuple[float, float]]:
    """Row and column of each block, by name.

    Raises:
        RecordError: an arrow names no block, or the arrows go in a circle.
    """
    blocks = {one["name"]: one for one in plan["blocks"]}
    before: dict[str, list[str]] = {name: [] for name in blocks}
    for start, end, *_ in plan.get("arrows", []):
        if start not in blocks or end not in blocks:
            raise RecordError(f"the arrow {start} to {end} names no block of {sorted(blocks)}")
        before[end].append(start)
    sizes = sorted({_size(one) for one in blocks.values()}, reverse=True)
    depth: dict[str, int] = {}
    try:
        for name in TopologicalSorter(before).static_order():
            depth[name] = 1 + max((depth[one] for one in before[name]), default=-1)
    except CycleError as error:
        told = " > ".join(error.args[1])
        raise RecordError(f"the arrows of the diagram go in a circle: {told}") from error
    found: dict[str, tuple[float, float]] = {}
    taken: set[tuple[float, float]] = set()
    for name in sorted(blocks, key=lambda one: (depth[one], list(blocks).index(one))):
        one = blocks[name]
        row = float(one.get("row", sizes.index(_size(one))))
        column = float(one.get("column", depth[name]))
        while (row, column) in taken:
            column += 1
        taken.add((row, column))
        found[name] = (row, column)
    return found


def _size(block: dict[str, Any]) -> int:
    shape = block.get("shape") or [0]
    return int(shape[-2] if len(shape) > 1 else shape[0])


def _shape(block: dict[str, Any]) -> str:
    return "×".join(str(one) for one in block.get("shape") or [])


def paint(axis: Axes, plan: Plan) -> None:
    """Draw a description into an axis; what is only added is named in the box that takes it."""
    where = places(plan)
    added: dict[str, list[str]] = {}
    for start, end, *kind in plan.get("arrows", []):
        if kind == ["add"]:
            added.setdefault(end, []).append(start)
        else:
            _arrow(axis, where[start], where[end], kind[0] if kind else "")
    for block in plan["blocks"]:
        _box(axis, block, *where[block["name"]], added.get(block["name"], []))
    rows, columns = zip(*where.values(), strict=True)
    axis.set_axis_off()
    axis.set_xlim(min(columns) - 0.5, max(columns) + 0.5)
    axis.set_ylim(max(rows) + 0.38, min(rows) - 0.38 - HEADROOM * _arched(plan, where))


def _arched(plan: Plan, where: dict[str, tuple[float, float]]) -> bool:
    """True when an arrow passes above the first row."""
    first = min(row for row, _ in where.values())
    return any(
        where[start][0] == where[end][0] == first and where[end][1] - where[start][1] > 1
        for start, end, *kind in plan.get("arrows", [])
        if kind != ["add"]
    )


def _box(axis: Axes, block: dict[str, Any], row: float, column: float, added: list[str]) -> None:
    kind = str(block.get("kind", "other"))
    axis.add_patch(
        FancyBboxPatch(
            (column - HALF_WIDTH + 0.05, row - HALF_HEIGHT + 0.05),
            2 * HALF_WIDTH - 0.1,
            2 * HALF_HEIGHT - 0.1,
            boxstyle="round,pad=0.05,rounding_size=0.08",
            facecolor=KINDS.get(kind, KINDS["other"]),
            edgecolor=style.PALE,
            linewidth=0.8,
            mutation_aspect=0.6,
            zorder=3,
        )
    )
    lines = [_shape(block)] if block.get("shape") else []
    if block.get("note"):
        lines.append(str(block["note"]))
    if block.get("parameters"):
        lines.append(count(float(block["parameters"])))
    title = str(block.get("title", block["name"]))
    title = " ".join([*(f"+ {one}" for one in added), "=", title] if added else [title])
    shift = 0.13 * len(lines) / 2
    axis.text(column, row - shift, title, ha="center", va="center",
              fontsize=8, fontweight="bold", zorder=4)  # fmt: skip
    axis.text(column, row + 0.1, "\n".join(lines), ha="center", va="center",
              fontsize=6.5, linespacing=1.15, zorder=4)  # fmt: skip


def _ends(
    start: tuple[float, float], end: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Where an arrow leaves and arrives, as (column, row), and how much it bends."""
    (row0, column0), (row1, column1) = start, end
    rise, run = row1 - row0, column1 - column0
    if rise == 0 and run > 1:  # over the boxes between
        bend = -0.12 * min(1.0, 3 / run)  # long ones rise no higher than the room above
        return (column0 + 0.2, row0 - HALF_HEIGHT), (column1 - 0.2, row1 - HALF_HEIGHT), bend
    if run > 0 and abs(rise) < 2 * HALF_HEIGHT + 0.1:  # side by side
        return (column0 + HALF_WIDTH, row0), (column1 - HALF_WIDTH, row1), 0.0
    down, aside = (1.0 if rise > 0 else -1.0), 0.15 * (run > 0) - 0.15 * (run < 0)
    return (
        (column0 + aside, row0 + down * HALF_HEIGHT),
        (column1 - aside, row1 - down * HALF_HEIGHT),
        0.0,
    )


def _arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
    tail, head, bend = _ends(start, end)
    axis.add_patch(
        FancyArrowPatch(
            tail,
            head,
            arrowstyle="-|>",
            mutation_scale=7,
            linewidth=0.9,
            color="#5A6472",
            linestyle="--" if kind else "-",
            shrinkA=0,
            shrinkB=0,
            connectionstyle=f"arc3,rad={bend}",
            zorder=2,
        )
    )

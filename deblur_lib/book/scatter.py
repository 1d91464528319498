"""A plot of points that a page holds as it is: links, colours of the page, no script.

One unit is a pixel where the plot has its full width.
"""

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.ticker import MaxNLocator

from deblur_lib.report import numbers

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 44  # margins
LETTER, LINE = 6.1, 13  # width and height of a letter of a label
RADIUS = 5

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Point:
    """A point with its two links.

    Attributes:
        x, y: where; x is above 0.
        low, high: ends of its interval on the upright axis.
        name: its label.
        group: number of its colour, from 0.
        chapter, file: where the mark and the label lead.
        told: what a reader hears of it, or sees under the pointer.
    """

    x: float
    y: float
    low: float
    high: float
    name: str
    group: int
    chapter: str
    file: str
    told: str


def scatter(points: Sequence[Point], *, across: str, up: str, told: str) -> str:
    """An SVG of points over a logarithmic axis.

    The upright axis reaches no further below zero than above; what lies lower stands at its foot
    with its value.

    Args:
        points: at least one.
        across: name of the level axis.
        up: name of the upright one.
        told: the text that stands for the plot.
    """
    place = _Places(points)
    lines = [
        f'<svg class="networks-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" '
        f'aria-label="{html.escape(told)}">',
        *_axes(place, across, up),
    ]
    taken: list[Box] = [place.mark(one) for one in points]
    for one in sorted(points, key=lambda point: -point.y):
        lines += _drawn(one, place, taken)
    return "\n".join([*lines, "</svg>"])


class _Places:
    """Where values lie on the canvas."""

    def __init__(self, points: Sequence[Point]) -> None:
        small, large = min(one.x for one in points), max(one.x for one in points)
        self.start, self.end = math.log10(small / 1.5), math.log10(large * 2.2)
        high = max(1e-6, *(one.high for one in points))
        low = max(min(0.0, *(one.low for one in points)), -high)
        ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
        self.ticks = [float(one) for one in ticks]
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.start) / (self.end - self.start)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (max(value, self.low) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def mark(self, one: Point) -> Box:
        x, y = self.x(one.x), self.y(one.y)
        return (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)


def _axes(place: _Places, across: str, up: str) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in place.ticks:
        y = place.y(value)
        kind = "axis" if abs(value) < 1e-12 else "grid"
        yield f'<line class="{kind}" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>'
        shown = numbers.number(round(value, 9), sign=True)
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{shown}</text>'
    for power in range(math.floor(place.start), math.ceil(place.end) + 1):
        for digit in (1, 3):
            value = digit * 10.0**power
            if place.start <= math.log10(value) <= place.end:
                x = place.x(value)
                yield f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>'
                shown = numbers.count(value) if value >= 1000 else numbers.number(value)
                yield f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{shown}</text>'
    middle = (LEFT + right) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{html.escape(across)}</text>'
    turned = f'transform="rotate(-90 12 {(TOP + bottom) / 2})"'
    yield (
        f'<text x="12" y="{(TOP + bottom) / 2}" text-anchor="middle" {turned}>'
        f"{html.escape(up)}</text>"
    )


def _drawn(one: Point, place: _Places, taken: list[Box]) -> Iterator[str]:
    x, y = place.x(one.x), place.y(one.y)
    if one.y < place.low:  # it would press all others together
        one = replace(one, name=f"{one.name} ({numbers.number(one.y, 'psnr_db')})")
    left, top, anchor = _label(one, x, y, taken)
    colour = f"paper-{one.group}"
    told = html.escape(one.told)
    yield (
        f'<line class="{colour}" x1="{x}" y1="{place.y(one.low)}" x2="{x}" '
        f'y2="{place.y(one.high)}"/>'
    )
    yield (
        f'<a href="{html.escape(one.chapter)}" aria-label="{told}, chapter"><title>{told}</title>'
        f'<circle class="{colour}" cx="{x}" cy="{y}" r="{RADIUS}"/></a>'
    )
    yield (
        f'<a href="{html.escape(one.file)}"><title>{told}</title>'
        f'<text x="{left}" y="{top}" text-anchor="{anchor}">{html.escape(one.name)}</text></a>'
    )


def _label(one: Point, x: float, y: float, taken: list[Box]) -> tuple[float, float, str]:
    """A free place for a label near its point: baseline and anchor."""
    wide = LETTER * len(one.name)
    tries = [(x + 9, y + 4 + shift, "start") for shift in (0, -10, 10, -20, 20)]
    tries += [(x - 9, y + 4 + shift, "end") for shift in (0, -10, 10, -20, 20)]
    tries += [(x, y - 10, "middle"), (x, y + 20, "middle")]
    tries += [(x + 9, y + 4 + shift, "start") for shift in (-30, 30, -40, 40, -50, 50)]
    boxes = [_box(left, base, wide, anchor) for left, base, anchor in tries]
    clashes = [_clash(box, taken) for box in boxes]
    best = min(range(len(tries)), key=lambda number: (clashes[number], number))
    taken.append(boxes[best])
    left, base, anchor = tries[best]
    return round(left, 1), round(base, 1), anchor


def _box(left: float, base: float, wide: float, anchor: str) -> Box:
    start = left - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return (start, base - LINE + 3, start + wide, base + 3)


def _clash(box: Box, taken: Sequence[Box]) -> float:
    """Area that a box shares with others, or leaves the canvas by."""
    shared = 0.0
    for other in taken:
        across = min(box[2], other[2]) - max(box[0], other[0])
        down = min(box[3], other[3]) - max(box[1], other[1])
        shared += max(0.0, across) * max(0.0, down)
    outside = max(0.0, LEFT - box[0]) + max(0.0, box[2] - WIDTH) + max(0.0, TOP - LINE - box[1])
    outside += max(0.0, box[3] - (HEIGHT - BOTTOM))
    return shared + outside * LINE

"""One look for all figures, set for the time of a drawing only, and the same bytes every time.

Figures are 7 inches wide with 8 point text: shown 700 pixels wide, text is 11 pixels high.
"""

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from deblur_lib.spec import Paper

WIDTH = 7.0  # inches
DPI = 150
COLOURS = 256  # figures would else weigh most of a page
PALETTE = (  # Okabe and Ito: told apart with every common kind of colour vision
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#882255",
)  # fmt: skip
INK, PALE, PANEL = "#222222", "#8A8A8A", "#F4F6F8"
LOOK: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "image.interpolation": "nearest",
    "svg.hashsalt": "deblur",
}


@contextmanager
def look() -> Iterator[None]:
    """Draw with our settings, whatever the user has set; theirs are back afterwards."""
    with matplotlib.style.context(["default", LOOK]):
        yield


def canvas(height: float) -> Figure:
    """An empty figure of our width, outside pyplot's list of open figures."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def bare(axis: Axes) -> None:
    """Leave an axis that shows a picture without ticks and frame."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def at_end(axis: Axes, end: float, row: int, text: str) -> None:
    """Write a text just behind the end of a horizontal bar."""
    axis.annotate(
        text, (end, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5
    )


def png(figure: Figure) -> bytes:
    """The figure as PNG, without date or version; its label becomes the description.

    It is stored with a palette of `COLOURS` colours, a third of the bytes; the pictures themselves
    lie beside the rows as they were restored.
    """
    drawn, packed = io.BytesIO(), io.BytesIO()
    with look():
        figure.savefig(drawn, format="rgba", dpi=DPI)
    width, height = (int(inches * DPI) for inches in figure.get_size_inches())
    notes = PngInfo()
    notes.add_text("Description", _latin(str(figure.get_label())))
    pixels = Image.frombytes("RGBA", (width, height), drawn.getvalue())
    opaque = pixels.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT)
    opaque.save(packed, format="PNG", optimize=True, pnginfo=notes)
    return packed.getvalue()


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def turn(number: int) -> tuple[str, str]:
    """Colour and line style of one of many lines: dashed where the colours begin again."""
    return PALETTE[number % len(PALETTE)], "-" if number < len(PALETTE) else "--"


def pen(paper: Paper, method: str) -> tuple[str, str]:
    """Colour and line style of a method, the same in all figures of a paper."""
    drawn = [one.id for one in paper.methods if one.network not in (None, "identity")]
    return turn(drawn.index(method)) if method in drawn else (PALE, "-")


def name(paper: Paper, method: str, *, width: int = 18) -> str:
    """Title of a method, broken into short lines."""
    titles = {one.id: one.title for one in paper.methods} | {
        "blurred": "blurred",
        "sharp": "sharp",
    }
    return "\n".join(textwrap.wrap(titles.get(method, method), width))

"""Receptive fields: how strongly the centre of a feature map depends on the pixels around it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.figures import diagram as diagrams
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

PROBE = "receptive_field"
ONE_LINE = 4  # maps whose titles fit on one line
FAINT = 1e-4  # below this share of the strongest pixel a map is drawn as empty


def draw(results: Results, paper: Paper, figure: Figure, *, diagram: str) -> Drawing:
    """Heat maps on a logarithmic scale, below the diagram of the block if one is stored.

    Args:
        results: its probes hold the maps.
        paper: unused but for the error text.
        figure: the declaration.
        diagram: name of the block's diagram among the probes.
    """
    stored = results.probes.get(PROBE)
    if not stored or not stored.get("maps"):
        raise MissingRowsError(
            f"no {PROBE!r} is stored for {figure.id} of {paper.id}; run it first"
        )
    maps = {name: np.asarray(values, dtype=float) for name, values in stored["maps"].items()}
    reach = {str(name): int(side) for name, side in stored.get("reach", {}).items()}
    drawing, lower = diagrams.above(results, diagram, 2.2)
    axes = list(lower.subplots(1, len(maps), squeeze=False).flat)
    for axis, (name, values) in zip(axes, maps.items(), strict=True):
        image = _heat(axis, values, reach.get(name))
        side = f"at most {reach[name]} px" if name in reach else ""
        between = ": " if len(maps) <= ONE_LINE and side else "\n"
        axis.set_title(f"{name}{between}{side}")
    bar = lower.colorbar(image, ax=list(axes), shrink=0.85, pad=0.01)
    bar.set_label("share of the strongest pixel, log10", fontsize=7.5)
    sides = ", ".join(f"{name} {side} px" for name, side in reach.items())
    drawing.set_label(f"{figure.title}: heat maps of {', '.join(maps)}; largest reach {sides}.")
    return drawing


def _heat(axis: Axes, values: Any, side: int | None) -> Any:
    strongest = values.max() if values.size and values.max() > 0 else 1.0
    shown = np.log10(np.maximum(values / strongest, FAINT))
    image = axis.imshow(shown, cmap="viridis", vmin=np.log10(FAINT), vmax=0)
    style.bare(axis)
    if side is not None:
        corner = (values.shape[1] - side) / 2 - 0.5, (values.shape[0] - side) / 2 - 0.5
        axis.add_patch(Rectangle(corner, side, side, fill=False, edgecolor="white", linewidth=1.2))
    return image

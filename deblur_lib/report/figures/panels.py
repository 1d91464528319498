"""Rows of titled pictures that a room's structure probes drew."""

from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

TITLE = 0.2  # inches above each row


def draw(results: Results, paper: Paper, figure: Figure, *, name: str) -> Drawing:
    """The stored panels in their rows; shorter rows start at the left.

    Args:
        results: its probes name the pictures and their titles.
        paper: unused but for the error text.
        figure: the declaration.
        name: which panels.
    """
    rows = results.probes.get("panels", {}).get(name, {}).get("rows", [])
    if not rows:
        raise MissingRowsError(f"no panels {name!r} are stored for {figure.id} of {paper.id}")
    columns = max(len(row) for row in rows)
    cell = style.WIDTH / columns
    drawing = style.canvas(len(rows) * (cell + TITLE))
    axes = drawing.subplots(len(rows), columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for line, row in zip(axes, rows, strict=True):
        for axis, panel in zip(line, row, strict=False):
            axis.imshow(results.picture("panels", name, panel["label"]))
            axis.set_title(panel["title"], fontsize=7, fontweight="normal", pad=3)
    told = "; ".join(", ".join(panel["title"] for panel in row) for row in rows)
    drawing.set_label(f"{figure.title}. Rows of pictures: {told}.")
    return drawing

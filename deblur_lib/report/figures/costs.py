"""Bars of one cost of the networks at their published size, as the table has its rows."""

from matplotlib.figure import Figure as Drawing

from deblur_lib.errors import MissingRowsError
from deblur_lib.report.columns import method_of, table_of
from deblur_lib.report.figures import style
from deblur_lib.report.numbers import count
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure, Paper

AXES = {"seconds": "seconds for one frame", "macs": "multiply-accumulates"}


def draw(results: Results, paper: Paper, figure: Figure, *, table: str, cost: str) -> Drawing:
    """Horizontal bars; the line reaches from the fastest to the slowest measurement.

    Args:
        results: stored costs.
        paper: declares the table.
        figure: the declaration.
        table: whose rows are drawn, in their order.
        cost: name of the cost ("seconds").
    """
    found = {
        method: value
        for method in table_of(paper, table).methods
        if (value := results.cost(method, cost)) is not None
    }
    if not found:
        raise MissingRowsError(f"no {cost} are stored for the rows of {table}; run them first")
    drawing = style.canvas(0.6 + 0.36 * len(found))
    axis = drawing.subplots()
    told = []
    for row, (method, value) in enumerate(found.items()):
        axis.barh(row, value, height=0.62, color=style.pen(paper, method)[0], zorder=2)
        low, high = (results.cost(method, f"{cost}_{end}") or value for end in ("low", "high"))
        if low < high:
            axis.plot([low, high], [row, row], color=style.INK, linewidth=1.4)
        text = f"{value:.3g}" if cost == "seconds" else count(value)
        style.at_end(axis, high, row, text)
        told.append(f"{method_of(paper, method).title} {text}")
    axis.set_yticks(range(len(found)), [_label(results, paper, one) for one in found])
    axis.invert_yaxis()
    axis.grid(True, axis="x")
    axis.margins(x=0.12)
    axis.set_xlim(left=0)
    axis.set_xlabel(AXES.get(cost, cost))
    drawing.set_label(f"{figure.title}: {'; '.join(told)}.")
    return drawing


def _label(results: Results, paper: Paper, method: str) -> str:
    macs = results.cost(method, "macs")
    return method_of(paper, method).title + (f"\n{count(macs)}MAC" if macs else "")

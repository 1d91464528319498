"""From algorithm to line: each equation of a paper beside the code that does it."""

import html
import re

import pandas as pd

from deblur_lib import papers
from deblur_lib.report import markup
from deblur_lib.spec import Paper, Statement

MATH = re.compile(r"\$([^$]+)\$")
NONE, DEPARTS = "none: ", "departs: "
REFERENCE = "../api/{page}.html#{anchor}"  # from a chapter to the library reference


class Lines(markup.View):
    """A view whose column of statements holds mathematics and whose column of code holds links."""

    def cell(self, column: str, text: str) -> str:
        """A cell's text as HTML, formulas and links in it."""
        own = {"what it says": _mathematics, "code": _links}.get(column)
        return own(text) if own else super().cell(column, text)


def view(paper: Paper) -> Lines:
    """The table of a paper's equations and sentences on its architecture.

    Args:
        paper: whose room is read.

    Returns:
        Columns: number and place in the paper, what it says, code and departures.
    """
    frame = pd.DataFrame(map(_row, papers.statements(paper.id))).set_index("equation")
    texts = {"what it says": "16em", "code": "11em"}
    return Lines("", "", [("", frame)], [], "lines", left=texts, first="5em")


def _row(one: Statement) -> dict[str, str]:
    departs = [f"{DEPARTS}{', '.join(one.departures)}"] if one.departures else []
    return {
        "equation": f"{one.id}\n{one.where}",
        "what it says": one.says,
        "code": "\n".join([*(one.code or [f"{NONE}{one.why_none}"]), *departs]),
    }


def _mathematics(text: object) -> str:
    parts = MATH.split(str(text))
    span = '<span class="math notranslate nohighlight">\\({}\\)</span>'
    return "".join(
        span.format(html.escape(part)) if index % 2 else html.escape(part)
        for index, part in enumerate(parts)
    )


def _links(cell: object) -> str:
    return "<br>".join(
        html.escape(one)
        if one.startswith((NONE, DEPARTS))
        else f'<a href="{html.escape(address(one))}">{markup.breakable(one)}</a>'
        for one in str(cell).split("\n")
    )


def address(code: str) -> str:
    """Where the library reference describes a function, seen from a chapter.

    Args:
        code: its name below `deblur_lib`, "networks.srn.SRN".
    """
    anchor = re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")
    return REFERENCE.format(page=code.split(".")[0], anchor=anchor)

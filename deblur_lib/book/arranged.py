"""A cleaned notebook arranged for readers: the answer first, code and parameters folded."""

import ast
import re
from typing import Any

from bs4 import BeautifulSoup

from deblur_lib.errors import BookError
from deblur_lib.report.markup import STYLE, escape

CODE = "hide-input"  # tag by which MyST-NB folds the code of a cell
LINKED = ("ours", "over input")  # columns whose cells lead to the scores behind them
TABLE = re.compile(r'id="(T_\w+)_0"')


def title_of(notebook: dict[str, Any]) -> str:
    """The first heading of a notebook, the question of its chapter.

    Raises:
        BookError: the first cell does not begin with a heading.
    """
    first = _text(notebook["cells"][0])
    if not first.startswith("# "):
        raise BookError(f"a chapter begins with its title, this one with {first[:40]!r}")
    return first.splitlines()[0].removeprefix("# ")


def arrange(notebook: dict[str, Any], answer: str, paper: str) -> dict[str, Any]:
    """The notebook with its answer below the title, its parameters in a table, its code folded.

    Args:
        notebook: a cleaned notebook.
        answer: Markdown that is to stand below the title.
        paper: room id; numbers in its tables lead to the page behind them.
    """
    title = title_of(notebook)
    rest = _text(notebook["cells"][0]).partition("\n")[2]
    values: dict[str, Any] = {}
    cells = [_told("title", f"# {title}"), _told("answer", answer), _told("opening", rest)]
    for cell in notebook["cells"][1:]:
        tags = cell["metadata"].get("tags", [])
        if {"parameters", "injected-parameters"} & set(tags):
            values |= _values(_text(cell))
            continue
        if cell["cell_type"] == "code":
            cell["metadata"]["tags"] = [*tags, CODE]
            if values:
                cells.append(_told("parameters", _parameters(values)))
                values = {}
            for output in cell["outputs"]:
                _link(output, paper)
        cells.append(cell)
    return notebook | {"cells": cells}


def tables_of(notebook: dict[str, Any]) -> set[str]:
    """Names of the tables that a notebook shows: "T_wan2023_T1"."""
    texts = (
        "".join(output.get("data", {}).get("text/html", ""))
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    )
    return {name for text in texts for name in TABLE.findall(text)}


def _told(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _values(code: str) -> dict[str, Any]:
    return {
        line.targets[0].id: ast.literal_eval(line.value)
        for line in ast.parse(code).body
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }


def _parameters(values: dict[str, Any]) -> str:
    lines = [f"| `{name}` | {escape(repr(value))} |" for name, value in values.items()]
    return "\n".join(
        [
            ":::{dropdown} Parameters of this execution",
            "| parameter | value |",
            "|---|---|",
            *lines,
            "",
            "Set others with `deblur reproduce PAPER --set name=value`, or in the notebook itself.",
            ":::",
        ]
    )


def _link(output: dict[str, Any], paper: str) -> None:
    """Let measured numbers of tables lead to their scores; styles come from the book's sheet."""
    data = output.get("data", {})
    text = "".join(data.get("text/html", ""))
    if STYLE.strip() in text:
        soup = BeautifulSoup(text.replace(STYLE.strip(), "").lstrip(), "html.parser")
        for table in soup.select("table[data-dataset]"):
            heads = [one.get_text() for one in table.select("thead th")]
            for row in table.select("tr[data-row]"):
                for head, cell in zip(heads, row.find_all(["th", "td"]), strict=True):
                    if head.endswith(LINKED) and cell.get_text() != "–":
                        address = f"../numbers/{paper}.html#{anchor(paper, str(row['data-row']))}"
                        link = soup.new_tag("a", href=address, attrs={"class": "behind"})
                        link.extend(list(cell.contents))
                        cell.append(link)
        data["text/html"] = str(soup)


def anchor(paper: str, method: str) -> str:
    """Where the page behind the numbers tells of a row."""
    return f"{paper}-{method}".lower().replace("_", "-")

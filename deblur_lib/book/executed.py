"""Executed notebooks on their way into the book: refused when failed or stale, else cleaned.

The book never executes anything. It shows what `deblur reproduce` executed and stamped; a notebook
whose source, library code or rows changed since then is refused by name.
"""

import ast
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deblur_lib.book.pictures import lighter
from deblur_lib.errors import BookError
from deblur_lib.notebook.reproduce import code_digest
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_json, read_whole
from deblur_lib.report.markup import escape
from deblur_lib.runs.plan import Request
from deblur_lib.runs.store import notebook_name

PNG = "image/png"
SHOWN = {PNG, "image/svg+xml", "text/markdown"}  # the last says why there is no picture
KEPT_METADATA = ("tags", "mystnb")
WIDGET = "application/vnd.jupyter.widget-view+json"
MACHINE_PATH = re.compile(
    r"(?<![\w.:/<-])/(?:home|root|Users|tmp|work|mnt|media|opt|usr|var|srv|private)/[\w.@-]+"
    r"|\b[A-Za-z]:\\\\?(?:Users|Windows|Temp)\\"
)


@dataclass(frozen=True)
class Chapter:
    """An executed notebook that may be shown.

    Attributes:
        paper: room id, and slug of the page.
        profile: budget it was executed at.
        notebook: its content, not yet cleaned.
        results: results folder whose rows it shows.
    """

    paper: str
    profile: str
    notebook: dict[str, Any]
    results: Path


def open_chapter(root: Path, paper: str, profile: str | None = None) -> Chapter:
    """Read the executed notebook of a paper and check that it is whole, fresh and as declared.

    Args:
        root: project root.
        paper: room id.
        profile: the budget it must be of; None takes any but smoke.

    Raises:
        BookError: no complete notebook, one of altered parameters or of another profile, a failed,
            skipped or silent cell, a figure without a picture, or a source notebook, library code
            or rows that changed since it ran.
    """
    built = place_of(root, paper, profile or "demo")
    again = f"run `deblur reproduce {paper}{f' --profile {profile}' if profile else ''}`"
    if not built.is_file():
        raise BookError(
            f"page {paper}: build/notebooks/{built.name} is missing{_beside(built, paper)}; {again}"
        )
    notebook = read_json(built)
    check_cells(paper, notebook)
    stamp_path = built.with_suffix(".json")
    if not stamp_path.is_file():
        raise BookError(f"page {paper}: its notebook did not run to the end; {again}")
    stamp = read_json(stamp_path)
    _check_request(paper, stamp, profile, again)
    results = root / str(stamp.get("results"))
    _check_fresh(paper, stamp, built, results)
    return Chapter(paper, str(stamp["profile"]), notebook, results)


def place_of(root: Path, paper: str, profile: str) -> Path:
    """Where the executed notebook of a paper at a profile, as it is declared, lies."""
    return root / "build" / "notebooks" / notebook_name(Request(paper, profile))


def _beside(built: Path, paper: str) -> str:
    """What else was executed of a paper, and why it is no chapter."""
    beside = (read_whole(path) for path in sorted(built.parent.glob(f"{paper}-*.json")))
    stamps = [one for one in beside if one]
    altered = sorted({name for one in stamps for name in one.get("altered", {})})
    if altered:
        return f" (what was executed has altered parameters: {', '.join(altered)})"
    return f" (what was executed is of profile {stamps[0]['profile']})" if stamps else ""


def _check_request(paper: str, stamp: dict[str, Any], profile: str | None, again: str) -> None:
    """A chapter shows a profile as it is declared, and smoke on demand only."""
    altered = ", ".join(sorted(stamp.get("altered", {})))
    if altered:
        raise BookError(
            f"page {paper}: its notebook was executed with altered parameters ({altered}); a "
            f"chapter shows a profile as it is declared; {again}"
        )
    came = str(stamp["profile"])
    if came != (profile or came) or (came == "smoke" and not profile):
        raise BookError(
            f"page {paper}: its notebook was executed at profile {came}, "
            f"{profile or 'a larger one'} is needed; {again}"
        )


def _check_fresh(paper: str, stamp: dict[str, Any], built: Path, results: Path) -> None:
    source = built.parents[2] / "notebooks" / f"{paper}.ipynb"
    now = {
        "executed_digest": (f"build/notebooks/{built.name}", _digest(built)),
        "notebook_digest": (f"notebooks/{paper}.ipynb", _digest(source)),
        "code_digest": ("the library's code", code_digest()),
        "rows_digest": ("the rows it shows", _digest(results / "rows.csv")),
    }
    for name, (what, digest) in now.items():
        stored = str(stamp.get(name, "nothing"))
        if stored != digest:
            command = f"deblur reproduce {paper} --profile {stamp.get('profile', 'demo')}"
            if stamp.get("train") == "never":  # what it shows need not have been trained here
                command, why = f"{command} --set train=never", "it trains nothing"
            else:
                why = "finished runs are not repeated"
            raise BookError(
                f"page {paper}: {what} changed after the notebook ran ({stored[:10]} then, "
                f"{digest[:10]} now); run `{command}` again, {why}"
            )


def _digest(path: Path) -> str:
    return file_digest(path) if path.is_file() else "missing"


def check_cells(page: str, notebook: dict[str, Any]) -> None:
    """Refuse failed, skipped and silent cells, and figures without a picture.

    Raises:
        BookError: names the page, the cell and its first line.
    """
    for index, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.strip():
            continue
        kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
        problem = ""
        if any(output["output_type"] == "error" for output in cell["outputs"]):
            problem = "failed"
        elif cell["execution_count"] is None:
            problem = "was not executed"
        elif _ends_in_expression(source) and not cell["outputs"]:
            problem = "shows nothing"
        elif ".figure(" in source and not kinds & SHOWN:
            problem = "shows no picture"
        if problem:
            first = source.strip().splitlines()[0]
            raise BookError(
                f"page {page}: cell {index} ({first}) {problem}; mend it and run "
                f"`deblur reproduce {page}`"
            )


def _ends_in_expression(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return bool(body) and isinstance(body[-1], ast.Expr) and not source.rstrip().endswith(";")


def clean(chapter: Chapter) -> dict[str, Any]:
    """Copy of a chapter's notebook without machine paths, timings, widget state and warnings.

    Raises:
        BookError: a path of this machine is left in a cell or an output.
    """
    language = {"name": "python"}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": [_clean_cell(index, cell) for index, cell in enumerate(chapter.notebook["cells"])],
        "metadata": {"kernelspec": kernel, "language_info": language},
        "nbformat": chapter.notebook["nbformat"],
        "nbformat_minor": chapter.notebook["nbformat_minor"],
    }
    for text in _texts(notebook["cells"]):
        found = MACHINE_PATH.search(text)
        if found:
            raise BookError(
                f"page {chapter.paper}: a path of this machine would be published "
                f"({found.group()!r}); use paths relative to the project in the notebook"
            )
    return notebook


def _clean_cell(index: int, cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: cell["metadata"][name] for name in KEPT_METADATA if name in cell["metadata"]}
    injected = "injected-parameters" in metadata.get("tags", [])
    kept = {
        "cell_type": cell["cell_type"],
        "id": "injected-parameters" if injected else cell.get("id", f"cell-{index:02}"),
        "metadata": metadata,
        "source": cell["source"],
    }
    if cell["cell_type"] == "code":
        outputs = [_clean_output(one) for one in cell["outputs"] if one.get("name") != "stderr"]
        kept["outputs"] = outputs
        kept["execution_count"] = cell["execution_count"]
        alts = [text for output in outputs for text in _alt_texts(output)]
        if alts:
            shown = {"image": {"alt": alts[0]}, "figure": {"caption": escape(alts[0])}}
            metadata["mystnb"] = shown | metadata.get("mystnb", {})
    return kept


def _clean_output(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    data = {kind: value for kind, value in output["data"].items() if kind != WIDGET}
    if len(data) > 1 and " at 0x" in "".join(data.get("text/plain", "")):
        del data["text/plain"]  # the repr of a styled table holds a memory address
    if PNG in data:
        data[PNG] = b64encode(lighter(b64decode("".join(data[PNG])))).decode()
    return {**output, "data": data}


def _alt_texts(output: dict[str, Any]) -> Iterator[str]:
    for kind, extra in output.get("metadata", {}).items():
        if kind.startswith("image/") and isinstance(extra, dict) and extra.get("alt"):
            yield str(extra["alt"])


def _texts(value: Any) -> Iterator[str]:
    """All texts in a notebook except encoded pictures."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            if not name.startswith("image/") or name == "image/svg+xml":
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def write_notebook(path: Path, notebook: dict[str, Any]) -> int:
    """Write a cleaned notebook; returns its size in bytes."""
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return len(text.encode())

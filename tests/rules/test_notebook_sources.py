"""A notebook tells and calls; it computes nothing itself and is stored without outputs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tree import ROOT

from deblur_lib import papers

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FORBIDDEN = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.For, ast.While,
             ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Try)  # fmt: skip
LONGEST_CELL = 20  # lines


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_every_paper_has_its_notebook() -> None:
    assert [path.stem for path in NOTEBOOKS] == papers.names()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs(path: Path) -> None:
    notebook = read(path)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    assert "papermill" not in notebook["metadata"]
    for cell in code(notebook):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_cells_have_ids_of_their_own(path: Path) -> None:
    ids = [cell.get("id") for cell in read(path)["cells"]]
    assert all(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_one_cell_holds_the_parameters_as_literals_one_per_line(path: Path) -> None:
    tagged = [c for c in code(read(path)) if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    lines = source(tagged[0]).splitlines()
    statements = ast.parse("\n".join(lines)).body
    assert len(statements) == len(lines)
    for line in statements:
        assert isinstance(line, ast.Assign)
        ast.literal_eval(line.value)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_tells_and_calls(path: Path) -> None:
    for cell in code(read(path)):
        tree = ast.parse(source(cell))
        found = [type(node).__name__ for node in ast.walk(tree) if isinstance(node, FORBIDDEN)]
        assert not found, f"{cell['id']} holds {found}"
        assert len(source(cell).splitlines()) <= LONGEST_CELL, f"{cell['id']} is too long"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_result_is_typed_in(path: Path) -> None:
    for cell in read(path)["cells"]:
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown":
            found = measured(source(cell))
            assert not found, f"{cell['id']} states {found}; show it from stored rows"
        elif "parameters" not in tags:
            numbers = [
                node.value
                for node in ast.walk(ast.parse(source(cell)))
                if isinstance(node, ast.Constant) and isinstance(node.value, float)
            ]
            assert not numbers, f"{cell['id']} holds the numbers {numbers}"


def measured(text: str) -> list[str]:
    """Texts that look like a score: a number of decibels, or a row of a table with decimals."""
    decibels = re.findall(r"\d+\.\d+\s*dB", text)
    cells = re.findall(r"^\|.*\d+\.\d+.*\|", text, re.MULTILINE)
    return decibels + cells


def test_a_typed_in_result_is_found() -> None:
    assert measured("it gains 0.75 dB here") == ["0.75 dB"]
    assert measured("| row | 31.95 |") == ["| row | 31.95 |"]
    assert measured("crops of 256 pixels, 4 in a batch") == []


def test_notebooks_pass_the_linter() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "notebooks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

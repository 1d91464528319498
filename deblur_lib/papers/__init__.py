"""The rooms, one folder per paper, found by looking for experiment.py. No torch here."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.spec import Claim, Paper, PrintedCell, parse

ROOT = Path(__file__).resolve().parent


def names() -> list[str]:
    """Ids of all papers that have a room."""
    return sorted(path.parent.name for path in ROOT.glob("*/experiment.py"))


def load(paper: str) -> Paper:
    """The declaration of a paper.

    Raises:
        UsageError: no room has that name.
    """
    if paper not in names():
        raise UsageError(unknown_name("paper", paper, names()))
    declared: Paper = import_module(f"deblur_lib.papers.{paper}.experiment").PAPER
    return declared


@cache
def printed_cells(paper: str) -> tuple[PrintedCell, ...]:
    """Every number the paper prints in its tables."""
    cells: tuple[PrintedCell, ...] = _read(paper, "printed.yaml", tuple[PrintedCell, ...])
    return cells


@cache
def claims(paper: str) -> tuple[Claim, ...]:
    """The paper's statements, with their checks."""
    statements: tuple[Claim, ...] = _read(paper, "claims.yaml", tuple[Claim, ...])
    return statements


def _read(paper: str, name: str, kind: Any) -> Any:
    path = ROOT / load(paper).id / name
    return parse(kind, yaml.safe_load(path.read_text(encoding="utf-8")), source=f"{paper}/{name}")

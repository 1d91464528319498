"""The rooms, one folder per paper, found by looking for experiment.py. No torch here.

What several rooms tell in the same words stands in alike.yaml: an entry of a room's figures.yaml or
departures.yaml that is `like` one of those adds and replaces what is its own.
"""

import dataclasses
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from deblur_lib.errors import DeclarationError, UsageError, unknown_name
from deblur_lib.spec import Claim, Departure, Figure, Paper, PrintedCell, Statement, Summary, parse

ROOT = Path(__file__).resolve().parent
READER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where it was built


def names() -> list[str]:
    """Ids of all papers that have a room."""
    return sorted(path.parent.name for path in ROOT.glob("*/experiment.py"))


@cache
def load(paper: str) -> Paper:
    """The declaration of a paper, with its figures and departures.

    Raises:
        UsageError: no room has that name.
    """
    if paper not in names():
        raise UsageError(unknown_name("paper", paper, names()))
    declared: Paper = import_module(f"deblur_lib.papers.{paper}.experiment").PAPER
    return dataclasses.replace(
        declared,
        figures=_read(paper, "figures", tuple[Figure, ...]),
        departures=_read(paper, "departures", tuple[Departure, ...]),
    )


@cache
def printed_cells(paper: str) -> tuple[PrintedCell, ...]:
    """Every number the paper prints in its tables."""
    cells: tuple[PrintedCell, ...] = _read(load(paper).id, "printed", tuple[PrintedCell, ...])
    return cells


@cache
def claims(paper: str) -> tuple[Claim, ...]:
    """The paper's statements, with their checks."""
    statements: tuple[Claim, ...] = _read(load(paper).id, "claims", tuple[Claim, ...])
    return statements


@cache
def statements(paper: str) -> tuple[Statement, ...]:
    """The paper's equations and sentences on its architecture, with the code that does each."""
    found: tuple[Statement, ...] = _read(load(paper).id, "statements", tuple[Statement, ...])
    return found


@cache
def summary(paper: str) -> Summary:
    """How the paper's chapter opens and ends."""
    source = f"{load(paper).id}/summary.yaml"
    found: Summary = parse(Summary, _plain(ROOT / source), source=source)
    return found


def has_summary(paper: str) -> bool:
    """True where the room says how its chapter opens and ends."""
    return (ROOT / load(paper).id / "summary.yaml").is_file()


def _read(paper: str, name: str, kind: Any) -> Any:
    shared = _plain(ROOT / "alike.yaml").get(name, {})
    source = f"{paper}/{name}.yaml"
    entries = [complete(one, shared, source=source) for one in _plain(ROOT / source)]
    return parse(kind, entries, source=source)


@cache
def _plain(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), READER)


def complete(
    entry: dict[str, Any], shared: dict[str, dict[str, Any]], *, source: str
) -> dict[str, Any]:
    """An entry of a room's data file with what it takes from another that it is `like`.

    Raises:
        DeclarationError: nothing shared has that name.
    """
    if "like" not in entry:
        return entry
    own = dict(entry)
    name = own.pop("like")
    if name not in shared:
        told = unknown_name("shared entry", name, shared, see="papers/alike.yaml")
        raise DeclarationError(f"{source}: {told}")
    return shared[name] | own

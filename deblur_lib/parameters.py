"""Parameters of a notebook: read from its tagged cell, checked, turned into a request. No torch."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.plan import Request


def notebook_parameters(path: Path) -> dict[str, Any]:
    """Parameters of a notebook with their default values, read from its tagged cell.

    Raises:
        UsageError: not exactly one cell is tagged "parameters", or a default is no plain literal.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [one for one in cells if "parameters" in one["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise UsageError(f"{path.name} needs one cell tagged 'parameters', has {len(tagged)}")
    found: dict[str, Any] = {}
    for line in ast.parse("".join(tagged[0]["source"])).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            raise UsageError(f"{path.name}: the parameters cell may hold plain assignments only")
        found[line.targets[0].id] = ast.literal_eval(line.value)
    return found


def parse_settings(settings: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the texts of `--set key=value` into values of the type of each parameter's default.

    Text parameters take the text as it is; all others take a Python or JSON literal, so `false`,
    `False`, `null`, `1e-3` and `[0, 1]` mean what they look like.

    Raises:
        UsageError: a parameter that the notebook does not have, or a value of another type.
    """
    values: dict[str, Any] = {}
    for name, text in settings.items():
        _check_name(name, defaults)
        values[name] = text if isinstance(defaults[name], str) else _literal(name, text)
        check_type(name, values[name], defaults[name])
    return values


def _check_name(name: str, defaults: Mapping[str, Any]) -> None:
    if name not in defaults:
        raise UsageError(
            unknown_name("parameter", name, defaults, see="the notebook's parameters cell")
        )


def _literal(name: str, text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    raise UsageError(
        f"parameter {name} needs a number, true, false, a list or a mapping, got {text!r}"
    )


def check_type(name: str, value: Any, default: Any) -> None:
    """Refuse a value whose type is not that of the parameter's default.

    Raises:
        UsageError: says which type was needed and what came.
    """
    needed = type(default)
    fits = isinstance(value, needed) and not (needed is int and isinstance(value, bool))
    if not fits and not (needed is float and type(value) is int):
        raise UsageError(
            f"parameter {name} needs a value of type {needed.__name__} (default {default!r}), "
            f"got {value!r} of type {type(value).__name__}"
        )


REQUEST_FIELDS = (
    "profile", "device", "precision", "seeds", "train", "methods", "options", "recipe", "data",
    "roots", "sources", "checks",
)  # fmt: skip


def request_of(paper: str, parameters: Mapping[str, Any]) -> Request:
    """The request that a notebook with these parameters makes.

    Raises:
        UsageError: a seed that is no whole number, or a method or check that is no text.
    """
    fields = {name: parameters[name] for name in REQUEST_FIELDS if name in parameters}
    for name, kind in (("seeds", int), ("methods", str), ("checks", str)):
        if name in fields:
            for item in fields[name]:
                check_type(f"{name} item", item, kind())
            fields[name] = tuple(fields[name])
    return Request(paper=paper, **fields)


def complete(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook: those given, checked, and the defaults of the others."""
    defaults = notebook_parameters(source)
    for name, value in parameters.items():
        _check_name(name, defaults)
        check_type(name, value, defaults[name])
    return {**defaults, **parameters}

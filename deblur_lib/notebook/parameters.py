"""Parameters of a notebook: read from its tagged cell, checked, turned into a request. No torch."""

import ast
import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request


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
        values[name] = (
            text if isinstance(defaults[name], str) else plain(name, _literal(name, text))
        )
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
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    raise UsageError(
        f"parameter {name} needs a number, true, false, a list or a mapping, got {text!r}"
    )


def plain(name: str, value: Any) -> Any:
    """The same value in types of JSON alone, at every depth; sequences become lists.

    Nothing else goes into a cell of a notebook, where its text would be run.

    Raises:
        UsageError: another type, a key that is no text, a number that is not finite.
    """
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        return {key: plain(f"{name}.{key}", one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(f"{name} item", one) for one in value]
    if type(value) in (str, bool, int, type(None)):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise UsageError(
        f"parameter {name} needs text, finite numbers, true, false, null, or lists and mappings "
        f"(named by text) of these, got {value!r} of type {type(value).__name__}"
    )


HOW: dict[type, str] = {
    bool: "; from a shell: papermill -y '{0}: false', deblur reproduce --set {0}=false",
    list: "; from a shell: papermill -y '{0}: [a, b]', deblur reproduce --set '{0}=[\"a\", \"b\"]'",
    dict: "; from a shell: papermill -y '{0}: {{a: 1}}', deblur reproduce --set '{0}={{\"a\": 1}}'",
}


def check_type(name: str, value: Any, default: Any) -> None:
    """Refuse a value whose type is not that of the parameter's default.

    Raises:
        UsageError: says which type was needed and what came; for text in place of a list or a
            mapping, as papermill's -p gives, how to pass one.
    """
    needed = type(default)
    fits = isinstance(value, needed) and not (needed is int and isinstance(value, bool))
    if not fits and not (needed is float and type(value) is int):
        raise UsageError(
            f"parameter {name} needs a value of type {needed.__name__} (default {default!r}), "
            f"got {value!r} of type {type(value).__name__}"
            + (HOW.get(needed, "").format(name) if isinstance(value, str) else "")
        )


ITEMS = {
    "seeds": int, "methods": str, "options": dict, "roots": str, "sources": str, "checks": str,
    "released": str,
}  # fmt: skip


def request_of(paper: str, parameters: Mapping[str, Any]) -> Request:
    """The request that a notebook with these parameters makes.

    Relative folders in `roots` lie below the project root; weights in `released` are stored ones,
    by name, or files. Parameters that only the notebook knows
    are passed over.

    Raises:
        UsageError: a parameter or an item of one that is of another type.
    """
    fields: dict[str, Any] = {}
    for one in dataclasses.fields(Request):
        if one.name == "paper" or one.name not in parameters:
            continue
        default = getattr(Request(paper), one.name)
        ordered = isinstance(default, tuple)
        value = plain(one.name, parameters[one.name])
        check_type(one.name, value, [] if ordered else default)
        if one.name in ITEMS:
            for item in value.values() if isinstance(value, dict) else value:
                check_type(f"{one.name} item", item, ITEMS[one.name]())
        fields[one.name] = tuple(value) if ordered else value
    roots = fields.get("roots", {})
    fields["roots"] = {name: str(store.below_root(folder)) for name, folder in roots.items()}
    released = fields.get("released", {})
    fields["released"] = {row: str(store.released_file(name)) for row, name in released.items()}
    return Request(paper=paper, **fields)


def request_defaults() -> dict[str, Any]:
    """Parameters of a request with their default values, as a notebook's cell would hold them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(Request("")).items()
        if name != "paper"
    }


def complete(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook: those given, checked, and the defaults of the others."""
    defaults = notebook_parameters(source)
    given = {name: plain(name, value) for name, value in parameters.items()}
    for name, value in given.items():
        _check_name(name, defaults)
        check_type(name, value, defaults[name])
    return {**defaults, **given}

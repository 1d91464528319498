"""Declarations from plain data, and copies of them with some fields changed."""

import dataclasses
import json
from typing import Any, TypeVar, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from deblur_lib.errors import DeclarationError, unknown_name

T = TypeVar("T")


def parse(kind: Any, data: Any, *, source: str) -> Any:
    """Build a declaration from plain data (read from YAML or JSON), refusing what does not fit.

    Args:
        kind: a class of this module, or a typing form such as tuple[Claim, ...].
        data: mappings, lists and scalars.
        source: file or place named in the error.

    Raises:
        DeclarationError: an unknown key, a missing key or a value of the wrong type.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(
            f"{source}: {first['msg']} at {where or 'the top'}, got {first.get('input')!r}"
            f" ({error.error_count()} problem(s) in all); mend the declaration"
        ) from error


def misfit(kind: Any, value: Any) -> str:
    """Why a value is not of a type such as PositiveInt, in words; empty where it is."""
    try:
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return ""


def override(base: T, changes: dict[str, Any]) -> T:
    """Copy a declaration with some fields changed; unknown fields and wrong types are refused.

    Changes may be plain data as notebooks and the command line hold it: lists, mappings, scalars.

    Raises:
        DeclarationError: a field that the declaration does not have, or a wrong type.
    """
    names = {field.name for field in dataclasses.fields(base)}  # type: ignore[arg-type]
    for name in changes:
        if name not in names:
            raise DeclarationError(
                unknown_name(f"field of {type(base).__name__}", name, names, see="deblur_lib.spec")
            )
    stored = {name: getattr(base, name) for name in names}
    try:
        return TypeAdapter(type(base)).validate_json(to_json(stored | changes), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(
            f"{type(base).__name__}.{'.'.join(map(str, first['loc']))}: {first['msg']}, got "
            f"{first.get('input')!r}"
        ) from error


def extend(base: T, **changes: Any) -> T:
    """A declaration like another: mappings of settings join those of the base, the rest replaces.

    Mappings join key by key; where a field holds mappings by name, such as the options of each
    network in a profile, these join as well. A value inside settings, such as the losses of a
    recipe, is replaced whole.

    Raises:
        ValidationError: a field that the declaration does not have, or a wrong type.
    """
    kinds = {field.name: field.type for field in dataclasses.fields(base)}  # type: ignore[arg-type]
    joined = {
        name: _joined(kinds.get(name), getattr(base, name, None), value)
        for name, value in changes.items()
    }
    return dataclasses.replace(base, **joined)  # type: ignore[type-var]


def _joined(kind: Any, old: Any, new: Any) -> Any:
    if get_origin(kind) is not dict or not isinstance(old, dict) or not isinstance(new, dict):
        return new
    inner = get_args(kind)[1]
    return old | {key: _joined(inner, old.get(key), value) for key, value in new.items()}

"""Looking a network's variant up in a dict of parts, so that an ablation adds no branch."""

from collections.abc import Mapping
from typing import TypeVar

from deblur_lib.errors import UsageError, unknown_name

Part = TypeVar("Part")


def choose(option: str, name: str, parts: Mapping[str, Part]) -> Part:
    """The part that an option names.

    Args:
        option: name of the option, for the error ("gate").
        name: value of the option ("dfgb").
        parts: every value the option can take.

    Raises:
        UsageError: no part has that name (with the nearest known names).
    """
    if name not in parts:
        raise UsageError(unknown_name(f"choice of {option}", name, parts, see="the docstring"))
    return parts[name]

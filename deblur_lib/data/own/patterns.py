"""Patterns of names that say which pictures of a folder belong together. No torch.

"{id}_blur*|{id}_sharp*" pairs shots/7_blur_f8.png with shots/7_sharp.png. `{id}` stands for what
both names share, `{scene}` for the part (a folder, say) whose pictures must not be divided between
training and validation, `*` for anything but a slash. Suffixes are left out, letter case and the
Unicode form of letters do not count.
"""

import re

from deblur_lib.data.real.layouts import Layout
from deblur_lib.errors import UsageError

PARTS = {"id": r".+?", "scene": r"[^/]+?"}
EXAMPLE = '"{id}_blur*|{id}_sharp*"'


def read_pattern(pattern: str) -> tuple[Layout, dict[str, str]]:
    """A layout and the regular expressions of its fields.

    Raises:
        UsageError: not two sides, a side without {id}, a field that is not known.
    """
    sides = pattern.split("|")
    if len(sides) != 2:
        raise UsageError(f"a pattern needs a blurred and a sharp side, as {EXAMPLE}, got {pattern}")
    fields: dict[str, str] = {}
    blurred, sharp = (_template(side, number, fields) for number, side in enumerate(sides))
    if "{scene}" in sharp and "{scene}" not in blurred:
        raise UsageError(f"{{scene}} of the sharp side is not in the blurred one, got {pattern}")
    return Layout(pattern, blurred, sharp), fields


def _template(side: str, number: int, fields: dict[str, str]) -> str:
    """A side as `layouts` reads it; what its fields stand for goes into `fields`."""
    known = re.findall(r"\{([^{}]*)\}", side)
    if "id" not in known or not set(known) <= PARTS.keys():
        raise UsageError(
            f"each side of a pattern needs {{id}}, and may have {{scene}} and *, as {EXAMPLE}, got "
            f"{side!r}"
        )
    if len(known) != len(set(known)):
        raise UsageError(f"each field stands once in a side of a pattern, got {side!r}")
    fields |= {"frame": PARTS["id"]} | ({"scene": PARTS["scene"]} if "scene" in known else {})
    pieces = side.strip().replace("{id}", "{frame}").split("*")
    text = pieces[0]
    for count, piece in enumerate(pieces[1:]):
        name = f"any{number}{count}"
        fields[name] = r"[^/]*"
        text += f"{{{name}}}{piece}"
    return text

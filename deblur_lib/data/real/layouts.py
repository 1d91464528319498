"""How blurred and sharp pictures lie in a folder, and which belong together.

A layout is two templates of relative paths without suffix. `{split}` stands for the split's name,
`{scene}` and `{frame}` for parts that must agree between the two pictures of a pair. Pairs are made
by these names only, never by the position in a listing.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deblur_lib.data.pictures.headers import is_picture
from deblur_lib.errors import DataError

COUPLES = (
    ("blurred", "sharp"),
    ("blur", "sharp"),
    ("blur_gamma", "sharp"),
    ("input", "target"),
    ("input", "gt"),
    ("blur", "gt"),
    ("lq", "gt"),
)
FIELDS = {"scene": r"[^/]+", "frame": r".+"}


@dataclass(frozen=True)
class Layout:
    """One way to lay out pairs.

    Attributes:
        name: shown by `deblur data check`.
        blurred, sharp: templates of relative paths without suffix; letter case is ignored.
        shared: True when sharp pictures of other splits lie in the same folder.
    """

    name: str
    blurred: str
    sharp: str
    shared: bool = False


class Entry(NamedTuple):
    """One pair of files: its name in rows, its scene, two paths relative to the root."""

    name: str
    scene: str
    blurred: str
    sharp: str


@dataclass(frozen=True)
class Found:
    """What a layout finds in a folder.

    Attributes:
        layout: the layout that matched.
        entries: complete pairs, sorted by name.
        without_sharp, without_blurred: relative paths of pictures without a partner.
        doubled: relative paths that differ only in suffix, so that a name means two files.
        ignored: number of pictures that belong to no template.
        alike: names of the pairs whose two files differ in letter case or Unicode form.
    """

    layout: Layout
    entries: list[Entry]
    without_sharp: list[str]
    without_blurred: list[str]
    doubled: list[str]
    ignored: int
    alike: list[str] = field(default_factory=list)


def plain_layouts() -> tuple[Layout, ...]:
    """Layouts of a user's own folder, most common first."""
    flat = [Layout(f"{b}/ and {s}/", f"{b}/{{frame}}", f"{s}/{{frame}}") for b, s in COUPLES]
    nested = [
        Layout(
            f"<scene>/{b}/ and <scene>/{s}/", f"{{scene}}/{b}/{{frame}}", f"{{scene}}/{s}/{{frame}}"
        )
        for b, s in COUPLES
    ]
    return (*flat, *nested)


def list_pictures(root: Path) -> list[str]:
    """Relative paths of all pictures below a folder, sorted; hidden ones are left out.

    Folders that are links are followed.

    Raises:
        DataError: the folder does not exist.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; give the folder that holds the pictures")
    return sorted(
        path.relative_to(root).as_posix() for path in _walked(root, ()) if is_picture(path)
    )


def _walked(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """All files below a folder, linked folders included; one that leads back up is left out."""
    place = folder.resolve()
    if place in above:
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walked(path, (*above, place))
        else:
            yield path


def find(
    files: Sequence[str],
    layouts: Iterable[Layout],
    *,
    split: str = "",
    fields: Mapping[str, str] = FIELDS,
) -> Found | None:
    """The first layout that makes pairs; failing that, the first that knows any of the files.

    Args:
        files: relative paths, see `list_pictures`.
        layouts: candidates in order of preference.
        split: what `{split}` stands for.
        fields: regular expression of each other field.
    """
    partial: Found | None = None
    for layout in layouts:
        found = match(files, layout, split=split, fields=fields)
        if found.entries:
            return found
        if partial is None and (found.without_sharp or found.without_blurred):
            partial = found
    return partial


def match(
    files: Sequence[str], layout: Layout, *, split: str = "", fields: Mapping[str, str] = FIELDS
) -> Found:
    """Pair the files that fit one layout."""
    doubled: list[str] = []
    blurred = _side(files, layout.blurred, split, fields, doubled)
    sharp = _side(files, layout.sharp, split, fields, doubled)
    vaguer = min((blurred, layout.blurred), (sharp, layout.sharp), key=lambda one: len(one[1]))[0]
    for path in blurred.keys() & sharp.keys():
        del vaguer[path]  # it fits both sides
    names = [
        one for one in fields if f"{{{one}}}" in layout.sharp and f"{{{one}}}" in layout.blurred
    ]
    partners = _partners(blurred, sharp, names)
    pairs = [(_entry(values, path, partners[path]), path) for path, values in blurred.items()
             if path in partners]  # fmt: skip
    used = set(partners.values())
    return Found(
        layout,
        sorted(entry for entry, _ in pairs),
        sorted(blurred.keys() - partners.keys()),
        [] if layout.shared else sorted(sharp.keys() - used),
        sorted(doubled),
        len(files) - len(blurred.keys() | sharp.keys()) - len(doubled),
        sorted(
            entry.name
            for entry, path in pairs
            if _key(blurred[path], names) != _key(sharp[partners[path]], names)
        ),
    )


Fields = Mapping[str, Mapping[str, str]]  # fields of each file by its path


def _partners(blurred: Fields, sharp: Fields, names: Sequence[str]) -> dict[str, str]:
    """The sharp picture of each blurred one: of the same name, or the only one left alike."""
    exact = {_key(values, names): path for path, values in sharp.items()}
    keys = {path: _key(values, names) for path, values in blurred.items()}
    found = {path: exact[key] for path, key in keys.items() if key in exact}
    taken = set(found.values())
    left = {path: _folded(key) for path, key in keys.items() if path not in found}
    free = {path: _folded(_key(sharp[path], names)) for path in sharp if path not in taken}
    asked, given = Counter(left.values()), Counter(free.values())
    alike = {key: path for path, key in free.items() if given[key] == asked[key] == 1}
    return found | {path: alike[key] for path, key in left.items() if key in alike}


def _folded(key: tuple[str, ...]) -> tuple[str, ...]:
    """A key without letter case, its letters composed (NFC)."""
    return tuple(unicodedata.normalize("NFC", one).casefold() for one in key)


def from_list(lines: Iterable[str]) -> list[Entry]:
    """Pairs of a list file: "sharp-path blurred-path" on each line, as SRN and RealBlur write it.

    Raises:
        DataError: a line that does not hold two paths.
    """
    entries = []
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 2:
            raise DataError(
                f"line {number} of the list should hold a sharp and a blurred path, got {line!r}"
            )
        sharp, blurred = (part.replace("\\", "/") for part in parts)
        stem = blurred.rsplit(".", 1)[0]
        scene = next(
            (part for part in stem.split("/")[:-1][::-1] if part.lower() not in _SIDES), stem
        )
        frame = stem.split("/")[-1]
        entries.append(Entry(f"{scene}/{frame}" if scene != stem else stem, scene, blurred, sharp))
    return sorted(entries)


_SIDES = {name for couple in COUPLES for name in couple}


def _side(
    files: Sequence[str],
    template: str,
    split: str,
    fields: Mapping[str, str],
    doubled: list[str],
) -> dict[str, dict[str, str]]:
    """Fields of every file that fits a template; a second file of the same name is `doubled`."""
    pattern = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    pattern = pattern.replace("{split}", re.escape(split))
    for name, expression in fields.items():
        pattern = pattern.replace(f"{{{name}}}", f"(?P<{name}>{expression})")
    compiled = re.compile(pattern, re.IGNORECASE)
    found: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for path in files:
        stem = path.rsplit(".", 1)[0]
        fit = compiled.fullmatch(stem)
        if fit and stem in seen:
            doubled.append(path)
        elif fit:
            seen.add(stem)
            found[path] = fit.groupdict()
    return found


def _key(values: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(values[name] for name in names)


def _entry(values: Mapping[str, str], blurred: str, sharp: str) -> Entry:
    """Name and scene of a pair; without a scene field the folder of the frame is the scene."""
    frame = values.get("frame", "")
    if "scene" in values:
        name = f"{values['scene']}/{frame}" if frame else values["scene"]
        return Entry(name, values["scene"], blurred, sharp)
    return Entry(frame, frame.rpartition("/")[0] or frame, blurred, sharp)

"""Where each restoration goes: settled for all of them before the first one starts."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deblur_lib.restoring.sources import Source

KEPT = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}  # pictures of other formats become PNG
ALIKE = {".jpeg": ".jpg", ".tiff": ".tif"}  # two names of one format


@dataclass(frozen=True)
class Task:
    """A source and the place of its restoration.

    Attributes:
        source: what to restore.
        target: file of a picture or video, folder of frames.
        refusal: why nothing may be written there, empty where it may.
    """

    source: Source
    target: Path
    refusal: str


def settle(
    sources: Sequence[Source],
    out: Path,
    *,
    frames: bool = False,
    suffix: str = "",
    overwrite: bool = False,
    reserved: Iterable[str] = (),
    others: Iterable[Path] = (),
) -> list[Task]:
    """Give every source a target of its own, and refuse those that are one of the inputs.

    A source keeps its name where no other one has it. Those of one name keep the folders below the
    last one that they share; what differs in the suffix alone shows it (x.bmp.png); what is still
    alike, as names in another case on some disks, is numbered.

    Args:
        sources: all that is to be restored.
        out: folder of the results.
        frames: videos become folders of pictures.
        suffix: of all pictures (".png"); of each its own where it is empty and can be kept.
        overwrite: earlier results may be replaced, but never an input.
        reserved: names below `out` that no result gets.
        others: files that are not to be written over either.
    """
    names = [Path(_name(one, frames, suffix, whole=False)) for one in sources]
    for whole in (False, True):
        often = Counter(map(_key, names))
        alike = [often[_key(name)] > 1 for name in names]
        base = _shared([one for one, other in zip(sources, alike, strict=True) if other])
        for index, one in enumerate(sources):
            if alike[index]:
                name = _name(one, frames, suffix, whole=whole)
                names[index] = one.place.parent.relative_to(base) / name
    inputs = _identities([*(path for one in sources for path in one.files), *others])
    return [
        Task(one, out / name, _refusal(one, out / name, inputs, overwrite))
        for one, name in zip(sources, _numbered(names, reserved), strict=True)
    ]


def _name(source: Source, frames: bool, asked: str, *, whole: bool) -> str:
    """Name of a source's target; the whole name of the source is part of it where asked."""
    path, suffix = source.place, source.path.suffix.lower()
    if source.kind == "frames":
        return path.name or "frames"
    if source.kind == "video" and frames:
        return f"{path.stem}-{suffix[1:]}" if whole else path.stem
    photo = source.kind == "photo"
    made = (asked or ".png") if photo else ".mp4"
    same = ALIKE.get(suffix, suffix) == made if asked or not photo else suffix in KEPT
    if same:
        return path.name
    return f"{path.name if whole else path.stem}{made}"


def _shared(sources: Sequence[Source]) -> Path:
    """The last folder that lies above all of them."""
    return Path(os.path.commonpath([one.place.parent for one in sources])) if sources else Path()


def _key(name: Path) -> str:
    """The same for two names that some disk takes for one."""
    return unicodedata.normalize("NFC", str(name)).casefold()


def _numbered(names: Sequence[Path], reserved: Iterable[str]) -> list[Path]:
    kept, taken = {_key(Path(one)) for one in reserved}, set[str]()
    found = []
    for name in names:
        if _key(Path(name.parts[0])) in kept:
            name = Path(f"{name.parts[0]} (2)", *name.parts[1:])
        own, number = name, 2
        while _key(own) in taken:
            own, number = name.with_name(f"{name.stem} ({number}){name.suffix}"), number + 1
        taken.add(_key(own))
        found.append(own)
    return found


Identity = tuple[int, int]


def _identities(files: Iterable[Path]) -> dict[Identity, Path]:
    """Every input, and the folder of each, by what the disk knows it as."""
    pairs = [(identity, path) for path in files for place in (path.parent, path)
             if (identity := _identity(place))]  # fmt: skip
    return dict(pairs)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _refusal(source: Source, target: Path, inputs: dict[Identity, Path], overwrite: bool) -> str:
    identity = _identity(target)
    if identity is None:
        return ""
    if identity not in inputs:
        there = f"{source.path}: {target} is there already"
        return "" if overwrite else f"{there}; --overwrite replaces it, another --out keeps it"
    return (
        f"{source.path}: its restoration {target} would be written over the input "
        f"{inputs[identity]}; choose another --out"
    )

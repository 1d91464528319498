"""What a declared real set must hold: pairs, counts, picture size, kind of average. No torch."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deblur_lib.data.pictures.headers import read_header
from deblur_lib.data.real.averaging import Averaging
from deblur_lib.data.real.checks import Problem
from deblur_lib.data.real.layouts import Entry, Found, find
from deblur_lib.data.real.sources import Source


def find_source(source: Source, official: str, files: Sequence[str]) -> Found | None:
    """What a folder holds of one split of a declared set."""
    found = find(files, source.layouts, split=official, fields=source.fields)
    if found is None:
        return None
    entries = found.entries
    if source.scene_in_name:
        entries = [_renamed(entry, source.scene_in_name) for entry in entries]
    if source.test_scenes:
        test = official == "test"
        entries = [one for one in entries if (one.scene in source.test_scenes) == test]
        if test and source.reference:
            entries = [one for one in entries if one.name.split("/")[-1] != source.reference]
    return dataclasses.replace(found, entries=entries)


def _renamed(entry: Entry, pattern: str) -> Entry:
    fit = re.search(pattern, entry.name)
    return entry._replace(scene=fit.group(1)) if fit else entry


def count_problems(source: Source, official: str, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Differences from the official number of pairs, scene by scene where these are known."""
    wanted, scenes = source.counts[official], source.sequences.get(official, {})
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.scene] = found.get(entry.scene, 0) + 1
    if len(entries) == wanted and (not scenes or all(found.get(s) == scenes[s][0] for s in scenes)):
        return
    missing = [one for one in scenes if one not in found]
    other = [
        f"{one} has {found[one]} of {scenes[one][0] if one in scenes else 0}"
        for one in sorted(found)
        if scenes and found[one] != scenes.get(one, (0, 0))[0]
    ]
    details = ([f"missing scenes: {', '.join(missing)}"] if missing else []) + other
    yield Problem(
        "count",
        f"{source.id}/{official} should have {wanted} pairs, has {len(entries)}"
        + (f" ({'; '.join(details[:4])}{'; ...' if len(details) > 4 else ''})" if details else "")
        + "; complete the folder, or accept a part of it with the setting partial=True",
        missing,
    )


def size_problems(source: Source, root: Path, entries: Iterable[Entry]) -> Iterator[Problem]:
    """Pictures that do not have the official size."""
    if source.size is None:
        return
    other = []
    for entry in entries:
        header = read_header(root / entry.blurred)
        if (header.width, header.height) != source.size:
            other.append((entry.name, f"{header.width}x{header.height}"))
    if other:
        name, size = other[0]
        wanted = "x".join(map(str, source.size))
        yield Problem(
            "picture-size",
            f"{source.id} pictures are {wanted}, {len(other)} differ (first {name}: {size}); use "
            "the pictures of the official archive",
            [one for one, _ in other],
        )


def averaging_problems(source: Source, found: Averaging) -> Iterator[Problem]:
    """The other average than the declared one, or both mixed."""
    if found.kind == "mixed":
        yield Problem(
            "mixed-average",
            f"the folder mixes means of stored values and means in linear light: "
            f"{', '.join(found.odd[:3])} differ(s) from the others (mean q {found.q:.2f}); use one "
            "of GoPro's folders blur and blur_gamma for all scenes",
            found.odd,
        )
    elif found.kind not in (source.averaging, "undecided"):
        yield Problem(
            "other-average",
            f"{source.id} needs {source.averaging} averages, these pictures are {found.kind} (q "
            f"{found.q:.2f} over {found.pairs} pairs); open them as gopro-{found.kind}",
        )

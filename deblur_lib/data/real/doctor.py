"""What a folder of pictures is and everything that is wrong with it (`deblur data check`).

Problem codes: no-layout, missing-sharp, missing-blurred, double-name, count, unreadable, depth,
colour, rotated, size, picture-size, duplicate, small, identical, swapped, shifted,
mixed-average, other-average. No torch here.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deblur_lib.data.pictures.reading import read_rgb
from deblur_lib.data.real.averaging import averaging
from deblur_lib.data.real.checks import (
    Problem,
    crop_problems,
    header_problems,
    listing_problems,
    pixel_problems,
    spread,
)
from deblur_lib.data.real.layouts import Entry, Found, Layout, find, list_pictures, plain_layouts
from deblur_lib.data.real.official import (
    averaging_problems,
    count_problems,
    find_source,
    size_problems,
)
from deblur_lib.data.real.sources import GOPRO_COPIES, SOURCES, Source
from deblur_lib.errors import DataError
from deblur_lib.provenance import file_digest

DECODED = 1000  # pairs of which every picture is decoded; of larger folders, so many
UNFIT = ("unreadable", "depth", "colour", "rotated", "size")  # pixels cannot be compared
OWN_SPLITS = ("train", "validation", "val", "valid", "test")
Fields = dict[str, str]  # regular expressions of a layout's fields


@dataclass(frozen=True)
class FolderReport:
    """What a folder holds.

    Attributes:
        folder: where.
        data_id: declared set it is taken for, "" for own pictures.
        title, licence, page: of the declared set.
        layout: the layout that matched.
        counts: pairs found and expected (0 for own pictures) by split.
        averaging: kind, mean statistic q and pairs looked at; empty without pairs.
        notes: remarks that are no problems.
        problems: everything that should be mended.
        pictures: the two files of each pair, by its name.
    """

    folder: str
    data_id: str = ""
    title: str = "own pictures"
    licence: str = "yours to state"
    page: str = ""
    layout: str = ""
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    averaging: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, without the list of all pairs."""
        return {name: one for name, one in asdict(self).items() if name != "pictures"}

    def text(self) -> str:
        """The report for people."""
        lines = [f"folder    {self.folder}", f"data      {self.title}"]
        lines += [f"data id   {self.data_id}"] if self.data_id else []
        lines += [f"licence   {self.licence}" + (f" ({self.page})" if self.page else "")]
        lines += [f"layout    {self.layout or 'none known'}"]
        for split, (found, expected) in self.counts.items():
            lines.append(f"pairs     {split}: {found}" + (f" of {expected}" if expected else ""))
        if self.averaging:
            lines.append(
                f"average   {self.averaging['kind']} (q {self.averaging['q']:.2f} over "
                f"{self.averaging['pairs']} pairs; below 0.25 linear, above 0.5 gamma)"
            )
        lines += [f"note      {note}" for note in self.notes]
        lines += [f"problem   [{one.code}] {one.text}" for one in self.problems]
        return "\n".join([*lines, "" if self.problems else "no problems found"]).rstrip()


def check_folder(
    folder: Path, *, crop: int | None = None, named: tuple[Layout, Fields] | None = None
) -> FolderReport:
    """Look at a folder: layout, counts, kind of average, and every problem.

    Args:
        folder: a declared set in any of its layouts, or own pairs (blurred/ and sharp/, or such a
            couple in train/, validation/ and test/).
        crop: side that a training will cut, in pixels; None for none.
        named: layout of own pairs and what its fields stand for, in place of the known ones.

    Raises:
        DataError: the folder does not exist.
    """
    root = Path(folder)
    files = list_pictures(root)
    known = None if named else _recognise(files)
    report = _own(root, files, named) if known is None else _declared(root, files, *known)
    small = crop_problems(root, report.pictures, crop) if crop else ()
    return dataclasses.replace(report, problems=[*report.problems, *small])


def _declared(
    root: Path, files: Sequence[str], source: Source, parts: dict[str, Found]
) -> FolderReport:
    """Report on a data set that is known."""
    entries = [entry for found in parts.values() for entry in found.entries]
    layout = next(iter(parts.values())).layout
    problems: list[Problem] = []
    for split, found in parts.items():
        problems += [*listing_problems(found), *count_problems(source, split, found.entries)]
    inside = _file_problems(root, entries)
    problems += inside
    kind = None
    if not any(problem.code in UNFIT for problem in inside):
        problems += size_problems(source, root, entries)
        if source.averaging:
            kind = averaging(root, entries)
            if kind.kind == "gamma" and layout in GOPRO_COPIES:
                source = SOURCES["gopro-gamma"]  # copies do not tell by their folder names
            problems += averaging_problems(source, kind)
    alike = [name for found in parts.values() for name in found.alike]
    return FolderReport(
        str(root),
        source.id,
        source.title,
        source.licence,
        source.page,
        layout.name,
        {
            split: (len(parts[split].entries) if split in parts else 0, wanted)
            for split, wanted in source.counts.items()
        },
        {"kind": kind.kind, "q": kind.q, "pairs": kind.pairs} if kind else {},
        [*_notes(root, source, parts, files), *_alike_note(alike), *_decoded_note(entries)],
        problems,
        _files_of(entries),
    )


def _recognise(files: Sequence[str]) -> tuple[Source, dict[str, Found]] | None:
    """The declared set that explains most pictures, and what it finds of each split."""
    best: tuple[int, Source, dict[str, Found]] | None = None
    for source in SOURCES.values():
        if source.id in ("hide", "dvd") and not any(_telling(source, path) for path in files):
            continue  # their templates fit many folders
        parts = {split: find_source(source, split, files) for split in source.counts}
        found = {split: part for split, part in parts.items() if part and part.entries}
        total = sum(len(part.entries) for part in found.values())
        if total and (best is None or total > best[0]):
            best = (total, source, found)
    if best is None:
        return None
    return best[1], best[2]


def _telling(source: Source, path: str) -> bool:
    marks = {"hide": ("test-close-ups", "HIDE"), "dvd": ("quantitative_datasets",)}
    return any(mark in path for mark in marks[source.id])


def _own(
    root: Path, files: Sequence[str], named: tuple[Layout, Fields] | None = None
) -> FolderReport:
    """Report on a user's own pictures, with or without split folders."""
    groups = {
        split: [path for path in files if path.startswith(f"{split}/")] for split in OWN_SPLITS
    }
    groups = {split: some for split, some in groups.items() if some} or {"": list(files)}
    counts, layouts, problems, everything, alike = {}, [], [], [], list[str]()
    for split, some in groups.items():
        prefix = f"{split}/" if split else ""
        inside = [path.removeprefix(prefix) for path in some]
        found = (
            find(inside, [named[0]], fields=named[1]) if named else find(inside, plain_layouts())
        )
        if found is None or not (found.entries or found.without_sharp or found.without_blurred):
            wanted = named[0].name if named else "blurred/, sharp/, or the names of pairs (--pairs)"
            text = f"no blurred and sharp pictures known in {root / split}; needed {wanted}"
            problems.append(Problem("no-layout", text))
            continue
        entries = [
            one._replace(blurred=prefix + one.blurred, sharp=prefix + one.sharp)
            for one in found.entries
        ]
        counts[split or "all"] = (len(entries), 0)
        layouts.append(prefix + found.layout.name)
        problems += [*listing_problems(found), *_file_problems(root, entries)]
        everything += entries
        alike += found.alike
    readable = everything and not any(one.code in UNFIT for one in problems)
    kind = averaging(root, everything) if readable else None
    return FolderReport(
        str(root),
        layout="; ".join(layouts),
        counts=counts,
        averaging={"kind": kind.kind, "q": kind.q, "pairs": kind.pairs} if kind else {},
        notes=[*_alike_note(alike), *_decoded_note(everything)],
        problems=problems,
        pictures=_files_of(everything),
    )


def _files_of(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    return {entry.name: (entry.blurred, entry.sharp) for entry in entries}


def _file_problems(root: Path, entries: Sequence[Entry]) -> list[Problem]:
    """Problems inside the files: headers, every pixel, duplicates, statistics of a sample."""
    problems = list(header_problems(root, entries))
    bad = {name for problem in problems for name in problem.names}
    good = [entry for entry in entries if entry.name not in bad]
    for entry in spread(good, DECODED):
        try:
            for relative in (entry.blurred, entry.sharp):
                read_rgb(root / relative)
        except DataError as error:
            problems.append(Problem("unreadable", str(error), [entry.name]))
            bad.add(entry.name)
    good = [entry for entry in good if entry.name not in bad]
    return [*problems, *_duplicates(root, good), *pixel_problems(root, good)]


def _duplicates(root: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Blurred pictures that occur twice under different names."""
    sizes: dict[int, list[str]] = {}
    for path in sorted({entry.blurred for entry in entries}):
        sizes.setdefault((root / path).stat().st_size, []).append(path)
    first: dict[str, str] = {}
    double = []
    for paths in (some for some in sizes.values() if len(some) > 1):
        for path in paths:
            digest = file_digest(root / path)
            if first.setdefault(digest, path) != path:
                double.append(path)
    if double:
        example = f"{double[0]} = {first[file_digest(root / double[0])]}"
        yield Problem(
            "duplicate",
            f"{len(double)} blurred picture(s) stand under two names ({example}); keep one",
            double,
        )


def _notes(root: Path, source: Source, parts: dict[str, Found], files: Sequence[str]) -> list[str]:
    notes = [source.note] if source.note else []
    by_name = {entry.name: entry for found in parts.values() for entry in found.entries}
    for name, start in source.checksums.items():
        if name in by_name:
            content = (root / by_name[name].blurred).read_bytes()
            same = hashlib.md5(content, usedforsecurity=False).hexdigest().startswith(start)
            notes.append(f"{name} {'equals' if same else 'differs from'} the official file")
    ignored = min(found.ignored for found in parts.values())
    if ignored:
        notes.append(f"{ignored} of {len(files)} pictures belong to no pair of this set")
    return notes


def _alike_note(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [
        f"{len(names)} pair(s) differ in letter case or Unicode form of their names: {names[0]}"
    ]


def _decoded_note(entries: Sequence[Entry]) -> list[str]:
    if len(entries) <= DECODED:
        return []
    return [f"{DECODED} of {len(entries)} pairs were decoded, of the others only headers were read"]

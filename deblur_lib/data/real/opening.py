"""Opening real pictures: declared sets with all their checks, and a user's own folders."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from deblur_lib.data.generated.settings import SPLITS, Split
from deblur_lib.data.pairs import PairedImages, refuse
from deblur_lib.data.real.averaging import averaging
from deblur_lib.data.real.checks import Problem, header_problems, listing_problems, pixel_problems
from deblur_lib.data.real.layouts import Entry, list_pictures
from deblur_lib.data.real.official import (
    averaging_problems,
    count_problems,
    find_source,
    size_problems,
)
from deblur_lib.data.real.sources import SOURCES, Source
from deblur_lib.errors import DataError, RecordError, UsageError, unknown_name
from deblur_lib.records import read_json, write_json

OWN_SPLITS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
OWN_HELD_OUT = 10  # of a user's training scenes every tenth validates, if no folder is given


def open_source(
    data_id: str,
    split: Split,
    root: Path,
    *,
    partial: bool = False,
    held_out: Sequence[str] | None = None,
    cache: Path | None = None,
) -> PairedImages:
    """Open a declared real data set from the user's folder.

    Args:
        data_id: id of `SOURCES`.
        split: "train", "validation" or "test".
        root: folder that holds the set in one of its layouts.
        partial: accept missing scenes and pictures; `expected` still shows the official count.
        held_out: scenes that validate, the declared ones when None.
        cache: folder that remembers which folders passed the slow checks.

    Raises:
        DataError: no layout fits, wrong counts, missing partners, pictures of another size or kind,
            the wrong average (blur against blur_gamma) or both mixed, swapped or equal pictures.
    """
    source, root = SOURCES[data_id], Path(root)
    official = official_split(source, split)
    found = find_source(source, official, list_pictures(root))
    if found is None or not found.entries:
        tried = "; ".join(layout.name for layout in source.layouts)
        raise DataError(
            f"{root} holds no {official} pairs of {data_id}; layouts tried: {tried}. "
            f"See: deblur data check {root}"
        )
    refuse(root, listing_problems(found))
    if not partial:
        refuse(root, count_problems(source, official, found.entries))
    kept = _of_split(source, split, found.entries, held_out)
    pairs = PairedImages(
        root,
        kept.entries,
        data_id=f"{data_id}/{split}",
        expected=kept.expected,
        layout=found.layout.name,
    )
    if not len(pairs):
        raise DataError(
            f"{root} holds none of the {kept.what} of {data_id}/{split}; give other scenes with "
            "the setting `held_out`"
        )
    if not _passed(pairs, cache):
        refuse(root, slow_problems(source, pairs))
        _remember(pairs, cache)
    return pairs


def open_own(data_id: str, split: Split, root: Path) -> PairedImages:
    """Open a split of a user's folder: root/train, root/validation, root/test.

    A folder without such parts is one test split. Without a validation folder every tenth training
    scene validates and is left out of training.

    Raises:
        DataError: see `PairedImages.from_folder`; or the folder has no such split.
    """
    name = f"{data_id}/{split}"
    parts = {one: path for one in SPLITS if (path := _own_part(root, one)) is not None}
    if not parts and split == "test":
        return PairedImages.from_folder(root, data_id=name)
    if split in parts and not (split == "train" and "validation" not in parts):
        return PairedImages.from_folder(parts[split], data_id=name)
    if "train" not in parts or split == "test":
        raise DataError(
            f"{root} has no {split} folder; needed {root / OWN_SPLITS[split][0]} with blurred/ and "
            "sharp/ in it"
        )
    both = PairedImages.from_folder(parts["train"], data_id=name)
    scenes = sorted(set(both.scenes))
    held = set(scenes[OWN_HELD_OUT - 1 :: OWN_HELD_OUT] or scenes[-1:])
    if len(scenes) < 2:
        raise DataError(
            f"{parts['train']} holds a single scene, so nothing is left to validate on; add a "
            "validation folder beside it"
        )
    return both.subset(held if split == "validation" else set(scenes) - held, data_id=name)


def _own_part(root: Path, split: Split) -> Path | None:
    return next((root / one for one in OWN_SPLITS[split] if (root / one).is_dir()), None)


def official_split(source: Source, split: Split) -> str:
    """Name of a split in the set's own folders; validation comes out of "train" where it has none.

    Raises:
        DataError: the set has no such split.
    """
    inside = "val" if "val" in source.counts else "train"
    split_name = inside if split == "validation" else split
    if split_name not in source.counts:
        raise DataError(
            f"{source.id} has no {split} split with sharp pictures; it has "
            f"{', '.join(source.counts)}"
        )
    return split_name


@dataclasses.dataclass(frozen=True)
class _Kept:
    entries: list[Entry]
    expected: int
    what: str


def _of_split(
    source: Source, split: Split, entries: Sequence[Entry], held_out: Sequence[str] | None
) -> _Kept:
    """Entries and official count of a split after scenes are held out for validation."""
    official = official_split(source, split)
    wanted = source.counts[official]
    if split == "test" or official == "val" or (split == "train" and "val" in source.counts):
        return _Kept(list(entries), wanted, "pairs")
    held = set(source.held_out if held_out is None else held_out)
    known = source.sequences.get("train", {})
    for scene in held:
        if known and scene not in known:
            raise UsageError(unknown_name("training scene", scene, known, see=source.page))
    inside = [entry for entry in entries if entry.scene in held]
    away = sum(known[one][0] for one in held) if known else len(inside)
    if split == "validation":
        return _Kept(inside, away, f"held-out scenes {', '.join(sorted(held))}")
    return _Kept([one for one in entries if one.scene not in held], wanted - away, "scenes")


def slow_problems(source: Source, pairs: PairedImages) -> Iterator[Problem]:
    """Problems that need files opened: kinds, sizes, average, equal and swapped pictures."""
    before = 0
    for problem in header_problems(pairs.root, pairs.entries):
        before += 1
        yield problem
    if before:
        return
    yield from size_problems(source, pairs.root, pairs.entries)
    if source.averaging:
        yield from averaging_problems(source, averaging(pairs.root, pairs.entries))
    same_kinds = pixel_problems(pairs.root, pairs.entries)
    yield from (problem for problem in same_kinds if problem.code != "shifted")


def _passed(pairs: PairedImages, cache: Path | None) -> bool:
    if cache is None:
        return False
    try:
        stored = read_json(_marker(pairs, cache))
    except RecordError:
        return False
    return bool(stored == {"passed": pairs.fingerprint})


def _remember(pairs: PairedImages, cache: Path | None) -> None:
    if cache is not None:
        write_json(_marker(pairs, cache), {"passed": pairs.fingerprint})


def _marker(pairs: PairedImages, cache: Path) -> Path:
    return Path(cache) / "checked" / f"{pairs.data_id.replace('/', '-')}.json"

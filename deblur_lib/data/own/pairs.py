"""Pairs of a user's folder, gray and 16-bit ones included, and how they are divided."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile

from deblur_lib.data.generated.folders import pictures_of
from deblur_lib.data.generated.settings import Settings, Split
from deblur_lib.data.own.patterns import read_pattern
from deblur_lib.data.pairs import PairedImages, refuse
from deblur_lib.data.pictures.headers import Header, read_header, unfit
from deblur_lib.data.pictures.reading import U8, read_picture
from deblur_lib.data.real.checks import Problem, identical_files, listing_problems
from deblur_lib.data.real.layouts import Entry, Found, find, list_pictures, plain_layouts
from deblur_lib.data.real.opening import OWN_HELD_OUT, OWN_SPLITS
from deblur_lib.errors import DataError

TIFF = (".tif", ".tiff")
READ = ("RGB", "RGBA", "RGBX", "L", "LA", "P", "PA", "1", "I;16", "I;16B", "I;16L", "I")
BLURRED = re.compile(r"(?i)blur|(?<![a-z])(input|lq)(?![a-z])")
PAIRED = 0.25  # share of photographs with such names above which they are no sharp ones
IDENTICAL = 0.01  # share of equal pairs above which a folder is refused


def read_8bit(path: Path) -> U8:
    """A picture of a pair as (H, W, 3) uint8: gray in three channels, 16 bits rounded to 8.

    Raises:
        DataError: it cannot be read.
    """
    rgb = read_picture(path).rgb
    eight_bit: U8 = np.floor(rgb * 255 + np.float32(0.5)).astype(np.uint8)
    return eight_bit


def header_of(path: Path) -> Header:
    """Size and kind of a picture, TIFF files that Pillow does not open included.

    Raises:
        DataError: no picture, or one that no pair is made of.
    """
    try:
        found = read_header(path)
    except DataError:
        if path.suffix.lower() not in TIFF or not path.is_file():
            raise
        found = _deep(path)
    if found.rotated or found.mode not in READ or found.depth not in (8, 16):
        what = "turned by EXIF" if found.rotated else f"{found.mode} of {found.depth} bits"
        raise DataError(
            f"{path} is {what}; pairs need upright pictures of 8 or 16 bits, RGB or gray: make "
            "them with `deblur data prepare`"
        )
    return found


def _deep(path: Path) -> Header:
    try:
        with tifffile.TiffFile(path) as stack:
            page = stack.pages.first
            mode = "L" if page.samplesperpixel < 3 else "RGB"
            return Header(page.imagewidth, page.imagelength, mode, page.bitspersample, False)
    except Exception as error:  # whatever a damaged file leads the reader to
        raise DataError(f"{path} cannot be decoded ({error}); save it again") from error


class OwnPairs(PairedImages):
    """Pairs of picture files of any depth and with or without colour."""

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of a pair, from the header of its blurred picture."""
        header = header_of(self.root / self.entries[index].blurred)
        return header.height, header.width

    def read(self, index: int) -> tuple[U8, U8]:
        """Decode a pair, see `read_8bit`; errors as `PairedImages.read`."""
        entry = self.entries[index]
        blurred, sharp = (read_8bit(self.root / one) for one in (entry.blurred, entry.sharp))
        if blurred.shape != sharp.shape:
            raise DataError(f"{entry.name}: blurred and sharp have different sizes")
        return blurred, sharp

    def converted(self) -> list[str]:
        """Names of the pairs that are read as something else than they are stored as."""
        found = []
        for entry in self.entries:
            headers = [header_of(self.root / one) for one in (entry.blurred, entry.sharp)]
            if any(one.depth > 8 or one.mode not in ("RGB", "RGBA", "RGBX") for one in headers):
                found.append(entry.name)
        return found


class Parts(NamedTuple):
    """A folder of pairs, divided.

    Attributes:
        train, validation: the two parts.
        notes: what a reader should know.
    """

    train: OwnPairs
    validation: OwnPairs
    notes: tuple[str, ...]


def found_pairs(folder: Path, pattern: str = "") -> Found | None:
    """The pairs of a folder by a pattern of names or in one of the usual layouts; None for none."""
    files = list_pictures(folder)
    if not pattern:
        return find(files, plain_layouts())
    layout, fields = read_pattern(pattern)
    found = find(files, [layout], fields=fields)
    if found is None or not found.entries:
        shown = ", ".join(files[:3])
        raise DataError(
            f"{folder}: no pictures pair by {pattern} among {len(files)} ({shown}); mend --pairs"
        )
    return found


def holds_pairs(folder: Path) -> bool:
    """Whether a folder, or its part for training, holds pairs in one of the usual layouts."""
    found = found_pairs(_part(folder, "train") or folder)
    return found is not None and bool(found.entries or found.without_sharp)


def open_pairs(folder: Path, name: str, pattern: str = "") -> Parts:
    """Open and check a folder of pairs, divided into training and validation.

    Folders train/ and validation/ (val/, valid/) are taken as they are. Otherwise every tenth
    scene validates; pairs of one scene are cut in two, the last tenth validates.

    Args:
        folder: where the pairs are.
        name: of the pictures, in records.
        pattern: see `patterns`; "" for the usual layouts.

    Raises:
        DataError: missing partners, sizes that differ, pictures that cannot be read, no pairs.
        UsageError: a pattern that is none.
    """
    learnt, held = _part(folder, "train"), _part(folder, "validation")
    train = _checked(learnt or folder, f"{name}/train", pattern)
    notes = []
    if learnt and held:
        validation = _checked(held, f"{name}/validation", pattern)
    else:
        train, validation, how = _divided(train, name)
        notes.append(how)
    for part in (train, validation):
        converted = part.converted()
        if converted:
            notes.append(f"{len(converted)} pair(s) of {part.data_id} were read as 8-bit RGB")
    return Parts(train, validation, tuple(notes))


def open_whole(folder: Path, name: str) -> OwnPairs:
    """A folder of pairs that is not divided: its part for tests, or all of it; as `open_pairs`."""
    return _checked(_part(folder, "test") or folder, name, "")


def check_photographs(settings: Settings) -> None:
    """Refuse a folder of sharp photographs with files that cannot serve.

    Raises:
        DataError: see `folders.pictures_of`; pictures that are not upright 8-bit RGB, or whose
            names speak of pairs: blurred ones would be taken for sharp.
    """
    every = list_pictures(Path(settings.photographs)) if settings.photographs else []
    blurred = [one for one in every if BLURRED.search(Path(one).stem)]
    if blurred and len(blurred) >= PAIRED * len(every):
        raise DataError(
            f"{len(blurred)} of {len(every)} photographs in {settings.photographs} are called as "
            f"blurred ones are, first {blurred[0]}; give the names of pairs in --pairs, or sharp "
            "photographs alone"
        )
    splits: tuple[Split, ...] = ("train", "validation")
    for split in splits:
        for path in pictures_of(settings, split) or ():
            refusal = unfit(read_header(path))
            if refusal:
                raise DataError(f"{path}: {refusal[1]}")


def _part(folder: Path, split: Split) -> Path | None:
    names = OWN_SPLITS[split]
    return next((folder / one for one in names if (folder / one).is_dir()), None)


def _checked(folder: Path, data_id: str, pattern: str) -> OwnPairs:
    found = found_pairs(folder, pattern)
    if found is None or not found.entries:
        raise DataError(
            f"{folder} holds no pairs; needed blurred/ and sharp/ with equal file names in it, or "
            "the names' pattern in --pairs"
        )
    refuse(folder, listing_problems(found))
    refuse(folder, _file_problems(folder, found.entries))
    return OwnPairs(folder, named_once(found.entries), data_id=data_id, layout=found.layout.name)


def _file_problems(folder: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        try:
            one, other = (header_of(folder / path) for path in (entry.blurred, entry.sharp))
        except DataError as error:
            yield Problem("unreadable", str(error), [entry.name])
            continue
        if one[:2] != other[:2]:
            text = "{}: blurred is {}x{}, sharp is {}x{}; a pair needs one size"
            yield Problem("size", text.format(entry.name, *one[:2], *other[:2]), [entry.name])
    same = identical_files(folder, entries)
    if len(same) > IDENTICAL * len(entries):
        text = f"{len(same)} pairs hold the same file twice, first {same[0]}"
        yield Problem("identical", text, same)


def named_once(entries: Sequence[Entry]) -> list[Entry]:
    """Entries whose names are all different: several blurred pictures may share a sharp one."""
    names = [entry.name for entry in entries]
    if len(set(names)) == len(names):
        return list(entries)
    return [one._replace(name=one.blurred.rpartition(".")[0]) for one in entries]


def _divided(pairs: OwnPairs, name: str) -> tuple[OwnPairs, OwnPairs, str]:
    scenes = sorted(set(pairs.scenes))
    if len(scenes) > 1:
        held = set(scenes[OWN_HELD_OUT - 1 :: OWN_HELD_OUT] or scenes[-1:])
        kept = set(scenes) - held
        how = f"{len(held)} of {len(scenes)} scenes validate"
        parts = [
            pairs.subset(some, data_id=f"{name}/{part}")
            for some, part in ((kept, "train"), (held, "validation"))
        ]
        return parts[0], parts[1], how
    count = max(1, len(pairs) // OWN_HELD_OUT)
    if len(pairs) < 2:
        raise DataError(f"{pairs.root} holds one pair; at least two are needed, one validates")
    entries = [one._replace(scene=one.name) for one in pairs.entries]
    train = pairs.kept(entries[:-count], data_id=f"{name}/train")
    how = f"the last {count} of {len(pairs)} pairs validate, of the scene that is trained on"
    return train, pairs.kept(entries[-count:], data_id=f"{name}/validation"), how

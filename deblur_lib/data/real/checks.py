"""Checks of paired pictures: each problem has its own code and says what to do. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from deblur_lib.data.pictures.headers import read_header, unfit
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.data.real.layouts import Entry, Found
from deblur_lib.errors import DataError

T = TypeVar("T")
SHOWN = 3  # names printed for a problem
SAMPLE = 12  # pairs whose pixels are looked at
IDENTICAL = 0.01  # share of equal pairs above which a folder is refused


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a folder.

    Attributes:
        code: stable name of the kind ("missing-sharp").
        text: what was needed, what came, what to do.
        names: the pairs or files concerned.
    """

    code: str
    text: str
    names: list[str] = field(default_factory=list)


def listing_problems(found: Found) -> Iterator[Problem]:
    """Missing partners, double names and names that are no text; no file is opened."""
    garbled = garbled_names([one.blurred for one in found.entries])
    if garbled:
        text = f"{len(garbled)} name(s) are no UTF-8: {_some(garbled)}; rename the files"
        yield Problem("garbled-name", text, garbled)
    for code, names, text in (
        ("missing-sharp", found.without_sharp, "blurred picture(s) have no sharp partner"),
        ("missing-blurred", found.without_blurred, "sharp picture(s) have no blurred partner"),
        ("double-name", found.doubled, "picture(s) share their name with another file type"),
    ):
        if names:
            yield Problem(code, f"{len(names)} {text}: {_some(names)}; add or remove them", names)


def garbled_names(names: Sequence[str]) -> list[str]:
    """Names that are no UTF-8 and could not be stored with their scores, readable ones left out."""
    readable = {name: name.encode(errors="backslashreplace").decode() for name in names}
    return [shown for name, shown in readable.items() if shown != name]


def header_problems(root: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Unreadable files, wrong kinds and differing sizes; only headers are read.

    Pictures of one wrong kind are one problem.
    """
    kinds: dict[tuple[str, str], dict[str, str]] = {}  # of each wrong kind: pictures, their pairs
    for entry in entries:
        headers = []
        for relative in (entry.blurred, entry.sharp):
            try:
                header = read_header(root / relative)
            except DataError as error:
                yield Problem("unreadable", str(error), [entry.name])
                break
            refusal = unfit(header)
            if refusal:
                kinds.setdefault(refusal, {})[relative] = entry.name
                break
            headers.append(header)
        else:
            (width, height), (other_width, other_height) = (one[:2] for one in headers)
            if (width, height) != (other_width, other_height):
                yield Problem(
                    "size",
                    f"{entry.name}: blurred is {width}x{height}, sharp is "
                    f"{other_width}x{other_height}; a pair needs one size",
                    [entry.name],
                )
    for (code, why), some in kinds.items():
        text = f"{len(some)} picture(s), {_some([*some])}: {why}"
        yield Problem(code, text, list(some.values()))


def crop_problems(
    root: Path, pictures: Mapping[str, tuple[str, str]], crop: int
) -> Iterator[Problem]:
    """Blurred pictures that a square of `crop` pixels does not fit into."""
    small = []
    for name, (blurred, _) in pictures.items():
        with suppress(DataError):  # told as unreadable
            if min(read_header(root / blurred)[:2]) < crop:
                small.append(name)
    if small:
        yield Problem(
            "small",
            f"{len(small)} picture(s) are smaller than the crops of {crop}x{crop}: {_some(small)}; "
            "train on smaller crops, or take them out",
            small,
        )


def identical_files(root: Path, entries: Sequence[Entry]) -> list[str]:
    """Names of the pairs whose two files are equal byte for byte."""
    same = []
    for entry in entries:
        blurred, sharp = root / entry.blurred, root / entry.sharp
        equal_size = blurred.stat().st_size == sharp.stat().st_size
        if equal_size and blurred.read_bytes() == sharp.read_bytes():
            same.append(entry.name)
    return same


def pixel_problems(root: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Identical, swapped and shifted pictures, judged from the pixels of a sample."""
    same, sharper, shifts, looked = list(identical_files(root, entries)), 0, [], 0
    for entry in spread(entries, SAMPLE):
        try:
            blurred, sharp = read_rgb(root / entry.blurred), read_rgb(root / entry.sharp)
        except DataError as error:
            yield Problem("unreadable", str(error), [entry.name])
            continue
        if np.array_equal(blurred, sharp):
            same.append(entry.name)
            continue
        if blurred.shape == sharp.shape:
            looked += 1
            sharper += detail(blurred) > 1.02 * detail(sharp)
            shifts.append(shift(blurred, sharp))
    same = sorted(set(same))
    if len(same) > IDENTICAL * len(entries):
        yield Problem(
            "identical",
            f"{len(same)} of {len(entries)} pairs hold the same picture twice: {_some(same)}; "
            "put the blurred pictures in place",
            same,
        )
    if looked and sharper > 0.7 * looked:
        yield Problem(
            "swapped",
            f"in {sharper} of {looked} pairs looked at the blurred picture is the sharper one; "
            "exchange the two folders",
        )
    yield from _shifted(shifts)


def _shifted(shifts: list[tuple[float, float]]) -> Iterator[Problem]:
    if len(shifts) < 4:
        return
    rows, columns = np.median(shifts, axis=0)
    agree = np.mean(np.max(np.abs(np.array(shifts) - (rows, columns)), axis=1) <= 1)
    if max(abs(rows), abs(columns)) >= 0.75 and agree >= 0.7:
        yield Problem(
            "shifted",
            f"blurred pictures stand {rows:+.1f} rows and {columns:+.1f} columns from the sharp "
            f"ones in most of {len(shifts)} pairs looked at; align them, or scores mean nothing",
        )


def spread(items: Sequence[T], count: int) -> list[T]:
    """Up to `count` items, evenly spread over the sequence."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[place] for place in places]


def detail(picture: U8) -> float:
    """Mean absolute gradient of the picture at half size, in grey levels; noise hardly counts."""
    gray = picture.mean(axis=2, dtype=np.float32)
    height, width = (side // 2 * 2 for side in gray.shape)
    half = gray[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    rows, columns = np.abs(np.diff(half, axis=0)), np.abs(np.diff(half, axis=1))
    return float((rows.sum() + columns.sum()) / max(rows.size + columns.size, 1))


def shift(blurred: U8, sharp: U8, *, side: int = 512) -> tuple[float, float]:
    """Displacement of the blurred picture against the sharp one, in whole pixels.

    Peak of the circular cross-correlation of the gradients of the centre crop.

    Returns:
        Rows and columns, each within a quarter of the crop.
    """
    planes = []
    for picture in (blurred, sharp):
        height, width = (min(side, length) for length in picture.shape[:2])
        top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        gray = picture[top : top + height, left : left + width].mean(axis=2, dtype=np.float32)
        edges = gray - gaussian_filter(gray, 3)
        window = np.hanning(height)[:, None] * np.hanning(width)
        planes.append(np.fft.rfft2(edges * window))
    peak: npt.NDArray[np.float64] = np.fft.irfft2(planes[0] * planes[1].conj(), (height, width))
    row, column = np.unravel_index(int(peak.argmax()), peak.shape)
    return (
        float(row - height if row > height // 2 else row),
        float(column - width if column > width // 2 else column),
    )


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]).encode(errors="backslashreplace").decode() + rest

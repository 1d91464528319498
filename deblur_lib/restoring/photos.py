"""Restore one photograph of any kind; it comes out with all that it came with but the blur."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from deblur_lib.data.pictures.reading import Picture, read_picture
from deblur_lib.data.pictures.writing import bands, write_picture
from deblur_lib.evaluation.restore import Tile, restore
from deblur_lib.files import atomic
from deblur_lib.nn import Deblurrer
from deblur_lib.restoring.keeping import TOLD, keeps
from deblur_lib.weights.keeping import Keeping

DRIFT = 0.1  # largest change of a channel's mean that a restoration should make
FLAT = 0.2  # of the deviation before, below which a result is told to be flat
DEEPEST = {".png": 16, ".jpg": 8, ".jpeg": 8}  # bits per channel that a format holds
Keep = Callable[[Picture, Picture], None]


def restore_photo(
    network: Deblurrer,
    path: Path,
    target: Path,
    *,
    tile: Tile = "auto",
    keep: Keep | None = None,
    keeping: Keeping | None = None,
    bars: bool = True,
) -> list[str]:
    """Restore a picture file, keeping depth, gray, alpha, profile, details and date.

    A picture that the card says is to be left alone comes out as it went in, byte for byte where
    the format stays.

    Args:
        network: on the device.
        path: the picture.
        target: file to write.
        tile: see `evaluation.restore`.
        keep: given the picture before and after.
        keeping: which pictures are left alone; none where it is None.
        bars: show a progress bar over the tiles of a large picture.

    Returns:
        What a user should know about it.

    Raises:
        DataError: a picture that cannot be read or kept.
        EvaluationError: it cannot be restored.
        RecordError: the disk is full or the folder cannot be written.
    """
    notes: list[str] = []
    picture = read_picture(path)
    most = DEEPEST.get(target.suffix.lower(), picture.depth)
    if picture.depth > most:
        notes.append(f"{picture.depth} bits became {most}, as many as {target.suffix} holds")
    bar = path.name if bars else ""
    restored = restore_picture(network, picture, tile=tile, say=notes.append, bar=bar)
    left = keeps(keeping, picture.rgb, restored.rgb)
    if left:
        restored = picture
    if left and path.suffix.lower() == target.suffix.lower():
        with atomic(target) as place:
            shutil.copyfile(path, place)
        notes = []
    else:
        write_picture(target, replace(restored, depth=min(picture.depth, most)))
        notes = [*picture.notes, *notes]
    dated(path, target)
    if keep is not None:
        keep(picture, restored)
    return [*notes, *([TOLD] if left else suspicions(picture, restored))]


def dated(path: Path, target: Path) -> None:
    """Give a result the date of its source, by which albums sort what tells no other."""
    times = path.stat()
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def restore_picture(
    network: Deblurrer,
    picture: Picture,
    *,
    tile: Tile = "auto",
    say: Callable[[str], None],
    bar: str = "",
) -> Picture:
    """Restore one photograph; alpha, profile and details go around the network."""
    blurred = torch.from_numpy(picture.rgb).permute(2, 0, 1)[None]
    restored = restore(network, blurred, tile=tile, say=say, bar=bar).clamp_(0, 1)
    rgb = restored[0].permute(1, 2, 0).numpy()
    if picture.gray:
        rgb = np.broadcast_to(rgb.mean(axis=2, keepdims=True), rgb.shape)
    return picture.with_rgb(rgb)


def suspicions(before: Picture, after: Picture) -> list[str]:
    """Signs that a restoration went wrong: a colour cast, a flat result, or no change at all."""
    sums = np.zeros((2, 2, 3))  # before and after; of the values and of their squares
    change = 0.0
    for rows in bands(len(before.rgb)):
        both = [one.rgb[rows].astype(np.float64) for one in (before, after)]
        for side, values in enumerate(both):
            sums[side] += values.sum(axis=(0, 1)), np.square(values).sum(axis=(0, 1))
        change += float(np.abs(both[1] - both[0]).sum())
    means, squares = np.moveaxis(sums / (before.rgb.size / 3), 1, 0)
    spread = np.sqrt(np.maximum(squares.mean(axis=1) - np.square(means.mean(axis=1)), 0))
    found = []
    if (cast := float(np.abs(means[1] - means[0]).max())) > DRIFT:
        found.append(f"warning: a channel's mean moved by {cast:.2f}")
    if spread[1] < FLAT * spread[0]:
        found.append("warning: the result is nearly flat")
    if change / before.rgb.size < 0.5 / 255:
        found.append("hardly changed: the network sees no blur it knows")
    return found

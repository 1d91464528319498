"""Restore one photograph of any kind; it comes out with the depth, alpha and profile it had."""

from collections.abc import Callable
from pathlib import Path

import torch

from deblur_lib.data.pictures.reading import Picture, read_picture, write_picture
from deblur_lib.evaluation.restore import Tile, restore
from deblur_lib.nn import Deblurrer

DRIFT = 0.1  # largest change of a channel's mean that a restoration should make


def restore_photo(
    network: Deblurrer, path: Path, target: Path, device: torch.device, *, tile: Tile = "auto"
) -> list[str]:
    """Restore a picture file, keeping depth, gray, alpha and profile.

    Args:
        network: on the device.
        path: the picture.
        target: file to write.
        device: where to compute.
        tile: see `evaluation.restore`.

    Returns:
        What a user should know about it.

    Raises:
        DataError: a picture that cannot be read or kept.
        EvaluationError: it cannot be restored.
        RecordError: the disk is full or the folder cannot be written.
    """
    notes: list[str] = []
    picture = read_picture(path)
    restored = restore_picture(network, picture, device, tile=tile, say=notes.append)
    write_picture(target, restored)
    return [*restored.notes, *notes, *suspicions(picture, restored)]


def restore_picture(
    network: Deblurrer,
    picture: Picture,
    device: torch.device,
    *,
    tile: Tile = "auto",
    say: Callable[[str], None],
) -> Picture:
    """Restore one photograph; alpha and profile go around the network."""
    blurred = torch.from_numpy(picture.rgb).permute(2, 0, 1)[None].to(device)
    restored = restore(network, blurred, tile=tile, say=say).clamp(0, 1)
    rgb = restored[0].permute(1, 2, 0).cpu().numpy()
    if picture.gray:
        rgb = rgb.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return picture.with_rgb(rgb)


def suspicions(before: Picture, after: Picture) -> list[str]:
    """Signs that a restoration went wrong: a colour cast, a flat result, or no change at all."""
    found = []
    cast = float(abs(after.rgb.mean(axis=(0, 1)) - before.rgb.mean(axis=(0, 1))).max())
    if cast > DRIFT:
        found.append(f"warning: a channel's mean moved by {cast:.2f}")
    if after.rgb.std() < 0.2 * before.rgb.std():
        found.append("warning: the result is nearly flat")
    if float(abs(after.rgb - before.rgb).mean()) < 0.5 / 255:
        found.append("hardly changed: the network sees no blur it knows")
    return found

"""Restore photographs of any kind with a stored checkpoint; one bad file never stops the others."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from deblur_lib.data.pictures.reading import Picture, read_picture, write_picture
from deblur_lib.devices import resolve_device
from deblur_lib.errors import DataError, DeblurError
from deblur_lib.evaluation.restore import restore
from deblur_lib.nn import Deblurrer
from deblur_lib.weights.checkpoint import open_network

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
DRIFT = 0.1  # largest change of a channel's mean that a restoration should make


def restore_files(
    inputs: Sequence[str],
    weights: Path,
    out: Path,
    *,
    device: str = "auto",
    tile: int | None = None,
    say: Callable[[str], None] = print,
) -> tuple[int, int]:
    """Restore files, folders and patterns into a folder, keeping depth, gray, alpha and profile.

    Args:
        inputs: files, folders (their pictures, not deeper) or glob patterns.
        weights: checkpoint written by a run of this suite.
        out: folder for the results; same names, never the inputs' own folder.
        device: auto, cpu, cuda or mps.
        tile: side of tiles for pictures that do not fit in memory.
        say: receives one line per picture.

    Returns:
        How many pictures were written and how many failed.

    Raises:
        DataError: the output folder holds the inputs.
        CheckpointError: the checkpoint cannot be used.
    """
    paths = find_pictures(inputs)
    network, card = open_network(weights)
    if network.clip_length != 1:
        raise DataError(
            f"{card.network} restores clips of {network.clip_length} frames, not photos; give a "
            "video or a folder of its frames"
        )
    place = resolve_device(device)
    network = network.to(place)
    done = failed = 0
    for path in tqdm(paths, unit="picture", disable=len(paths) < 2):
        try:
            target = _target(path, out)
            picture = read_picture(path)
            restored = restore_picture(network, picture, place, tile=tile)
            write_picture(target, restored)
        except DeblurError as error:
            failed += 1
            say(f"failed: {error}")
        else:
            done += 1
            notes = "; ".join((*restored.notes, *suspicions(picture, restored)))
            say(f"{path} -> {target}" + (f" ({notes})" if notes else ""))
    if not paths:
        say(f"nothing matched {', '.join(inputs)}; give pictures ({', '.join(sorted(SUFFIXES))})")
    return done, failed


def find_pictures(inputs: Sequence[str]) -> list[Path]:
    """Pictures named by files, folders and patterns, each once, in order."""
    found: list[Path] = []
    for item in inputs:
        path = Path(item)
        if path.is_dir():
            found += sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        elif path.exists():
            found.append(path)
        else:
            anchor = Path(path.anchor) if path.is_absolute() else Path()
            pattern = str(path.relative_to(anchor)) if path.is_absolute() else item
            found += sorted(anchor.glob(pattern))
    return list(dict.fromkeys(found))


def _target(path: Path, out: Path) -> Path:
    target = out / path.name
    if target.exists() and target.samefile(path):
        raise DataError(f"{path} would be overwritten by its own restoration; choose another --out")
    suffix = path.suffix.lower()
    return target if suffix in {".png", ".jpg", ".jpeg", ".tif", ".tiff"} else (
        target.with_suffix(".png")
    )  # fmt: skip


def restore_picture(
    network: Deblurrer, picture: Picture, device: torch.device, *, tile: int | None = None
) -> Picture:
    """Restore one photograph; alpha and profile go around the network."""
    blurred = torch.from_numpy(picture.rgb).permute(2, 0, 1)[None].to(device)
    restored = restore(network, blurred, tile=tile).clamp(0, 1)
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

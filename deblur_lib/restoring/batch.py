"""Restore all that some arguments name; one bad input never stops the others."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from deblur_lib.devices import resolve_device
from deblur_lib.errors import DataError, DeblurError, UsageError
from deblur_lib.evaluation.restore import Tile
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.restoring.photos import restore_photo
from deblur_lib.restoring.sources import find
from deblur_lib.restoring.targets import Task, settle
from deblur_lib.restoring.videos import restore_video
from deblur_lib.weights.checkpoint import open_network

Say = Callable[[str], None]


def restore_inputs(
    inputs: Sequence[str],
    weights: Path,
    out: Path,
    *,
    device: str = "auto",
    tile: Tile = "auto",
    frames: bool = False,
    say: Say = print,
) -> tuple[int, int]:
    """Restore pictures, videos and folders of either into a folder.

    All targets are settled before anything is restored: each input has one of its own, and none is
    an input. A network for clips takes the pictures of a folder as the frames of one clip.

    Args:
        inputs: files, folders (what lies in them, not deeper) or patterns.
        weights: checkpoint written by a run of this suite.
        out: folder for the results.
        device: auto, cpu, cuda or mps.
        tile: see `evaluation.restore`.
        frames: videos become folders of PNG files, which lose nothing.
        say: receives one line per input, and what a user should know.

    Returns:
        How many inputs were restored, and how many failed or are not there.

    Raises:
        UsageError: the inputs name nothing that is there, or `out` cannot be written; nothing was
            started.
        CheckpointError: the checkpoint cannot be used.
    """
    network, card = open_network(weights)
    place = resolve_device(device)
    found = find(inputs, clips=network.clip_length > 1)
    if not found.sources:
        raise UsageError("nothing to restore: " + "; ".join(found.failed or ["no input is given"]))
    _prepare(out)
    for note in found.notes:
        say(note)
    for reason in found.failed:
        say(f"failed: {reason}")
    tasks = settle(found.sources, out, frames=frames, others=[weights])
    network = network.to(place)
    if isinstance(network, EstimatingDeblurrer):
        network.shows_bar = len(tasks) == 1 and tasks[0].source.kind == "photo"  # takes minutes
    done = 0
    for task in tqdm(tasks, unit="input", disable=len(tasks) < 2):
        try:
            line = _restore(task, network, card.network, place, tile=tile, frames=frames, say=say)
        except DeblurError as error:
            say(f"failed: {error}")
        except Exception as error:  # whatever a hostile file leads a decoder to
            say(f"failed: {task.source.path} ({type(error).__name__}: {error})")
        else:
            done += 1
            say(line)
    return done, len(tasks) + len(found.failed) - done


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UsageError(
            f"{out} cannot take results ({error.strerror}); choose another --out"
        ) from error


def _restore(
    task: Task,
    network: Deblurrer,
    name: str,
    device: torch.device,
    *,
    tile: Tile,
    frames: bool,
    say: Say,
) -> str:
    """Restore one input; returns the line that tells of it."""
    source = task.source
    if task.refusal:
        raise DataError(task.refusal)
    if source.kind == "photo":
        if network.clip_length > 1:
            raise DataError(
                f"{source.path}: {name} restores clips of {network.clip_length} frames, not "
                "photos; give a video or a folder of its frames"
            )
        notes = restore_photo(network, source.path, task.target, device, tile=tile)
    else:
        pictures = frames or source.kind == "frames"
        notes = restore_video(
            network, source.path, task.target, device, tile=tile, pictures=pictures, say=say
        )
    return f"{source.path} -> {task.target}" + (f" ({'; '.join(notes)})" if notes else "")

"""Restore all that some arguments name; one bad input never stops the others."""

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from deblur_lib.devices import resolve_device, resolve_precision
from deblur_lib.errors import DataError, DeblurError, UsageError
from deblur_lib.evaluation.restore import Say, Tile
from deblur_lib.files import sweep
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.restoring.comparing import NAME, Comparison, comparison
from deblur_lib.restoring.keeping import TOLD
from deblur_lib.restoring.photos import restore_photo
from deblur_lib.restoring.precision import shorten
from deblur_lib.restoring.sources import Found, find
from deblur_lib.restoring.targets import Task, settle
from deblur_lib.restoring.videos import restore_video
from deblur_lib.weights.checkpoint import open_network
from deblur_lib.weights.keeping import Keeping
from deblur_lib.weights.shipped import shipped


@dataclass(frozen=True)
class Wishes:
    """How results should be.

    Attributes:
        tile: see `evaluation.restore`.
        frames: videos become folders of PNG files, which lose nothing.
        suffix: of all pictures (".png", ".jpg", ".tif"); each keeps its own where it is empty.
        compare: write a page that shows photographs before and after.
        overwrite: replace results that are there already.
        force: restore photographs too that the weights would leave alone.
        precision: fp32, bf16, or auto: bf16 where the device multiplies it itself.
        bars: show progress bars.
    """

    tile: Tile = "auto"
    frames: bool = False
    suffix: str = ""
    compare: bool = False
    overwrite: bool = False
    force: bool = False
    precision: str = "fp32"
    bars: bool = True


def restore_inputs(
    inputs: Sequence[str],
    weights: Path | None,
    out: Path,
    *,
    device: str = "auto",
    wishes: Wishes = Wishes(),
    say: Say = print,
) -> tuple[int, int]:
    """Restore pictures, videos and folders of either into a folder.

    All targets are settled before anything is restored: each input has one of its own, and none is
    an input, or a result that is there already. A network for clips takes the pictures of a folder
    as the frames of one clip.

    Args:
        inputs: files, folders (what lies in them, not deeper) or patterns.
        weights: checkpoint; None takes the one that the package ships.
        out: folder for the results.
        device: auto, cpu, cuda, cuda:1 or mps.
        wishes: how results should be.
        say: receives one line per input, and what a user should know.

    Returns:
        How many inputs were restored, and how many failed or are not there.

    Raises:
        UsageError: the inputs name nothing that is there, or `out` cannot be written; nothing was
            started.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: a device or precision that is not there.
    """
    weights = weights or shipped()
    place = resolve_device(device)
    short = resolve_precision(wishes.precision, place) == "bf16"
    network, card = open_network(weights)
    found = find(inputs, clips=network.clip_length > 1)
    if not found.sources:
        raise UsageError("nothing to restore: " + "; ".join(found.failed or ["no input is given"]))
    _prepare(out)
    for line in (*found.notes, *(f"failed: {reason}" for reason in found.failed)):
        say(line)
    network = shorten(network.to(place)) if short else network.to(place)
    with comparison(out, say) if wishes.compare else nullcontext() as page:
        tasks = _settled(found, out, weights, wishes)
        if isinstance(network, EstimatingDeblurrer):
            single = len(tasks) == 1 and tasks[0].source.kind == "photo"
            network.shows_bar = single and wishes.bars  # takes minutes
        keeping = None if wishes.force else card.keeping
        done = _Restorer(network, card.network, wishes, keeping, page, say).all(tasks)
    return done, len(tasks) + len(found.failed) - done


def _settled(found: Found, out: Path, weights: Path, wishes: Wishes) -> list[Task]:
    return settle(
        found.sources,
        out,
        frames=wishes.frames,
        suffix=wishes.suffix,
        overwrite=wishes.overwrite,
        reserved=[NAME] if wishes.compare else [],
        others=[weights],
    )


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UsageError(
            f"{out} cannot take results ({error.strerror}); choose another --out"
        ) from error
    sweep(out)


@dataclass(frozen=True)
class _Restorer:
    """What all inputs of one call share."""

    network: Deblurrer
    name: str
    wishes: Wishes
    keeping: Keeping | None
    page: Comparison | None
    say: Say

    def all(self, tasks: Sequence[Task]) -> int:
        """Restore what can be restored; returns how many that are."""
        done = kept = 0
        for task in tqdm(tasks, unit="input", disable=len(tasks) < 2 or not self.wishes.bars):
            try:
                line = self.one(task)
            except DeblurError as error:
                named = str(task.source.path) in str(error)
                self.say(f"failed: {error}" if named else f"failed: {task.source.path}: {error}")
            except Exception as error:  # whatever a hostile file leads a decoder to
                self.say(f"failed: {task.source.path} ({type(error).__name__}: {error})")
            else:
                done += 1
                kept += TOLD in line
                self.say(line)
        if kept:
            self.say(f"{kept} kept as they came, --force restores them too")
        return done

    def one(self, task: Task) -> str:
        """Restore one input; returns the line that tells of it."""
        source, target, network = task.source, task.target, self.network
        if task.refusal:
            raise DataError(task.refusal)
        if source.kind == "photo":
            if network.clip_length > 1:
                raise DataError(
                    f"{source.path}: {self.name} restores clips of {network.clip_length} frames, "
                    "not photos; give a video or a folder of its frames"
                )
            keep = partial(self.page.add, source.path, target) if self.page else None
            notes = restore_photo(
                network, source.path, target, tile=self.wishes.tile, keep=keep,
                keeping=self.keeping, bars=self.wishes.bars,
            )  # fmt: skip
        else:
            pictures = self.wishes.frames or source.kind == "frames"
            notes = restore_video(
                network, source.path, target, tile=self.wishes.tile, pictures=pictures,
                say=self.say, bars=self.wishes.bars,
            )  # fmt: skip
        return f"{source.path} -> {target}" + (f" ({'; '.join(notes)})" if notes else "")

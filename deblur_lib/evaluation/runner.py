"""Score a network on every pair of a source: restore, round, score, one record per picture."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from deblur_lib.data.pairs import Pair, PairSource, middle_frame, true_motion
from deblur_lib.errors import DataError, DeblurError, EvaluationError, UsageError
from deblur_lib.evaluation.conventions import convention
from deblur_lib.evaluation.inference import device_of, name_of
from deblur_lib.evaluation.metrics import DEFAULT, score
from deblur_lib.evaluation.restore import Say, Tile, restore, to_8bit
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer

Picture = NDArray[np.uint8]
Keep = Callable[[str, Picture, Picture, Picture], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureScore:
    """What one picture scored.

    Attributes:
        picture: name of the pair.
        scene: unit over which intervals are computed.
        scores: value of each convention; PSNR infinite where restored and sharp are equal.
        seconds: wall time of restoring, transfers included; 0 for the identity.
        notes: what a reader should know (smaller tiles, an alignment that did not converge).
    """

    picture: str
    scene: str
    scores: dict[str, float]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def evaluate(
    network: Deblurrer | None,
    source: PairSource,
    *,
    conventions: Sequence[str] = DEFAULT,
    device: torch.device | str = "cpu",
    tile: Tile = None,
    overlap: int | None = None,
    keep: Keep | None = None,
    progress: bool = True,
    say: Say = _log.warning,
) -> list[PictureScore]:
    """Restore every blurred picture of a source and score it against the sharp one.

    Scores are taken from the 8-bit pictures in float64 ("psnr-float" from the floats). Every
    picture is scored or the call fails; `len` of the result is the number of pictures used.

    Args:
        network: moved to `device` and left there, its training flags as they were; None scores
            the blurred picture as if it were the output (of a clip, its middle frame).
        source: pairs to score.
        conventions: names from `metrics.CONVENTIONS`.
        device: where the network runs.
        tile: see `restoring.restore`.
        overlap: see `restoring.restore`.
        keep: given name, blurred, restored and sharp of each picture, (H, W, 3) uint8 each.
        progress: show a bar with the mean PSNR so far.
        say: told each kind of note once, with the number of pictures it holds for.

    Returns:
        One record per picture, in the order of the source.

    Raises:
        UsageError: unknown convention, or tiles that cannot be.
        DataError: the source is empty.
        EvaluationError: a picture could not be read, restored or scored; the text names it.
    """
    for name in conventions:
        convention(name)
    if len(source) == 0:
        raise DataError(
            f"{source.data_id} holds no pair to score; check the folder it was read from"
        )
    if network is not None:
        network.to(device)
    scored: list[PictureScore] = []
    title = "identity" if network is None else name_of(network)
    with tqdm(
        total=len(source), desc=f"score {title}", unit="picture", disable=not progress
    ) as bar:
        for index in range(len(source)):
            scored.append(
                _one(
                    network,
                    source,
                    index,
                    tuple(conventions),
                    tile=tile,
                    overlap=overlap,
                    keep=keep,
                )
            )
            bar.update()
            _show(bar, scored)
    for note in dict.fromkeys(note for one in scored for note in one.notes):
        count = sum(note in one.notes for one in scored)
        say(f"{source.data_id}, {count} of {len(scored)} pictures: {note}")
    return scored


def _one(
    network: Deblurrer | None,
    source: PairSource,
    index: int,
    conventions: tuple[str, ...],
    *,
    tile: Tile,
    overlap: int | None,
    keep: Keep | None,
) -> PictureScore:
    notes: list[str] = []
    name = source.names[index]
    try:
        pair = source.pair(index)
        start = time.perf_counter()
        if isinstance(network, EstimatingDeblurrer) and network.needs_motion:
            restored = _told(network, pair, true_motion(source, index))
        else:
            restored = _restored(network, pair, tile, overlap, notes.append)  # (3, H, W)
        seconds = 0.0 if network is None else time.perf_counter() - start
        rounded, sharp = to_8bit(restored), to_8bit(pair.sharp)
        scores = score(
            rounded,
            sharp,
            conventions,
            restored_float=restored.permute(1, 2, 0).numpy(),
            say=notes.append,
        )
    except UsageError:
        raise
    except DeblurError as error:
        raise EvaluationError(f"{source.data_id}, picture {name}: {error}") from error
    except Exception as error:
        error.add_note(f"while scoring {source.data_id}, picture {name}")
        raise
    if keep is not None:
        keep(pair.name, to_8bit(middle_frame(pair.blurred)), rounded, sharp)
    return PictureScore(pair.name, pair.scene, scores, seconds, tuple(notes))


def _restored(
    network: Deblurrer | None, pair: Pair, tile: Tile, overlap: int | None, say: Say
) -> Tensor:
    if network is None:
        return middle_frame(pair.blurred)
    return restore(network, pair.blurred[None], tile=tile, overlap=overlap, say=say)[0]


def _told(network: EstimatingDeblurrer, pair: Pair, motion: Tensor | None) -> Tensor:
    """The picture as a control restores it that is told its motion."""
    if motion is None:
        raise DataError(
            f"{name_of(network)} needs the true motion, which only generated pictures tell; leave "
            "this row out"
        )
    device = device_of(network, pair.blurred)
    with torch.inference_mode():
        return network.deconvolve(pair.blurred.to(device), motion.to(device)).cpu()


def _show(bar: "tqdm[Any]", scored: list[PictureScore]) -> None:
    values = [one.scores["psnr-rgb"] for one in scored if "psnr-rgb" in one.scores]
    finite = [value for value in values if np.isfinite(value)]
    if finite:
        bar.set_postfix_str(f"{sum(finite) / len(finite):.2f} dB")

"""Leave a photograph alone that a network cannot make sharper: a threshold, measured for weights.

A sharp picture can only lose. Each measure below is small where a network found nothing to remove.
The threshold is the largest at which hardly any blurred picture is kept; of the measures the one is
taken whose threshold then harms fewest sharp pictures.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from deblur_lib.data.pictures.writing import LUMA, bands
from deblur_lib.errors import CheckpointError, UsageError, unknown_name
from deblur_lib.evaluation.restore import restore
from deblur_lib.nn import Deblurrer
from deblur_lib.restoring.blurmap import blur_map
from deblur_lib.weights.keeping import Keeping, Rates

F32 = npt.NDArray[np.float32]
HARM = 40.0  # dB to the picture itself; a sharp one that comes back further off is harmed
MISSED = 0.02  # largest share of blurred pictures that the threshold may keep
TOLD = "no blur that this network can remove: kept"


def _change(before: F32, after: F32) -> float:
    """How far pixels moved, against the contrast of the picture."""
    moved, contrast, _ = _energies(before, after)
    return moved / max(contrast, 1e-6)


def _detail(before: F32, after: F32) -> float:
    """How far pixels moved, against how far neighbours lie apart: little in blurred pictures."""
    moved, _, slope = _energies(before, after)
    return moved / max(slope, 1e-6)


def _radius(before: F32, after: F32) -> float:
    """Median radius of the blur at edges, in pixels; the network has no say. NaN without edges."""
    seen = blur_map(before)
    return float(np.median(seen[np.isfinite(seen)])) if np.isfinite(seen).any() else math.nan


MEASURES = {"change": _change, "detail": _detail, "radius": _radius}


def _energies(before: F32, after: F32) -> tuple[float, float, float]:
    """Roots of the mean squares of the change, of the contrast and of the slope, in luminance."""
    total, squares, moved, slope = 0.0, 0.0, 0.0, 0.0
    for rows in bands(len(before)):
        light, then = (one[rows].astype(np.float64) @ LUMA for one in (before, after))
        total += light.sum()
        squares += np.square(light).sum()
        moved += np.square(then - light).sum()
        slope += sum(np.square(np.diff(light, axis=axis)).sum() for axis in (0, 1))
    count = before.shape[0] * before.shape[1]
    contrast = max(squares / count - (total / count) ** 2, 0.0)
    return math.sqrt(moved / count), math.sqrt(contrast), math.sqrt(slope / (2 * count))


def keeps(keeping: Keeping | None, before: F32, after: F32) -> bool:
    """Whether a picture is to be left alone.

    Args:
        keeping: what the card says; None keeps nothing.
        before: (H, W, 3), white at 1.
        after: the same restored.

    Raises:
        CheckpointError: a measure that is not known here.
    """
    if keeping is None:
        return False
    if keeping.measure not in MEASURES:
        raise CheckpointError(unknown_name("measure on the card", keeping.measure, MEASURES))
    return MEASURES[keeping.measure](before, after) < keeping.below


class Seen(NamedTuple):
    """What a network does to one pair.

    Attributes:
        blurred, sharp: each measure of the two pictures.
        back: PSNR in dB of the sharp picture after the network, to itself.
    """

    blurred: Mapping[str, float]
    sharp: Mapping[str, float]
    back: float


def see(network: Deblurrer, blurred: F32, sharp: F32) -> Seen:
    """Put both pictures of a pair, (H, W, 3) each, through a network."""
    measures, back = [], 0.0
    for before in (blurred, sharp):
        given = torch.from_numpy(before).permute(2, 0, 1)[None]
        after = restore(network, given)[0].clamp(0, 1).permute(1, 2, 0).numpy()
        measures.append({name: one(before, after) for name, one in MEASURES.items()})
        back = -10 * math.log10(max(float(np.square(after - before).mean()), 1e-12))
    return Seen(measures[0], measures[1], back)


def choose(
    sets: Mapping[str, Sequence[Seen]],
    reported: Mapping[str, Sequence[Seen]] | None = None,
    among: Iterable[str] = tuple(MEASURES),
) -> Keeping:
    """Find measure and threshold on every second pair of some sets; the others tell the rates.

    Args:
        sets: what was seen of each set of pairs.
        reported: further sets, which choose nothing.
        among: measures to choose from; of equal ones the first is taken.

    Raises:
        UsageError: fewer pairs than the share of errors can be told from.
    """
    chosen = [one for seen in sets.values() for one in seen[::2]]
    if len(chosen) * MISSED < 1:
        raise UsageError(
            f"{2 / MISSED:g} pairs are needed to find a threshold, got {2 * len(chosen)}"
        )
    found = [Keeping(name, _threshold([one.blurred[name] for one in chosen])) for name in among]
    best = min(found, key=lambda one: _merit(chosen, one))
    others = {name: seen[1::2] for name, seen in sets.items()} | dict(reported or {})
    return Keeping(
        best.measure, best.below, {name: rates(one, best) for name, one in others.items()}
    )


def _threshold(blurred: Sequence[float]) -> float:
    """The largest below which no more than `MISSED` of the blurred pictures lie."""
    ordered = sorted(math.inf if math.isnan(one) else one for one in blurred)
    found = ordered[int(MISSED * len(ordered))]
    return found if math.isfinite(found) else 0.0


def _merit(seen: Sequence[Seen], keeping: Keeping) -> tuple[float, float]:
    """The smaller, the better: fewest sharp pictures harmed, then most kept, in large steps."""
    found = rates(seen, keeping)
    return found.sharp_harmed // MISSED, -(found.sharp_kept // MISSED)


def rates(seen: Sequence[Seen], keeping: Keeping) -> Rates:
    """How a decision goes on some pairs."""
    kept = [one.sharp[keeping.measure] < keeping.below for one in seen]
    harmed = [not left and one.back < HARM for left, one in zip(kept, seen, strict=True)]
    missed = [one.blurred[keeping.measure] < keeping.below for one in seen]
    return Rates(len(seen), *(round(sum(one) / len(seen), 4) for one in (kept, harmed, missed)))

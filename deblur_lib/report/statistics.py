"""Means, paired bootstrap over scenes and spread over seeds; numpy only, no global randomness.

Two kinds of chance are kept apart. The *interval* says how much a mean depends on which scenes were
in the test set: scenes are drawn with replacement, all pictures of a scene together, the same draw
for every method, so that differences are paired. The *spread* says how much it depends on the seed
of the training: the standard deviation of the seeds' means.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A percentile interval and what was drawn for it."""

    low: float
    high: float
    units: int
    unit: str  # "scene", or "picture" where the test set has a single scene


def random_state(key: str) -> np.random.RandomState:
    """A generator seeded by a text; its stream is frozen by NumPy's policy."""
    words = np.frombuffer(hashlib.sha256(key.encode()).digest()[:16], dtype="<u4")
    return np.random.RandomState(words)


def draws(scenes: Sequence[str], *, key: str, resamples: int = RESAMPLES) -> tuple[Array, str]:
    """How often each picture counts in each resample.

    Args:
        scenes: scene of each of N pictures.
        key: names the draw; equal keys and scenes give equal draws.
        resamples: number R of resamples.

    Returns:
        Counts (R, N), and the unit drawn: "scene", or "picture" where there is one scene only.
    """
    _, index = np.unique(np.asarray(scenes, dtype=str), return_inverse=True)
    unit = "scene"
    if index.max(initial=0) == 0:
        index, unit = np.arange(len(scenes)), "picture"
    size = int(index.max(initial=0)) + 1
    drawn = random_state(f"bootstrap/{key}").randint(0, size, size=(resamples, size))  # (R, S)
    counts = np.zeros((resamples, size))
    np.add.at(counts, (np.arange(resamples)[:, None], drawn), 1.0)
    return counts[:, index], unit


def resampled_means(values: Array, counts: Array) -> Array:
    """Mean of each resample.

    Args:
        values: (N,) scores.
        counts: (R, N) from `draws`.

    Returns:
        (R,) means; NaN without any picture.
    """
    if not values.size:
        return np.full(len(counts), np.nan)
    means: Array = (counts * values).sum(axis=1) / counts.sum(axis=1)
    return means


def interval(means: Array, *, units: int, unit: str, level: float = LEVEL) -> Interval:
    """Percentile interval of resampled values; NaN where fewer than two units were drawn from."""
    if units < 2:
        return Interval(float("nan"), float("nan"), units, unit)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), units, unit)


def bootstrap(values: Array, scenes: Sequence[str], *, key: str) -> Interval:
    """Interval of the mean of (N,) finite scores, or of paired differences."""
    counts, unit = draws(scenes, key=key)
    units = len(set(scenes)) if unit == "scene" else len(scenes)
    return interval(resampled_means(values, counts), units=units, unit=unit)


def seed_spread(means: Sequence[float]) -> float:
    """Sample standard deviation of the seeds' means; NaN with fewer than two seeds."""
    return float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")


def finite_mean(values: Array) -> tuple[float, int]:
    """Mean over the pictures with a finite score, and how many were left out.

    A restored picture equal to the sharp one scores infinity; one such picture would decide the
    mean of any set.

    Args:
        values: (N,) or (seeds, N) scores; a picture is left out when any seed is infinite.
    """
    stacked = np.atleast_2d(values)
    finite = np.isfinite(stacked).all(axis=0)
    kept = stacked[:, finite]
    return (float(kept.mean()) if kept.size else float("nan")), int((~finite).sum())

"""The chance in a mean: which photographs were tested, and how the trainings happened to end.

Two kinds of chance are kept apart, and each gets an interval of its own.

*Pictures.* Photographs are drawn with replacement, then crops within each drawn photograph, the
same draw for every method, so that differences are paired. The interval is the middle 95 percent.

*Trainings.* A Student interval over seeds. Rows may have different numbers of seeds, so each row
contributes the variance of its own seeds' means, and the degrees of freedom follow Welch and
Satterthwaite.

Everything works on arrays of many drawn experiments at once too. No global randomness.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

RESAMPLES = 2000
LEVEL = 0.95
FEWEST = 6  # units of an interval: all of n lie on one side of the median in 2 of 2**n draws

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """An interval of 95 percent and how many units it was formed from."""

    low: float
    high: float
    units: int

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2


NO_INTERVAL = Interval(float("nan"), float("nan"), 0)


class Share(NamedTuple):
    """What the trainings of one row, or the pooled rows, add to the variance of an effect."""

    variance: float
    freedom: float


def random_state(key: str) -> np.random.RandomState:
    """A generator seeded by a text; its stream is frozen by NumPy's policy."""
    words = np.frombuffer(hashlib.sha256(key.encode()).digest()[:16], dtype="<u4")
    return np.random.RandomState(words)


# --- pictures -------------------------------------------------------------------------------------


def draws(photographs: Sequence[str], *, key: str, resamples: int = RESAMPLES) -> Array:
    """How often each picture counts in each resample of photographs, then of their crops.

    Args:
        photographs: photograph of each of N pictures.
        key: names the draw; equal keys and photographs give equal draws.
        resamples: number R of resamples.

    Returns:
        Counts (R, N), not to be written to.
    """
    return _draws(tuple(photographs), key, resamples)


@lru_cache(maxsize=8)
def _draws(photographs: tuple[str, ...], key: str, resamples: int) -> Array:
    """The rows of a column share their draw, which takes longer than what is made of it."""
    number = len(photographs)
    if not number:
        return np.zeros((resamples, 0))
    _, index, sizes = np.unique(
        np.asarray(photographs, dtype=str), return_inverse=True, return_counts=True
    )
    order = np.argsort(index, kind="stable")  # pictures, photograph by photograph
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    state = random_state(f"bootstrap/{key}")
    drawn = state.randint(0, len(sizes), size=(resamples, len(sizes)))  # (R, S)
    spot = state.random_sample((resamples, len(sizes), int(sizes.max())))
    crops = order[starts[drawn][..., None] + (spot * sizes[drawn][..., None]).astype(np.intp)]
    kept = np.arange(spot.shape[2]) < sizes[drawn][..., None]  # as many crops as it has
    row = np.broadcast_to(np.arange(resamples)[:, None, None], crops.shape)
    flat = np.bincount((row * number + crops)[kept], minlength=resamples * number)
    counts = flat.reshape(resamples, number).astype(float)
    counts.setflags(write=False)
    return counts


def resampled_means(values: Array, counts: Array) -> Array:
    """Mean of each resample.

    Args:
        values: (N,) scores, or (N, D) of D experiments.
        counts: (R, N) from `draws`.

    Returns:
        (R,) or (R, D) means; NaN without any picture.
    """
    if not values.size:
        return np.full((len(counts), *values.shape[1:]), np.nan)
    weights = counts / counts.sum(axis=1, keepdims=True)
    means: Array = np.einsum("rn,n...->r...", weights, values)
    return means


def middle(means: Array) -> tuple[Array, Array]:
    """Ends of the percentile interval over the first axis."""
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def interval(means: Array, *, photographs: int) -> Interval:
    """Percentile interval of (R,) resampled values; NaN of fewer than `FEWEST` photographs."""
    if photographs < FEWEST:
        return NO_INTERVAL._replace(units=photographs)
    low, high = middle(means)
    return Interval(float(low), float(high), photographs)


def bootstrap(values: Array, photographs: Sequence[str], *, key: str) -> Interval:
    """Interval of the mean of (N,) finite scores, or of paired differences."""
    counts = draws(photographs, key=key)
    return interval(resampled_means(values, counts), photographs=len(set(photographs)))


# --- trainings ------------------------------------------------------------------------------------


def student_half(variance: Array, freedom: Array) -> Array:
    """Half width of a Student interval: quantile times the square root of the variance.

    Args:
        variance: squared standard error of the effect, any shape.
        freedom: degrees of freedom, same shape.
    """
    half: Array = stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(variance)
    return half


def welch(variances: Array, freedoms: Array) -> Array:
    """Degrees of freedom of a sum of estimated variances (Welch 1947, Satterthwaite 1946).

    Args:
        variances: (K, ...) parts of the squared standard error.
        freedoms: (K, ...) degrees of freedom of each.

    Returns:
        (...) degrees of freedom; infinite where nothing varies.
    """
    parts = np.square(variances) / freedoms
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.square(variances.sum(axis=0)) / parts.sum(axis=0)
    return np.where(np.isnan(found), np.inf, found)


def trainings(value: float, shares: Sequence[Share], *, seeds: int) -> Interval:
    """Student interval of an effect over trainings.

    Args:
        value: the effect.
        shares: of every row that was trained; none leaves nothing to chance.
        seeds: fewest seeds of a row, for the record.
    """
    if not shares:
        return Interval(value, value, seeds)
    variances, freedoms = (np.array(part, dtype=float) for part in zip(*shares, strict=True))
    half = float(student_half(variances.sum(), welch(variances, freedoms)))
    return Interval(value - half, value + half, seeds)


def seed_spread(means: Sequence[float]) -> float:
    """Sample standard deviation of the seeds' means; NaN with fewer than two seeds."""
    return float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")


def finite_mean(values: Array) -> float:
    """Mean over the pictures with a finite score; NaN without any.

    A restored picture equal to the sharp one scores infinity; one such picture would decide the
    mean of any set.

    Args:
        values: (N,) or (seeds, N) scores; a picture is left out when any seed is infinite.
    """
    stacked = np.atleast_2d(values)
    kept = stacked[:, np.isfinite(stacked).all(axis=0)]
    return float(kept.mean()) if kept.size else float("nan")

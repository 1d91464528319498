"""Scores of one method on one data set, and several of them lined up picture by picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblur_lib.errors import RecordError
from deblur_lib.report.numbers import number
from deblur_lib.report.results import Results
from deblur_lib.report.statistics import Array, Interval, bootstrap, finite_mean, seed_spread

NO_SEED = -1  # seed of rows that no training made


@dataclass(frozen=True)
class Scores:
    """Scores of one method under one convention.

    Attributes:
        values: (seeds, pictures).
        seeds: seed of each row of `values`.
        pictures, scenes: name and photograph of each column.
        dataset, convention: what was scored, as asked for.
        data: data id that was scored.
        runs: run id of each row.
        partial: True when some picture misses a score of some seed and was dropped.
    """

    values: Array
    seeds: tuple[int, ...]
    pictures: tuple[str, ...]
    scenes: tuple[str, ...]
    dataset: str
    convention: str
    data: str
    runs: tuple[str, ...]
    partial: bool

    @property
    def mean(self) -> float:
        """Mean over pictures and seeds, without infinite pictures."""
        return finite_mean(self.values)

    @property
    def infinite(self) -> int:
        """Number of pictures that `mean` leaves out."""
        return int((~np.isfinite(self.values).all(axis=0)).sum())

    @property
    def seed_means(self) -> list[float]:
        """Mean of each seed."""
        return [finite_mean(one) for one in self.values]

    @property
    def scene_mean(self) -> float:
        """Mean of the scenes' means: a long clip counts as much as a short one.

        Infinite pictures are left out as in `mean`.
        """
        scenes = np.array(self.scenes, dtype=str)
        means = [finite_mean(self.values[:, scenes == one]) for one in np.unique(scenes)]
        finite = [one for one in means if np.isfinite(one)]
        return float(np.mean(finite)) if finite else float("nan")

    @property
    def trained(self) -> bool:
        """False for the blurred input, which nothing was trained for."""
        return self.seeds != (NO_SEED,)

    @property
    def spread(self) -> float:
        """Standard deviation of the seeds' means."""
        return seed_spread(self.seed_means)


@dataclass(frozen=True)
class Aligned:
    """Scores of K methods on the pictures that all of them have, all finite.

    Attributes:
        values: for each method (seeds, N), its own seeds.
        scenes: scene of each picture.
        left_out: pictures dropped because a score is infinite.
    """

    values: tuple[Array, ...]
    scenes: tuple[str, ...]
    left_out: int

    @property
    def means(self) -> Array:
        """Means (K, N) over each method's seeds."""
        return np.stack([one.mean(axis=0) for one in self.values])


def scores(results: Results, method: str, dataset: str, convention: str) -> Scores | None:
    """Scores of a method on a data set under a convention; None when there are none."""
    cell = (method, dataset, convention)
    return results.remembered(("scores", *cell), lambda: _scores(results, *cell))


def _scores(results: Results, method: str, dataset: str, convention: str) -> Scores | None:
    mine = results.of_cell(method, dataset, convention)
    if mine.empty:
        return None
    told, seeded = mine["picture"].to_numpy(), mine["seed"].to_numpy()
    pictures, first, row = np.unique(told, return_index=True, return_inverse=True)
    seeds, begun, column = np.unique(seeded, return_index=True, return_inverse=True)
    table = np.full((len(seeds), len(pictures)), np.nan)
    table[column, row] = mine["value"]
    kept = ~np.isnan(table).any(axis=0)  # pictures that each seed scored
    return Scores(
        values=np.ascontiguousarray(table[:, kept]),
        seeds=tuple(map(int, seeds)),
        pictures=tuple(map(str, pictures[kept])),
        scenes=tuple(map(str, mine["scene"].to_numpy()[first[kept]])),
        dataset=dataset,
        convention=convention,
        data=str(mine["data"].iloc[0]),
        runs=tuple(map(str, mine["run"].to_numpy()[begun])),
        partial=not kept.all(),
    )


def align(parts: Sequence[Scores]) -> Aligned:
    """Line up scores of one data set on their common pictures.

    Raises:
        RecordError: they share no picture.
    """
    common = set(parts[0].pictures).intersection(*(part.pictures for part in parts[1:]))
    if not common:
        raise RecordError("the methods to compare share no test picture; score them on one set")
    columns = [
        np.array([i for i, name in enumerate(part.pictures) if name in common]) for part in parts
    ]
    own = [part.values[:, column] for part, column in zip(parts, columns, strict=True)]
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(np.concatenate(own)).all(axis=0))
    scenes = np.array(parts[0].scenes, dtype=str)[columns[0]][finite]
    return Aligned(
        values=tuple(values[:, finite] for values in own),
        scenes=tuple(scenes.tolist()),
        left_out=int((~finite).sum()),
    )


def pooled(results: Results, one: Scores) -> tuple[float, float]:
    """Deviation of a seed's mean, from all rows with two seeds or more, and its freedom.

    Args:
        results: stored rows.
        one: its data set and convention name the rows that are pooled.

    Returns:
        The deviation and the degrees of freedom; NaN and 0 where every row has one seed.
    """
    return results.remembered(
        ("pooled", one.dataset, one.convention),
        lambda: _pooled(results, one.dataset, one.convention),
    )


def _pooled(results: Results, dataset: str, convention: str) -> tuple[float, float]:
    squares = freedom = 0.0
    for method in results.methods:
        other = scores(results, method, dataset, convention)
        if other and other.trained and len(other.seeds) > 1:
            more = len(other.seeds) - 1
            squares += float(np.var(other.seed_means, ddof=1)) * more
            freedom += more
    return (float(np.sqrt(squares / freedom)) if freedom else np.nan), freedom


def mean_interval(one: Scores) -> Interval:
    """Interval over photographs of a method's mean."""
    lined = align([one])
    return bootstrap(lined.means[0], lined.scenes, key=one.dataset)


class Gain(NamedTuple):
    """A row against the blurred input, paired picture by picture.

    Attributes:
        mine, blurred: what is compared.
        mean: of the differences.
        bounds: its interval over photographs.
        seeds: mean difference of each seed.
    """

    mine: Scores
    blurred: Scores
    mean: float
    bounds: Interval
    seeds: tuple[float, ...]


def over_input(results: Results, method: str, dataset: str, convention: str) -> Gain | None:
    """Gain of a row over the blurred input; None where one of them has no scores."""
    cell = (method, dataset, convention)
    return results.remembered(("gain", *cell), lambda: _over_input(results, *cell))


def _over_input(results: Results, method: str, dataset: str, convention: str) -> Gain | None:
    mine, blurred = (scores(results, one, dataset, convention) for one in (method, "identity"))
    if mine is None or blurred is None:
        return None
    lined = align([mine, blurred])
    difference = lined.means[0] - lined.means[1]
    by_seed = lined.values[0] - lined.values[1] if mine.trained else ()
    seeds = tuple(float(one.mean()) for one in by_seed)
    mean = float(difference.mean()) if difference.size else float("nan")
    return Gain(mine, blurred, mean, bootstrap(difference, lined.scenes, key=dataset), seeds)


def decibels(gain: Gain) -> tuple[str, str, str]:
    """Mean and both ends of the interval of a gain in dB, as readers see them."""
    mean, low, high = (
        number(one, "psnr_db", sign=True) for one in (gain.mean, gain.bounds.low, gain.bounds.high)
    )
    return mean, low, high

"""The judge is judged: how often the rule of verdicts errs, from rows trained with many seeds.

results/judge/<paper>/ holds rows.csv and manifests.json of a few rows, each trained with a dozen
seeds. Disjoint sets of seeds of *one* row are drawn and treated as two methods: every clear
difference between them is an error of the rule. A known shift added to one side must be seen.
Nothing here knows of budgets: that demo says no more than a direction only makes words milder.

The files made of these rates are written by `judged`.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from deblur_lib.report.results import Results
from deblur_lib.report.scores import Scores, scores
from deblur_lib.report.statistics import (
    Array,
    draws,
    middle,
    random_state,
    resampled_means,
    student_half,
    welch,
)

SETS = (3, 5, 10)  # seeds of each of the two sides
DRAWS = 2000
RESAMPLES = 200  # of the pictures in each draw; verdicts take more
SHIFTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # dB
SEEN = 0.8  # share of draws in which an effect must come out to count as seen

Sides = NDArray[np.intp]  # (draws, 2, seeds of a side): which seeds are on which side


@dataclass(frozen=True)
class Rate:
    """What the rule does with two sides of `size` seeds of one row.

    Attributes:
        paper, profile, method, dataset, convention: the row and how it was scored.
        seeds: seeds it was trained with.
        deviation: of the seeds' means.
        size: seeds of each side.
        false: share of draws with a clear difference where there is none; None where two disjoint
            sides need more seeds than there are.
        false_before: the same by the rule that this one replaced: pictures alone are resampled, and
            all pairs of seeds have one sign.
        power: share of draws in which a shift is seen, for each of `SHIFTS`; only for PSNR.
        smallest: smallest shift seen in `SEEN` of the draws; only for PSNR.
    """

    paper: str
    profile: str
    method: str
    dataset: str
    convention: str
    seeds: int
    deviation: float
    size: int
    false: float | None
    false_before: float | None
    power: tuple[float, ...]
    smallest: float | None


@dataclass(frozen=True)
class Shared:
    """What sharing seeds does for the difference of two rows.

    Attributes:
        paper, first, second, dataset, convention: the two rows and how they were scored.
        seeds: seeds that both have.
        correlation: of their means over these seeds.
        paired: deviation of the difference of one seed, by its own pairs.
        unpaired: the same from the two deviations as if the rows knew nothing of each other.
    """

    paper: str
    first: str
    second: str
    dataset: str
    convention: str
    seeds: int
    correlation: float
    paired: float
    unpaired: float


def rates(results: Results) -> list[Rate]:
    """Rates of every row of a folder with seeds enough for two disjoint sides of the least size."""
    made = []
    cells = results.rows[["method", "dataset", "convention"]].drop_duplicates()
    for method, dataset, convention in sorted(cells.itertuples(index=False, name=None)):
        one = scores(results, method, dataset, convention)
        if one is not None and one.trained and len(one.seeds) >= 2 * min(SETS):
            made += [_rate(results, method, one, size) for size in SETS]
    return made


def _rate(results: Results, method: str, one: Scores, size: int) -> Rate:
    values = one.values[:, np.isfinite(one.values).all(axis=0)]  # (K, N)
    disjoint = len(values) >= 2 * size
    key = f"{method}/{one.dataset}/{one.convention}"
    sides = drawn_sides(len(values), size, key=key, number=DRAWS)
    low, high = bounds(values, one.scenes, sides, key=one.dataset)
    in_decibels = "psnr" in one.convention
    return Rate(
        paper=results.paper,
        profile=results.profile,
        method=method,
        dataset=one.dataset,
        convention=one.convention,
        seeds=len(values),
        deviation=round(float(values.mean(axis=1).std(ddof=1)), 6),
        size=size,
        false=float(((low > 0) | (high < 0)).mean()) if disjoint else None,
        false_before=float(clear_before(values, sides).mean()) if disjoint else None,
        power=tuple(float((low + shift > 0).mean()) for shift in SHIFTS) if in_decibels else (),
        smallest=round(-float(np.quantile(low, 1 - SEEN)), 4) if in_decibels else None,
    )


def drawn_sides(seeds: int, size: int, *, key: str, number: int) -> Sides:
    """Indices of the seeds of both sides in each draw, (D, 2, size).

    The sides are disjoint where the seeds suffice, else they are drawn with replacement.
    """
    state = random_state(f"judge/{key}/{size}")
    if seeds >= 2 * size:
        order = np.argsort(state.random_sample((number, seeds)), axis=1)[:, : 2 * size]
    else:
        order = state.randint(0, seeds, size=(number, 2 * size))
    return np.asarray(order.reshape(number, 2, size), dtype=np.intp)


def bounds(
    values: Array, photographs: tuple[str, ...], sides: Sides, *, key: str
) -> tuple[Array, Array]:
    """Lower and upper end of both intervals together, of the difference of the sides, (D,) each.

    Args:
        values: (K, N) scores of one row, by seed and picture.
        photographs: photograph of each picture.
        sides: (D, 2, n) seeds of both sides.
        key: of the resampling, the data set as in verdicts.
    """
    size = sides.shape[2]
    means = values.mean(axis=1)[sides]  # (D, 2, n)
    effect = means[:, 0].mean(axis=1) - means[:, 1].mean(axis=1)
    variances = means.var(axis=2, ddof=1).T / size  # (2, D)
    half = student_half(variances.sum(axis=0), welch(variances, np.full(variances.shape, size - 1)))
    low, high = middle(_resampled(values, sides, photographs, key=key))
    return np.minimum(low, effect - half), np.maximum(high, effect + half)


def clear_before(values: Array, sides: Sides) -> Array:
    """Draws in which the rule before this one saw a difference, (D,) of truth."""
    means = values.mean(axis=1)[sides]  # (D, 2, n)
    alone = [str(number) for number in range(values.shape[1])]  # each crop counted as a scene
    low, high = middle(_resampled(values, sides, alone, key="before"))
    signs = np.sign(means[:, 0] - means[:, 1])
    one_sign = np.abs(signs.sum(axis=1)) == sides.shape[2]
    clear: Array = ((low > 0) | (high < 0)) & one_sign
    return clear


def _resampled(
    values: Array, sides: Sides, photographs: tuple[str, ...] | list[str], *, key: str
) -> Array:
    """Differences of the sides' means in each resample of the pictures, (R, D)."""
    differences = values[sides[:, 0]].mean(axis=1) - values[sides[:, 1]].mean(axis=1)  # (D, N)
    return resampled_means(differences.T, draws(photographs, key=key, resamples=RESAMPLES))


def shared_seeds(results: Results) -> list[Shared]:
    """Pairs of rows with the same seeds, at least those of two disjoint sides."""
    made = []
    cells = results.rows[["dataset", "convention"]].drop_duplicates()
    methods = sorted(results.methods)
    for dataset, convention in sorted(cells.itertuples(index=False, name=None)):
        for first, second in combinations(methods, 2):
            one, other = (scores(results, name, dataset, convention) for name in (first, second))
            if one is None or other is None or one.seeds != other.seeds:
                continue
            if len(one.seeds) < 2 * min(SETS):
                continue
            a, b = np.array(one.seed_means), np.array(other.seed_means)
            numbers = (
                np.corrcoef(a, b)[0, 1],
                (a - b).std(ddof=1),
                np.hypot(a.std(ddof=1), b.std(ddof=1)),
            )
            made.append(
                Shared(
                    results.paper, first, second, dataset, convention, len(a),
                    *(round(float(one), 4) for one in numbers),
                )
            )  # fmt: skip
    return made

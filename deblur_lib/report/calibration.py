"""The judge is judged: how often the rule of verdicts errs, from rows trained with many seeds.

results/judge/<paper>/ holds rows.csv and manifests.json of a few rows, each trained with a dozen
seeds. Disjoint sets of seeds of *one* row are drawn and treated as two methods: every clear
difference between them is an error of the rule. A known shift added to one side must be seen.
Nothing here knows of budgets: that demo says no more than a direction only makes words milder.

derived/calibration.json    every rate
derived/calibration.md      a sentence and a table, included by the book
derived/power.png           how large an effect must be to be seen
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from deblur_lib.errors import MissingRowsError
from deblur_lib.report import derive, markup
from deblur_lib.report.figures import style
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

FOLDER = "judge"
SETS = (3, 5, 10)  # seeds of each of the two sides
DRAWS = 2000
RESAMPLES = 200  # of the pictures in each draw; verdicts take more
SHIFTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # dB
SEEN = 0.8  # share of draws in which an effect must come out to count as seen


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


def drawn_sides(seeds: int, size: int, *, key: str, number: int) -> Array:
    """Indices of the seeds of both sides in each draw, (D, 2, size).

    The sides are disjoint where the seeds suffice, else they are drawn with replacement.
    """
    state = random_state(f"judge/{key}/{size}")
    if seeds >= 2 * size:
        order = np.argsort(state.random_sample((number, seeds)), axis=1)[:, : 2 * size]
    else:
        order = state.randint(0, seeds, size=(number, 2 * size))
    return order.reshape(number, 2, size)


def bounds(
    values: Array, photographs: tuple[str, ...], sides: Array, *, key: str
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


def clear_before(values: Array, sides: Array) -> Array:
    """Draws in which the rule before this one saw a difference, (D,) of truth."""
    means = values.mean(axis=1)[sides]  # (D, 2, n)
    alone = [str(number) for number in range(values.shape[1])]  # each crop counted as a scene
    low, high = middle(_resampled(values, sides, alone, key="before"))
    signs = np.sign(means[:, 0] - means[:, 1])
    one_sign = np.abs(signs.sum(axis=1)) == sides.shape[2]
    clear: Array = ((low > 0) | (high < 0)) & one_sign
    return clear


def _resampled(
    values: Array, sides: Array, photographs: tuple[str, ...] | list[str], *, key: str
) -> Array:
    """Differences of the sides' means in each resample of the pictures, (R, D)."""
    differences = values[sides[:, 0]].mean(axis=1) - values[sides[:, 1]].mean(axis=1)  # (D, N)
    return resampled_means(differences.T, draws(photographs, key=key, resamples=RESAMPLES))


# --- files ----------------------------------------------------------------------------------------


def write(root: Path) -> list[Path]:
    """Write the derived files of the studies below `root`.

    Raises:
        MissingRowsError: there is no study, or none with seeds enough.
    """
    made = contents(root)
    if not made:
        raise MissingRowsError(
            f"{root.name} holds no study: put rows.csv and manifests.json of rows trained with "
            f"{2 * min(SETS)} seeds or more into {root.name}/<paper>"
        )
    return derive.write_files(root / derive.FOLDER, made)


def verify(root: Path) -> list[Path]:
    """Derived files of the studies that differ from a fresh rebuild."""
    return derive.differing(root / derive.FOLDER, contents(root))


def contents(root: Path) -> dict[str, bytes]:
    """Every derived file by its name; none without a study."""
    found = [
        rate
        for path in sorted(root.glob("*/rows.csv"))
        for rate in rates(Results.load(path.parent))
    ]
    if not found:
        return {}
    picture, alt = power_figure(found)
    stored = {
        "draws": DRAWS,
        "resamples": RESAMPLES,
        "shifts": SHIFTS,
        "seen": SEEN,
        "pooled": [pooled(found, size) for size in SETS],
        "rates": [asdict(one) for one in found],
    }
    return {
        "calibration.json": (json.dumps(stored | {"alt": alt}, indent=1) + "\n").encode(),
        "calibration.md": to_markdown(found).encode(),
        "power.png": picture,
    }


def pooled(found: list[Rate], size: int) -> dict[str, float | int | None]:
    """Means over all rows, data sets and conventions, for sides of one size."""
    mine = [one for one in found if one.size == size]
    return {
        "size": size,
        "false": _mean([one.false for one in mine]),
        "false_before": _mean([one.false_before for one in mine]),
        "smallest": _mean([one.smallest for one in mine]),
    }


def _mean(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return round(float(np.mean(known)), 4) if known else None


def to_markdown(found: list[Rate]) -> str:
    """A paragraph with the pooled rates and a table of every row."""
    studied = sorted({(one.paper, one.profile, one.method, one.seeds) for one in found})
    rows = "; ".join(
        f"{paper}, {method}, {seeds} seeds at {profile}"
        for paper, profile, method, seeds in studied
    )
    sentences = [
        f"with {one['size']} seeds a side in {_percent(one['false'])} of draws "
        f"(the rule before: {_percent(one['false_before'])})"
        for one in (pooled(found, size) for size in SETS)
        if one["false"] is not None
    ]
    table = pd.DataFrame(
        {
            "data set, convention": [f"{one.dataset}, {one.convention}" for one in found],
            "deviation of seeds": [f"{one.deviation:.4f}" for one in found],
            "seeds a side": [str(one.size) for one in found],
            "false clear": [_percent(one.false) for one in found],
            "rule before": [_percent(one.false_before) for one in found],
            f"seen in {SEEN:.0%} [dB]": [
                "–" if one.smallest is None else f"{one.smallest:.2f}" for one in found
            ],
        },
        index=pd.Index([f"{one.paper}, {one.method}" for one in found], name="row"),
    )
    return "\n\n".join(
        [
            f"Rows: {markup.escape(rows)}. {DRAWS:,} draws each; the pictures of a draw are "
            f"resampled {RESAMPLES} times.",
            f"A difference was found where there is none: {'; '.join(sentences)}.",
            markup.pipe_table(table),
            f"Sides of {max(SETS)} seeds are drawn with replacement where there are fewer than "
            f"{2 * max(SETS)}, so they tell of the power alone.\n",
        ]
    )


def _percent(share: float | int | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("%", " %")


def power_figure(found: list[Rate]) -> tuple[bytes, str]:
    """Share of draws in which a shift is seen, each row thin, their mean thick; and its text."""
    with style.look():
        drawing = style.canvas(2.9)
        axis = drawing.subplots()
        told = []
        for size, colour in zip(SETS, style.PALETTE, strict=False):
            curves = np.array([one.power for one in found if one.size == size and one.power])
            if not len(curves):
                continue
            axis.plot(SHIFTS, curves.T, color=colour, linewidth=0.6, alpha=0.5)
            axis.plot(SHIFTS, curves.mean(axis=0), color=colour, linewidth=2, label=f"{size} seeds")
            told.append(f"{size} seeds {curves.mean(axis=0)[SHIFTS.index(0.1)]:.0%} at 0.1 dB")
        axis.axhline(SEEN, color=style.PALE, linewidth=0.8, linestyle=":")
        axis.set(xlabel="planted effect [dB]", ylabel="share of draws that see it", ylim=(0, 1.02))
        axis.grid(True, axis="y")
        axis.legend(title="each side")
        drawing.set_label(f"Power of the rule: {'; '.join(told)}.")
    return style.png(drawing), str(drawing.get_label())

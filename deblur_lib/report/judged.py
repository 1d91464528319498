"""Files that tell how often the judge errs, made of the studies below results/judge.

derived/calibration.json    every rate
derived/calibration.md      paragraphs and a table, included by the book
derived/power.png           how large an effect must be to be seen
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from deblur_lib.errors import MissingRowsError
from deblur_lib.report import calibration, derive, markup
from deblur_lib.report.calibration import SEEN, SETS, SHIFTS, Rate, Shared
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results

FOLDER = "judge"
TOLD = "psnr-rgb"  # the convention of the table for readers


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
    studies = [Results.load(path.parent) for path in sorted(root.glob("*/rows.csv"))]
    found = [rate for one in studies for rate in calibration.rates(one)]
    shared = [pair for one in studies for pair in calibration.shared_seeds(one)]
    steps = {run.method: run.steps for one in studies for run in one.manifests}
    if not found:
        return {}
    picture, alt = power_figure(found)
    stored = {
        "draws": calibration.DRAWS,
        "resamples": calibration.RESAMPLES,
        "shifts": SHIFTS,
        "seen": SEEN,
        "pooled": [pooled(found, size) for size in SETS],
        "rates": [asdict(one) for one in found],
        "shared_seeds": [asdict(one) for one in shared],
    }
    return {
        "calibration.json": (json.dumps(stored | {"alt": alt}, indent=1) + "\n").encode(),
        "calibration.md": to_markdown(found, shared, steps).encode(),
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


def to_markdown(found: list[Rate], shared: list[Shared], steps: Mapping[str, int]) -> str:
    """Paragraphs with the pooled rates, a table of every row, and what sharing seeds does."""
    studied = sorted({(one.paper, one.profile, one.method, one.seeds) for one in found})
    rows = "; ".join(
        f"{paper}, {method}, {seeds} seeds of {steps[method]:,} steps at {profile}"
        for paper, profile, method, seeds in studied
    )
    sentences = [
        f"with {one['size']} seeds a side in {_percent(one['false'])} of draws "
        f"(the rule before: {_percent(one['false_before'])})"
        for one in (pooled(found, size) for size in SETS)
        if one["false"] is not None
    ]
    return "\n\n".join(
        [
            f"Rows: {markup.escape(rows)}, as that budget was when they were trained. "
            f"{calibration.DRAWS:,} draws each; the pictures of one "
            f"draw are resampled {calibration.RESAMPLES} times.",
            f"A difference was found where there is none: {'; '.join(sentences)}.",
            markup.pipe_table(_table([one for one in found if one.convention == TOLD])),
            f"The table tells {TOLD}, the sentence all conventions; calibration.json holds each. "
            "Luck: deviation of the seeds' means. False: share of draws with a difference where "
            "there is none, by seeds a side. Seen by: shift that so many seeds a side see in "
            f"{100 * SEEN:.0f} % of draws.",
            f"Sides of {max(SETS)} seeds are drawn with replacement where there are fewer than "
            f"{2 * max(SETS)}, so they tell of the power alone.",
            *_shared(shared),
            "",
        ]
    )


def _table(found: list[Rate]) -> pd.DataFrame:
    """A line for each row and data set: luck of its seeds, errors, and what it could have seen."""
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for one in found:
        line = lines.setdefault((one.paper, one.method, one.dataset), {})
        line["luck [dB]"] = f"{one.deviation:.3f}"
        if one.size in SETS and one.false is not None:
            line[f"false, {one.size}"] = _percent(one.false)
        seen = "–" if one.smallest is None else f"{one.smallest:.2f}"
        line[f"seen by {one.size} [dB]"] = seen
    table = pd.DataFrame(lines.values(), index=pd.Index(map(", ".join, lines), name="row"))
    return table.fillna("–")


def _shared(shared: list[Shared]) -> list[str]:
    told = [
        f"{one.first} and {one.second} on {one.dataset} ({one.convention}, {one.seeds} seeds): "
        f"correlation {one.correlation:.2f}, deviation of the difference {one.paired:.3f} paired "
        f"and {one.unpaired:.3f} unpaired"
        for one in shared
        if "psnr" in one.convention
    ]
    if not told:
        return []
    return ["Does sharing seeds between rows help? " + markup.escape("; ".join(told)) + "."]


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

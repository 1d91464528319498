"""What the study's pilot found: for each setting the seeds and the time that a tenth of a dB needs.

One row was trained with several seeds at each setting (`benchmarks/pilot.py`), so two sets of its
seeds are two methods with no difference between them. Their deviation tells how many seeds a
planted difference needs, the processor seconds of a training what these cost. No torch here.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.report.statistics import bootstrap

PLANTED = 0.1  # dB
POWER = 0.8
MOST = 200  # seeds; more are told as "more"
SETTING = ["blur", "steps", "ema"]
COLUMNS = (*SETTING, "seed", "seconds", "picture", "scene", "input", "value")


def read(path: Path) -> pd.DataFrame:
    """Rows of the pilot, one for each setting, seed and test picture.

    Raises:
        MissingRowsError: there are none.
        RecordError: other columns.
    """
    if not path.is_file():
        raise MissingRowsError(f"no pilot is stored; run python benchmarks/pilot.py {path.parent}")
    frame = pd.read_csv(path)
    if tuple(frame.columns) != COLUMNS:
        raise RecordError(f"{path.name}: columns should be {', '.join(COLUMNS)}; run it again")
    return frame


def seeds_needed(deviation: float, planted: float = PLANTED) -> int:
    """Seeds of each of two rows that show a difference with 80 % power at the level of 95 %.

    Args:
        deviation: of a row's mean over seeds, in dB.
        planted: the difference, in dB.
    """
    for count in range(2, MOST):
        freedom = 2 * count - 2
        reach = stdtrit(freedom, 0.975) + stdtrit(freedom, POWER)
        if reach * deviation * np.sqrt(2 / count) <= planted:
            return count
    return MOST


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each setting: gain, deviations, time, and what the planted difference costs."""
    found = []
    for setting, part in frame.groupby(SETTING):
        seeds = part.assign(gain=part["value"] - part["input"]).pivot(
            index="picture", columns="seed", values="gain"
        )
        scenes = part.drop_duplicates("picture").set_index("picture")["scene"]
        half = len(seeds.columns) // 2
        apart = seeds.iloc[:, :half].mean(axis=1) - seeds.iloc[:, half:].mean(axis=1)
        spread = float(seeds.mean().std(ddof=1))
        seconds = float(part.groupby("seed")["seconds"].first().median())
        needed = seeds_needed(spread)
        found.append(
            dict(zip(SETTING, setting, strict=True))
            | {
                "seeds": len(seeds.columns),
                "gain [dB]": float(seeds.to_numpy().mean()),
                "deviation over seeds [dB]": spread,
                "half width over photographs [dB]": bootstrap(
                    apart.to_numpy(), [str(one) for one in scenes[apart.index]], key="pilot"
                ).half,
                "processor minutes a run": seconds / 60,
                f"seeds for {PLANTED} dB": needed,
                f"minutes for {PLANTED} dB": 2 * needed * seconds / 60,
            }
        )
    return pd.DataFrame(found)

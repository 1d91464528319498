"""What the study's pilot found: the settings it tried, and which rows beat the blurred picture.

`results/pilot/settings.csv` holds one row trained with several seeds at each setting (made by
`benchmarks/pilot.py`). Two sets of its seeds are two methods with no difference between them: their
deviation tells how many seeds a planted difference needs, and the processor time of a training what
these cost. `results/pilot/<paper>` holds rows of the study after few steps (made by
`benchmarks/studies.py pilot`); pilot.yaml, beside this module, says by paper and row why one of
them does not beat the blurred picture. No torch here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.special import stdtrit

from deblur_lib import papers, seals
from deblur_lib.errors import RecordError
from deblur_lib.records import Manifest
from deblur_lib.report import columns, markup, numbers
from deblur_lib.report.results import Results
from deblur_lib.report.scores import decibels, over_input
from deblur_lib.report.statistics import bootstrap, seed_spread
from deblur_lib.spec import Method, Paper

FOLDER = "pilot"
SETTINGS = "settings.csv"
REASONS = Path(__file__).with_suffix(".yaml")
UNKNOWN = "not known"
WHY = "why no gain"
SHORT = {
    "deviation over seeds [dB]": "spread [dB]", "half width over pictures [dB]": "half width [dB]",
}  # fmt: skip
PLANTED = 0.1  # dB
POWER = 0.8
MOST = 200  # seeds
SETTING = ["blur", "steps", "ema"]
COLUMNS = (*SETTING, "seed", "seconds", "picture", "scene", "input", "value")


def seeds_needed(deviation: float, planted: float = PLANTED) -> int:
    """Seeds of each of two rows that show a difference in 80 % of studies, at a level of 95 %.

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


def settings(path: Path) -> pd.DataFrame:
    """One row for each setting: gain, deviations, time, and what the planted difference costs.

    Raises:
        RecordError: other columns than `COLUMNS`, or cut or changed since it was stored.
    """
    seals.check(path.parent, path.name)
    frame = pd.read_csv(path)
    if tuple(frame.columns) != COLUMNS:
        raise RecordError(f"{path.name}: columns should be {', '.join(COLUMNS)}; make it again")
    found = [
        dict(zip(SETTING, setting, strict=True)) | _measured(part)
        for setting, part in frame.groupby(SETTING)
    ]
    return pd.DataFrame(found)


def _shown(found: pd.DataFrame) -> pd.DataFrame:
    """Settings as they are, gains and minutes with few decimals, deviations with one more."""
    decimals = {"gain": 2, "deviation": 3, "half": 3, "minutes": 1}

    def told(name: str, value: float) -> str:
        places = decimals.get(name.partition(" ")[0])
        return numbers.number(value) if places is None else numbers.fixed(value, places)

    shown = {one: [told(one, value) for value in found[one]] for one in found.columns}
    return pd.DataFrame(shown).rename(columns=SHORT)


def _measured(part: pd.DataFrame) -> dict[str, float]:
    gains = part.assign(gain=part["value"] - part["input"]).pivot(
        index="picture", columns="seed", values="gain"
    )
    scenes = part.drop_duplicates("picture").set_index("picture")["scene"]
    half = len(gains.columns) // 2
    apart = gains.iloc[:, :half].mean(axis=1) - gains.iloc[:, half:].mean(axis=1)
    photographs = [str(one) for one in scenes[apart.index]]
    spread = seed_spread(list(gains.mean()))
    minutes = float(part.groupby("seed")["seconds"].first().median()) / 60
    needed = seeds_needed(spread)
    return {
        "seeds": len(gains.columns),
        "gain [dB]": float(gains.to_numpy().mean()),
        "deviation over seeds [dB]": spread,
        "half width over pictures [dB]": bootstrap(
            apart.to_numpy(), photographs, key=FOLDER
        ).half,
        "minutes a run": minutes,
        f"seeds for {PLANTED} dB": needed,
        f"minutes for {PLANTED} dB": 2 * needed * minutes,
    }  # fmt: skip


def rows(root: Path) -> pd.DataFrame:
    """Gain of each row tried on its own kind of pictures, after few steps, or why there is none."""
    found: list[dict[str, object]] = []
    reasons = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    for folder in sorted(path.parent for path in root.glob("*/rows.csv")):
        results = Results.load(folder)
        paper = papers.load(results.paper)
        for method in paper.methods:
            runs = results.of_method(method.id)
            if runs:
                row = _row(results, paper, method, runs[0])
                why = "" if gains(row) else reasons.get(paper.id, {}).get(method.id, UNKNOWN)
                found.append(row | {WHY: why})
    return pd.DataFrame(found)


def gains(row: Mapping[Any, object]) -> bool:
    """True for a row that reads above the blurred picture."""
    return str(row["gain [dB]"]).startswith("+")


def _row(results: Results, paper: Paper, method: Method, run: Manifest) -> dict[str, object]:
    tested = columns.tested_on(results, paper)
    learnt = columns.trained_on(results, paper, method.id)
    dataset = next((one for one, data in tested.items() if data == learnt), next(iter(tested)))
    gain = over_input(results, method.id, dataset, "psnr-rgb")
    assert gain is not None
    mean, low, high = decibels(gain)
    return {
        "paper": paper.id,
        "row": method.title,
        "pictures": tested[dataset],
        "steps": run.steps,
        "training [min]": numbers.fixed(run.seconds_training / 60, 1),
        "gain [dB]": mean,
        "over photographs": f"[{low}, {high}]",
    }


def page(root: Path) -> str:
    """Markdown of what is stored of the pilot below `root`."""
    parts = ["## Blur, steps and the mean of weights", ""]
    if (root / SETTINGS).is_file():
        parts.append(markup.pipe_table(_shown(settings(root / SETTINGS)).set_index("blur")))
    else:
        parts.append("Not measured yet.")
    parts += ["", "## Do rows of the study beat the blurred picture after few steps?", ""]
    if any(root.glob("*/rows.csv")):
        found = rows(root)
        losing = sum(not gains(one) for one in found.to_dict("records"))
        parts += [markup.pipe_table(found.drop(columns=WHY).set_index("paper")), ""]
        parts.append(
            f"{len(found) - losing} of the {len(found)} rows tried beat the blurred picture."
        )
        told = found[found[WHY] != ""]
        parts += [
            "",
            *(f"- {one['paper']}, {one['row']}: {one[WHY]}" for _, one in told.iterrows()),
        ]
    else:
        parts.append("Not measured yet.")
    return "\n".join([*parts, ""])

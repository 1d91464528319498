"""The study's pilot: which blur, length of training and mean of weights tells two rows apart?

    python benchmarks/pilot.py results/pilot [--seeds 0 1 2 3] [--runs runs/pilot]

One row (wan2023's baseline at the study's size) is trained with several seeds at each setting and
scored, picture by picture, on the embedded test set of its own blur. Its seeds' deviation and its
cost tell how many seeds, and how much time, a difference of a tenth of a decibel needs. Finished
trainings are kept in the folder of runs; `results/pilot/settings.csv` holds every score.
"""

import argparse
import itertools
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from deblur_lib import seals
from deblur_lib.data.opening import open_data
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.records import read_json, write_json, write_text
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import build
from deblur_lib.training.loop import fit
from deblur_lib.weights.checkpoint import load_weights

PAPER, METHOD, DATA = "wan2023", "wan2023_baseline", "synth-gopro-linear"
SETTINGS: tuple[dict[str, float], ...] = (
    {"blur": 0.5, "steps": 600, "ema": 0.0},
    {"blur": 0.5, "steps": 600, "ema": 0.995},
    {"blur": 1.0, "steps": 600, "ema": 0.995},
    {"blur": 0.5, "steps": 2400, "ema": 0.995},
    {"blur": 1.0, "steps": 2400, "ema": 0.995},
)


def train(setting: Mapping[str, float], seed: int, folder: Path) -> list[dict[str, Any]]:
    """Train one seed at one setting with one thread; a row for each test picture."""
    torch.set_num_threads(1)
    name = "-".join(f"{key}{value:g}" for key, value in setting.items())
    stored = folder / f"{name}-s{seed}" / "rows.json"
    if stored.is_file():
        rows: list[dict[str, Any]] = read_json(stored)
        return rows
    recipe = {"steps": int(setting["steps"]), "ema": setting["ema"]}
    request = Request(PAPER, "study", methods=(METHOD,), seeds=(seed,), recipe=recipe)
    (run,) = make_plan(request).runs
    settings = run.data | {"blur": setting["blur"]}
    sources = {
        split: open_data(DATA, split, settings=settings, cache=folder / "cache", progress=False)
        for split in ("train", "validation", "test")
    }
    network, clock = build(run), time.process_time()
    fitted = fit(
        network, sources["train"], sources["validation"], run.train, folder=stored.parent,
        seed=seed, device="cpu", precision="bf16", progress=False,
        name=str(run.method.network), options=run.options,
    )  # fmt: skip
    seconds = time.process_time() - clock
    load_weights(fitted.weights, network)
    scored, blurred = (
        evaluate(one, sources["test"], conventions=("psnr-rgb",), progress=False)
        for one in (network, None)
    )
    rows = [
        {**setting, "seed": seed, "seconds": round(seconds, 1), "picture": one.picture,
         "scene": one.scene, "input": before.scores["psnr-rgb"], "value": one.scores["psnr-rgb"]}
        for one, before in zip(scored, blurred, strict=True)
    ]  # fmt: skip
    write_json(stored, rows)
    return rows


def main() -> None:
    """Train what is missing and write all rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--runs", type=Path, default=Path("runs/pilot"))
    chosen = parser.parse_args()
    pairs = sorted(itertools.product(SETTINGS, chosen.seeds), key=lambda pair: pair[0]["steps"])
    for blur in {one["blur"] for one in SETTINGS}:  # made once, before several processes read it
        (run, *_) = make_plan(Request(PAPER, "study", methods=(METHOD,))).runs
        for split in ("train", "validation", "test"):
            open_data(DATA, split, settings=run.data | {"blur": blur}, cache=chosen.runs / "cache")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(train, setting, seed, chosen.runs) for setting, seed in pairs]
        rows = [row for job in tqdm(jobs, unit="run") for row in job.result()]
    frame = pd.DataFrame(rows).sort_values(["blur", "steps", "ema", "seed", "picture"])
    write_text(chosen.out / "settings.csv", frame.to_csv(index=False, float_format="%.9g"))
    seals.seal(chosen.out)


if __name__ == "__main__":
    main()

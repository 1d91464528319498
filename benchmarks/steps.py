"""Processor time of a training step of every network, at the size and precision of a profile.

A plain loop (float32, channels first, default Adam) and the library's step take turns on one
thread, on the same batch in memory, so a busy machine slows both alike. Prints a line of JSON for
each network and the median of the ratios; with --bound also how fast a step of its convolutions
alone would be.
Usage: python benchmarks/steps.py [--profile demo] [--seconds 6] [--bound] [NETWORK ...]
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from convolutions import alone

from deblur_lib import papers
from deblur_lib.devices import laid
from deblur_lib.losses import weighted
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.runs.plan import Request, Run, make_plan
from deblur_lib.runs.running import build
from deblur_lib.training import memory
from deblur_lib.training.loop import make_player

CPU = torch.device("cpu")
Step = Callable[[], object]


def cases(profile: str, wanted: list[str]) -> dict[str, Run]:
    """The first run of each network in the profile of any paper, those of the papers first."""
    found: dict[str, Run] = {}
    for paper in papers.names():
        runs = [run for run in make_plan(Request(paper, profile)).runs if run.steps]
        for run in sorted(runs, key=lambda one: one.method.id != paper):
            found.setdefault(str(run.method.network), run)
    return {name: run for name, run in found.items() if not wanted or name in wanted}


def steps(run: Run) -> dict[str, Step]:
    """A plain step and the library's, each of a network of its own; supervised losses alone."""
    loss, recipe = run.train.loss or {"l1": 1.0}, run.train
    network, other = build(run), build(run)
    frames = (network.clip_length,) if network.clip_length > 1 else ()
    blurred = torch.rand(recipe.batch, *frames, 3, recipe.crop, recipe.crop)
    sharp = torch.rand(recipe.batch, 3, recipe.crop, recipe.crop)
    optimiser = torch.optim.Adam(network.parameters(), recipe.lr)
    supervised: Any = {**vars(recipe), "loss": loss, "adversarial": None}
    player = make_player(other, type(recipe)(**supervised), 0, CPU, run.precision)
    ready = laid(blurred, CPU), laid(sharp, CPU)

    def plain() -> None:
        optimiser.zero_grad()
        total, _ = weighted(network.forward_all(blurred), sharp, loss, scales=recipe.scales)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return {"plain": plain, "ours": lambda: player.step(*ready, recipe.lr)}


def race(pair: dict[str, Step], seconds: float) -> dict[str, float]:
    """Median processor time of a step of each, in ms, after one that warms up."""
    spent: dict[str, list[float]] = {name: [] for name in pair}
    while not spent["ours"] or sum(map(sum, spent.values())) < seconds:
        for name, step in pair.items():
            start = time.process_time()
            step()
            spent[name].append(time.process_time() - start)
    return {name: round(1000 * median(times[1:] or times), 1) for name, times in spent.items()}


def main() -> int:
    """Print what each network takes, and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--bound", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    memory.keep_freed()
    ratios = []
    for name, run in cases(asked.profile, asked.networks).items():
        if isinstance(build(run), EstimatingDeblurrer):
            continue
        pair = steps(run)
        found = race(pair, asked.seconds)
        ratios.append(found["plain"] / found["ours"])
        facts: dict[str, Any] = {
            "network": name,
            "precision": run.precision,
            **found,
            "ratio": round(ratios[-1], 2),
        }
        if asked.bound:
            facts["convolutions"] = alone(pair["plain"])
            facts["bound"] = round(found["plain"] / facts["convolutions"], 2)
        print(json.dumps(facts), flush=True)
    facts = {"networks": len(ratios), "median": round(median(ratios), 2)}
    print(json.dumps({"benchmark": "steps", "profile": asked.profile, **facts,
                      "load": round(os.getloadavg()[0], 1)}))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())

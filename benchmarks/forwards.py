"""Processor time of a forward pass of every network, as shipped and plain; and what bf16 costs.

Networks have their published size and take turns on one thread, so a busy machine slows all alike:
*plain* is float32 with its weights and picture channels first, *ours* the pass that scores and
restores (float32), *short* the same in bfloat16. Prints a line of JSON for each network and the
medians of the ratios. --quality scores finished demo runs instead, in float32 and in bfloat16.
Usage: python benchmarks/forwards.py [--size 256] [--seconds 10] [--quality] [NETWORK ...]
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from statistics import mean, median
from typing import Any

import torch
from torch import Tensor

from deblur_lib import papers
from deblur_lib.data.pairs import PairSource
from deblur_lib.evaluation.inference import evaluating, forward
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.evaluation.tiling import round_up
from deblur_lib.evaluation.timing import peak
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.restoring.precision import shorten
from deblur_lib.runs import benching, store
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import build, open_tests, scored_on
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights.checkpoint import load_weights

CPU = torch.device("cpu")
Pass = Callable[[], Tensor]
METRIC = "psnr-rgb"


def passes(network: Deblurrer, size: int) -> dict[str, Pass]:
    """The three passes of one network on the same picture."""
    side = round_up(max(size, network.minimum_size), network.multiple_of)
    frames = (network.clip_length,) if network.clip_length > 1 else ()
    blurred = torch.rand(1, *frames, 3, side, side)
    first, short = deepcopy(network), shorten(deepcopy(network))

    def plain() -> Tensor:
        with evaluating(first), torch.no_grad():
            return first(blurred)

    return {
        "plain": plain,
        "ours": lambda: forward(network, blurred),
        "short": lambda: forward(short, blurred),
    }


def race(found: dict[str, Pass], seconds: float) -> dict[str, float]:
    """Median processor time of each pass, in ms, after one that warms up."""
    spent: dict[str, list[float]] = {name: [] for name in found}
    while len(spent["ours"]) < 2 or sum(map(sum, spent.values())) < seconds:
        for name, call in found.items():
            start = time.process_time()
            call()
            spent[name].append(time.process_time() - start)
    return {name: round(1000 * median(times[1:]), 1) for name, times in spent.items()}


def speeds(wanted: list[str], size: int, seconds: float) -> Iterator[dict[str, Any]]:
    """What each network takes in each way, its memory and how far the results differ."""
    for one in benching.subjects(wanted):
        network = fresh_network(one.network, one.options, seed=0)
        if isinstance(network, EstimatingDeblurrer):
            continue
        found = passes(network, size)
        times = race(found, seconds)
        least = {name: peak(call, CPU)[0] for name, call in found.items()}
        yield {
            "network": one.network, **times,
            "ratio": round(times["plain"] / times["ours"], 2),
            "short_ratio": round(times["plain"] / times["short"], 2),
            "memory": round(least["ours"] / least["plain"], 3),
            "short_memory": round(least["short"] / least["plain"], 3),
            "difference": float((found["ours"]() - found["plain"]()).abs().max()),
        }  # fmt: skip


def qualities(wanted: list[str]) -> Iterator[dict[str, Any]]:
    """Mean PSNR of finished demo runs in dB and what bfloat16 loses, on each of their test sets."""
    for paper in papers.names():
        plan = make_plan(Request(paper, "demo", seeds=(0,)))
        tests = open_tests(plan)
        for run in plan.runs:
            weights, name = store.run_folder(run) / "best.safetensors", str(run.method.network)
            network = build(run)
            skipped = isinstance(network, EstimatingDeblurrer) or (wanted and name not in wanted)
            if skipped or not weights.is_file():
                continue
            load_weights(weights, network)
            short = shorten(deepcopy(network))
            for data, source in scored_on(run, tests).items():
                exact, other = score(network, source), score(short, source)
                yield {"network": name, "row": f"{paper}/{run.method.id}", "data": data,
                       "psnr": round(exact, 3), "loss": round(exact - other, 4)}  # fmt: skip


def score(network: Deblurrer, source: PairSource) -> float:
    """Mean PSNR over a test set, in dB."""
    scored = evaluate(network, source, conventions=(METRIC,), device=CPU, progress=False)
    return mean(one.scores[METRIC] for one in scored)


def main() -> int:
    """Print what was asked for, a line for each network or row, and what holds over all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--quality", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    found = qualities(asked.networks) if asked.quality else speeds(
        asked.networks, asked.size, asked.seconds
    )  # fmt: skip
    for row in found:
        rows.append(row)
        print(json.dumps(row), flush=True)
    told: dict[str, Any] = {"benchmark": "forwards", "rows": len(rows)}
    if rows and asked.quality:
        told |= {name: how(row["loss"] for row in rows)
                 for name, how in (("median_loss", median), ("largest_loss", max))}  # fmt: skip
    elif rows:
        told |= {"size": asked.size, "least_ratio": min(row["ratio"] for row in rows)}
        told |= {f"median_{name}": median(row[name] for row in rows)
                 for name in ("ratio", "short_ratio", "memory", "short_memory")}  # fmt: skip
    print(json.dumps({**told, "load": round(os.getloadavg()[0], 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

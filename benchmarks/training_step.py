"""Seconds of one training step: a plain float32 loop against the library's settings.

Both train the same network on batches in memory, each in processes of its own that take turns, so
a busy machine slows both alike and neither inherits the other's memory settings. The ratio of the
medians should be at least 5 on two cores with bfloat16 units (AMX) and nothing else running.
Usage: python benchmarks/training_step.py [--network mimo_unet] [--rounds 3] [--compiled]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import torch

from deblur_lib import catalogue
from deblur_lib.devices import resolve_device, resolve_precision
from deblur_lib.losses import weighted
from deblur_lib.spec import Train
from deblur_lib.training import memory
from deblur_lib.training.loop import make_player

WANTED = 5.0


def plain(network: str, recipe: Train) -> Callable[[], object]:
    """What a first script does: float32, channels first, default Adam."""
    device = resolve_device("auto")
    model = catalogue.build(network).to(device)
    optimiser = torch.optim.Adam(model.parameters(), recipe.lr)
    blurred, sharp = torch.rand(2, recipe.batch, 3, recipe.crop, recipe.crop, device=device)

    def step() -> float:
        optimiser.zero_grad()
        total, _ = weighted(model.forward_all(blurred), sharp, recipe.loss, scales=recipe.scales)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return float(total)  # waits for the device

    return step


def ours(network: str, recipe: Train, *, compiled: bool) -> Callable[[], object]:
    """The library's step with its automatic settings."""
    device = resolve_device("auto")
    if device.type == "cpu":
        memory.keep_freed()
    player = make_player(
        catalogue.build(network),
        recipe,
        0,
        device,
        resolve_precision("auto", device),
        compiled=compiled,
    )
    pair = torch.rand(2, recipe.batch, 3, recipe.crop, recipe.crop, device=device)
    blurred, sharp = (one.contiguous(memory_format=torch.channels_last) for one in pair)

    def step() -> float:
        return float(player.step(blurred, sharp, recipe.lr)["loss"])  # waits for the device

    return step


def seconds(step: Callable[[], object], count: int) -> list[float]:
    """Wall time of each of `count` steps after two that warm up."""
    spent = []
    for number in range(count + 2):
        start = time.perf_counter()
        step()
        if number >= 2:
            spent.append(time.perf_counter() - start)
    return spent


def main() -> int:
    """Print one JSON line and one sentence; 1 when the ratio is below the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mimo_unet")
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compiled", action="store_true", help="ours through torch.compile")
    parser.add_argument("--only", choices=("plain", "ours"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        recipe = Train(
            steps=1,
            batch=asked.batch,
            crop=asked.crop,
            lr=1e-4,
            loss={"l1": 1.0, "spectrum": 0.1},
            scales=True,
        )
        step = (
            plain(asked.network, recipe)
            if asked.only == "plain"
            else ours(asked.network, recipe, compiled=asked.compiled)
        )
        print(json.dumps(seconds(step, asked.steps)))
        return 0
    spent: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(asked.rounds):
        for kind, times in spent.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--only", kind]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            times += json.loads(done.stdout.splitlines()[-1])
    return report(spent, asked.network)


def report(spent: dict[str, list[float]], network: str) -> int:
    """Print the medians and their ratio."""
    middle = {kind: median(times) for kind, times in spent.items()}
    ratio = middle["plain"] / middle["ours"]
    device = resolve_device("auto")
    facts = {
        "network": network,
        "plain_s": round(middle["plain"], 4),
        "ours_s": round(middle["ours"], 4),
        "ratio": round(ratio, 2),
        "ratio_of_fastest": round(min(spent["plain"]) / min(spent["ours"]), 2),
        "precision": resolve_precision("auto", device),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps({"benchmark": "training_step", **facts, "goal": WANTED}))
    print(
        f"training step of {network}: {middle['ours']:.3f} s, plain float32 {middle['plain']:.3f} "
        f"s: {ratio:.1f} times as fast (goal {WANTED:g})"
    )
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())

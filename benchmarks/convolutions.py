"""How fast a training step could be if it consisted of its convolutions alone.

Each convolution of a plain step (forward, and both gradients) is timed by itself on one thread, in
the fastest of four forms: float32 or bfloat16, channels first or last. All other work is counted as
free. The plain step divided by this sum is a bound: no change around the convolutions can make a
step faster than that while the library beneath computes them. Prints a line of JSON for each
network and the median.
Usage: python benchmarks/convolutions.py [--profile demo] [NETWORK ...]
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from steps import cases, steps
from torch.utils._python_dispatch import TorchDispatchMode

from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.runs.running import build
from deblur_lib.training import memory

FORWARD, BACKWARD = torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default
FORMS = tuple(itertools.product((torch.float32, torch.bfloat16), (False, True)))  # NHWC or not
SECONDS = 0.15  # for each form of each convolution
Call = tuple[Any, ...]


class Recorded(TorchDispatchMode):
    """The convolutions of what runs within, each kind with how often it was computed."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[Call] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note a convolution, then compute it."""
        if func in (FORWARD, BACKWARD):
            self.calls[(func is BACKWARD, *map(_plain, args))] += 1
        return func(*args, **(kwargs or {}))


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return ("tensor", *value.shape)
    return tuple(value) if isinstance(value, list) else value


def replayed(call: Call, dtype: torch.dtype, last: bool) -> Callable[[], object]:
    """The same convolution of random numbers in one form."""

    def given(value: Any) -> Any:
        if not isinstance(value, tuple) or value[:1] != ("tensor",):
            return list(value) if isinstance(value, tuple) else value
        made = torch.rand(value[1:]).to(dtype)
        return made.to(memory_format=torch.channels_last) if last and made.ndim == 4 else made

    func, args = BACKWARD if call[0] else FORWARD, [given(one) for one in call[1:]]
    return lambda: func(*args)


def fastest(call: Call) -> float:
    """Seconds of a convolution in the form that takes least."""
    found = []
    for form in FORMS:
        compute, times = replayed(call, *form), []
        compute()
        while len(times) < 3 or sum(times) < SECONDS:
            start = time.process_time()
            compute()
            times.append(time.process_time() - start)
        found.append(median(times))
    return min(found)


def bound(run: Any) -> dict[str, float]:
    """Milliseconds of a plain step, and of its convolutions alone in their fastest forms."""
    plain, times = steps(run)["plain"], []
    plain()
    with Recorded() as seen:
        plain()
    for _ in range(5):
        start = time.process_time()
        plain()
        times.append(time.process_time() - start)
    alone = sum(fastest(call) * count for call, count in seen.calls.items())
    return {"plain": round(1000 * median(times), 1), "convolutions": round(1000 * alone, 1)}


def main() -> int:
    """Print the bound of each network, and the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--profile", default="demo")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    memory.keep_freed()
    ratios = []
    for name, run in cases(asked.profile, asked.networks).items():
        if isinstance(build(run), EstimatingDeblurrer):
            continue
        found = bound(run)
        ratios.append(found["plain"] / found["convolutions"])
        print(json.dumps({"network": name, **found, "bound": round(ratios[-1], 2)}), flush=True)
    facts = {"networks": len(ratios), "median bound": round(median(ratios), 2)}
    print(json.dumps({"benchmark": "convolutions", "profile": asked.profile, **facts,
                      "load": round(os.getloadavg()[0], 1)}))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())

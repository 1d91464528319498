"""Processor time of the convolutions of a training step, all other work counted as free.

Each convolution (forward, and both gradients) is timed by itself in the fastest of four forms:
float32 or bfloat16, channels first or last. A plain step divided by the sum is a bound: no change
around the convolutions makes a step faster while the library beneath computes them. Used by
`benchmarks/steps.py --bound`.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

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


def alone(step: Callable[[], object]) -> float:
    """Milliseconds of the convolutions of a step, each in the form that takes least."""
    step()  # what is made on first use
    with Recorded() as seen:
        step()
    return round(1000 * sum(fastest(call) * count for call, count in seen.calls.items()), 1)

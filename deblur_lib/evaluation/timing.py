"""Seconds and memory of a call on a device, and what else the machine did meanwhile."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import psutil
import torch
from torch import Tensor

from deblur_lib.evaluation.cost import ALLOCATOR, TRACED, traced

QUIET = 0.25  # cores that others may use of a machine that counts as quiet
SLOW = 3.0  # seconds of a call that is not repeated
ADDED = ("user", "nice", "system", "irq", "softirq", "steal")


class Timing(NamedTuple):
    """Median and quartiles of the seconds of a call; of one slow call all three are the same."""

    median: float
    low: float
    high: float
    repeats: int


@dataclass
class Machine:
    """What a machine did while something was measured.

    Attributes:
        load: processes that wanted to run in the minute before, of all users.
        others: cores that other processes used meanwhile, on average.
    """

    load: float
    others: float = 0.0

    @property
    def busy(self) -> bool:
        """True where others may have slowed down what was measured."""
        return self.others > QUIET


@contextmanager
def watched() -> Iterator[Machine]:
    """Watch the machine; what was seen is complete when the block ends."""
    seen = Machine(round(psutil.getloadavg()[0], 2))
    start, all_before, own_before = time.perf_counter(), _worked(), _own()
    yield seen
    spent = time.perf_counter() - start
    others = (_worked() - all_before) - (_own() - own_before)
    seen.others = round(max(0.0, others / max(spent, 1e-9)), 2)


def _worked() -> float:
    """Seconds that all processors of the machine have worked since it started."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in ADDED))


def _own() -> float:
    """Seconds that this process has worked, and its children that ended."""
    return time.process_time() + sum(os.times()[2:4])


def clock(device: torch.device) -> float:
    """Seconds that this process worked, on a processor; elsewhere those of the wall."""
    return time.process_time() if device.type == "cpu" else time.perf_counter()


def wait(device: torch.device) -> None:
    """Wait until a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def timed(
    call: Callable[[], object], device: torch.device, *, repeats: int = 9, longest: float = 5.0
) -> Timing:
    """Time a call after one that warms up; one slower than `SLOW` is the timed one.

    Args:
        call: what to do.
        device: where it works; each call ends when the device has done it.
        repeats: timed calls at most.
        longest: seconds after which no further call starts.
    """
    first = _seconds(call, device)
    seconds = [first] if first > SLOW else []
    while not seconds or (first <= SLOW and len(seconds) < repeats and sum(seconds) < longest):
        seconds.append(_seconds(call, device))
    low, middle, high = (float(one) for one in np.percentile(seconds, [25, 50, 75]))
    return Timing(middle, low, high, len(seconds))


def _seconds(call: Callable[[], object], device: torch.device) -> float:
    wait(device)
    start = clock(device)
    call()
    wait(device)
    return clock(device) - start


def peak(call: Callable[[], object], device: torch.device, *known: Tensor) -> tuple[int, str]:
    """Most bytes that live at once while something is called, and how they were found.

    Args:
        call: what to do.
        device: where it works.
        known: tensors that existed before; they count.
    """
    own = sum(one.nbytes for one in known)
    if device.type != "cuda":
        return own + traced(call, *known), TRACED
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    call()
    wait(device)
    return own + torch.cuda.max_memory_allocated(device) - before, ALLOCATOR

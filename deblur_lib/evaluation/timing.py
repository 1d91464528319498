"""Seconds and memory of a call on a device, and what else the machine did meanwhile."""

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

ALLOCATOR = "CUDA allocator: weights, input and everything alive at once during a forward pass"
TRACED = "traced tensors: weights, input and every tensor alive at once during a forward pass"
QUIET = 0.25  # cores that others may use, beyond those that are left to them
SLOW = 3.0  # seconds of a call that is not repeated
FEWEST = 3  # timed calls that have quartiles of their own
ADDED = ("user", "nice", "system", "irq", "softirq", "steal")


class Timing(NamedTuple):
    """Median and quartiles of the seconds of a call.

    Of fewer than `FEWEST` calls low and high are the ends of these and the one before; of one slow
    call all three are the same.
    """

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
        free: cores that were left to them: those beside the threads of this process.
    """

    load: float
    others: float = 0.0
    free: int = 0

    @property
    def busy(self) -> bool:
        """True where others took turns with what was measured, and so slowed it down."""
        return self.others > self.free + QUIET

    def told(self) -> dict[str, Any]:
        """What was seen, as columns of a table."""
        return {"load": self.load, "others": self.others, "busy": self.busy}


@contextmanager
def watched() -> Iterator[Machine]:
    """Watch the machine; what was seen is complete when the block ends."""
    free = max(0, (psutil.cpu_count() or 1) - torch.get_num_threads())
    seen = Machine(round(psutil.getloadavg()[0], 2), free=free)
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
    call: Callable[[], object],
    device: torch.device,
    *,
    repeats: int = 9,
    longest: float = 5.0,
    first: float | None = None,
) -> Timing:
    """Time a call after one that warms up; one slower than `SLOW` is the timed one.

    Args:
        call: what to do.
        device: where it works; each call ends when the device has done it.
        repeats: timed calls at most.
        longest: seconds after which no further call starts.
        first: seconds of a call that has warmed up already; None makes one.
    """
    first = _seconds(call, device) if first is None else first
    seconds = [first] if first > SLOW else []
    while not seconds or (first <= SLOW and len(seconds) < repeats and sum(seconds) < longest):
        seconds.append(_seconds(call, device))
    quartiles = np.percentile(seconds, [25, 75])
    low, high = (min(*seconds, first), max(*seconds, first)) if len(seconds) < FEWEST else quartiles
    return Timing(float(np.median(seconds)), float(low), float(high), len(seconds))


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


def traced(call: Callable[[], object], *known: Tensor) -> int:
    """Most bytes of new tensors that live at once while something is called.

    Args:
        call: what to do.
        known: tensors that existed before and do not count.
    """
    with _Traced(known) as found:
        call()
    most: int = found.peak
    return most


class _Traced(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts the bytes of tensors that operations return, as long as anything holds them.

    The growth of a process's memory would be the wrong measure: it depends on what was allocated
    and kept before. Work space inside a single operation is not seen.

    Args:
        known: tensors that existed before and do not count.
    """

    def __init__(self, known: tuple[Tensor, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive = 0
        self.peak: int = 0
        self._seen = weakref.WeakSet(one.untyped_storage() for one in known)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for one in tree_iter(result):
            if isinstance(one, Tensor):
                for part in _dense(one):
                    self._add(part.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._drop, size)

    def _drop(self, size: int) -> None:
        self.alive -= size


def _dense(tensor: Tensor) -> tuple[Tensor, ...]:
    """What holds the bytes of a tensor: itself, or the parts of a sparse matrix (CSR)."""
    if tensor.layout == torch.sparse_csr:
        return tensor.crow_indices(), tensor.col_indices(), tensor.values()
    return (tensor,)

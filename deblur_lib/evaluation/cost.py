"""What a network costs: parameters, multiply-accumulates, seconds, peak memory, each with its how.

Costs of different sizes, types, devices or counters do not compare, so all of that is stored
beside the numbers.
"""

import math
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import FlopCounterMode

from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation.inference import device_of, evaluating, full_precision, name_of
from deblur_lib.training.devices import processor_threads

COUNTER = "torch FlopCounterMode / 2: convolutions and matrix products, biases and norms left out"
ALLOCATOR = "CUDA allocator: weights, input and everything alive at once during a forward pass"
TRACED = "traced tensors: weights, input and every tensor alive at once during a forward pass"
Shape = tuple[int, ...]
WARMUP = 2
FEWEST = 3
FUSED_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # torch counts 0


def cost(
    network: nn.Module,
    *,
    size: tuple[int, int] = (256, 256),
    repeats: int = 100,
    longest: float = 4.0,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """Measure one float32 forward pass on one picture.

    A processor is timed with one thread. Several wait for each other, so a pass takes as long as
    the one whose core something else is using, and spreads over a multiple of the median.

    Args:
        network: moved to `device` and left there, its training flags as they were.
        size: height and width in pixels; must suit the network, nothing is padded.
        repeats: timed passes, after a fifth as many that warm up.
        longest: seconds after which no further timed pass starts, nor a quarter of it in warming
            up; at least 3 passes are timed, after 2 to warm up.
        device: where to measure; where the network is when None.

    Returns:
        parameters (count), macs (count), macs_counter, seconds (median), seconds_iqr
        (interquartile range), repeats, peak_memory (bytes), peak_memory_method, size ([h, w]),
        batch, dtype, device, threads; ready for JSON.

    Raises:
        UsageError: a size or number of repeats below 1, or a size that the network refuses.
        EvaluationError: the network could not run at that size, for want of memory for one.
    """
    if min(*size, repeats) < 1:
        raise UsageError(f"cost needs a size and repeats of at least 1, got {size} and {repeats}")
    if device is not None:
        network.to(device)
    frames = getattr(network, "clip_length", 1)
    shape = (1, 3, *size) if frames == 1 else (1, frames, 3, *size)
    where = device_of(network, torch.empty(0))
    blurred = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(where)
    count = 1 if where.type == "cpu" else None
    with evaluating(network), full_precision(where), processor_threads(count):
        try:
            macs = count_macs(network, blurred)
            memory, method = _peak_memory(network, blurred)
            seconds = _time(network, blurred, repeats, longest)
            threads = torch.get_num_threads()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EvaluationError(
                f"{name_of(network)} could not run on {size[0]}x{size[1]}: {error}; choose a size "
                "that suits the network and the memory"
            ) from error
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return {
        "parameters": count_parameters(network),
        "macs": macs,
        "macs_counter": COUNTER,
        "seconds": float(middle),
        "seconds_iqr": float(high - low),
        "repeats": len(seconds),
        "peak_memory": memory,
        "peak_memory_method": method,
        "size": list(size),
        "batch": 1,
        "dtype": "float32",
        "device": device_name(where),
        "threads": threads,
    }


def _attention(queries: Shape, keys: Shape, values: Shape, *_: Any, **__: Any) -> int:
    """Floating-point operations of fused attention from the shapes (B, heads, N, C) each."""
    return 2 * math.prod(queries[:-1]) * keys[-2] * (queries[-1] + values[-1])


def count_parameters(network: nn.Module) -> int:
    """Learned numbers of a network, shared ones counted once; running statistics left out."""
    return sum(one.numel() for one in network.parameters())


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """No parameter wants a gradient: the counter's hooks fail on parts that return a bare view."""
    wanting = [one for one in network.parameters() if one.requires_grad]
    try:
        for one in wanting:
            one.requires_grad_(False)
        yield
    finally:
        for one in wanting:
            one.requires_grad_(True)


def count_macs(network: nn.Module, blurred: Tensor) -> int:
    """Multiply-accumulates of one forward pass: half of the floating-point operations counted.

    Convolutions and matrix products are counted; biases, norms, activations, resizing and
    Fourier transforms are not, as in the counts that papers print.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # a fused attention layer would count as 0
    try:
        counter = FlopCounterMode(display=False, custom_mapping={FUSED_ATTENTION: _attention})
        with evaluating(network), _frozen(network), torch.no_grad(), counter:
            network(blurred)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops()) // 2


def device_name(device: torch.device) -> str:
    """Name of the accelerator, or "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _time(network: nn.Module, blurred: Tensor, repeats: int, longest: float) -> list[float]:
    """Seconds of each timed pass, after warm-up; every pass waits for the device."""
    with torch.inference_mode():
        _passes(network, blurred, repeats // 5, longest / 4, least=WARMUP)
        return _passes(network, blurred, repeats, longest, least=min(FEWEST, repeats))


def _passes(
    network: nn.Module, blurred: Tensor, count: int, longest: float, *, least: int
) -> list[float]:
    seconds: list[float] = []
    while len(seconds) < least or (len(seconds) < count and sum(seconds) < longest):
        start = time.perf_counter()
        network(blurred)
        _wait(blurred.device)
        seconds.append(time.perf_counter() - start)
    return seconds


def _wait(device: torch.device) -> None:
    waits: dict[str, Callable[[], None]] = {
        "cuda": lambda: torch.cuda.synchronize(device),
        "mps": torch.mps.synchronize,
    }
    if device.type in waits:
        waits[device.type]()


def _peak_memory(network: nn.Module, blurred: Tensor) -> tuple[int, str]:
    own = sum(one.nbytes for one in (*network.parameters(), *network.buffers(), blurred))
    if blurred.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(blurred.device)
        before = torch.cuda.memory_allocated(blurred.device)
        with torch.inference_mode():
            network(blurred)
        _wait(blurred.device)
        return own + torch.cuda.max_memory_allocated(blurred.device) - before, ALLOCATOR
    with torch.no_grad(), _Traced((*network.parameters(), *network.buffers(), blurred)) as traced:
        network(blurred)
    return own + traced.peak, TRACED


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
        self.peak = 0
        self._seen = weakref.WeakSet(one.untyped_storage() for one in known)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for one in tree_iter(result):
            if isinstance(one, Tensor):
                self._add(one.untyped_storage())
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

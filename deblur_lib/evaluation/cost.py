"""What a network costs: parameters, multiply-accumulates, seconds, peak memory, each with its how.

Costs of different sizes, types, devices or counters do not compare, so all of that is stored
beside the numbers.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from deblur_lib.devices import laid, processor_threads
from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation.inference import (
    device_of,
    evaluating,
    full_precision,
    lay_out,
    name_of,
)
from deblur_lib.evaluation.timing import clock, peak, timed

COUNTER = (
    "torch FlopCounterMode / 2: convolutions, matrix products and Fourier transforms (5 N log2 N "
    "real operations of a complex one of N values, half of it for a real one); biases, norms, "
    "activations and resizing left out"
)
Shape = tuple[int, ...]


def cost(
    network: nn.Module,
    *,
    size: tuple[int, int] = (256, 256),
    repeats: int = 9,
    longest: float = 1.0,
    device: torch.device | str | None = None,
) -> dict[str, Any]:
    """Measure one float32 forward pass on one picture.

    A processor is timed with one thread, by the time it worked for it: what else a busy machine
    does is not counted. Several threads would wait for each other. The pass that memory is traced
    in warms up; one that takes longer than `timing.SLOW` is the timed one.

    Args:
        network: moved to `device` and left there, its training flags as they were.
        size: height and width in pixels; must suit the network, nothing is padded.
        repeats: timed passes at most.
        longest: seconds after which no further timed pass starts; one at least is timed.
        device: where to measure; where the network is when None.

    Returns:
        parameters (count), macs (count), macs_counter, seconds (median), seconds_low and
        seconds_high (the ends of `timing.Timing`), repeats, peak_memory (bytes),
        peak_memory_method, size ([h, w]), batch, dtype, device, threads; ready for JSON.

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
    lay_out(network, where)
    blurred = laid(torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(where), where)
    count = 1 if where.type == "cpu" else None

    def one_pass() -> None:
        with torch.inference_mode():
            network(blurred)

    with evaluating(network), full_precision(where), processor_threads(count):
        try:
            macs = count_macs(copy.deepcopy(network).to("meta"), blurred.to("meta"))
            start = clock(where)
            memory, method = peak(
                one_pass, where, *network.parameters(), *network.buffers(), blurred
            )
            first = clock(where) - start
            timing = timed(one_pass, where, repeats=repeats, longest=longest, first=first)
            threads = torch.get_num_threads()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EvaluationError(
                f"{name_of(network)} could not run on {size[0]}x{size[1]}: {error}; choose a size "
                "that suits the network and the memory"
            ) from error
    return {
        "parameters": count_parameters(network),
        "macs": macs,
        "macs_counter": COUNTER,
        "seconds": timing.median,
        "seconds_low": timing.low,
        "seconds_high": timing.high,
        "repeats": timing.repeats,
        "peak_memory": memory,
        "peak_memory_method": method,
        "size": list(size),
        "batch": 1,
        "dtype": "float32",
        "device": device_name(where),
        "threads": threads,
    }


def _complex(values: Shape, axes: list[int], *_: Any, **__: Any) -> int:
    """Floating-point operations of a complex Fourier transform over some axes of values."""
    points = math.prod(values[one] for one in axes)
    return round(5 * math.prod(values) * math.log2(points))


def _real(values: Shape, axes: list[int], *_: Any, **__: Any) -> int:
    """The same from real values: half as many."""
    return _complex(values, axes) // 2


def _back_to_real(spectrum: Shape, axes: list[int], *_: Any, out_shape: Shape, **__: Any) -> int:
    """The same back to real values, which are counted as those of the way there."""
    return _complex(out_shape, axes) // 2


def _attention(queries: Shape, keys: Shape, values: Shape, *_: Any, **__: Any) -> int:
    """Floating-point operations of fused attention from the shapes (B, heads, N, C) each."""
    return 2 * math.prod(queries[:-1]) * keys[-2] * (queries[-1] + values[-1])


FORMULAS = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,  # torch counts 0
    torch.ops.aten._fft_c2c: _complex,
    torch.ops.aten._fft_r2c: _real,
    torch.ops.aten._fft_c2r: _back_to_real,
}


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

    See `COUNTER`. On the meta device nothing is calculated.

    Args:
        network: its training flags and its parameters' are left as they were.
        blurred: (B, 3, H, W) or a clip, on the network's device.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # a fused attention layer would count as 0
    try:
        counter = FlopCounterMode(display=False, custom_mapping=FORMULAS)
        with evaluating(network), _frozen(network), torch.no_grad(), counter:
            network(blurred)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops()) // 2


def device_name(device: torch.device) -> str:
    """Name of the accelerator, or "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

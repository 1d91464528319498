"""Batches on their device, in its memory layout; for a GPU cut and sent while it computes."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import torch
from torch import Tensor

from deblur_lib.devices import laid

Value = TypeVar("Value")
Batch = tuple[Tensor, Tensor]
AHEAD = 3  # batches that wait in memory


def fed(batches: Iterator[Batch], device: torch.device) -> Generator[Batch]:
    """Batches of pictures on a device, with channels last where its convolutions want it so.

    A GPU's are made by a thread, in pinned memory, and sent without waiting for what the GPU has to
    do. The batches are the same everywhere.

    Args:
        batches: blurred and sharp, in the processor's memory.
        device: where they go.
    """
    if device.type != "cuda":
        for blurred, sharp in batches:
            yield _sent(blurred, device), _sent(sharp, device)
        return
    with closing(prefetched(batches, partial(_pinned, device))) as ready:
        for blurred, sharp in ready:
            yield _sent(blurred, device), _sent(sharp, device)


def _pinned(device: torch.device, batch: Batch) -> Batch:
    blurred, sharp = batch
    with torch.cuda.device(device):  # a thread begins on the first GPU, whose memory is another's
        return blurred.pin_memory(), sharp.pin_memory()


def _sent(batch: Tensor, device: torch.device) -> Tensor:
    return laid(batch.to(device, non_blocking=True), device)


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the processor on a device, without waiting for what the device has to do."""
    pinned = tensor.pin_memory() if device.type == "cuda" else tensor
    return pinned.to(device, non_blocking=True)


def prefetched(
    values: Iterator[Value], prepare: Callable[[Value], Value], ahead: int = AHEAD
) -> Generator[Value]:
    """The same values, made by a thread up to `ahead` before they are asked for.

    Args:
        values: asked by the thread alone.
        prepare: called on each by the thread.
        ahead: values that wait at most.

    Raises:
        Exception: of `values` or `prepare`, where the value it came for would stand.
    """
    ready: Queue[tuple[str, Any]] = Queue(ahead)
    ended = Event()

    def put(kind: str, value: Any) -> None:
        while not ended.is_set():
            try:
                ready.put((kind, value), timeout=0.1)
                return
            except Full:
                continue

    def work() -> None:
        try:
            for value in values:
                put("value", prepare(value))
                if ended.is_set():
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        ended.set()
        thread.join()

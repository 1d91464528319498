"""How much memory a network takes, so that tiles can be as large as memory allows."""

import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from deblur_lib.evaluation.inference import device_of, forward, lay_out
from deblur_lib.evaluation.tiling import round_up
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer

ROOM = 2**30  # bytes that the tensors of one tile may take; libraries take up to as much again
SIDES = (256, 1024)  # px, smallest and largest tile
GRAIN = 64  # px, sides of tiles are multiples of it, so that they hardly depend on the machine
PROBE = 96  # px, side of the picture that is measured
_known: weakref.WeakKeyDictionary[Deblurrer, float] = weakref.WeakKeyDictionary()


def affordable_tile(network: Deblurrer) -> int:
    """Side of the largest tile that a network restores with a usual computer's memory."""
    taken = bytes_per_pixel(network)
    side = int(math.sqrt(ROOM / taken)) if taken else SIDES[1]
    return min(max(side // GRAIN * GRAIN, SIDES[0]), SIDES[1])


def bytes_per_pixel(network: Deblurrer) -> float:
    """Most memory that the tensors of one pass take at once, for each pixel of its input.

    Measured once per network on a small picture. Methods that estimate the blur of each picture
    take minutes for one and little memory; they count as 0.
    """
    if isinstance(network, EstimatingDeblurrer):
        return 0.0
    if network not in _known:
        side = round_up(max(PROBE, network.minimum_size), network.multiple_of)
        clip = (network.clip_length,) if network.clip_length > 1 else ()
        picture = torch.zeros(1, *clip, 3, side, side)
        device = device_of(network, picture)
        lay_out(network, device)  # first, so that weights in a new layout are not counted
        with _Watch(network) as watch:
            forward(network, picture.to(device))
        _known[network] = watch.most / side**2
    return _known[network]


class _Watch(TorchDispatchMode):
    """Adds up what lives of the tensors that operations make."""

    def __init__(self, network: Deblurrer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        own = [*network.parameters(), *network.buffers()]
        self.alive = {one.untyped_storage().data_ptr() for one in own}  # are there already

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operation and count the storage of its results."""
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, Tensor):
                self._count(one.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        place = storage.data_ptr()
        if place in self.alive or not place:
            return
        self.alive.add(place)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, place, storage.nbytes())

    def _forget(self, place: int, size: int) -> None:
        self.alive.discard(place)
        self.now -= size

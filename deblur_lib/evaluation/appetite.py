"""How much memory a network takes, so that tiles can be as large as memory allows."""

import math
import weakref

import torch

from deblur_lib.evaluation.inference import device_of, forward, lay_out
from deblur_lib.evaluation.tiling import round_up
from deblur_lib.evaluation.timing import traced
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
        own = (*network.parameters(), *network.buffers())
        _known[network] = traced(lambda: forward(network, picture.to(device)), *own) / side**2
    return _known[network]

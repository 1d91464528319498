"""Where tiles lie and how much each of them counts; plain arithmetic on one axis at a time.

Neighbouring tiles share `overlap` + FEATHER pixels. Half of the overlap on either side is context
that only one of the two gives to the result; in between the weight slides from one tile to the
other. So a network whose receptive field is at most `overlap` wide never shows a tile's border.
"""

from itertools import pairwise

import torch
from torch import Tensor

from deblur_lib.errors import UsageError

FEATHER = 16  # px over which one tile gives way to the next
OVERLAP = 64  # px of context where the caller does not choose
LEAST = 64  # px, smallest tile that a retry goes down to


def round_up(length: int, step: int) -> int:
    """The smallest multiple of `step` that is at least `length`."""
    return -(-length // step) * step


def fitted(tile: int, overlap: int | None, *, step: int, least: int) -> tuple[int, int]:
    """A tile side and an overlap that a network can work with.

    Args:
        tile: side of the tile in pixels, context included.
        overlap: pixels of context, or None for the usual ones (fewer in a small tile).
        step: the sides of tiles and the distances between them are multiples of it.
        least: smallest side that the network takes.

    Raises:
        UsageError: no pixel, negative overlap, or an overlap that leaves nothing of the tile.
    """
    if tile < 1 or (overlap is not None and overlap < 0):
        raise UsageError(
            f"tiling needs a tile of at least 1 px and an overlap of at least 0 px, got tile "
            f"{tile} and overlap {overlap}"
        )
    if overlap is None:
        side = round_up(max(tile, least, FEATHER + step), step)
        return side, max(min(OVERLAP, (side - step) // 2 - FEATHER), 0)
    side = round_up(max(tile, least), step)
    needed = overlap + FEATHER + step
    if side < needed:
        raise UsageError(
            f"a tile of {side} px leaves no room for an overlap of {overlap} px; take a tile of at "
            f"least {round_up(needed, step)} px or a smaller overlap"
        )
    return side, overlap


def windows(length: int, tile: int, overlap: int, *, step: int) -> list[tuple[int, int]]:
    """First and last pixel (exclusive) of each tile along an axis.

    Args:
        length: pixels of the axis, a multiple of `step`.
        tile: side of a tile, a multiple of `step`.
        overlap: pixels of context.
        step: starts are multiples of it, so that a tile sees the grid of the whole picture.
    """
    if length <= tile:
        return [(0, length)]
    stride = max((tile - overlap - FEATHER) // step * step, step)
    starts = [*range(0, length - tile, stride), length - tile]
    return [(start, start + tile) for start in starts]


def weights(spans: list[tuple[int, int]]) -> list[Tensor]:
    """How much each tile counts at each of its pixels along an axis.

    Returns:
        One float32 vector for each span, of its length; where tiles overlap they add up to 1.
    """
    middles = [(after[0] + before[1]) / 2 for before, after in pairwise(spans)]
    found = []
    for number, (start, stop) in enumerate(spans):
        weight = torch.ones(stop - start)
        if number > 0:
            weight = _rise(start, stop, middles[number - 1])
        if number < len(middles):
            weight = weight - _rise(start, stop, middles[number])
        found.append(weight)
    return found


def _rise(start: int, stop: int, middle: float) -> Tensor:
    """0 before the middle, 1 after it, a straight ramp of FEATHER pixels in between."""
    return ((torch.arange(start, stop) + 0.5 - middle) / FEATHER + 0.5).clamp(0, 1)

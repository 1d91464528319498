"""Strong edges as a blind deconvolution guesses them: smooth, sharpen, keep the steepest.

Source: Cho and Lee, SIGGRAPH Asia 2009, in the form of Whyte et al., IJCV 2012.

Shape legend: H, W height and width.
"""

import itertools
import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE = 5  # of the bilateral filter's window
BINS = 4  # directions, modulo half a turn
REGIONS = 3  # of the picture, on each side
PORTION = 2  # pixels kept of each direction, in squares of the kernel's side


def bilateral(picture: Tensor, spatial: float, value: float) -> Tensor:
    """Mean of the neighbours that look alike.

    Args:
        picture: (H, W).
        spatial: standard deviation of the weight over distance, in pixels.
        value: standard deviation of the weight over difference of values.

    Returns:
        (H, W).
    """
    half = SIDE // 2
    wide, inside = (F.pad(one, (half,) * 4) for one in (picture, torch.ones_like(picture)))
    total, weights = torch.zeros_like(picture), torch.zeros_like(picture)
    height, width = picture.shape
    for row in range(SIDE):
        for column in range(SIDE):
            window = (slice(row, row + height), slice(column, column + width))
            distance = (row - half) ** 2 + (column - half) ** 2
            alike = (wide[window] - picture) ** 2 / (2 * value**2)
            weight = inside[window] * torch.exp(-distance / (2 * spatial**2) - alike)
            total += weight * wide[window]
            weights += weight
    return total / weights


def shock(picture: Tensor, step: float) -> Tensor:
    """One step towards a picture of jumps: x - step sign(x_nn) |grad x|.

    The curvature x_nn is taken along the gradient; each part of the gradient is the smaller of
    both one-sided differences and 0 where they disagree, so no new extremum appears along a line.

    Args:
        picture: (H, W).
        step: length of the step dt.

    Returns:
        (H, W).

    Source: Osher and Rudin 1990, with the differences of the code that Whyte et al. used.
    """
    wide = F.pad(picture[None], (1, 1, 1, 1), mode="replicate")[0]
    centre = wide[1:-1, 1:-1]
    left, right = wide[1:-1, :-2], wide[1:-1, 2:]
    above, below = wide[:-2, 1:-1], wide[2:, 1:-1]
    across, along = (right - left) / 2, (below - above) / 2
    mixed = (wide[2:, 2:] - wide[2:, :-2] - wide[:-2, 2:] + wide[:-2, :-2]) / 4
    curvature = (right + left - 2 * centre) * across**2 + (below + above - 2 * centre) * along**2
    curvature = curvature + 2 * mixed * across * along
    flat = _smaller(centre - left, right - centre), _smaller(centre - above, below - centre)
    return picture - step * curvature.sign() * torch.hypot(*flat)


def _smaller(one: Tensor, other: Tensor) -> Tensor:
    """The smaller of two differences by size, 0 where their signs disagree."""
    return torch.minimum(one.abs(), other.abs()) * (one * other > 0)


def gradients(picture: Tensor) -> Tensor:
    """Backward differences to the right and down of (H, W), 0 at the border: (2, H, W)."""
    return torch.stack((_backward(picture, 1), _backward(picture, 0)))


def with_second(first: Tensor) -> Tensor:
    """First differences (2, H, W) and their own: x, y, xx, yy, xy, (5, H, W), weighted.

    The weights are sqrt(1/2) for the first and sqrt(1/4) for the second order.
    """
    x, y = first
    mixed = (_backward(x, 0) + _backward(y, 1)) / 2
    second = torch.stack((_backward(x, 1), _backward(y, 0), mixed))
    return torch.cat((math.sqrt(1 / 2) * first, math.sqrt(1 / 4) * second))


def _backward(picture: Tensor, axis: int) -> Tensor:
    return torch.diff(picture, dim=axis, prepend=picture.narrow(axis, 0, 1))


def thresholds(first: Tensor, mask: Tensor, side: int) -> Tensor:
    """Steepness from which pixels are kept, for each of 3 x 3 regions.

    It leaves at least 2 side^2 / 9 pixels of each of four directions, or all there are.

    Args:
        first: differences to the right and down, (2, H, W).
        mask: pixels that may be kept, (H, W) of bool.
        side: of the blur kernel, in pixels.

    Returns:
        (3, 3).
    """
    steep = torch.hypot(*first) * mask
    direction = torch.atan2(first[1], first[0]).remainder(math.pi)
    number = (direction * (BINS / math.pi)).long().clamp(max=BINS - 1)
    wanted = math.ceil(PORTION * side**2 / REGIONS**2)
    found = torch.zeros(REGIONS, REGIONS)
    for (row, column), region in _regions(steep.shape):
        least = torch.inf
        for one in range(BINS):
            values = steep[region][(number[region] == one) & (steep[region] > 0)]
            if len(values):
                least = min(least, float(values.topk(min(wanted, len(values))).values[-1]))
        found[row, column] = least
    return found


def select(first: Tensor, mask: Tensor, least: Tensor) -> Tensor:
    """Differences with zeros wherever they are flatter than their region's threshold.

    Pixels without a kept neighbour are dropped.

    Args:
        first: differences to the right and down, (2, H, W).
        mask: pixels that may be kept, (H, W) of bool.
        least: see `thresholds`, (3, 3).

    Returns:
        (2, H, W).
    """
    steep = torch.hypot(*first)
    kept = mask & (steep > 0)
    for (row, column), region in _regions(steep.shape):
        kept[region] &= steep[region] >= least[row, column]
    around = F.avg_pool2d(kept[None].to(first), 3, 1, 1, count_include_pad=True)[0] * 9
    return first * (kept & (around > 1.5))


def _regions(shape: torch.Size) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
    """Number (row, column) and place of each region."""
    rows, columns = (_thirds(side) for side in shape)
    for row, column in itertools.product(range(REGIONS), repeat=2):
        yield (row, column), (rows[row], columns[column])


def _thirds(side: int) -> list[slice]:
    ends = [round(side * part / REGIONS) for part in range(REGIONS + 1)]
    return [slice(*pair) for pair in itertools.pairwise(ends)]

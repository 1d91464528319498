"""The true motion of generated pairs: at each pixel the straight line that its path resembles most.

A field is (2, H, W): the line's extent to the right and down, in pixels; its sign means nothing.
The line has the path's main axis and the length of an even line of the same variance. What is not
straight, and a path that does not have its middle on the sharp picture, is lost in it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from deblur_lib.data.generated import lai
from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.generated.synthesis import F64, Cutout, Motion, instants


def line_of(xx: Tensor, yy: Tensor, xy: Tensor) -> Tensor:
    """The line of paths with these variances (px^2), each of any shape: (2, ...)."""
    angle = torch.atan2(2 * xy, xx - yy) / 2  # of the main axis, -pi/2 to pi/2
    variance = (xx + yy) / 2 + torch.hypot((xx - yy) / 2, xy)
    length = (12 * variance.clamp(min=0)).sqrt()
    return torch.stack((length * angle.cos(), length * angle.sin())).float()


def along(paths: Tensor) -> Tensor:
    """The lines of paths (K, 2, H, W) of evenly many instants: (2, H, W)."""
    x, y = (paths.double() - paths.double().mean(dim=0)).unbind(dim=1)
    return line_of(x.square().mean(0), y.square().mean(0), (x * y).mean(0))


def moving(size: int, motion: Motion, objects: Sequence[Cutout] = ()) -> Tensor:
    """The field of a moving scene as `synthesis.average_motion` blurs it: (2, size, size)."""
    u = instants(size, motion, objects)
    reach = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    place = torch.stack(torch.meshgrid(reach, reach, indexing="xy"))  # (2, size, size)
    scale = torch.from_numpy(1 + motion.zoom * u)
    shift = torch.from_numpy(motion.displacement(u))[:, :, None, None]
    field = along(_turned(place, motion.turn, u) * scale[:, None, None, None] - shift)
    corner = place + (size - 1) / 2
    for one in objects:
        path = motion.displacement(u) + one.motion.displacement(u)
        height, width = one.mask.shape
        middle = torch.tensor([one.column + (width - 1) / 2, one.row + (height - 1) / 2])
        seen = corner - middle[:, None, None] - torch.from_numpy(path)[:, :, None, None]
        lines = along(_turned(seen, one.motion.turn, u))
        field = torch.where(_covered(one, size), lines, field)
    return field


def _turned(place: Tensor, turn: float, u: F64) -> Tensor:
    """Places (2, H, W) or (K, 2, H, W) turned about the origin at each instant: (K, 2, H, W)."""
    cos, sin = (torch.from_numpy(wave(turn * u))[:, None, None] for wave in (np.cos, np.sin))
    x, y = place.unbind(-3)
    return torch.stack((cos * x - sin * y, sin * x + cos * y), dim=1)


def _covered(one: Cutout, size: int) -> Tensor:
    """Where an object is seen at the middle of the exposure: (size, size)."""
    found = np.zeros((size, size), dtype=bool)
    top, left = round(one.row), round(one.column)
    height, width = one.mask.shape
    rows, columns = (slice(max(at, 0), max(at + side, 0)) for at, side in
                     ((top, height), (left, width)))  # fmt: skip
    seen = one.mask[rows.start - top :, columns.start - left :] > 0.5
    window = found[rows, columns]
    window |= seen[: window.shape[0], : window.shape[1]]
    return torch.from_numpy(found)


def turning(size: int, poses: F64) -> Tensor:
    """The field of a camera on a path of poses (K, 6), as `lai.average_poses` blurs: (2, H, W)."""
    return along(lai.places(size, poses).permute(0, 3, 1, 2))


def uniform(size: int, kernel: F32) -> Tensor:
    """The same line everywhere, that of a kernel (k, k): (2, size, size)."""
    weights = torch.from_numpy(kernel).double()
    steps = torch.arange(len(kernel), dtype=torch.float64) - len(kernel) // 2
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    x, y = (one - (weights * one).sum() for one in (x, y))
    line = line_of(*((weights * one).sum() for one in (x * x, y * y, x * y)))
    return line[:, None, None].expand(2, size, size)

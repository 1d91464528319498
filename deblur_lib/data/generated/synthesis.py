"""Models of blur: moving scenes as GoPro averages them.

"Linear" and "gamma" follow GoPro's wording, which is easily misread:

- `averaging="linear"` averages the STORED (gamma-encoded) values, like GoPro's `blur` folder;
- `averaging="gamma"` averages in LINEAR LIGHT (value^2.2), like its `blur_gamma` folder.

Never train on one and test on the other: the edge brightness contradicts itself.
All lengths are pixels of the picture, whatever its size; pictures are float32 in [0, 1].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.data.generated.scenes import F32

F64 = npt.NDArray[np.float64]
Averaging = Literal["linear", "gamma"]
GAMMA = 2.2
FEWEST, MOST = 9, 41  # instants of an average


@dataclass(frozen=True)
class Motion:
    """Smooth motion during one exposure, u from -0.5 to 0.5, still at u = 0.

    Displacement in pixels is d (length u + accelerate u^2) + n (bend u^2) with d the unit vector
    of `angle` and n its normal.

    Attributes:
        length: chord of the path, in pixels.
        angle: its direction, in radians.
        accelerate, bend: along and across the direction, in pixels.
        turn: rotation over the exposure, in radians.
        zoom: relative change of size over the exposure.
    """

    length: float
    angle: float
    accelerate: float = 0.0
    bend: float = 0.0
    turn: float = 0.0
    zoom: float = 0.0

    def displacement(self, u: F64) -> F64:
        """Columns and rows of displacement at each instant, (K, 2), in pixels."""
        along = self.length * u + self.accelerate * u**2
        across = self.bend * u**2
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)


@dataclass(frozen=True)
class Cutout:
    """A moving object: (h, w, 3) colours under an (h, w) mask, its top left corner, its motion.

    It turns about its own centre and does not zoom.
    """

    picture: F32
    mask: F32
    row: float
    column: float
    motion: Motion


def draw_motion(
    rng: np.random.RandomState,
    *,
    median: float,
    spread: float,
    shortest: float,
    longest: float,
    blur: float,
    whole_scene: bool = True,
) -> Motion:
    """A random motion with lognormal chord length.

    Args:
        rng: generator of this pair.
        median: median length at blur 1, in pixels.
        spread: standard deviation of the logarithm of the length.
        shortest: smallest length at blur 1, in pixels.
        longest: largest length at blur 1, in pixels.
        blur: factor on all lengths, on rotation and on zoom.
        whole_scene: False for an object, which neither turns nor zooms.
    """
    length = float(np.clip(median * np.exp(rng.normal(0, spread)), shortest, longest)) * blur
    angle, accelerate, bend, turn, zoom = rng.uniform(-1, 1, 5)
    strength = blur if whole_scene else 0.0
    return Motion(
        length,
        angle * np.pi,
        0.3 * length * accelerate,
        0.4 * length * bend,
        0.02 * strength * turn,
        0.012 * strength * zoom,
    )


def blob_mask(rng: np.random.RandomState, side: int) -> F32:
    """A smooth random blob that fills most of a (side, side) mask, edge one pixel wide."""
    centre = (side - 1) / 2
    y, x = np.mgrid[:side, :side] - centre
    turn = np.arctan2(y, x)
    reach = np.ones_like(turn)
    for waves in (2, 3, 4):
        reach += rng.uniform(0, 0.3 / waves) * np.cos(waves * turn + rng.uniform(0, 2 * np.pi))
    reach *= (side / 2 - 2) / reach.max()
    mask: F32 = np.clip(reach - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)
    return mask


def average_motion(
    canvas: F32, size: int, motion: Motion, objects: Sequence[Cutout], averaging: Averaging
) -> tuple[F32, F32]:
    """Mean of the moving scene over one exposure, and the scene at its middle.

    Args:
        canvas: (side, side, 3), larger than the picture; sampled beyond its border by reflection.
        size: side of the picture, cut from the centre of the canvas.
        motion: of the whole scene.
        objects: cut-outs that move with the scene and by their own motion on top.
        averaging: "linear" for the mean of stored values, "gamma" for the mean in linear light.

    Returns:
        Blurred and sharp, each (size, size, 3) in [0, 1].
    """
    u = instants(size, motion, objects)
    power = GAMMA if averaging == "gamma" else 1.0
    frames = render(canvas, size, motion, objects, u, power=power)
    blurred, sharp = frames.mean(dim=0), frames[len(u) // 2]  # (3, size, size)
    return _stored(blurred, power), _stored(sharp, power)


def instants(size: int, motion: Motion, objects: Sequence[Cutout]) -> F64:
    """Instants of an exposure that `average_motion` averages, the middle one among them."""
    longest = motion.length + max((one.motion.length for one in objects), default=0.0)
    longest += (abs(motion.turn) + abs(motion.zoom)) * size / 2
    count = int(np.clip(2 * np.ceil(longest / 4) + 1, FEWEST, MOST))  # at least one per 2 px
    return np.linspace(-0.5, 0.5, count)


def render(
    canvas: F32,
    size: int,
    motion: Motion,
    objects: Sequence[Cutout],
    u: F64,
    *,
    power: float = 1.0,
) -> Tensor:
    """The moving scene at some instants.

    Args:
        canvas: (side, side, 3), larger than the picture; sampled beyond its border by reflection.
        size: side of the picture, cut from the centre of the canvas.
        motion: of the whole scene.
        objects: cut-outs that move with the scene and by their own motion on top.
        u: the K instants, in the unit of time that the motions are given for.
        power: exponent that takes stored values to those that are averaged.

    Returns:
        (K, 3, size, size), values to that power.
    """
    frames = _warp_scene(canvas**power, size, motion, u)  # (K, 3, size, size)
    for one in objects:
        path = motion.displacement(u) + one.motion.displacement(u)
        rows, columns = _window(one, size, path)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        layer = _warp_cutout(one, rows, columns, path, u, power)
        behind = frames[:, :, rows, columns]
        frames[:, :, rows, columns] = behind * (1 - layer[:, 3:]) + layer[:, :3]
    return frames


def _stored(picture: Tensor, power: float) -> F32:
    values: F32 = picture.clamp(0, 1).permute(1, 2, 0).numpy() ** np.float32(1 / power)
    return values


def _warp_scene(canvas: F32, size: int, motion: Motion, u: F64) -> Tensor:
    """The picture at each instant, (K, 3, size, size)."""
    side = len(canvas)
    reach = torch.arange(size, dtype=torch.float32) - (size - 1) / 2  # pixels from the centre
    cos = torch.from_numpy((1 + motion.zoom * u) * np.cos(motion.turn * u)).float()[:, None, None]
    sin = torch.from_numpy((1 + motion.zoom * u) * np.sin(motion.turn * u)).float()[:, None, None]
    move = torch.from_numpy(motion.displacement(u)).float()[:, :, None, None]
    rows, columns = reach[:, None], reach[None, :]
    x = cos * columns - sin * rows - move[:, 0]
    y = sin * columns + cos * rows - move[:, 1]
    grid = torch.stack([x, y], dim=-1) * (2 / (side - 1))  # (K, size, size, 2), border at +-1
    source = torch.from_numpy(canvas.transpose(2, 0, 1)).contiguous()[None]
    return F.grid_sample(
        source.expand(len(u), -1, -1, -1),
        grid,
        mode="bilinear",
        padding_mode="reflection",
        align_corners=True,
    )


def _warp_cutout(
    one: Cutout, rows: slice, columns: slice, path: F64, u: F64, power: float
) -> Tensor:
    """Premultiplied colours and mask within a window at each instant, (K, 4, rows, columns)."""
    height, width = one.mask.shape
    colours = one.picture**power * one.mask[:, :, None]
    layer = np.concatenate([colours, one.mask[:, :, None]], axis=2).transpose(2, 0, 1)
    move = torch.from_numpy(path).float()[:, :, None, None]
    across = torch.arange(columns.start, columns.stop, dtype=torch.float32)[None, :]
    down = torch.arange(rows.start, rows.stop, dtype=torch.float32)[:, None]
    x = across - one.column - move[:, 0]  # (K, 1, columns)
    y = down - one.row - move[:, 1]  # (K, rows, 1)
    cos = torch.from_numpy(np.cos(one.motion.turn * u) - 1).float()[:, None, None]
    sin = torch.from_numpy(np.sin(one.motion.turn * u)).float()[:, None, None]
    right, below = x - (width - 1) / 2, y - (height - 1) / 2  # from the object's centre
    x, y = x + (cos * right + sin * below), y + (cos * below - sin * right)  # (K, rows, columns)
    grid = torch.stack([x * (2 / (width - 1)), y * (2 / (height - 1))], dim=-1) - 1  # border at +-1
    source = torch.from_numpy(np.ascontiguousarray(layer, np.float32))[None]
    return F.grid_sample(
        source.expand(len(path), -1, -1, -1),
        grid,
        mode="bilinear",
        padding_mode="zeros",
        align_corners=True,
    )


def _window(one: Cutout, size: int, path: F64) -> tuple[slice, slice]:
    """Rows and columns of the picture that an object can touch on its path."""
    slack = 2 + abs(one.motion.turn) * max(one.mask.shape) / 2
    first = np.array([one.row, one.column]) + path.min(axis=0)[::-1] - slack
    last = np.array([one.row, one.column]) + one.mask.shape + path.max(axis=0)[::-1] + slack
    low = np.clip(np.floor(first), 0, size).astype(int)
    high = np.clip(np.ceil(last), 0, size).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])

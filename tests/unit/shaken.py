"""Pictures of a shaken camera whose rotations are known."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from deblur_lib.data.generated.benchmark import generator
from deblur_lib.data.generated.lai import FOCAL, draw_poses
from deblur_lib.data.generated.scenes import PHOTOGRAPHS, Stock
from deblur_lib.kernels.rotation import Camera, RotationBlur, Shake

MARGIN = 24  # of a canvas beyond the picture, more than any blur here reaches


def psnr(one: Tensor, other: Tensor, border: int = 0) -> float:
    """In dB, of pictures (C, H, W) clipped to [0, 1] and without their border."""
    inner = slice(border, -border or None)
    gap = one.clamp(0, 1) - other.clamp(0, 1)
    return float(-10 * gap[:, inner, inner].square().mean().log10())


def photograph(size: int, number: int) -> Tensor:
    """Canvas of a test photograph, (3, size + 2 MARGIN, size + 2 MARGIN)."""
    stock = Stock("test", PHOTOGRAPHS["test"], turn=number)
    return _tensor(stock.scene(generator(f"shaken/{number}"), size, MARGIN).picture)


def blocks(size: int, seed: int = 0, count: int = 60) -> Tensor:
    """Canvas of plain rectangles, (3, size + 2 MARGIN, size + 2 MARGIN)."""
    rng = np.random.RandomState(seed)
    side = size + 2 * MARGIN
    canvas = np.full((side, side, 3), 0.5, np.float32)
    for _ in range(count):
        (height, width), (top, left) = rng.randint(10, 50, 2), rng.randint(-20, side, 2)
        window = slice(max(top, 0), top + height), slice(max(left, 0), left + width)
        canvas[window] = rng.uniform(0.05, 0.85, 3)
    return _tensor(canvas)


def path(camera: Camera, length: float, seed: int, poses: int = 25) -> Shake:
    """A smooth path of rotations, `length` pixels long in the middle, about its centroid."""
    steps = np.random.RandomState(seed).normal(size=(poses, 3)).cumsum(axis=0).cumsum(axis=0)
    steps -= steps.mean(axis=0)
    steps *= length / np.hypot(*np.diff(steps[:, :2], axis=0).T).sum()
    return even(steps * camera.steps())


def benchmark_path(number: int, blur: float) -> tuple[Camera, Shake]:
    """A test path of the stand-in for Lai et al. without its translations, at 128 px."""
    poses = draw_poses(np.random.RandomState(0), number, blur=blur, spread=0.4, fixed=True)
    return Camera(128, 128, FOCAL), even(poses[:, :3])


def even(rotations: np.ndarray | Sequence[Sequence[float]]) -> Shake:
    """The same weight for each rotation."""
    vectors = torch.tensor(np.asarray(rotations), dtype=torch.float64)
    return Shake(vectors, torch.full((len(vectors),), 1 / len(vectors), dtype=torch.float64))


def shaken(
    canvas: Tensor, camera: Camera, shake: Shake, *, noise: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Blurred and sharp picture (3, H, W) of a canvas."""
    inner = (slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    blurred = RotationBlur(camera.padded(MARGIN), shake).forward(canvas)[inner]
    drawn = torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0))
    return (blurred + noise * drawn).clamp(0, 1), canvas[inner]


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())

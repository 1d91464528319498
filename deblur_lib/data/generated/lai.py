"""Blur as in the benchmark of Lai et al. (2016): four kernels, or four paths of a turning camera.

The benchmark works on STORED values and adds noise. Its test blurs are the same for all pictures,
so ours come from fixed seeds; training draws its own, and no test blur can be learnt by heart.
Lengths and angles hold for a focal length of `FOCAL` pixels whatever the size of the picture: a
smaller picture is a part of a larger one, not a miniature.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from deblur_lib.data.generated.kernels import shake_kernel
from deblur_lib.data.generated.scenes import F32

F64 = npt.NDArray[np.float64]
Anchor = Literal["centre", "first"]

BLURS = 4  # kernels and paths of the test
SIDES = (21, 27, 33, 41)  # of the kernels, in pixels
LENGTHS = (16.0, 25.0, 35.0, 46.0)  # of their paths, in pixels
MEDIAN = 28.0
KERNEL_SEEDS = (1009, 1000, 1006, 1001)  # chosen for different shapes
PATH_SEEDS = (2008, 2006, 2012, 2014)
POSES = 25
FOCAL = 256.0
# largest distance from the middle pose: pitch, yaw, roll in radians; translation over depth
LIMITS = np.array([0.018, 0.018, 0.03, 0.004, 0.004, 0.01])
MARGIN = 24  # canvas beyond the picture that a path can reach at full strength, in pixels
NOISE = 0.01


def draw_kernel(
    rng: np.random.RandomState, number: int, *, blur: float, spread: float, fixed: bool
) -> tuple[F32, float]:
    """One kernel and the length of its path in pixels.

    Args:
        rng: generator of this pair; unused when `fixed`.
        number: which of the four sizes.
        blur: factor on sizes and lengths.
        spread: exponent on the ratio of each length to the median one.
        fixed: the test kernel of that number, the same for every pair.
    """
    half = max(int(np.ceil((SIDES[number] // 2) * blur)), 2)
    length = MEDIAN * (LENGTHS[number] / MEDIAN) ** spread * blur
    source = np.random.RandomState(KERNEL_SEEDS[number]) if fixed else rng
    return shake_kernel(source, length, half), length


def draw_poses(
    rng: np.random.RandomState, number: int, *, blur: float, spread: float, fixed: bool
) -> F64:
    """A path of the camera, (POSES, 6), relative to its middle pose; columns as in `LIMITS`.

    Accelerations are random and integrated twice.

    Args:
        rng: generator of this pair; unused when `fixed`.
        number: which of the four test paths.
        blur: factor on all angles and translations.
        spread: 0 lets every component reach its limit; 1 lets it reach 40 to 100 percent.
        fixed: the test path of that number, the same for every pair.
    """
    source = np.random.RandomState(PATH_SEEDS[number]) if fixed else rng
    path = source.normal(size=(POSES, 6)).cumsum(axis=0).cumsum(axis=0)
    path -= path[POSES // 2]
    reach = LIMITS * source.uniform(0.4, 1.0, 6) ** spread * blur
    poses: F64 = path / np.abs(path).max(axis=0) * reach
    return poses


def average_poses(canvas: F32, size: int, poses: F64, anchor: Anchor) -> tuple[F32, F32]:
    """Mean of stored values over the poses, and the picture that counts as sharp.

    Args:
        canvas: (side, side, 3), larger than the picture; sampled beyond its border by reflection.
        size: side of the picture, cut from the centre of the canvas.
        poses: (K, 6) as `draw_poses` gives them.
        anchor: the pose of the sharp picture. "first" is the benchmark's choice: it displaces the
            blurred picture against the sharp one by half the path.

    Returns:
        Blurred and sharp, each (size, size, 3) in [0, 1].
    """
    side, margin = len(canvas), (len(canvas) - size) // 2
    if anchor == "first":
        poses = poses - poses[0]
    place = places(size, poses)
    source = torch.from_numpy(canvas.transpose(2, 0, 1)).contiguous()[None]
    frames = F.grid_sample(
        source.expand(len(poses), -1, -1, -1),
        place * (2 / (side - 1)),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=True,
    )
    blurred: F32 = frames.mean(dim=0).clamp(0, 1).permute(1, 2, 0).numpy()
    window = slice(margin, margin + size)
    return blurred, canvas[window, window]


def places(size: int, poses: F64) -> torch.Tensor:
    """Where each pixel looks at each of K poses, in pixels from the middle: (K, size, size, 2)."""
    reach = torch.arange(size, dtype=torch.float32) - (size - 1) / 2  # pixels from the centre
    columns, rows = reach.expand(size, size), reach[:, None].expand(size, size)
    rays = torch.stack([columns, rows, torch.full_like(rows, FOCAL)], dim=-1)  # (size, size, 3)
    turned = rays @ torch.from_numpy(_planes(poses)).float().transpose(1, 2)[:, None]
    return turned[..., :2] * (FOCAL / turned[..., 2:])


def path_length(poses: F64) -> float:
    """Length in pixels of the path of the picture's centre."""
    across = poses[:, [1, 0]] + poses[:, [3, 4]]  # yaw moves columns, pitch moves rows
    return float(np.hypot(*np.diff(across, axis=0).T).sum() * FOCAL)


def _planes(poses: F64) -> F64:
    """Map of each pose from rays of the picture to rays of the plane in front of it, (K, 3, 3).

    R + t n^T with small angles, for a plane at depth 1 that faces the camera.
    """
    pitch, yaw, roll, x, y, z = poses.T
    one = np.ones_like(pitch)
    rows = [[one, -roll, yaw + x], [roll, one, -pitch + y], [-yaw, pitch, one + z]]
    planes: F64 = np.array(rows).transpose(2, 0, 1)
    return planes


def add_noise(rng: np.random.RandomState, picture: F32) -> F32:
    """The benchmark's Gaussian noise on stored values."""
    noisy: F32 = np.clip(picture + rng.normal(0, NOISE, picture.shape), 0, 1).astype(np.float32)
    return noisy

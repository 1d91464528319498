"""Blur of a turning camera: the weighted mean of a picture seen under many rotations.

A pinhole camera turned by th shows the point p of the still picture at H p, with
H = K expm([th]x) K^-1 and the calibration K = [[f, 0, cx], [0, f, cy], [0, 0, 1]]. The blurred
picture is y(p) = sum_k w_k x(H_k p). Source: Whyte et al., IJCV 2012, Secs. 2 and 3.

Shape legend: K rotations, C colours, H, W height and width, n pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError

FILM = 36.0  # mm, the longer side that a focal length in 35 mm terms is told for
GROUP = 32  # rotations that are sampled at once
PIXELS = 2**20  # pixels of all rotations that are looked at together


@dataclass(frozen=True)
class Camera:
    """A pinhole camera whose principal point is the picture's middle.

    Attributes:
        height, width: of the picture.
        focal: focal length f, in pixels.
    """

    height: int
    width: int
    focal: float

    @classmethod
    def of(cls, size: tuple[int, int], f35: float = 35.0) -> "Camera":
        """Camera of a picture (height, width) from its focal length in 35 mm terms."""
        return cls(*size, focal=max(size) * f35 / FILM)

    def padded(self, margin: int) -> "Camera":
        """The same camera with `margin` more pixels on each side."""
        return replace(self, height=self.height + 2 * margin, width=self.width + 2 * margin)

    @property
    def corner(self) -> tuple[float, float]:
        """The last pixel's distance from the middle, to the right and down."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    def steps(self) -> tuple[float, float, float]:
        """Rotations about x, y and z, in radians, that move the border by one pixel."""
        right, down = self.corner
        far = max(right, down)
        tilt = self.focal / (self.focal**2 + far**2)
        return tilt, tilt, 1 / max((right**2 + down**2) ** 0.5, 1.0)


@dataclass(frozen=True)
class Shake:
    """How a camera turned during an exposure.

    Attributes:
        rotations: vectors th (K, 3) about x (right), y (down) and z (ahead), in radians.
        weights: share of the exposure spent at each, (K,).

    Raises:
        UsageError: shapes that do not fit, weights below zero or that do not sum to a positive.
    """

    rotations: Tensor
    weights: Tensor

    def __post_init__(self) -> None:
        count = len(self.weights)
        if self.rotations.shape != (count, 3) or self.weights.dim() != 1:
            raise UsageError(
                "a shake needs rotations (K, 3) and weights (K,), got shapes "
                f"{tuple(self.rotations.shape)} and {tuple(self.weights.shape)}"
            )
        if not (self.weights >= 0).all() or not self.weights.sum() > 0:
            raise UsageError("a shake needs weights of at least 0 with a sum above 0; clip them")

    def strongest(self, share: float) -> "Shake":
        """Only rotations with more than `share` of the largest weight; weights that sum to 1."""
        kept = self.weights > share * self.weights.max()
        weights = self.weights[kept]
        return Shake(self.rotations[kept], weights / weights.sum())


class Blur(Protocol):
    """A linear map of pictures (C, H, W) that all kinds of camera blur offer.

    `back` is the transpose, or what stands for it; `spread` weighs each rotation with 1 and is
    cut at 1: where a picture's pixels reach.
    """

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        ...

    def back(self, y: Tensor) -> Tensor:  # noqa: D102
        ...

    def spread(self, x: Tensor) -> Tensor:  # noqa: D102
        ...


def rotation_matrices(rotations: Tensor) -> Tensor:
    """expm([th]x) of rotation vectors (K, 3): (K, 3, 3), float64."""
    x, y, z = rotations.double().unbind(dim=1)
    zero = torch.zeros_like(x)
    rows = [torch.stack(row, dim=1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    turned: Tensor = torch.linalg.matrix_exp(torch.stack(rows, dim=1))
    return turned


def homographies(camera: Camera, rotations: Tensor) -> Tensor:
    """H_k = K expm([th_k]x) K^-1, (K, 3, 3), on pixels counted from 0."""
    (right, down), f = camera.corner, camera.focal
    rows = [[f, 0.0, right], [0.0, f, down], [0.0, 0.0, 1.0]]
    calibration = torch.tensor(rows, dtype=torch.float64, device=rotations.device)
    turned: Tensor = calibration @ rotation_matrices(rotations) @ torch.linalg.inv(calibration)
    return turned


def pixel_grid(camera: Camera, device: torch.device | str = "cpu") -> Tensor:
    """Every pixel's place from the middle, to the right and down: (H W, 2)."""
    right, down = camera.corner
    columns = torch.arange(camera.width, device=device) - right
    rows = torch.arange(camera.height, device=device) - down
    return torch.cartesian_prod(rows, columns).flip(1)


def places(camera: Camera, rotations: Tensor, pixels: Tensor) -> Tensor:
    """Where rotations take pixels (n, 2), both counted from the middle: (K, n, 2)."""
    rays = F.pad(pixels / camera.focal, (0, 1), value=1.0)  # (n, 3)
    turned = rays @ rotation_matrices(rotations).to(rays).transpose(1, 2)  # (K, n, 3)
    return turned[..., :2] * (camera.focal / turned[..., 2:])


def reach(camera: Camera, rotations: Tensor) -> int:
    """Whole pixels that cover every displacement, found at the corners and the middles of sides."""
    right, down = camera.corner
    lines = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64, device=rotations.device)
    pixels = torch.cartesian_prod(lines * right, lines * down)
    moved = places(camera, rotations.double(), pixels) - pixels
    return int(moved.abs().max().ceil())


def warp(
    picture: Tensor,
    camera: Camera,
    rotations: Tensor,
    pixels: Tensor,
    *,
    outside: str = "border",
) -> Tensor:
    """A picture (C, H, W) sampled bilinearly at H_k p: (K, C, n).

    Args:
        picture: of the camera's size.
        camera: its calibration.
        rotations: (K, 3).
        pixels: the points p, from the middle, (n, 2).
        outside: "border" repeats the border, "zeros" continues with zeros.
    """
    half = torch.tensor(camera.corner, device=picture.device).clamp(min=0.5)
    grid = (places(camera, rotations, pixels) / half)[:, :, None].to(picture)  # (K, n, 1, 2)
    several = picture.expand(len(rotations), *picture.shape)
    sampled = F.grid_sample(several, grid, padding_mode=outside, align_corners=True)
    return sampled[..., 0]


def groups(count: int, pixels: int) -> Iterator[slice]:
    """Slices of `count` rotations that may be sampled at once on so many pixels."""
    size = max(1, min(GROUP, PIXELS // max(pixels, 1)))
    return (slice(first, first + size) for first in range(0, count, size))


class RotationBlur:
    """The exact blur as a sparse matrix that holds the bilinear shares of all warps.

    The border is repeated.

    Args:
        camera: of the pictures that are blurred.
        shake: weights of its rotations.
    """

    def __init__(self, camera: Camera, shake: Shake) -> None:
        self.camera, self.shake = camera, shake
        self.matrix = warp_matrix(camera, shake)

    def forward(self, x: Tensor) -> Tensor:
        """Blur: (C, H, W) -> the same shape."""
        return _product(self.matrix, x)

    def back(self, y: Tensor) -> Tensor:
        """The exact transpose: each pixel goes to those it was taken from, same shape."""
        return _product(self.matrix.T, y)

    def spread(self, x: Tensor) -> Tensor:
        """Blur with all weights 1, cut at 1: (C, H, W) -> the same shape."""
        return _product(self._reached, x).clamp(max=1)

    def inverse(self) -> "RotationBlur":
        """The blur by the inverse rotations, which is nearly the transpose."""
        return RotationBlur(self.camera, Shake(-self.shake.rotations, self.shake.weights))

    @cached_property
    def _reached(self) -> sparse.csr_array:
        weights = torch.ones_like(self.shake.weights)
        return warp_matrix(self.camera, Shake(self.shake.rotations, weights))


def warp_matrix(camera: Camera, shake: Shake) -> sparse.csr_array:
    """Sum of all warps times their weights, (H W, H W): 4 K bilinear shares in each row."""
    size = torch.tensor([camera.width, camera.height], dtype=torch.float32)
    rotations, weights = shake.rotations.cpu(), shake.weights.cpu().float()
    corners = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=torch.int32)
    blocks = []
    for pixels in torch.split(pixel_grid(camera), max(1, PIXELS // len(weights))):
        found = places(camera, rotations, pixels).transpose(0, 1) + (size - 1) / 2  # (n, K, 2)
        found = torch.minimum(found.clamp(min=0), size - 1)
        low = torch.minimum(found.int(), (size - 2).clamp(min=0).int())
        part = (found - low)[:, :, None]  # (n, K, 1, 2)
        shares = torch.where(corners == 1, part, 1 - part).prod(dim=-1) * weights[:, None]
        taken = low[:, :, None] + corners
        columns = taken[..., 1].clamp(max=camera.height - 1) * camera.width
        columns += taken[..., 0].clamp(max=camera.width - 1)  # (n, K, 4)
        starts = np.arange(0, columns.numel() + 1, 4 * len(weights), dtype=np.int32)
        rows = (shares.flatten().numpy(), columns.flatten().numpy(), starts)
        blocks.append(sparse.csr_array(rows, shape=(len(pixels), camera.height * camera.width)))
        blocks[-1].sum_duplicates()
    return sparse.vstack(blocks, format="csr")


def _product(matrix: sparse.sparray, x: Tensor) -> Tensor:
    made = matrix @ x.flatten(1).T.cpu().numpy()  # (H W, C)
    return torch.from_numpy(made).T.reshape(x.shape).to(x)


def motion_field(camera: Camera, shake: Shake) -> Tensor:
    """The line that each pixel's path resembles most: (2, H, W), to the right and down, in pixels.

    Its direction is the path's main axis, pointing right, its length that of the even line with
    the same variance.
    """
    pixels = pixel_grid(camera, shake.weights.device)
    first = torch.zeros_like(pixels)  # sum of w d
    second = torch.zeros(len(pixels), 3, device=pixels.device)  # sums of w dx^2, w dy^2, w dx dy
    weights = shake.weights / shake.weights.sum()
    for rotation, weight in zip(shake.rotations, weights.to(pixels), strict=True):
        x, y = (places(camera, rotation[None], pixels)[0] - pixels).unbind(dim=1)
        first += weight * torch.stack((x, y), dim=1)
        second += weight * torch.stack((x * x, y * y, x * y), dim=1)
    (mean_x, mean_y), (xx, yy, xy) = first.unbind(1), second.unbind(1)
    xx, yy, xy = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    angle = torch.atan2(2 * xy, xx - yy) / 2  # of the main axis, -pi/2 to pi/2
    variance = (xx + yy) / 2 + torch.hypot((xx - yy) / 2, xy)
    length = (12 * variance.clamp(min=0)).sqrt()
    field = torch.stack((length * angle.cos(), length * angle.sin()))
    return field.reshape(2, camera.height, camera.width)

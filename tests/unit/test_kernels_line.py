"""Blur along lines: its kernels, its transpose, borders; conjugate gradients."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.kernels.conjugate import conjugate_gradients
from deblur_lib.kernels.line import line_blur, line_kernels
from deblur_lib.kernels.operators import Operator, uniform


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def everywhere(u: float, v: float, height: int = 13, width: int = 17) -> Tensor:
    return torch.tensor([u, v])[:, None, None].repeat(1, height, width)


def mixed(largest: int, height: int = 23, width: int = 31) -> Tensor:
    """A motion of its own at every pixel."""
    return (2 * noise(2, height, width) - 1) * largest


def written_down(u: float, v: float, radius: int) -> np.ndarray:
    """The kernel cell by cell, as the method has it."""
    length = max(math.hypot(u, v), 1)
    half, kernel = (length - 1) / 2, np.zeros((2 * radius + 1,) * 2)
    right, down = (u, v) / np.hypot(u, v) if u or v else (1.0, 0.0)
    for y in range(-radius, radius + 1):
        for x in range(-radius, radius + 1):
            along, across = abs(x * right + y * down), abs(x * down - y * right)
            distance = across
            if math.hypot(x, y) >= half and across <= 1:
                distance = math.sqrt(across**2 + (half - along) ** 2)
            kernel[y + radius, x + radius] = max(0, 1 - distance)
    return kernel / kernel.sum()


def slowly(x: Tensor, motion: Tensor, radius: int) -> Tensor:
    """The blur pixel by pixel, borders repeated."""
    wide = np.pad(x.numpy(), ((0, 0), (radius, radius), (radius, radius)), mode="edge")
    blurred, side = np.zeros(x.shape), 2 * radius + 1
    for row, column in np.ndindex(*x.shape[1:]):
        kernel = written_down(*motion[:, row, column].tolist(), radius)
        around = wide[:, row : row + side, column : column + side]
        blurred[:, row, column] = (kernel * around).sum(axis=(1, 2))
    return torch.from_numpy(blurred).float()


def apart(blur: Operator, height: int, width: int) -> float:
    """|<Ax, y> - <x, A'y>| as a part of the norms."""
    x, y = noise(3, height, width), noise(3, width, height).mT.square()
    blurred = blur.apply(x)
    gap = (blurred * y).double().sum() - (x * blur.transpose(y)).double().sum()
    return float(gap.abs() / (blurred.norm() * y.norm()))


@pytest.mark.parametrize("motion", [(0, 0), (1, 0), (2, 1), (-3, 4), (9, 0), (-7.8, 4.5), (0, 21)])
def test_a_kernel_is_as_written_down(motion: tuple[float, float]) -> None:
    kernel = line_kernels(torch.tensor([motion], dtype=torch.float64))[0].numpy()
    np.testing.assert_allclose(kernel, written_down(*motion, len(kernel) // 2), atol=1e-9)


@pytest.mark.parametrize("length", [9.0, 25.0])
@pytest.mark.parametrize("degrees", [0, 30, 45, 77, 90, 150])
def test_a_motion_is_as_long_as_its_kernel(length: float, degrees: int) -> None:
    angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
    ahead = torch.stack((angle.cos(), angle.sin()))
    kernel = line_kernels(length * ahead[None])[0]
    steps = torch.arange(len(kernel)).double() - len(kernel) // 2
    along = steps[None, :] * ahead[0] + steps[:, None] * ahead[1]
    assert (12 * (kernel * along**2).sum()).sqrt() == pytest.approx(length, rel=0.01)


def test_each_pixel_gathers_along_its_own_line() -> None:
    motion, x = mixed(6, 6, 7), noise(3, 6, 7)
    blurred = line_blur(motion).apply(x)
    torch.testing.assert_close(blurred, slowly(x, motion, 5), rtol=0, atol=1e-6)


def test_a_motion_to_the_right_blurs_rows_and_one_down_columns() -> None:
    rows, columns = torch.arange(13.0)[None, :, None] / 13, torch.arange(17.0)[None, None] / 17
    for x, still, moved in ((rows, (5, 0), (0, 5)), (columns, (0, 5), (5, 0))):
        picture = x.expand(1, 13, 17).contiguous()
        torch.testing.assert_close(line_blur(everywhere(*still)).apply(picture), picture)
        assert (line_blur(everywhere(*moved)).apply(picture) - picture).abs().max() > 0.03


@pytest.mark.parametrize("largest", [0, 1, 8, 36])
def test_the_transpose_is_exact_borders_included(largest: int) -> None:
    assert apart(line_blur(mixed(largest)), 23, 31) < 1e-6
    assert apart(line_blur(everywhere(largest, -3)), 13, 17) < 1e-6


@pytest.mark.parametrize("motion", [everywhere(0, 0), everywhere(9, -4), mixed(12)])
def test_a_flat_picture_stays_flat(motion: Tensor) -> None:
    flat = torch.full((3, *motion.shape[1:]), 0.7)
    torch.testing.assert_close(line_blur(motion).apply(flat), flat, rtol=0, atol=1e-6)


@pytest.mark.parametrize("motion", [(0.0, -0.0), (0.6, 0.3), (-12.0, 4.0)])
def test_one_motion_everywhere_is_the_same_by_fourier_transforms(
    motion: tuple[float, float],
) -> None:
    field = everywhere(*motion)
    nearly = field.clone()
    nearly[0, 0, 0] += 1e-6  # two motions: sparse matrices
    one, other, x = line_blur(field), line_blur(nearly), noise(3, 13, 17)
    torch.testing.assert_close(one.apply(x), other.apply(x), rtol=0, atol=2e-6)
    torch.testing.assert_close(one.transpose(x), other.transpose(x), rtol=2e-6, atol=2e-6)


def test_a_uniform_kernel_gathers_unflipped() -> None:
    kernel = torch.zeros(3, 3)
    kernel[0, 2] = 1  # what lies above, to the right
    x = noise(1, 6, 7)
    moved = uniform(kernel, (6, 7)).apply(x)
    torch.testing.assert_close(moved[:, 1:, :-1], x[:, :-1, 1:], rtol=0, atol=1e-6)
    assert apart(uniform(noise(9, 9), (13, 17)), 13, 17) < 1e-6
    assert apart(uniform(noise(25, 25), (6, 7)), 6, 7) < 1e-6  # larger than the picture


def test_what_is_no_motion_or_kernel_is_refused() -> None:
    for motion in (noise(3, 4, 5), noise(4, 5), torch.full((2, 4, 5), torch.nan)):
        with pytest.raises(UsageError, match=r"needs a finite motion \(2, H, W\)"):
            line_blur(motion)
    for kernel in (noise(4, 4), noise(3, 5)):
        with pytest.raises(UsageError, match="square kernel with an odd side"):
            uniform(kernel, (8, 8))


def test_conjugate_gradients_solve_each_channel() -> None:
    root = noise(12, 12).double()
    matrix = root @ root.T + torch.eye(12)
    right = torch.stack([torch.zeros(3, 4), noise(3, 4), 1e3 * noise(3, 4)]).double()
    calls: list[int] = []

    def apply(x: Tensor) -> Tensor:
        calls.append(1)
        return (x.flatten(1) @ matrix).view_as(x)

    start = (right > 0).double()
    solved = conjugate_gradients(apply, right, start, tolerance=1e-8)
    missing = (apply(solved) - right).flatten(1).norm(dim=1)
    assert (missing <= 1e-8 * right.flatten(1).norm(dim=1)).all()
    assert len(calls) < 40
    calls.clear()
    conjugate_gradients(apply, right, start, iterations=2)
    assert len(calls) == 3

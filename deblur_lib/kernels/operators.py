"""A blur as a linear map of pictures, with its exact transpose.

No gradient flows through: what inverts a blur calls the transpose itself.

Shape legend: C channels, H height, W width.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError


@dataclass(frozen=True)
class Operator:
    """A linear map of pictures A and its transpose A', each (C, H, W) -> (C, H, W), float32."""

    apply: Callable[[Tensor], Tensor]
    transpose: Callable[[Tensor], Tensor]


def uniform(kernel: Tensor, size: tuple[int, int]) -> Operator:
    """The same kernel at every pixel, by Fourier transforms of a picture with repeated borders.

    (A x)(p) = sum_o kernel(o) x(clamp(p + o)), with o counted from the middle of the kernel. A
    convolution takes the flipped kernel.

    Args:
        kernel: (k, k), k odd.
        size: height and width of the pictures.

    Raises:
        UsageError: the kernel is no square with an odd side.
    """
    side = kernel.shape[-1]
    if tuple(kernel.shape) != (side, side) or side % 2 == 0:
        raise UsageError(
            f"a uniform blur needs a square kernel with an odd side, got {tuple(kernel.shape)}; "
            "add a row or a column of zeros"
        )
    (height, width), half = size, side // 2
    padded = (height + 2 * half, width + 2 * half)
    grid = [next_fast_len(n, real=True) for n in padded]
    spectrum = torch.fft.rfft2(kernel.float(), s=grid)

    def apply(x: Tensor) -> Tensor:
        wide = F.pad(x[None], (half,) * 4, mode="replicate")[0]
        seen: Tensor = torch.fft.irfft2(torch.fft.rfft2(wide, s=grid) * spectrum.conj(), s=grid)
        return seen[..., :height, :width]

    def transpose(y: Tensor) -> Tensor:
        spread = torch.fft.irfft2(torch.fft.rfft2(y, s=grid) * spectrum, s=grid)
        return _folded(_folded(spread[..., : padded[0], : padded[1]], half, -2), half, -1)

    return Operator(apply, transpose)


def _folded(wide: Tensor, half: int, axis: int) -> Tensor:
    """The transpose of repeating the border `half` times at both ends of an axis."""
    length = wide.shape[axis] - 2 * half
    inner = wide.narrow(axis, half, length).clone()
    inner.select(axis, 0).add_(wide.narrow(axis, 0, half).sum(axis))
    inner.select(axis, -1).add_(wide.narrow(axis, half + length, half).sum(axis))
    return inner

"""What U becomes before it multiplies the attended values: DFGB and its ablations (Sec. 2.1).

Shape legend: B batch, C channels, H height, W width, P side of a frequency block.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.parts import choose
from deblur_lib.nn.precision import without_autocast
from deblur_lib.papers.lu2025.options import BlockOptions


def to_blocks(x: Tensor, side: int) -> Tensor:
    """Cut (B, C, H, W) into (B, C, H/P, W/P, P, P)."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // side, side, w // side, side).transpose(3, 4)


def from_blocks(blocks: Tensor) -> Tensor:
    """Put (B, C, H/P, W/P, P, P) together to (B, C, H, W)."""
    b, c, rows, columns, side, _ = blocks.shape
    return blocks.transpose(3, 4).reshape(b, c, rows * side, columns * side)


def cosine_basis(side: int) -> Tensor:
    """Orthonormal DCT-II matrix (P, P): its rows are the cosines, as JPEG uses them."""
    n = torch.arange(side, dtype=torch.float64)
    basis = torch.cos(math.pi / side * (n + 0.5) * n[:, None]) * math.sqrt(2 / side)
    basis[0] /= math.sqrt(2)
    return basis.float()


MATRIX_SHAPES: dict[str, Callable[[int], tuple[int, ...]]] = {
    "channel": lambda channels: (channels,),
    "shared": lambda channels: (1,),
    "complex": lambda channels: (channels,),
}


class DFGB(nn.Module):
    """GELU of U after a learnt matrix has weighed the frequencies of each of its blocks.

    With a matrix of ones this is GELU(U). The transform runs in float32 under autocast.

    Args:
        channels: C.
        options: matrix ("channel", "shared" or "complex"), transform and block side.

    Source: lu2025, Sec. 2.1, Eq. (5); the matrix is shaped as FFTformer's (departure D16).
    """

    def __init__(self, channels: int, options: BlockOptions) -> None:
        super().__init__()
        self.side = options.dfgb_patch
        self.complex = options.dfgb_matrix == "complex"
        lead = choose("dfgb_matrix", options.dfgb_matrix, MATRIX_SHAPES)(channels)
        transforms = {"fft": self.weigh_fourier, "dct": self.weigh_cosine}
        self.weigh = choose("dfgb_transform", options.dfgb_transform, transforms)
        fourier = options.dfgb_transform == "fft"
        if self.complex and not fourier:
            raise UsageError("dfgb_matrix 'complex' needs dfgb_transform 'fft', got 'dct'")
        matrix = torch.ones(*lead, self.side, self.side // 2 + 1 if fourier else self.side)
        if self.complex:
            matrix = torch.stack((matrix, torch.zeros_like(matrix)), dim=-1)
        self.matrix = nn.Parameter(matrix)  # M
        self.basis: Tensor
        self.register_buffer("basis", cosine_basis(self.side), persistent=False)

    def forward(self, u: Tensor) -> Tensor:
        """(B, C, H, W), sides multiples of P, to the same shape."""
        with without_autocast(u):
            blocks = to_blocks(u.to(torch.promote_types(u.dtype, torch.float32)), self.side)
            filtered = from_blocks(self.weigh(blocks))  # (B, C, H, W)
        return F.gelu(filtered.to(u.dtype))

    def weigh_fourier(self, blocks: Tensor) -> Tensor:
        """Multiply the half spectrum of each block (..., P, P) by M (..., P, P/2 + 1)."""
        m = torch.complex(*self.matrix.unbind(-1)) if self.complex else self.matrix
        spectrum = torch.fft.rfft2(blocks) * m[:, None, None]  # (B, C, H/P, W/P, P, P/2 + 1)
        filtered: Tensor = torch.fft.irfft2(spectrum, s=blocks.shape[-2:])
        return filtered

    def weigh_cosine(self, blocks: Tensor) -> Tensor:
        """Multiply the cosine coefficients of each block (..., P, P) by M (..., P, P)."""
        coefficients = self.basis @ blocks @ self.basis.T * self.matrix[:, None, None]
        return self.basis.T @ coefficients @ self.basis


class GELUGate(nn.Module):
    """GELU of U: the frequency gate with its matrix held at one."""

    def __init__(self, channels: int, options: BlockOptions) -> None:
        super().__init__()

    def forward(self, u: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return F.gelu(u)


class SimpleGate(nn.Module):
    """U itself: with the attended values it makes the two halves of NAFNet's gate (D20)."""

    def __init__(self, channels: int, options: BlockOptions) -> None:
        super().__init__()

    def forward(self, u: Tensor) -> Tensor:
        """(B, C, H, W), unchanged."""
        return u


class SplitGate(nn.Module):
    """Product of two projections of U, NAFNet's gate on U alone (alternative of D20)."""

    def __init__(self, channels: int, options: BlockOptions) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, 2 * channels, 1, bias=options.bias)

    def forward(self, u: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        left, right = self.project(u).chunk(2, dim=1)  # 2 x (B, C, H, W)
        return left * right  # type: ignore[no-any-return]


GATES: dict[str, Callable[[int, BlockOptions], nn.Module]] = {
    "dfgb": DFGB,
    "gelu": GELUGate,
    "simple_gate": SimpleGate,
    "simple_gate_split": SplitGate,
}

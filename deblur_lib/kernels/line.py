"""Blur along a straight line at each pixel: A(u, v) of Sun et al. (2015) and Gong et al. (2017).

Shape legend: C channels, H height, W width, N distinct motions, K taps of their kernels.
"""

import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.kernels.operators import Operator, uniform

KERNELS = 512  # looked at together
ROWS = 1 << 16  # pixels whose taps are written together


def line_kernels(motions: Tensor) -> Tensor:
    """Kernels of straight motions: how near each cell lies to the line, at most one pixel away.

    A motion of length L covers L pixels, so the line is L - 1 long between the middles of its
    ends; up to a length of 1 nothing is blurred. A motion and its opposite have the same kernel.

    Args:
        motions: (N, 2), to the right and down, in pixels.

    Returns:
        (N, 2 r + 1, 2 r + 1), sums 1, float64, with r for the longest motion.

    Source: the line blur published with Sun et al., "Learning a Convolutional Neural Network for
    Non-uniform Motion Blur Removal", without the slip of sign at the ends of its lines, which made
    them shorter than the motion; MATLAB's `motion` filter.
    """
    motions = motions.double()
    lengths = torch.linalg.vector_norm(motions, dim=1).clamp(min=1)
    ahead = motions / torch.linalg.vector_norm(motions, dim=1, keepdim=True).clamp(min=1e-12)
    half = ((lengths - 1) / 2)[:, None, None]
    radius = int(half.max().ceil())
    steps = torch.arange(-radius, radius + 1, device=motions.device, dtype=motions.dtype)
    right, down = steps[None, None, :], steps[None, :, None]
    u, v = ahead[:, 0, None, None], ahead[:, 1, None, None]
    along, across = (right * u + down * v).abs(), (right * v - down * u).abs()
    ends = (right.square() + down.square() >= half.square()) & (across <= 1)
    distance = torch.where(ends, torch.hypot(across, half - along), across)
    kernels = (1 - distance).clamp(min=0)
    still = (lengths == 1)[:, None, None]
    kernels = torch.where(still, ((right == 0) & (down == 0)).double(), kernels)
    return kernels / kernels.sum(dim=(1, 2), keepdim=True)


def line_blur(motion: Tensor) -> Operator:
    """The blur of a field of straight motions, each pixel gathering along its own line.

    (A x)(p) = sum_o k_p(o) x(clamp(p + o)): borders are repeated. The transpose scatters and is
    exact, borders included. Both are sparse matrices on the device of the motion, or Fourier
    transforms where the motion is the same everywhere.

    Args:
        motion: (2, H, W), to the right and down, in pixels.

    Raises:
        UsageError: another shape, or a motion that is no finite number.
    """
    if motion.dim() != 3 or motion.shape[0] != 2 or not motion.isfinite().all():
        raise UsageError(
            "a line blur needs a finite motion (2, H, W), to the right and down in pixels, got "
            f"shape {tuple(motion.shape)}; estimate it with a network or draw one"
        )
    motion = motion.detach().float() + 0.0  # no -0
    height, width = motion.shape[1:]
    pairs = motion.flatten(1).T.contiguous()  # (H W, 2)
    codes, labels = torch.unique(pairs.view(torch.int64)[:, 0], return_inverse=True)  # both at once
    motions = codes[:, None].view(torch.float32)  # (N, 2)
    if len(motions) == 1:
        return uniform(line_kernels(motions)[0], (height, width))
    matrix = _matrix(_taps(motions.cpu()), labels.cpu(), height, width)
    forward = _rows(matrix, motion.device)

    @cache  # training never asks for it
    def backward() -> Tensor:
        return _rows(matrix.T.tocsr(), motion.device)

    return Operator(
        lambda x: (forward @ x.flatten(1).T).T.reshape(x.shape),
        lambda y: (backward() @ y.flatten(1).T).T.reshape(y.shape),
    )


class _Taps(NamedTuple):
    """What is not zero in N kernels, one kernel after another."""

    first: Tensor  # (N,) where a kernel's taps begin
    counts: Tensor  # (N,) how many it has
    offsets: Tensor  # (K, 2) down and to the right, from the middle
    weights: Tensor  # (K,)


def _taps(motions: Tensor) -> _Taps:
    lengths = torch.linalg.vector_norm(motions, dim=1)
    order = lengths.argsort(stable=True)  # alike lengths together, so that no kernel is padded much
    counts = torch.empty(len(motions), dtype=torch.int64)
    offsets, weights = [], []
    for some in torch.split(order, KERNELS):
        kernels = line_kernels(motions[some])
        where = kernels.nonzero()
        counts[some] = where[:, 0].bincount(minlength=len(some))
        offsets.append((where[:, 1:] - kernels.shape[-1] // 2).int())
        weights.append(kernels[kernels > 0].float())
    first = torch.empty_like(counts)
    first[order] = counts[order].cumsum(0) - counts[order]
    return _Taps(first, counts, torch.cat(offsets), torch.cat(weights))


def _matrix(taps: _Taps, labels: Tensor, height: int, width: int) -> sparse.csr_matrix:
    """The blur as a matrix (H W, H W): the row of a pixel holds its kernel."""
    counts = taps.counts[labels]
    starts = torch.zeros(len(labels) + 1, dtype=torch.int64)
    starts[1:] = counts.cumsum(0)
    columns = np.empty(int(starts[-1]), np.int32)
    values = np.empty(int(starts[-1]), np.float32)
    for pixels in torch.split(torch.arange(len(labels)), ROWS):
        here, times = slice(int(starts[pixels[0]]), int(starts[pixels[-1] + 1])), counts[pixels]
        tap = (taps.first[labels[pixels]] - starts[pixels]).repeat_interleave(times)
        tap += torch.arange(here.start, here.stop)
        pixel = pixels.repeat_interleave(times)
        row = (pixel // width + taps.offsets[tap, 0]).clamp(0, height - 1)
        column = (pixel % width + taps.offsets[tap, 1]).clamp(0, width - 1)
        columns[here] = (row * width + column).numpy()
        values[here] = taps.weights[tap].numpy()
    matrix = sparse.csr_matrix((values, columns, starts.int().numpy()), shape=(len(labels),) * 2)
    matrix.sum_duplicates()  # taps that met at a border
    return matrix


def _rows(matrix: sparse.csr_matrix, device: torch.device) -> Tensor:
    first, columns, values = map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch calls its sparse rows a beta
        return torch.sparse_csr_tensor(first, columns, values, size=matrix.shape, device=device)

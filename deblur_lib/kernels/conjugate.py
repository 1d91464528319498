"""Conjugate gradients for the least-squares steps of a deconvolution."""

from collections.abc import Callable

import torch
from torch import Tensor


def conjugate_gradients(
    matrix: Callable[[Tensor], Tensor],
    right: Tensor,
    start: Tensor,
    *,
    tolerance: float = 1e-5,
    iterations: int = 300,
) -> Tensor:
    """Solve matrix(x) = right for each channel by itself.

    Args:
        matrix: a symmetric positive map (C, H, W) -> (C, H, W) that keeps channels apart.
        right: (C, H, W).
        start: where to begin, (C, H, W).
        tolerance: a channel is solved when what is missing is this small a part of `right`.
        iterations: at most; what was reached by then is returned.

    Returns:
        (C, H, W).

    Source: Hestenes and Stiefel (1952). The published deconvolution of Sun et al. has biconjugate
    gradients with the same bounds; the system is symmetric and positive, so this is enough.
    """
    x = start.clone()
    missing = right - matrix(x)
    towards = missing.clone()
    size = _dot(missing, missing)
    goal = tolerance**2 * _dot(right, right)
    for _ in range(iterations):
        if bool((size <= goal).all()):
            break
        image = matrix(towards)
        step = size / _dot(towards, image).clamp(min=torch.finfo(x.dtype).tiny)
        x += step * towards
        missing -= step * image
        size, before = _dot(missing, missing), size
        towards = missing + size / before.clamp(min=torch.finfo(x.dtype).tiny) * towards
    return x


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """Products summed over each channel, (C, H, W) -> (C, 1, 1)."""
    return (one * other).sum(dim=(-2, -1), keepdim=True)

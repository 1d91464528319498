"""Losses that compare pixel with pixel, in float32 whatever the precision of the training."""

import torch
from torch import Tensor

CHARBONNIER_EPSILON = 1e-3  # in units of the picture's range [0, 1]
LEAST_MSE = 1e-6  # 60 dB: better pictures pull no harder


def l1(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean absolute difference over all elements.

    Args:
        restored: any shape.
        sharp: same shape.

    Returns:
        A scalar.

    Source: wan2023, Eq. (4), one scale, divided by the number of elements as in the code of
    MIMO-UNet; li2026, Eq. (22), first line.
    """
    return (restored.float() - sharp.float()).abs().mean()


def mse(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean squared difference over all elements; arguments as in `l1`.

    Source: sang2018, Eqs. (2) to (3); zhao2020, Eq. (6), one stage.
    """
    return (restored.float() - sharp.float()).square().mean()


def charbonnier(restored: Tensor, sharp: Tensor, *, epsilon: float = CHARBONNIER_EPSILON) -> Tensor:
    """Mean of sqrt(difference^2 + epsilon^2): `l1` with a gradient that is smooth at zero."""
    gap = restored.float() - sharp.float()
    return (gap.square() + epsilon**2).sqrt().mean()


def log_mse(restored: Tensor, sharp: Tensor, *, least: float = LEAST_MSE) -> Tensor:
    """Mean over pictures of log(mean squared difference + `least`): minus PSNR, in 4.34 dB.

    Every picture counts alike, however blurred it is, as it does in a table's mean.

    Args:
        restored: (B, 3, H, W).
        sharp: same shape.
        least: added to each picture's error.
    """
    gap = (restored.float() - sharp.float()).square()
    return torch.log(gap.flatten(1).mean(dim=1) + least).mean()

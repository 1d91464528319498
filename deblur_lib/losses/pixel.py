"""Losses that compare pixel with pixel, in float32 whatever the precision of the training."""

from torch import Tensor

CHARBONNIER_EPSILON = 1e-3  # in units of the picture's range [0, 1]


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

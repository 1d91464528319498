"""A loss that compares edges: what a Gaussian pyramid loses in one step."""

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.losses.pixel import charbonnier

TAPS = (0.05, 0.25, 0.4, 0.25, 0.05)


def edge(restored: Tensor, sharp: Tensor) -> Tensor:
    """Charbonnier distance of the Laplacian layers of two pictures.

    Args:
        restored: (B, C, H, W).
        sharp: same shape.

    Returns:
        A scalar.

    Source: training of MPRNet (Zamir et al., CVPR 2021), Eq. (4), and of Stripformer.
    """
    with torch.autocast(restored.device.type, enabled=False):
        return charbonnier(laplacian(restored.float()), laplacian(sharp.float()))


def laplacian(x: Tensor) -> Tensor:
    """What is lost when x (B, C, H, W) is smoothed, thinned out by 2 and enlarged again."""
    spread = torch.zeros_like(x)
    spread[..., ::2, ::2] = 4 * _smooth(x)[..., ::2, ::2]
    return x - _smooth(spread)


def _smooth(x: Tensor) -> Tensor:
    """Five-tap Gaussian along rows and columns, borders repeated."""
    channels = x.shape[1]
    taps = torch.cat([x.new_full((1,), tap) for tap in TAPS])  # filled where x is, not sent there
    kernel = torch.outer(taps, taps).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel, groups=channels)

"""Losses that compare Fourier transforms, in float32 whatever the precision of the training.

In half precision the transform of a 720x1280 picture overflows (its first term is the sum of all
pixels), so these functions leave automatic mixed precision by themselves.
"""

from typing import Literal

import torch
from torch import Tensor


def spectrum(
    restored: Tensor,
    sharp: Tensor,
    *,
    norm: Literal["backward", "ortho"] = "backward",
    onesided: bool = False,
    modulus: bool = False,
) -> Tensor:
    """Mean absolute value of the Fourier transform of the difference.

    Real pictures have a symmetric transform: a column and its mirror hold the same absolute
    values. So half of the columns are computed and those with a mirror are counted twice.

    Args:
        restored: (B, C, H, W).
        sharp: same shape.
        norm: "backward" leaves the transform as it is, so that the value grows with the size of
            the picture; "ortho" divides by sqrt(H W).
        onesided: count every computed column once, as codes do that average over a half
            transform.
        modulus: average |z| of each complex number instead of its real and imaginary parts.

    Returns:
        A scalar, float32.

    Source: wan2023, Eq. (5), one scale; the averaging and the default options are those of the
    code of MIMO-UNet (open point W14).
    """
    with torch.autocast(restored.device.type, enabled=False):
        gap = torch.fft.rfft2(restored.float() - sharp.float(), norm=norm)  # (B, C, H, W//2+1)
        sizes = gap.abs() if modulus else torch.view_as_real(gap).abs().mean(-1)
        columns = sizes.mean(dim=(0, 1, 2))  # (W//2+1,)
        return columns.mean() if onesided else _two_sided_mean(columns, restored.shape[-1])


def _two_sided_mean(columns: Tensor, width: int) -> Tensor:
    """Mean over all `width` columns of a transform from the half that was computed."""
    mirrored = columns[1 : (width + 1) // 2]  # neither the first nor, of an even width, the last
    return (columns.sum() + mirrored.sum()) / width

"""EPLL: deconvolution with a known blur under a prior on all overlapping patches.

After Zoran and Weiss, "From Learning Models of Natural Image Patches to Whole Image Restoration",
ICCV 2011: rounds of half-quadratic splitting.

Shape legend: C channels, H height, W width, D pixels of a patch, N patches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from deblur_lib.errors import UsageError
from deblur_lib.kernels.conjugate import conjugate_gradients
from deblur_lib.kernels.mixture import Mixture
from deblur_lib.kernels.operators import Operator

BETAS = (50.0, 100.0, 200.0, 400.0, 800.0)
STRENGTH = 1.5e5
PATCHES = 1 << 17  # denoised together
Progress = Callable[[float], None]


def epll(
    blurred: Tensor,
    blur: Operator,
    prior: Mixture,
    *,
    strength: float = STRENGTH,
    betas: Sequence[float] = BETAS,
    progress: Progress = lambda done: None,
) -> Tensor:
    """Restore a picture whose blur is known, each colour channel by itself.

    Lowers (strength / 2) ||A x - y||^2 + sum_i [(beta / 2) ||P_i x - z_i||^2 - log p(z_i)] over all
    overlapping patches P_i x in turns: the patches z_i by `Mixture.denoiser`, the picture x by
    conjugate gradients on (strength A'A + beta diag(c)) x = strength A'y + beta sum_i P_i' z_i,
    where c counts the patches over a pixel; then x is clipped to [0, 1]. It begins with x = y.

    Args:
        blurred: y, (C, H, W) in [0, 1], stored values.
        blur: A, for pictures of this size and on this device.
        prior: of gray patches, on this device.
        strength: lambda, of the data against the prior; 64 / sigma^2 for noise sigma.
        betas: one round each, how firmly the picture is bound to its patches.
        progress: told the share that is done, in 0 to 1.

    Returns:
        (C, H, W) in [0, 1], float32.

    Raises:
        UsageError: the picture is smaller than a patch, or a strength or beta is not above 0.

    Source: Zoran and Weiss (2011), half-quadratic splitting; constants of the code published with
    Sun et al. (2015), which Gong et al. (2017) took over: both use five betas, 50 (1, 2, 4, ...).
    """
    if min(blurred.shape[-2:]) < prior.side or min(strength, *betas) <= 0:
        raise UsageError(
            f"EPLL needs pictures of at least {prior.side} px, a strength and betas above 0, got "
            f"{tuple(blurred.shape)}, {strength} and {list(betas)}; repeat borders of small ones"
        )
    with torch.autocast(blurred.device.type, enabled=False):
        x = y = blurred.detach().float()
        back = blur.transpose(y)
        cover = patch_sum(torch.ones_like(y[:1]), prior.side, torch.ones_like)
        for number, beta in enumerate(betas):
            tell = _part(progress, number, len(betas))
            share = beta / strength
            drawn = patch_sum(x, prior.side, prior.denoiser(1 / beta), tell)
            normal = _normal(blur, share * cover)
            x = conjugate_gradients(normal, back + share * drawn, x).clamp(0, 1)
    progress(1.0)
    return x


def _normal(blur: Operator, weight: Tensor) -> Callable[[Tensor], Tensor]:
    """A'A + diag(weight)."""
    return lambda x: blur.transpose(blur.apply(x)) + weight * x


def _part(progress: Progress, number: int, of: int) -> Progress:
    """Progress within one of several equal parts; patches take nine tenths of its time."""
    return lambda done: progress((number + 0.9 * done) / of)


def patch_sum(
    x: Tensor,
    side: int,
    change: Callable[[Tensor], Tensor],
    progress: Progress = lambda done: None,
) -> Tensor:
    """Change every overlapping patch of a picture and add them all where they were.

    Args:
        x: (C, H, W).
        side: of a patch, in pixels.
        change: of patches (N, side^2).
        progress: told the share that is done.

    Returns:
        (C, H, W).
    """
    channels, height, width = x.shape
    rows, columns = height - side + 1, width - side + 1
    strip = max(1, PATCHES // (channels * columns))
    total = torch.zeros_like(x)
    for top in range(0, rows, strip):
        bottom = min(top + strip, rows) + side - 1
        part = x[:, None, top:bottom]  # (C, 1, h, W)
        patches = F.unfold(part, side).transpose(1, 2)  # (C, n, D)
        changed = change(patches.flatten(0, 1)).view_as(patches)
        total[:, top:bottom] += F.fold(changed.transpose(1, 2), (bottom - top, width), side)[:, 0]
        progress((bottom - side + 1) / rows)
    return total


@contextmanager
def progress_bar(title: str, *, shown: bool) -> Iterator[Progress]:
    """A bar for what takes minutes, in percent; the function that it gives moves it.

    Args:
        title: in front of the bar.
        shown: False for a function that does nothing.
    """
    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, desc=title, disable=not shown, leave=False, bar_format=form) as bar:

        def move(done: float) -> None:
            bar.update(done - bar.n)

        yield move

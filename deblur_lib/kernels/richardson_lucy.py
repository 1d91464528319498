"""Richardson-Lucy deconvolution of camera shake that knows about saturation.

The sensor clips: an observed pixel is R(light), a smooth minimum of the light and 1, so clipped
pixels pull on nothing. Bright pixels of the estimate are ill determined; their errors would ring
through the picture, so all others are updated from data alone that the bright ones do not reach.
Source: Whyte et al., CPCV 2011 (IJCV 2014).

Shape legend: C colours, H, W height and width.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.kernels.epll import Progress
from deblur_lib.kernels.rotation import Blur, Camera, Shake, reach

SHARPNESS = 50.0  # a of the smooth minimum
BRIGHT = 0.9  # of the estimate, from where a pixel counts as ill determined
RADIUS = 3  # of the disc that grows the bright pixels
SPREAD = 3.0  # standard deviation of the Gaussian that joins both updates
SIDE = 21  # of that Gaussian
WEAKEST = 1 / 100  # of the largest weight, below which a rotation is dropped
TINY = torch.finfo(torch.float32).eps
Build = Callable[[Camera, Shake], Blur]


def saturate(light: Tensor) -> tuple[Tensor, Tensor]:
    """R(x) = x - log(1 + exp(a (x - 1))) / a and its derivative, both of the shape of `light`."""
    over = SHARPNESS * (light - 1)
    return light - F.softplus(over) / SHARPNESS, torch.sigmoid(-over)


def richardson_lucy(
    blurred: Tensor,
    camera: Camera,
    shake: Shake,
    build: Build,
    *,
    iterations: int = 50,
    saturation: bool = True,
    prevent_ringing: bool = True,
    progress: Progress = lambda done: None,
) -> Tensor:
    """Sharp picture whose blur looks like `blurred`.

    The picture is padded by its border as far as the corners move, and only its own pixels count.

    Args:
        blurred: linear light, (C, H, W).
        camera: of that picture.
        shake: its rotations; those with less than a hundredth of the largest weight are dropped.
        build: makes the blur of a camera and a shake, `RotationBlur` or `FilterFlow`.
        iterations: steps; fewer where noise would be amplified.
        saturation: whether the sensor clips.
        prevent_ringing: whether bright pixels are kept from spoiling the others.
        progress: told the share that is done, in 0 to 1.

    Returns:
        (C, H, W), at least 0; above 1 where light was clipped.
    """
    shake = shake.strongest(WEAKEST)
    margin = reach(camera, shake.rotations)
    blur = build(camera.padded(margin), shake)
    pad = (margin,) * 4
    y = F.pad(blurred[None], pad, mode="replicate")[0]
    mask = F.pad(torch.ones_like(blurred), pad)
    x = y
    for number in range(iterations):
        light = blur.forward(x).clamp(min=0)
        seen, slope = saturate(light) if saturation else (light, torch.ones_like(light))
        error = (y / seen.clamp(min=TINY) - 1) * mask * slope
        x = x * (1 + _update(x, error, blur, prevent_ringing)).clamp(min=0)
        progress((number + 1) / iterations)
    return x[:, margin : margin + camera.height, margin : margin + camera.width]


def _update(x: Tensor, error: Tensor, blur: Blur, prevent_ringing: bool) -> Tensor:
    """A' e, from data out of reach of bright pixels where a pixel itself is not bright."""
    bright = (x >= BRIGHT).to(x)
    if not prevent_ringing or not bright.any():
        return blur.back(error)
    grown = _filtered(bright, _disc(x)).clamp(max=1)  # S
    free = error * (1 - blur.spread(grown))  # e V
    near = _filtered(grown, _gaussian(x))
    everywhere, apart = blur.back(torch.cat((error, free))).chunk(2)
    return apart + near * (everywhere - apart)


def _disc(like: Tensor) -> Tensor:
    line = torch.arange(-RADIUS, RADIUS + 1)
    return (line[:, None] ** 2 + line**2 <= RADIUS**2).to(like)


def _gaussian(like: Tensor) -> Tensor:
    line = torch.arange(SIDE) - SIDE // 2
    weights = torch.exp(-(line**2) / (2 * SPREAD**2))
    return (weights[:, None] * weights / weights.sum() ** 2).to(like)


def _filtered(x: Tensor, kernel: Tensor) -> Tensor:
    """Each colour of (C, H, W) filtered by (k, k), zeros beyond the border."""
    return F.conv2d(x[:, None], kernel[None, None], padding=len(kernel) // 2)[:, 0]

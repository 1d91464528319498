"""DeepDeblur, the multi-scale CNN of Nah et al. (CVPR 2017), id nah2017 in the printed tables.

Attribute names are those of the published PyTorch code, so that its weights load.

Shape legend: B batch, F features, H height, W width of the level at hand.
"""

import math
from collections.abc import Sequence
from functools import cache

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer, check_input
from deblur_lib.nn.base import Border
from deblur_lib.nn.parts import choose
from deblur_lib.nn.precision import without_autocast
from deblur_lib.nn.starts import STARTS

PEAK = 255.0  # the published weights see 8-bit values less their middle
MIDDLE = 127.5
SIGMA = 2 / 3  # of the pyramid's Gaussian: twice the step over six
UP_KERNEL = 5  # between scales, whatever the kernels within them
RADIUS = 3  # taps on either side: four sigma


def conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Convolution that keeps the size by zeros at the border."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


@cache
def halving_taps() -> tuple[float, ...]:
    """Gaussian smoothing and averaging of neighbours in one filter of 8 taps."""
    gauss = [math.exp(-0.5 * (step / SIGMA) ** 2) for step in range(-RADIUS, RADIUS + 1)]
    total = 2 * sum(gauss)
    pairs = zip((*gauss, 0.0), (0.0, *gauss), strict=True)
    return tuple((left + right) / total for left, right in pairs)


def mirrored(size: int, device: torch.device) -> Tensor:
    """Indices of 0..size-1 extended by RADIUS on both sides, the border sample repeated."""
    index = torch.arange(-RADIUS, size + RADIUS, device=device) % (2 * size)
    return torch.minimum(index, 2 * size - 1 - index)


def halve(picture: Tensor) -> Tensor:
    """Next level of the Gaussian pyramid: (B, C, H, W), even sides, to (B, C, H/2, W/2).

    Equals scikit-image's `pyramid_gaussian` with its default settings.
    """
    channels = picture.shape[1]
    with without_autocast(picture):
        taps = torch.cat([picture.new_full((1,), tap) for tap in halving_taps()])  # none is sent
        down = taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
        x = picture[:, :, mirrored(picture.shape[-2], picture.device)]
        x = F.conv2d(x, down, stride=(2, 1), groups=channels)  # (B, C, H/2, W)
        x = x[..., mirrored(picture.shape[-1], picture.device)]
        return F.conv2d(x, down.mT, stride=(1, 2), groups=channels)  # (B, C, H/2, W/2)


class ResBlock(nn.Module):
    """Two convolutions plus the identity; no norm, no ReLU behind the sum."""

    def __init__(self, features: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(features, features, kernel), nn.ReLU(), conv(features, features, kernel)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) to the same shape."""
        summed: Tensor = self.body(x) + x
        return summed


class ScaleNet(nn.Module):
    """The network of one scale: convolution, residual blocks, convolution to RGB."""

    def __init__(self, inputs: int, features: int, blocks: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(inputs, features, kernel),
            *(ResBlock(features, kernel) for _ in range(blocks)),
            conv(features, 3, kernel),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3 or 6, H, W) to (B, 3, H, W)."""
        out: Tensor = self.body(x)
        return out


class UpConv(nn.Module):
    """Hand a restored level to the next finer one at twice its size; always by a 5x5 kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.uppath = nn.Sequential(conv(3, 12, UP_KERNEL), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 3, 2H, 2W)."""
        enlarged: Tensor = self.uppath(x)
        return enlarged


class DeepDeblur(Deblurrer):
    """Restore three scales from coarse to fine, each with weights of its own.

    Args:
        features: channels F of the hidden layers.
        blocks: residual blocks of each scale.
        scales: levels of the pyramid.
        kernel: side of the kernels within a scale; odd.
        border: what evaluation pads with, see `Deblurrer`; "edge" in the published program.
        start: "random" as published, or "identity": the last layer of each scale begins
            at zero and the input is added to what it draws: a correction, not as published.

    Raises:
        UsageError: an even kernel.

    Source: Nah et al., "Deep Multi-scale Convolutional Neural Network for Dynamic Scene
    Deblurring", CVPR 2017, in its published PyTorch form.
    """

    name = "deepdeblur"

    def __init__(
        self,
        *,
        features: PositiveInt = 64,
        blocks: NonNegativeInt = 19,
        scales: PositiveInt = 3,
        kernel: PositiveInt = 5,
        border: Border = "mirror",
        start: str = "random",
    ) -> None:
        super().__init__()
        self.border = border
        if kernel % 2 == 0:
            raise UsageError(f"kernel must be odd to keep the picture's size, got {kernel}")
        self.multiple_of = self.minimum_size = 2 ** (scales - 1)
        inputs = [6] * (scales - 1) + [3]  # the coarsest scale, the last one, has nothing before it
        self.body_models = nn.ModuleList(
            ScaleNet(one, features, blocks, kernel) for one in inputs
        )  # finest first
        self.corrects = start == "identity"
        for one in self.body_models:
            choose("start", start, STARTS)(one.body[-1])  # type: ignore[index,arg-type]
        self.conv_end_models = nn.ModuleDict({str(scale): UpConv() for scale in range(1, scales)})

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restored levels in [0, 1], coarse to fine, of (B, 3, H, W), sides multiples of 4."""
        check_input(self, blurred)
        levels = [blurred * PEAK]
        for _ in self.conv_end_models:
            levels.append(halve(levels[-1]))
        return tuple(level / PEAK for level in self.restore_levels(levels))

    def restore_levels(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Restore a given pyramid.

        Args:
            levels: blurred pictures in [0, 255], finest first, each half the size of the last.

        Returns:
            The restored levels in [0, 255], coarse to fine.
        """
        restored: list[Tensor] = []
        for scale in reversed(range(len(levels))):
            x = levels[scale] - MIDDLE  # (B, 3, H, W)
            if restored:
                before = self.conv_end_models[str(scale + 1)](restored[-1])  # (B, 3, H, W)
                x = torch.cat((x, before), dim=1)  # (B, 6, H, W)
            drawn = self.body_models[scale](x)  # (B, 3, H, W)
            restored.append(drawn + x[:, :3] if self.corrects else drawn)
        return tuple(level.to(levels[0].dtype) + MIDDLE for level in restored)

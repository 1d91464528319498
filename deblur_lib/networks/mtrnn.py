"""MT-RNN (Park et al., ECCV 2020): one U-Net refines its estimate again and again.

Attribute names are those of the published code, so that its weights load strictly. Every pass
corrects the blurred picture itself, not the estimate of the pass before, which is only looked at.

Shape legend: B batch; C1, C2, C3 = C, 2C, 4C channels at full, half and quarter size; H, W
height and width of the picture.
"""

from functools import partial

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn import reach
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.precision import without_autocast
from deblur_lib.nn.starts import STARTS

Memory = tuple[Tensor, Tensor]  # features at 1/2 and 1/4 of the size
PEAK = 255.0  # the published weights see 8-bit values less a mean colour
MEAN = (0.4488, 0.4371, 0.4040)  # of red, green and blue, white at 1
SLOPE = 0.1  # of every leaky ReLU
PYRAMID = (1, 2, 4)  # pixels of the picture to one of each level


class MeanShift(nn.Conv2d):
    """Add a colour by a fixed 1x1 convolution, as published; in float32, for values up to 255."""

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, 1)
        with torch.no_grad():
            self.weight.copy_(torch.eye(3)[..., None, None])
            self.bias.copy_(sign * PEAK * torch.tensor(MEAN))  # type: ignore[union-attr]
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> the same shape."""
        with without_autocast(x):
            return super().forward(x.to(self.weight.dtype))


class ResBlock(nn.Module):
    """Two 3x3 convolutions with a leaky ReLU between them, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = x + self.stem(x)
        return y


def down(inputs: int, outputs: int) -> nn.Sequential:
    """Halve the size by a 3x3 convolution."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(SLOPE, inplace=True))


def up(inputs: int, outputs: int) -> nn.Sequential:
    """Double the size by a transposed 4x4 convolution."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)
    )


def merge(channels: int) -> nn.Sequential:
    """1x1 convolution of two joined maps; alone in a row, for the published names."""
    return nn.Sequential(nn.Conv2d(2 * channels, channels, 1))


def _seen(blocks: int, iterations: int, span: reach.Span) -> reach.Span:
    """Input pixels that a span of the last estimate depends on: through every estimate before."""
    for _ in range(iterations):
        span = reach.same(span, 2 * blocks + 1)  # img_prd, conv6
        span = reach.same(reach.up(span), 2 * blocks)  # conv6_1, conv5
        span = reach.same(reach.up(span), 4 * blocks)  # conv5_1, conv4, conv3
        span = reach.same(reach.down(span, kernel=3, before=1), 2 * blocks)  # conv3_1, conv2
        span = reach.same(reach.down(span, kernel=3, before=1), 2 * blocks + 1)  # conv2_1, conv1
    return span


class MTRNN(Deblurrer):
    """Refine an estimate of the sharp picture several times with the same weights.

    Args:
        base_channels: width C at full size; the published network uses 32.
        blocks: residual blocks in each of the five stages; 3 in the published network, which has
            as many more at the bottom.
        iterations: passes over the picture; the published test makes 6.
        start: "random" as published, or "identity": the last layer begins at zero, so every
            first estimate is the blurred picture.

    Attributes:
        receptive_field: side in pixels of the square that one output pixel looks at.

    Raises:
        UsageError: less than one block or pass, or an unknown start.

    Source: Park et al., "Multi-Temporal Recurrent Neural Networks for Progressive Non-Uniform
    Single Image Deblurring with Incremental Temporal Training", ECCV 2020; 2,635,547 parameters,
    24 of them fixed.
    """

    name = "mtrnn"
    multiple_of = 4

    def __init__(
        self,
        *,
        base_channels: PositiveInt = 32,
        blocks: NonNegativeInt = 3,
        iterations: PositiveInt = 6,
        start: str = "random",
    ) -> None:
        super().__init__()
        if blocks < 1 or iterations < 1:
            raise UsageError(
                f"mtrnn needs at least one block and one iteration, got {blocks} and {iterations}"
            )
        self.blocks, self.iterations = blocks, iterations
        self.receptive_field = reach.widest(partial(_seen, blocks, iterations), step=4)
        c1, c2, c3 = (base_channels * factor for factor in PYRAMID)
        self.sub_mean = MeanShift(-1)
        self.conv1_1 = nn.Sequential(nn.Conv2d(6, c1, 3, padding=1))
        self._add_blocks("conv1", c1, first=2)
        self.conv2_1, self.conv2_c = down(c1, c2), merge(c2)
        self._add_blocks("conv2", c2, first=2)
        self.conv3_1, self.conv3_c = down(c2, c3), merge(c3)
        self._add_blocks("conv3", c3, first=2)
        self._add_blocks("conv4", c3, first=1)
        self.conv5_1, self.conv5_c = up(c3, c2), merge(c2)
        self._add_blocks("conv5", c2, first=2)
        self.conv6_1, self.conv6_c = up(c2, c1), merge(c1)
        self._add_blocks("conv6", c1, first=2)
        self.img_prd = nn.Sequential(nn.Conv2d(c1, 3, 3, padding=1))
        choose("start", start, STARTS)(self.img_prd[0])  # type: ignore[arg-type]
        self.add_mean = MeanShift(1)

    def _add_blocks(self, stage: str, channels: int, *, first: int) -> None:
        for index in range(first, first + self.blocks):
            self.add_module(f"{stage}_{index}", ResBlock(channels))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Estimates after each pass, all of the full size (B, 3, H, W)."""
        return self.forward_memory(blurred)[0]

    def forward_memory(self, blurred: Tensor) -> tuple[tuple[Tensor, ...], Memory]:
        """Estimates after each pass, and the features that the last one would hand on.

        Args:
            blurred: (B, 3, H, W) in [0, 1], sides multiples of 4.
        """
        check_input(self, blurred)
        x = self.sub_mean(PEAK * blurred)
        estimate, memory = self.step(x, x, None)
        estimates = [estimate]
        for _ in range(1, self.iterations):
            estimate, memory = self.step(x, estimate, memory)
            estimates.append(estimate)
        return tuple(self.add_mean(one) / PEAK for one in estimates), memory

    def step(
        self, blurred: Tensor, estimate: Tensor, memory: Memory | None
    ) -> tuple[Tensor, Memory]:
        """One pass.

        Args:
            blurred: (B, 3, H, W), 8-bit values less the mean colour.
            estimate: of the pass before, likewise; the blurred picture in the first.
            memory: features of the pass before; None in the first, which takes its own.

        Returns:
            The next estimate and the features for the next pass.
        """
        before = memory or (None, None)
        full = self._stage("conv1", self.conv1_1(torch.cat((blurred, estimate), dim=1)))
        half = self._stage("conv2", self._merged("conv2", self.conv2_1(full), before[0]))
        x = self._stage("conv3", self._merged("conv3", self.conv3_1(half), before[1]))
        bottom = self._stage("conv4", x, first=1)  # (B, C3, H/4, W/4)
        x = self._merged("conv5", self.conv5_1(bottom), half)
        middle = self._stage("conv5", x)  # (B, C2, H/2, W/2)
        x = self._stage("conv6", self._merged("conv6", self.conv6_1(middle), full))
        return blurred + self.img_prd(x), (middle, bottom)  # x: (B, C1, H, W)

    def _stage(self, stage: str, x: Tensor, *, first: int = 2) -> Tensor:
        for index in range(first, first + self.blocks):
            x = self.get_submodule(f"{stage}_{index}")(x)
        return x

    def _merged(self, stage: str, x: Tensor, other: Tensor | None) -> Tensor:
        pair = (x, x if other is None else other)
        y: Tensor = self.get_submodule(f"{stage}_c")(torch.cat(pair, dim=1))
        return y

"""NAFNet (Chen et al., ECCV 2022): a U-Net of blocks that multiply halves instead of activating.

Attribute names are those of the published code, so that its weights load strictly.

Shape legend: B batch, C channels, H and W of the map at hand.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.norms import ChannelNorm
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS


class Pointwise(nn.Conv2d):
    """A 1x1 convolution as a product: maps with channels last in memory train faster that way."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        pixels = x.movedim(1, -1)  # (B, H, W, inputs)
        return F.linear(pixels, self.weight.flatten(1), self.bias).movedim(-1, 1)


class BoxMean(nn.Module):
    """Mean of the map around each pixel, or of the whole map where the box covers it.

    At the border the nearest whole box is taken.

    Args:
        side: of the box; None for the whole map.
    """

    def __init__(self, side: int | None) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1), or the shape of the map."""
        height, width = x.shape[-2:]
        if self.side is None or self.side >= max(height, width):
            return x.mean((-2, -1), keepdim=True)
        means = _sliding(_sliding(x, self.side, -2), self.side, -1)
        down, across = height - means.shape[-2], width - means.shape[-1]  # missing at both ends
        pads = (across // 2, across - across // 2, down // 2, down - down // 2)
        return F.pad(means, pads, mode="replicate").to(x.dtype)


def _sliding(x: Tensor, side: int, axis: int) -> Tensor:
    """Means of `side` neighbours along an axis, whose length L becomes L - side + 1, at least 1."""
    length = x.shape[axis]
    side = min(side, length)
    sums = x.cumsum(axis, dtype=torch.promote_types(x.dtype, torch.float32))
    first, later = sums.narrow(axis, side - 1, 1), sums.narrow(axis, side, length - side)
    return torch.cat((first, later - sums.narrow(axis, 0, length - side)), axis) / side


def gate(x: Tensor) -> Tensor:
    """One half of the channels times the other: (B, 2C, H, W) -> (B, C, H, W)."""
    left, right = x.chunk(2, dim=1)
    return left * right


class NAFBlock(nn.Module):
    """Gated convolutions with channel attention, then a gated 1x1 pair; both begin at nothing.

    Args:
        channels: C.
        box: side of the box whose mean the attention sees; None for the whole map.
    """

    def __init__(self, channels: int, box: int | None) -> None:
        super().__init__()
        wide = 2 * channels
        self.conv1 = Pointwise(channels, wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.conv3 = Pointwise(channels, channels)
        self.sca = nn.Sequential(BoxMean(box), Pointwise(channels, channels))
        self.conv4 = Pointwise(channels, wide)
        self.conv5 = Pointwise(channels, channels)
        self.norm1 = ChannelNorm(channels, eps=1e-6)
        self.norm2 = ChannelNorm(channels, eps=1e-6)
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y = gate(self.conv2(self.conv1(self.norm1(x))))  # (B, C, H, W)
        x = torch.addcmul(x, self.conv3(y * self.sca(y)), self.beta)
        y = self.conv5(gate(self.conv4(self.norm2(x))))
        return torch.addcmul(x, y, self.gamma)


class NAFNet(Deblurrer):
    """Restore a blurred batch of any size by an encoder-decoder; one output.

    The borders at the right and the bottom are filled with zeros inside, as published. The network
    for GoPro has 17,111,907 parameters, with `width` 64 67,888,835.

    Args:
        width: channels at full size; each level has twice as many.
        enc_blk_nums: blocks of the encoder at full size, 1/2, 1/4 and so on.
        middle_blk_num: blocks at the lowest size.
        dec_blk_nums: blocks of the decoder, the lowest size first.
        pool_window: side of the box at full size over which channel attention takes its means
            (TLSC), in pixels: 384 in the published network for GoPro, where smaller pictures are
            averaged whole; None for the whole picture always.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the untrained network gives its input back.

    Raises:
        UsageError: lists of different lengths, negative numbers, a box of less than a pixel at
            the lowest size, or an unknown start.

    Source: Chen et al., "Simple Baselines for Image Restoration"; the box: Chu et al., "Improving
    Image Restoration by Revisiting Global Information Aggregation".
    """

    name = "nafnet"
    tile_safe = False  # channel attention sees the picture, or at least a large part of it

    def __init__(
        self,
        *,
        width: PositiveInt = 32,
        enc_blk_nums: Sequence[int] = (1, 1, 1, 28),
        middle_blk_num: NonNegativeInt = 1,
        dec_blk_nums: Sequence[int] = (1, 1, 1, 1),
        pool_window: int | None = 384,
        start: str = "random",
    ) -> None:
        super().__init__()
        levels = len(enc_blk_nums)
        _check(width, enc_blk_nums, middle_blk_num, dec_blk_nums, pool_window)
        self.cell = 2**levels
        boxes = [None if pool_window is None else pool_window // 2**n for n in range(levels + 1)]
        widths = [width * 2**level for level in range(levels + 1)]
        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.ending = nn.Conv2d(width, 3, 3, padding=1)
        choose("start", start, STARTS)(self.ending)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        self.middle_blks = _blocks(middle_blk_num, widths[-1], boxes[-1])
        self.ups, self.downs = nn.ModuleList(), nn.ModuleList()
        for level in range(levels):
            self.encoders.append(_blocks(enc_blk_nums[level], widths[level], boxes[level]))
            self.downs.append(nn.Conv2d(widths[level], widths[level + 1], 2, 2))
        for level, count in zip(reversed(range(levels)), dec_blk_nums, strict=True):
            spread = nn.Conv2d(widths[level + 1], 2 * widths[level + 1], 1, bias=False)
            self.ups.append(nn.Sequential(spread, nn.PixelShuffle(2)))
            self.decoders.append(_blocks(count, widths[level], boxes[level]))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W); one output."""
        check_input(self, blurred)
        height, width = blurred.shape[-2:]
        filled = F.pad(blurred, (0, -width % self.cell, 0, -height % self.cell))
        x = self.intro(filled.contiguous(memory_format=torch.channels_last))
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)  # (B, C, H, W)
            skips.append(x)
            x = down(x)  # (B, 2C, H/2, W/2)
        x = self.middle_blks(x)
        for up, decoder, skip in zip(self.ups, self.decoders, reversed(skips), strict=True):
            x = decoder(up(x) + skip)  # (B, C, H, W)
        x = self.ending(x) + filled  # (B, 3, H, W)
        return (x[..., :height, :width],)


def _blocks(count: int, channels: int, box: int | None) -> nn.Sequential:
    return nn.Sequential(*(NAFBlock(channels, box) for _ in range(count)))


def _check(
    width: int, encoder: Sequence[int], middle: int, decoder: Sequence[int], box: int | None
) -> None:
    if len(encoder) != len(decoder) or min((width - 1, *encoder, middle, *decoder)) < 0:
        raise UsageError(
            "nafnet needs a width of at least 1 and as many numbers of blocks for the decoder as "
            f"for the encoder, none below 0, got {width}, {list(encoder)}, {middle} and "
            f"{list(decoder)}"
        )
    if box is not None and box < 2 ** len(encoder):
        raise UsageError(
            f"nafnet needs a pool_window of at least {2 ** len(encoder)} px, one pixel at its "
            f"lowest size, got {box}"
        )

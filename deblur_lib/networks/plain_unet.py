"""Plain U-Net: an own design for processors, of which the paper's tables hold no row.

All work is done at half (or a quarter) of the picture's size and in full 3x3 convolutions, which
processors multiply fastest; every second one is dilated, which widens the view at no cost. There is
no norm, no attention and no depthwise part. The last layer begins at zero, so that the untrained
network gives its input back.

Shape legend: B batch; C channels of the map at hand; h, w height and width of the picture over
`shrink`.
"""

from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

DILATIONS = (1, 2, 4)  # of the blocks at the smallest size, in turn
WIDER = (1, 2)  # of the blocks at the other sizes


class Block(nn.Module):
    """Two 3x3 convolutions with a ReLU between them, the second dilated, added to the input.

    Args:
        channels: C.
        dilation: distance of the taps of the second convolution, in pixels of the map.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(channels, channels, 3, padding=1)
        self.far = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.far(self.near(x).relu_())
        return x + y


class PlainUNet(Deblurrer):
    """Restore a blurred batch by an encoder-decoder of three sizes; one output.

    Args:
        channels: channels at the largest size worked at; each of the two smaller ones has twice
            as many.
        outer: blocks at the largest size and at half of it, in the encoder and again in the
            decoder.
        inner: blocks at the smallest size.
        shrink: how much smaller than the picture the largest size worked at is.
        start: "identity" to begin with a last layer of zeros, or "random".
    """

    name = "plain_unet"
    tile_safe = False  # dilated blocks at the smallest size see further than tiles overlap

    def __init__(
        self,
        *,
        channels: PositiveInt = 32,
        outer: NonNegativeInt = 2,
        inner: NonNegativeInt = 6,
        shrink: Literal[2, 4] = 2,
        start: str = "identity",
    ) -> None:
        super().__init__()
        self.multiple_of = 4 * shrink
        widths = [channels, 2 * channels, 4 * channels]
        self.smaller, self.larger = nn.PixelUnshuffle(shrink), nn.PixelShuffle(shrink)
        self.first = nn.Conv2d(3 * shrink**2, channels, 3, padding=1)
        self.encoders = nn.ModuleList(_blocks(outer, width, WIDER) for width in widths[:2])
        self.downs = nn.ModuleList(nn.Conv2d(width, 2 * width, 2, 2) for width in widths[:2])
        self.middle = _blocks(inner, widths[2], DILATIONS)
        self.ups = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * width, 4 * width, 1), nn.PixelShuffle(2))
            for width in widths[1::-1]
        )
        self.decoders = nn.ModuleList(_blocks(outer, width, WIDER) for width in widths[1::-1])
        self.last = nn.Conv2d(channels, 3 * shrink**2, 3, padding=1)
        choose("start", start, STARTS)(self.last)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W); one output."""
        check_input(self, blurred)
        x = self.smaller(blurred).contiguous(memory_format=torch.channels_last)
        x = self.first(x)  # (B, C, h, w)
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)
            skips.append(x)
            x = down(x)  # (B, 2C, h/2, w/2), then (B, 4C, h/4, w/4)
        x = self.middle(x)
        for up, decoder, skip in zip(self.ups, self.decoders, reversed(skips), strict=True):
            x = decoder(up(x) + skip)
        return (blurred + self.larger(self.last(x)).float(),)  # (B, 3, H, W)


def _blocks(count: int, channels: int, dilations: tuple[int, ...]) -> nn.Sequential:
    return nn.Sequential(
        *(Block(channels, dilations[number % len(dilations)]) for number in range(count))
    )

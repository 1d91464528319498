"""Stripformer (Tsai et al., ECCV 2022): attention inside strips of a map and among them.

Attribute names are those of the published code, so that its weights load strictly. That code has
a path for squares and one for other sizes, which give the same numbers; here is one.

Shape legend: B batch, F features at full size, C channels of a block, h heads, D = C / 2h channels
of a head, H and W of the map at hand.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

SLOPE = 0.2
MIDDLE = 0.5  # the published weights see pictures in [-0.5, 0.5]


def act(x: Tensor) -> Tensor:
    """The activation of all convolutions."""
    return F.leaky_relu(x, SLOPE)


def activated(layer: nn.Module) -> nn.Sequential:
    """A layer and the activation behind it."""
    return nn.Sequential(layer, nn.LeakyReLU(SLOPE, inplace=True))


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def pair(channels: int) -> nn.Sequential:
    """Two convolutions with an activation between them; the caller adds the input."""
    return nn.Sequential(
        conv(channels, channels), nn.LeakyReLU(SLOPE, inplace=True), conv(channels, channels)
    )


class MLP(nn.Module):
    """Two linear layers with GELU between them, four times as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, 4 * channels)
        self.fc2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to the same shape."""
        y: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return y


class PEG(nn.Module):
    """Positions by a depthwise convolution, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.PEG = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        y: Tensor = self.PEG(x) + x
        return y


class Strips(nn.Module, ABC):
    """What both kinds of block share: norm, halves, attention, fusion, feed-forward, positions.

    Maps are kept with the channels last, (B, H, W, C), where the norms and linear layers want them.

    Args:
        channels: C.
        heads: h, a divisor of C / 2.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(channels)
        self.conv_input = nn.Conv2d(channels, channels, 1)
        self.fuse_out = nn.Conv2d(channels, channels, 1)
        self.ffn_norm = nn.LayerNorm(channels)
        self.ffn = MLP(channels)
        self.PEG = PEG(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        x = x.movedim(1, -1)  # (B, H, W, C)
        spread = _pointwise(self.conv_input, self.attention_norm(x))
        rows, columns = spread.chunk(2, dim=-1)  # 2 x (B, H, W, C/2)
        both = torch.cat(
            (self.among_rows(rows), self.among_columns(columns.transpose(1, 2)).transpose(1, 2)),
            dim=-1,
        )
        x = x + _pointwise(self.fuse_out, both)
        x = x + self.ffn(self.ffn_norm(x))
        y: Tensor = self.PEG(x.movedim(-1, 1))
        return y

    @abstractmethod
    def among_rows(self, x: Tensor) -> Tensor:
        """(B, H, W, C/2) to the same shape."""

    @abstractmethod
    def among_columns(self, x: Tensor) -> Tensor:
        """The transposed map, (B, W, H, C/2), to the same shape."""


def _pointwise(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1x1 convolution of a map with the channels last."""
    return F.linear(x, layer.weight.flatten(1), layer.bias)


class IntraSA(Strips):
    """Attention inside strips: each pixel looks at the pixels of its row and of its column."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        self.qkv_local_h = nn.Linear(channels // 2, 3 * channels // 2)
        self.qkv_local_v = nn.Linear(channels // 2, 3 * channels // 2)

    def among_rows(self, x: Tensor) -> Tensor:
        """(B, H, W, C/2) to the same shape; tokens are the W pixels of a row."""
        return self._attend(self.qkv_local_h(x))

    def among_columns(self, x: Tensor) -> Tensor:
        """(B, W, H, C/2) to the same shape; tokens are the H pixels of a column."""
        return self._attend(self.qkv_local_v(x))

    def _attend(self, qkv: Tensor) -> Tensor:
        batch, strips, pixels, _ = qkv.shape
        split = qkv.reshape(batch * strips, pixels, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = split.unbind()  # 3 x (B*H, h, W, D)
        attended = F.scaled_dot_product_attention(q, k, v)
        return attended.transpose(1, 2).reshape(batch, strips, pixels, -1)


class InterSA(Strips):
    """Attention among strips: each row looks at all rows, each column at all columns."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        self.conv_h = nn.Conv2d(channels // 2, 3 * channels // 2, 1)
        self.conv_v = nn.Conv2d(channels // 2, 3 * channels // 2, 1)

    def among_rows(self, x: Tensor) -> Tensor:
        """(B, H, W, C/2) to the same shape; tokens are the H rows, W*D numbers each."""
        return self._attend(_pointwise(self.conv_h, x))

    def among_columns(self, x: Tensor) -> Tensor:
        """(B, W, H, C/2) to the same shape; tokens are the W columns, H*D numbers each."""
        return self._attend(_pointwise(self.conv_v, x))

    def _attend(self, qkv: Tensor) -> Tensor:
        batch, strips, pixels, _ = qkv.shape
        split = qkv.reshape(batch, strips, pixels, 3, self.heads, -1).permute(3, 0, 4, 1, 2, 5)
        q, k, v = split.flatten(-2).unbind()  # 3 x (B, h, H, W*D)
        attended = F.scaled_dot_product_attention(q, k, v)
        parts = attended.reshape(batch, self.heads, strips, pixels, -1)  # (B, h, H, W, D)
        return parts.permute(0, 2, 3, 1, 4).reshape(batch, strips, pixels, -1)


def block(number: int, channels: int, heads: int) -> Strips:
    """Block of a chain by its number from 1: inside strips, among them, and so on."""
    return (IntraSA if number % 2 else InterSA)(channels, heads)


class Encoder(nn.Module):
    """The encoder: convolutions at three sizes."""

    def __init__(self, features: int, bottleneck: int) -> None:
        super().__init__()
        self.en_layer1_1 = activated(conv(3, features))
        self.en_layer2_1 = activated(conv(features, 2 * features, 2))
        for step in (2, 3, 4):
            self.add_module(f"en_layer1_{step}", pair(features))
            self.add_module(f"en_layer2_{step}", pair(2 * features))
        self.en_layer3_1 = activated(conv(2 * features, bottleneck, 2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) -> (B, F, H, W), (B, 2F, H/2, W/2), (B, bottleneck, H/4, W/4)."""
        full = self._residual(1, self.en_layer1_1(x))
        half = self._residual(2, self.en_layer2_1(full))
        return full, half, self.en_layer3_1(half)

    def _residual(self, level: int, x: Tensor) -> Tensor:
        for step in (2, 3, 4):
            x = act(self.get_submodule(f"en_layer{level}_{step}")(x) + x)
        return x


class Decoder(nn.Module):
    """The decoder: up to half size and the encoder's map, blocks, up to full size, convolutions.

    Args:
        features: F.
        bottleneck: channels that come in.
        channels: channels of the blocks.
        heads: heads of the blocks.
        count: number of blocks.
        start: how the last convolution begins.
    """

    def __init__(
        self, features: int, bottleneck: int, channels: int, heads: int, count: int, *, start: str
    ) -> None:
        super().__init__()
        self.count = count
        self.de_layer3_1 = activated(nn.ConvTranspose2d(bottleneck, channels, 4, 2, 1))
        self.de_layer2_2 = activated(nn.Conv2d(channels + 2 * features, channels, 1))
        for number in range(1, count + 1):
            self.add_module(f"de_block_{number}", block(number, channels, heads))
        self.de_layer2_1 = activated(nn.ConvTranspose2d(channels, features, 4, 2, 1))
        self.de_layer1_3 = nn.Sequential(
            nn.Conv2d(2 * features, features, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
            conv(features, features),
        )
        self.de_layer1_2 = pair(features)
        last = conv(features, 3)
        choose("start", start, STARTS)(last)
        self.de_layer1_1 = activated(last)

    def forward(self, x: Tensor, full: Tensor, half: Tensor) -> Tensor:
        """Maps of the three sizes, coarse to fine, to the correction (B, 3, H, W)."""
        x = self.de_layer2_2(torch.cat((self.de_layer3_1(x), half), dim=1))
        for number in range(1, self.count + 1):
            x = self.get_submodule(f"de_block_{number}")(x)  # (B, C, H/2, W/2)
        x = self.de_layer2_1(x)  # (B, F, H, W)
        x = act(self.de_layer1_3(torch.cat((x, full), dim=1)) + x)
        x = act(self.de_layer1_2(x) + x)
        y: Tensor = self.de_layer1_1(x)  # an activation ends it: what darkens is five times weaker
        return y


class Stripformer(Deblurrer):
    """Restore a blurred batch by a correction; 19,708,611 parameters at the published size.

    Args:
        features: channels F at full size; 2F at half size.
        bottleneck: channels of the blocks at a quarter of the size.
        decoder: channels of the blocks at half size.
        heads: heads of those two kinds of blocks; twice as many must divide their channels.
        blocks: how many of each; odd ones attend inside strips, even ones among them.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: heads that do not divide half of the channels, negative numbers of blocks, or
            an unknown start.

    Source: Tsai et al., "Stripformer: Strip Transformer for Fast Image Deblurring", ECCV 2022.
    """

    name = "stripformer"
    multiple_of = 4
    tile_safe = False  # attention sees whole rows and columns

    def __init__(
        self,
        *,
        features: PositiveInt = 64,
        bottleneck: PositiveInt = 320,
        decoder: PositiveInt = 192,
        heads: Sequence[int] = (5, 3),
        blocks: Sequence[int] = (12, 6),
        start: str = "random",
    ) -> None:
        super().__init__()
        _check(features, (bottleneck, decoder), heads, blocks)
        self.count = blocks[0]
        self.encoder = Encoder(features, bottleneck)
        for number in range(1, blocks[0] + 1):
            self.add_module(f"Trans_block_{number}", block(number, bottleneck, heads[0]))
        self.decoder = Decoder(features, bottleneck, decoder, heads[1], blocks[1], start=start)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output, not clamped.

        Raises:
            UsageError: height or width is not a multiple of 4.
        """
        check_input(self, blurred)
        full, half, x = self.encoder(blurred - MIDDLE)
        for number in range(1, self.count + 1):
            x = self.get_submodule(f"Trans_block_{number}")(x)  # (B, bottleneck, H/4, W/4)
        return (self.decoder(x, full, half) + blurred,)


def _check(
    features: int, widths: Sequence[int], heads: Sequence[int], blocks: Sequence[int]
) -> None:
    if features < 1 or len(heads) != 2 or len(blocks) != 2 or min(blocks) < 0:
        raise UsageError(
            f"stripformer needs features, and heads and blocks for two sizes, got features "
            f"{features}, heads {list(heads)} and blocks {list(blocks)}"
        )
    for width, count in zip(widths, heads, strict=True):
        if count < 1 or width < 1 or width % (2 * count):
            raise UsageError(
                f"stripformer's {count} heads share half of {width} channels; take channels that "
                f"are multiples of twice the heads"
            )

"""Restormer (Zamir et al., CVPR 2022): a U-Net of blocks whose attention compares channels.

Attribute names are those of the published code, so that its weights load strictly.

Shape legend: B batch, C channels of a level, h heads, D = C/h channels of a head, H and W of the
level at hand.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.norms import ChannelNorm
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

LEVELS = 4
TINY = 1e-12  # least length of a row that is made a unit row


class MDTA(nn.Module):
    """Multi-Dconv head transposed attention: each channel is a mixture of those of its head.

    Args:
        channels: C.
        heads: h, a divisor of C.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(
            3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False
        )
        self.project_out = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        q, k, v = self.qkv_dwconv(self.qkv(x)).chunk(3, dim=1)  # 3 x (B, C, H, W)
        q, k, rows = (self._rows(one) for one in (q, k, v))  # 3 x (B, h, D, H*W)
        size = _length(q) * _length(k).mT  # (B, h, D, D); cheaper than to divide q and k
        attention = (q @ k.mT / size * self.temperature).softmax(dim=-1)  # (B, h, D, D)
        attended = attention.to(rows.dtype) @ rows  # (B, h, D, H*W)
        y: Tensor = self.project_out(attended.reshape(x.shape))
        return y

    def _rows(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], self.heads, -1, x.shape[-2] * x.shape[-1])


def _length(rows: Tensor) -> Tensor:
    # the norm itself is four times slower where the channels lie last in memory
    return rows.square().sum(dim=-1, keepdim=True).clamp_min(TINY**2).sqrt()


class GDFN(nn.Module):
    """Gated-Dconv feed-forward: one half of the hidden channels, through GELU, gates the other.

    Args:
        channels: C.
        expansion: hidden channels over C; fractions of a channel are dropped.
    """

    def __init__(self, channels: int, expansion: float) -> None:
        super().__init__()
        hidden = int(channels * expansion)
        self.project_in = nn.Conv2d(channels, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        gate, passed = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        y: Tensor = self.project_out(F.gelu(gate) * passed)
        return y


class TransformerBlock(nn.Module):
    """Attention, then feed-forward; each sees its input normed and is added to it."""

    def __init__(self, channels: int, heads: int, expansion: float) -> None:
        super().__init__()
        self.norm1 = nn.Sequential(OrderedDict(body=ChannelNorm(channels)))
        self.attn = MDTA(channels, heads)
        self.norm2 = nn.Sequential(OrderedDict(body=ChannelNorm(channels)))
        self.ffn = GDFN(channels, expansion)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        x = x + self.attn(self.norm1(x))
        y: Tensor = x + self.ffn(self.norm2(x))
        return y


class PatchEmbed(nn.Module):
    """The first convolution: RGB to features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, channels, 3, padding=1, bias=False)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, C, H, W)."""
        y: Tensor = self.proj(picture)
        return y


class Resample(nn.Module):
    """A convolution, then 2x2 squares of pixels become channels, or channels become squares.

    Args:
        channels: C.
        up: True for (B, C/2, 2H, 2W), False for (B, 2C, H/2, W/2).
    """

    def __init__(self, channels: int, *, up: bool) -> None:
        super().__init__()
        width = 2 * channels if up else channels // 2
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.PixelShuffle(2) if up else nn.PixelUnshuffle(2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to half or twice the size."""
        y: Tensor = self.body(x)
        return y


class Restormer(Deblurrer):
    """Restore a blurred batch by a correction; 26,126,644 parameters at the published size.

    Args:
        dim: channels C at full size, doubled at each level below; even.
        blocks: blocks at each of the four levels, full size first; the decoder repeats the upper
            three.
        refinement: further blocks at full size and 2C channels, before the last convolution.
        heads: heads of the attention at each level, a divisor of its channels.
        expansion: hidden channels of the feed-forward over those of its level.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: not four levels, a level without blocks, heads that do not divide their
            channels, a feed-forward without channels, or an unknown start.

    Source: Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image Restoration",
    CVPR 2022, in its configuration for motion deblurring.
    """

    name = "restormer"
    multiple_of = 8
    tile_safe = False  # attention sums over the whole picture

    def __init__(
        self,
        *,
        dim: PositiveInt = 48,
        blocks: Sequence[int] = (4, 6, 6, 8),
        refinement: NonNegativeInt = 4,
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = 2.66,
        start: str = "random",
    ) -> None:
        super().__init__()
        _check(dim, blocks, refinement, heads, expansion)
        w1, w2, w3, w4 = (dim * 2**level for level in range(LEVELS))  # C, 2C, 4C, 8C

        def stage(level: int, width: int, depth: int | None = None) -> nn.Sequential:
            count = blocks[level] if depth is None else depth
            return nn.Sequential(
                *(TransformerBlock(width, heads[level], expansion) for _ in range(count))
            )

        self.patch_embed = PatchEmbed(w1)
        self.encoder_level1 = stage(0, w1)
        self.down1_2 = Resample(w1, up=False)
        self.encoder_level2 = stage(1, w2)
        self.down2_3 = Resample(w2, up=False)
        self.encoder_level3 = stage(2, w3)
        self.down3_4 = Resample(w3, up=False)
        self.latent = stage(3, w4)
        self.up4_3 = Resample(w4, up=True)
        self.reduce_chan_level3 = nn.Conv2d(2 * w3, w3, 1, bias=False)
        self.decoder_level3 = stage(2, w3)
        self.up3_2 = Resample(w3, up=True)
        self.reduce_chan_level2 = nn.Conv2d(2 * w2, w2, 1, bias=False)
        self.decoder_level2 = stage(1, w2)
        self.up2_1 = Resample(w2, up=True)
        self.decoder_level1 = stage(0, w2)  # the full-size skip is joined, not reduced
        self.refinement = stage(0, w2, refinement)
        self.output = nn.Conv2d(w2, 3, 3, padding=1, bias=False)
        choose("start", start, STARTS)(self.output)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output, not clamped.

        Raises:
            UsageError: height or width is not a multiple of 8.
        """
        check_input(self, blurred)
        skip1 = self.encoder_level1(self.patch_embed(blurred))  # (B, C, H, W)
        skip2 = self.encoder_level2(self.down1_2(skip1))  # (B, 2C, H/2, W/2)
        skip3 = self.encoder_level3(self.down2_3(skip2))  # (B, 4C, H/4, W/4)
        x = self.latent(self.down3_4(skip3))  # (B, 8C, H/8, W/8)
        x = self.reduce_chan_level3(torch.cat((self.up4_3(x), skip3), dim=1))
        x = self.decoder_level3(x)  # (B, 4C, H/4, W/4)
        x = self.reduce_chan_level2(torch.cat((self.up3_2(x), skip2), dim=1))
        x = self.decoder_level2(x)  # (B, 2C, H/2, W/2)
        x = self.decoder_level1(torch.cat((self.up2_1(x), skip1), dim=1))  # (B, 2C, H, W)
        return (self.output(self.refinement(x)) + blurred,)


def _check(
    dim: int, blocks: Sequence[int], refinement: int, heads: Sequence[int], expansion: float
) -> None:
    if len(blocks) != LEVELS or len(heads) != LEVELS or min(blocks) < 1 or refinement < 0:
        raise UsageError(
            f"restormer needs blocks and heads for {LEVELS} levels, at least one block each, got "
            f"blocks {list(blocks)}, heads {list(heads)} and refinement {refinement}"
        )
    widths = [dim * 2**level for level in range(LEVELS)]
    split = min(heads) < 1 or any(w % h for w, h in zip(widths, heads, strict=True))
    if dim < 2 or dim % 2 or split:
        raise UsageError(
            f"restormer needs an even dim whose multiples {widths} the heads divide, got dim {dim} "
            f"and heads {list(heads)}"
        )
    if int(dim * expansion) < 1:
        raise UsageError(
            f"restormer's feed-forward needs a hidden channel, got expansion {expansion} of {dim}"
        )

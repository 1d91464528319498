"""MB-TaylorFormer V2 (Jin et al., TPAMI 2025): linear attention on branches of deformed features.

Attribute names are those of the published code, so that its weights load strictly. The branches of
a stage lie side by side in the channels, (B, P C, H, W), as its grouped convolutions want them.

Shape legend: B batch, P branches, C channels of a branch, H and W of the map at hand.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.channels_first import ChannelsFirst
from deblur_lib.networks.taylor_attention import (
    WINDOWS,
    TransformerBlock,
    depthwise,
    pointwise,
    precise,
)
from deblur_lib.nn.base import check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

LEVELS = 4


class DeformConv(nn.Module):
    """Depthwise 3x3 convolution with moved taps; bilinear between pixels, zero outside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(depthwise(channels).weight.detach().clone())

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        """Filter a map.

        Args:
            x: (B, C, H, W).
            offsets: (B, 18, H, W); for each tap, row by row, how far down and to the right of its
                place it lies, in pixels.

        Returns:
            (B, C, H, W).
        """
        x, moves = precise(x), torch.unflatten(precise(offsets), 1, (9, 2))  # (B, 9, 2, H, W)
        height, width = x.shape[-2:]
        rows = torch.arange(height, device=x.device, dtype=x.dtype)[:, None]
        columns = torch.arange(width, device=x.device, dtype=x.dtype)
        weight = self.weight.flatten(1)[..., None, None]  # (C, 9, 1, 1)
        y = torch.zeros_like(x)
        for tap in range(9):  # one by one: a tap's samples stay in the cache
            down = moves[:, tap, 0] + (rows + (tap // 3 - 1))  # (B, H, W)
            right = moves[:, tap, 1] + (columns + (tap % 3 - 1))
            grid = torch.stack(((2 * right + 1) / width - 1, (2 * down + 1) / height - 1), dim=-1)
            y = torch.addcmul(y, F.grid_sample(x, grid, align_corners=False), weight[:, tap])
        return y


class DeformEmbed(nn.Module):
    """Deformable depthwise convolution, 1x1 convolution and Hardswish.

    Args:
        channels: C.
        limit: farthest that a tap moves, in pixels.
    """

    def __init__(self, channels: int, limit: float) -> None:
        super().__init__()
        self.limit = limit
        self.offset_generator = nn.Sequential(depthwise(channels), pointwise(channels, 18))
        self.dcn = DeformConv(channels)
        self.pwconv = pointwise(channels, channels)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        offsets = self.offset_generator(x).clamp(-self.limit, self.limit)
        return F.hardswish(self.pwconv(self.dcn(x, offsets)))


class Branches(nn.Module):
    """A chain of embeddings; the output of each is a branch."""

    def __init__(self, channels: int, branches: int, limit: float) -> None:
        super().__init__()
        self.patch_embeds = nn.ModuleList(
            nn.Sequential(OrderedDict(patch_conv=DeformEmbed(channels, limit)))
            for _ in range(branches)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, P C, H, W)."""
        chain = []
        for embed in self.patch_embeds:
            x = embed(x)
            chain.append(x)
        return torch.cat(chain, dim=1)


class SKFF(nn.Module):
    """Selective kernel feature fusion: a weighted sum of the branches, for each channel its own."""

    def __init__(self, channels: int, branches: int) -> None:
        super().__init__()
        squeezed = max(channels // 8, 4)
        self.conv_du = nn.Sequential(pointwise(channels, squeezed), nn.PReLU())
        self.fcs = nn.ModuleList(pointwise(squeezed, channels) for _ in range(branches))

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> (B, C, H, W)."""
        parts = torch.unflatten(x, 1, (len(self.fcs), -1))  # (B, P, C, H, W)
        squeezed = self.conv_du(parts.mean((-2, -1), keepdim=True).sum(1))
        shares = torch.stack([one(squeezed) for one in self.fcs], dim=1).softmax(1)
        return (parts * shares).sum(1)


class Stage(nn.Module):
    """Blocks on all branches at once, then their fusion."""

    def __init__(self, channels: int, blocks: int, heads: int, branches: int) -> None:
        super().__init__()
        layers = (TransformerBlock(channels, heads, branches) for _ in range(blocks))
        self.mhca_blk = nn.Sequential(OrderedDict(MHCA_layers=nn.Sequential(*layers)))
        self.aggregate = SKFF(channels, branches)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> (B, C, H, W)."""
        y: Tensor = self.aggregate(self.mhca_blk(x))
        return y


def halve(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, H, W) -> (B, outputs, H/2, W/2)."""
    layers = (depthwise(inputs), pointwise(inputs, outputs // 4), nn.PixelUnshuffle(2))
    return nn.Sequential(OrderedDict(body=nn.Sequential(*layers)))


def double(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, H, W) -> (B, outputs, 2H, 2W)."""
    layers = (depthwise(inputs), pointwise(inputs, 4 * outputs), nn.PixelShuffle(2))
    return nn.Sequential(OrderedDict(body=nn.Sequential(*layers)))


XL = (28, 56, 112, 160)  # widths of the size published for deblurring


class MBTaylorFormerV2(ChannelsFirst):
    """Restore a blurred batch by an encoder-decoder of four levels; one output.

    The defaults are variant L, 7,295,572 parameters; widths 28, 56, 112, 160 make variant XL, with
    16,257,900 the one that was published for deblurring. 44 of the parameters are constants.

    Args:
        dim: channels at full size, 1/2, 1/4 and 1/8; the second is twice the first.
        num_blocks: blocks in the stages of each level; the refinement has as many as the first.
        num_path: branches of the stages of each level.
        heads: attention heads at each level: 1, 2, 4 or 8.
        offset_limit: farthest that a tap of the deformable convolutions moves, in pixels.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the untrained network gives its input back.

    Raises:
        UsageError: not four of each, widths or heads that do not fit, or an unknown start.

    Source: Jin et al., "MB-TaylorFormer V2: Improved Multi-branch Linear Transformer Expanded by
    Taylor Formula for Image Restoration".
    """

    name = "mb_taylorformer_v2"
    multiple_of = 8
    tile_safe = False  # attention sums over the whole picture

    def __init__(
        self,
        *,
        dim: Sequence[int] = (24, 48, 72, 96),
        num_blocks: Sequence[int] = (4, 6, 6, 8),
        num_path: Sequence[int] = (2, 3, 3, 3),
        heads: Sequence[int] = (1, 2, 4, 8),
        offset_limit: float = 3.0,
        start: str = "random",
    ) -> None:
        super().__init__()
        _check(dim, num_blocks, num_path, heads)
        c1, c2, c3, c4 = dim
        for name, width, level in (
            ("encoder_level1", c1, 0),
            ("encoder_level2", c2, 1),
            ("encoder_level3", c3, 2),
            ("latent", c4, 3),
            ("decoder_level3", c3, 2),
            ("decoder_level2", c2, 1),
            ("decoder_level1", c2, 0),  # works on the skip and the features side by side
            ("refinement", c2, 0),
        ):
            branches = num_path[level]
            self.add_module(f"patch_embed_{name}", Branches(width, branches, offset_limit))
            self.add_module(name, Stage(width, num_blocks[level], heads[level], branches))
        self.patch_embed = nn.Sequential(
            OrderedDict(proj=nn.Conv2d(3, c1, 3, padding=1, bias=False))
        )
        self.down1_2, self.down2_3, self.down3_4 = halve(c1, c2), halve(c2, c3), halve(c3, c4)
        self.up4_3, self.up3_2, self.up2_1 = double(c4, c3), double(c3, c2), double(c2, c1)
        self.reduce_chan_level3 = nn.Sequential(pointwise(2 * c3, c3))
        self.reduce_chan_level2 = nn.Sequential(pointwise(2 * c2, c2))
        last = nn.Conv2d(c2, 3, 3, padding=1, bias=False)
        choose("start", start, STARTS)(last)
        self.output = nn.Sequential(last)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W); one output.

        Raises:
            UsageError: height or width is not a multiple of 8.
        """
        check_input(self, blurred)
        blurred = blurred.contiguous()
        full = self._stage("encoder_level1", self.patch_embed(blurred))  # (B, C1, H, W)
        x = self.down1_2(full)
        half = x + self._stage("encoder_level2", x)  # (B, C2, H/2, W/2)
        x = self.down2_3(half)
        quarter = x + self._stage("encoder_level3", x)  # (B, C3, H/4, W/4)
        x = self.down3_4(quarter)
        x = x + self._stage("latent", x)  # (B, C4, H/8, W/8)
        x = self.reduce_chan_level3(torch.cat((self.up4_3(x), quarter), dim=1))
        x = x + self._stage("decoder_level3", x)  # (B, C3, H/4, W/4)
        x = self.reduce_chan_level2(torch.cat((self.up3_2(x), half), dim=1))
        x = x + self._stage("decoder_level2", x)  # (B, C2, H/2, W/2)
        x = torch.cat((self.up2_1(x), full), dim=1)  # (B, 2 C1 = C2, H, W)
        x = x + self._stage("decoder_level1", x)
        x = x + self._stage("refinement", x)
        return (self.output(x) + blurred,)

    def _stage(self, name: str, x: Tensor) -> Tensor:
        branches = self.get_submodule(f"patch_embed_{name}")(x)
        y: Tensor = self.get_submodule(name)(branches)
        return y


def _check(
    dim: Sequence[int], blocks: Sequence[int], paths: Sequence[int], heads: Sequence[int]
) -> None:
    given = {"dim": dim, "num_blocks": blocks, "num_path": paths, "heads": heads}
    for option, values in given.items():
        if len(values) != LEVELS or min(values) < 1:
            raise UsageError(
                f"mb_taylorformer_v2 needs {LEVELS} numbers of at least 1 as {option}, "
                f"got {list(values)}"
            )
    if any(one not in WINDOWS for one in heads):
        raise UsageError(
            f"mb_taylorformer_v2 needs heads among {', '.join(map(str, WINDOWS))}, "
            f"got {list(heads)}"
        )
    # the weights of a head of one channel can add up to nothing, by which it divides
    pairs = zip(dim, heads, strict=True)
    whole = all(width % count == 0 and width > count for width, count in pairs)
    if not whole or dim[1] != 2 * dim[0] or any(width % 4 for width in dim[1:]):
        raise UsageError(
            "mb_taylorformer_v2 needs dim in whole heads of at least two channels, the second "
            "twice the first and all but the first in multiples of 4, "
            f"got {list(dim)} for heads {list(heads)}"
        )

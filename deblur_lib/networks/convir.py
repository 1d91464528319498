"""ConvIR (Cui et al., TPAMI 2024): MIMO-UNet's frame, with filters made from the picture itself.

Attribute names are those of the published code (motion deblurring), so that its weights load
strictly. A dynamic filter is one convolution here, its residual being part of the middle tap.

Shape legend: B batch, C channels, G groups of channels that share a filter, K taps of a filter,
H and W of the map at hand.
"""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from pydantic import PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.convs import BasicConv
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

GROUPS = 8  # G
POOLS = (8, 4, 2)


basic_conv = partial(BasicConv, act=nn.GELU)


class DynamicFilter(nn.Module):
    """Low-pass filter whose taps come from the mean of the map, mixed with the map itself.

    With f the filtered map, m its mean and weights per channel, it gives
    l ((1 + i) f - i m) + (1 + h) x; at first l, i and h are 0.

    Args:
        channels: C, a multiple of 8.
        kernel: (height, width) of the filter, 1 or 3 each; the mean is taken along the threes.
        dilation: pixels between two taps.
        norm: whether a batch norm comes before the tanh that bounds the taps.
    """

    def __init__(
        self, channels: int, kernel: tuple[int, int], dilation: int, *, norm: bool = False
    ) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.axes = [axis for axis, side in zip((-2, -1), kernel, strict=True) if side > 1]
        down, across = (dilation * (side // 2) for side in kernel)
        self.border = (across, across, down, down)
        taps = kernel[0] * kernel[1]  # K
        self.lamb_l = nn.Parameter(torch.zeros(channels))
        self.lamb_h = nn.Parameter(torch.zeros(channels))
        self.inside_all = nn.Parameter(torch.zeros(channels, 1, 1))
        self.conv = nn.Conv2d(channels, GROUPS * taps, 1, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        self.bn: nn.Module = nn.BatchNorm2d(GROUPS * taps) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape; the border is mirrored."""
        batch, channels = x.shape[:2]
        taps = self._taps(x).reshape(-1, 1, *self.kernel)  # (B C, 1, *kernel)
        padded = F.pad(x, self.border, mode="reflect").flatten(0, 1)[None]
        y = F.conv2d(padded, taps, dilation=self.dilation, groups=batch * channels)
        inside = self.lamb_l[:, None, None] * self.inside_all  # (C, 1, 1)
        return y.reshape(x.shape) - inside * x.mean(self.axes, keepdim=True)

    def _taps(self, x: Tensor) -> Tensor:
        made = torch.tanh(self.bn(self.conv(x.mean((-2, -1), keepdim=True))))  # (B, G K, 1, 1)
        made = made.view(len(x), GROUPS, -1).repeat_interleave(x.shape[1] // GROUPS, dim=1)
        low = self.lamb_l[:, None] * (1 + self.inside_all[..., 0])  # (C, 1)
        half = made.shape[-1] // 2
        middle = F.pad(1 + self.lamb_h[:, None], (half, half))  # (C, K)
        return made * low + middle  # (B, C, K)


class StripFilters(nn.Module):
    """A row filter, then a column filter, added to the map; the published `cubic_attention`."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.H_spatial_att = DynamicFilter(channels, (1, 3), dilation)
        self.W_spatial_att = DynamicFilter(channels, (3, 1), dilation)
        self.gamma = nn.Parameter(torch.zeros(channels, 1, 1))
        self.beta = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.gamma * self.W_spatial_att(self.H_spatial_att(x)) + self.beta * x
        return y


class MultiShapeKernel(nn.Module):
    """Square filter and strip filters side by side, added."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.square_att = DynamicFilter(channels, (3, 3), dilation, norm=True)
        self.strip_att = StripFilters(channels, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.strip_att(x) + self.square_att(x)
        return y


class DeepPoolLayer(nn.Module):
    """Filters at an eighth, a quarter and half of the size, coarse to fine, added to the map."""

    def __init__(self, channels: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in POOLS
        )
        self.dynas = nn.ModuleList(MultiShapeKernel(channels, step) for step in dilations)
        self.conv_sum = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        total, coarser = x, None
        for pool, conv, filters in zip(POOLS, self.convs, self.dynas, strict=True):
            y = F.avg_pool2d(x, pool)  # (B, C, H/pool, W/pool)
            if coarser is not None:
                y = y + _resize(coarser, y.shape[-2:])
            coarser = filters(conv(y))
            total = total + _resize(coarser, x.shape[-2:])
        z: Tensor = self.conv_sum(F.gelu(total))
        return z


def _resize(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)


class ResBlock(nn.Module):
    """Two 3x3 convolutions, GELU after the first, added to the input.

    Args:
        channels: C.
        dilations: of the filters between the convolutions; None for a block without.
    """

    def __init__(self, channels: int, dilations: Sequence[int] | None = None) -> None:
        super().__init__()
        self.main = nn.Sequential(
            basic_conv(channels, channels, 3),
            nn.Identity() if dilations is None else DeepPoolLayer(channels, dilations),
            basic_conv(channels, channels, 3, act=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.main(x) + x
        return y


class Stage(nn.Module):
    """Residual blocks in a row, the last of them with filters."""

    def __init__(self, channels: int, blocks: int, dilations: Sequence[int]) -> None:
        super().__init__()
        plain = [ResBlock(channels) for _ in range(blocks - 1)]
        self.layers = nn.Sequential(*plain, ResBlock(channels, dilations))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.layers(x)
        return y


class SCM(nn.Module):
    """Shallow convolution module: features of a reduced picture, normalised per picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            basic_conv(3, channels // 4, 3),
            basic_conv(channels // 4, channels // 2, 1),
            basic_conv(channels // 2, channels // 2, 3),
            basic_conv(channels // 2, channels, 1, act=None),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, C, H, W)."""
        y: Tensor = self.main(picture)
        return y


class FAM(nn.Module):
    """Joins the features of a reduced picture to those of the encoder."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.merge = basic_conv(2 * channels, channels, 3, act=None)

    def forward(self, feature: Tensor, picture: Tensor) -> Tensor:
        """Two times (B, C, H, W) -> the same shape."""
        y: Tensor = self.merge(torch.cat((feature, picture), dim=1))
        return y


class ConvIR(Deblurrer):
    """Restore a picture at three sizes at once, each as a correction of the blurred one.

    The filters' batch norms need batches of two or more in training. The published network has
    14,830,985 parameters (5,530,505 with `num_res` 4, 8,630,665 with 8).

    Args:
        base_channels: width at full size, a multiple of 8.
        num_res: residual blocks in each of the six stages: 4, 8 or 16 in the published networks.
        dilations: pixels between the taps of the filters at 1/8, 1/4 and 1/2 of a stage's size.
            The mirrored borders of the published ones need pictures of 256 px; 1, 1, 1 needs 64.
        start: "random" as published, or "identity" to begin with last layers of zeros, so that
            the untrained network gives its input back.

    Raises:
        UsageError: a width that makes no whole groups, no block, not three dilations of at least
            1, or an unknown start.

    Source: Cui et al., "Revitalizing Convolutional Network for Image Restoration".
    """

    name = "convir"
    multiple_of = 4 * POOLS[0]
    tile_safe = False  # filters and norms come from means over the whole picture

    def __init__(
        self,
        *,
        base_channels: PositiveInt = 32,
        num_res: int = 16,
        dilations: Sequence[int] = (7, 9, 11),
        start: str = "random",
    ) -> None:
        super().__init__()
        if base_channels < 1 or base_channels % GROUPS or num_res < 1:
            raise UsageError(
                f"convir needs base_channels in multiples of {GROUPS} and num_res of at least 1, "
                f"got {base_channels} and {num_res}"
            )
        self.minimum_size = _smallest(dilations)
        c1, c2, c3 = widths = (base_channels, 2 * base_channels, 4 * base_channels)
        self.Encoder = nn.ModuleList(Stage(width, num_res, dilations) for width in widths)
        self.feat_extract = nn.ModuleList(
            (
                basic_conv(3, c1, 3),
                basic_conv(c1, c2, 3, stride=2),
                basic_conv(c2, c3, 3, stride=2),
                basic_conv(c3, c2, 4, stride=2, transpose=True),
                basic_conv(c2, c1, 4, stride=2, transpose=True),
                basic_conv(c1, 3, 3, act=None),
            )
        )
        self.Decoder = nn.ModuleList(Stage(width, num_res, dilations) for width in (c3, c2, c1))
        self.Convs = nn.ModuleList((basic_conv(2 * c2, c2, 1), basic_conv(2 * c1, c1, 1)))
        self.ConvsOut = nn.ModuleList(basic_conv(width, 3, 3, act=None) for width in (c3, c2))
        self.FAM1, self.SCM1 = FAM(c3), SCM(c3)
        self.FAM2, self.SCM2 = FAM(c2), SCM(c2)
        begin = choose("start", start, STARTS)
        for last in (*self.ConvsOut, self.feat_extract[5]):
            begin(last.get_submodule("main.0"))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restored at a quarter, half and full size, from (B, 3, H, W).

        Raises:
            UsageError: height or width is too small or no multiple of 32, or a batch of one in
                training.
        """
        check_input(self, blurred)
        if self.training and len(blurred) < 2:
            raise UsageError(
                "convir needs batches of at least 2 in training, since its batch norms see one "
                f"value of a picture, got {len(blurred)}; take a larger batch or call eval()"
            )
        half = F.interpolate(blurred, scale_factor=0.5, mode="nearest")  # (B, 3, H/2, W/2)
        quarter = F.interpolate(half, scale_factor=0.5, mode="nearest")  # (B, 3, H/4, W/4)
        full = self.Encoder[0](self.feat_extract[0](blurred))  # (B, C, H, W)
        x = self.FAM2(self.feat_extract[1](full), self.SCM2(half))
        middle = self.Encoder[1](x)  # (B, 2C, H/2, W/2)
        x = self.FAM1(self.feat_extract[2](middle), self.SCM1(quarter))
        x = self.Decoder[0](self.Encoder[2](x))  # (B, 4C, H/4, W/4)
        coarse = self.ConvsOut[0](x) + quarter
        x = torch.cat((self.feat_extract[3](x), middle), dim=1)  # (B, 4C, H/2, W/2)
        x = self.Decoder[1](self.Convs[0](x))  # (B, 2C, H/2, W/2)
        fine = self.ConvsOut[1](x) + half
        x = torch.cat((self.feat_extract[4](x), full), dim=1)  # (B, 2C, H, W)
        x = self.Decoder[2](self.Convs[1](x))  # (B, C, H, W)
        return coarse, fine, self.feat_extract[5](x) + blurred


def _smallest(dilations: Sequence[int]) -> int:
    """Smallest side whose pooled maps are wider than the filters' mirrored borders."""
    if len(dilations) != len(POOLS) or min(dilations) < 1:
        raise UsageError(f"convir needs three dilations of at least 1, got {list(dilations)}")
    sides = (4 * pool * (step + 1) for pool, step in zip(POOLS, dilations, strict=True))
    return -(-max(sides) // ConvIR.multiple_of) * ConvIR.multiple_of

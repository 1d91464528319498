"""U-Net with an SE-ResNeXt-50 encoder, the third generator of the DeblurGAN-v2 repository.

li2026 compares with an "attention" network whose reference is the squeeze-and-excitation block;
this generator of its baseline's code is the nearest deblurring network built of that block. It
adds nothing to its input and bounds its output by nothing. Attribute names are the published ones.

The published code put instance norms without scale and shift where the encoder had batch norms.
What each gate averages over the picture is then zero for every picture, so the gates are constants:
the attention of this network attends to nothing (tested). With group norms, `norm`, the means of
the channels differ within their group and from picture to picture, and the gates see them.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.networks.channels_first import ChannelsFirst
from deblur_lib.nn.aliases import accept_aliases
from deblur_lib.nn.base import check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

GROUPS = 32
EXPANSION = 4
REDUCTION = 16
NORMS: dict[str, Callable[[int], nn.Module]] = {  # of the encoder; none has scale and shift
    "instance": nn.InstanceNorm2d,
    "group": lambda channels: nn.GroupNorm(math.gcd(8, channels), channels, affine=False),
}
ALIASES = {"encoder.layer0.": "conv1."} | {
    f"encoder.layer{stage}.": f"conv{stage + 1}." for stage in (1, 2, 3, 4)
}


class SEModule(nn.Module):
    """Squeeze-and-excitation gate (Hu et al., 2018): a factor for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // REDUCTION
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def weights(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1)."""
        return self._gate(x).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W)."""
        return x * self._gate(x)

    def _gate(self, x: Tensor) -> Tensor:
        gate: Tensor = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()
        return gate


class Bottleneck(nn.Module):
    """SE-ResNeXt block: 1x1, grouped 3x3, 1x1, gate, sum with the input.

    Args:
        channels: channels of the input.
        planes: a quarter of the output's channels.
        stride: stride of the 3x3 convolution.
        norm: a name in `NORMS`.
    """

    def __init__(self, channels: int, planes: int, *, stride: int, norm: str) -> None:
        super().__init__()
        make = NORMS[norm]
        width, out = planes * 4 // 64 * GROUPS, planes * EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1)
        self.bn1 = make(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=GROUPS)
        self.bn2 = make(width)
        self.conv3 = nn.Conv2d(width, out, 1)
        self.bn3 = make(out)
        self.se_module = SEModule(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride), make(out))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> (B, 4 planes, H/stride, W/stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.se_module(self.bn3(self.conv3(y)))
        return F.relu(y + self.downsample(x))


class ConvRelu(nn.Module):
    """3x3 convolution and ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> (B, out, H, W)."""
        return F.relu(self.conv(x))


class DecoderCenter(nn.Module):
    """Two 3x3 convolutions at the coarsest level."""

    def __init__(self, channels: int, middle: int, out: int) -> None:
        super().__init__()
        self.block = nn.Sequential(ConvRelu(channels, middle), ConvRelu(middle, out))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> (B, out, H, W)."""
        y: Tensor = self.block(x)
        return y


class DecoderBlock(nn.Module):
    """A 3x3 convolution, then twice the size by a transposed one."""

    def __init__(self, channels: int, middle: int, out: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            ConvRelu(channels, middle),
            nn.ConvTranspose2d(middle, out, 4, 2, 1),
            nn.InstanceNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, *parts: Tensor) -> Tensor:
        """Maps (B, C_i, H, W), joined along the channels -> (B, out, 2H, 2W)."""
        y: Tensor = self.block(torch.cat(parts, dim=1))
        return y


class UNetSEResNeXt(ChannelsFirst):
    """Restore a blurred batch by an encoder-decoder without global residual.

    Args:
        features: unit F of the decoder's channels.
        planes: unit of the encoder's channels, a multiple of 16; 64 in SE-ResNeXt-50.
        depths: blocks in each stage of the encoder.
        norm: of the encoder, "instance" as published, or "group".
        tail: keep the encoder's classifier, as published files do (53,334,971 parameters; without
            it 51,285,971). Such files load without it too.
        start: "random" as published, or "identity": the last layer begins
            at zero and the input is added to what it draws: a correction, not as published.

    Raises:
        UsageError: `planes` that do not make whole groups, or an unknown norm.
    """

    name = "unet_seresnext"
    multiple_of = 32
    minimum_size = 64  # instance norm needs more than one value at 1/32 of the size
    tile_safe = False  # instance norm sees the whole picture

    def __init__(
        self,
        *,
        features: PositiveInt = 32,
        planes: PositiveInt = 64,
        depths: Sequence[int] = (3, 4, 6, 3),
        norm: str = "instance",
        tail: bool = False,
        start: str = "random",
    ) -> None:
        super().__init__()
        self.corrects = start == "identity"
        if planes % 16 or len(depths) != 4:
            raise UsageError(
                f"unet_seresnext needs planes in multiples of 16 and four depths, got {planes} "
                f"and {list(depths)}"
            )
        self.conv1 = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(3, planes, 7, 2, 3),
                bn1=choose("norm", norm, NORMS)(planes),
                relu1=nn.ReLU(inplace=True),
                pool=nn.MaxPool2d(3, 2, ceil_mode=True),
            )
        )
        wide = [planes * EXPANSION * 2**stage for stage in range(4)]  # 256, 512, 1024, 2048
        self.conv2 = _stage(planes, planes, depths[0], stride=1, norm=norm)
        self.conv3 = _stage(wide[0], 2 * planes, depths[1], stride=2, norm=norm)
        self.conv4 = _stage(wide[1], 4 * planes, depths[2], stride=2, norm=norm)
        self.conv5 = _stage(wide[2], 8 * planes, depths[3], stride=2, norm=norm)
        thin = 2 * features
        self.center = DecoderCenter(wide[3], 16 * features, 8 * features)
        self.dec5 = DecoderBlock(wide[3] + 8 * features, 16 * features, thin)
        self.dec4 = DecoderBlock(wide[2] + thin, 8 * features, thin)
        self.dec3 = DecoderBlock(wide[1] + thin, 4 * features, thin)
        self.dec2 = DecoderBlock(wide[0] + thin, 2 * features, thin)
        self.dec1 = DecoderBlock(thin, features, thin)
        self.dec0 = ConvRelu(5 * thin, thin)
        self.final = nn.Conv2d(thin, 3, 1)
        choose("start", start, STARTS)(self.final)
        if tail:
            self.encoder = nn.ModuleDict({"last_linear": nn.Linear(wide[3], 1000)})
        accept_aliases(self, ALIASES, drop=() if tail else ("encoder.",))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output, not clamped."""
        check_input(self, blurred)
        blurred = blurred.contiguous()
        level1 = self.conv1(2 * blurred - 1)  # (B, 64, H/4, W/4), the network's range is [-1, 1]
        level2 = self.conv2(level1)  # (B, 256, H/4, W/4)
        level3 = self.conv3(level2)  # (B, 512, H/8, W/8)
        level4 = self.conv4(level3)  # (B, 1024, H/16, W/16)
        level5 = self.conv5(level4)  # (B, 2048, H/32, W/32)
        up5 = self.dec5(self.center(level5), level5)  # (B, 2F, H/16, W/16)
        up4 = self.dec4(up5, level4)  # (B, 2F, H/8, W/8)
        up3 = self.dec3(up4, level3)  # (B, 2F, H/4, W/4)
        up2 = self.dec2(up3, level2)  # (B, 2F, H/2, W/2)
        views = [self.dec1(up2)]  # (B, 2F, H, W)
        views += [_enlarge(one, 2**k) for k, one in enumerate((up2, up3, up4, up5), start=1)]
        drawn = self.final(self.dec0(torch.cat(views, dim=1))).float()  # (B, 3, H, W) in [-1, 1]
        return (blurred + drawn / 2 if self.corrects else (drawn + 1) / 2,)


def _stage(channels: int, planes: int, depth: int, *, stride: int, norm: str) -> nn.Sequential:
    out = planes * EXPANSION
    return nn.Sequential(
        Bottleneck(channels, planes, stride=stride, norm=norm),
        *(Bottleneck(out, planes, stride=1, norm=norm) for _ in range(depth - 1)),
    )


def _enlarge(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)

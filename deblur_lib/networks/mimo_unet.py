"""MIMO-UNet and MIMO-UNet+ (Cho et al., ICCV 2021): one U-Net reads and writes three sizes.

Attribute names are those of the published code, so that its weights load strictly. Every resize
inside the network takes the nearest pixel, the input pyramid included, as there.

Shape legend: B batch; C1, C2, C3 = C, 2C, 4C channels at full, half and quarter size; H, W
height and width of the picture.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.convs import BasicConv
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS


class ResBlock(nn.Module):
    """Two 3x3 convolutions with a ReLU between them, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            BasicConv(channels, channels, 3), BasicConv(channels, channels, 3, act=None)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.main(x) + x
        return y


class Stage(nn.Module):
    """Residual blocks in a row; the encoder and the decoder have one at each size."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(ResBlock(channels) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = self.layers(x)
        return y


class SCM(nn.Module):
    """Shallow convolution module: features of a reduced picture, the picture among them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            BasicConv(3, channels // 4, 3),
            BasicConv(channels // 4, channels // 2, 1),
            BasicConv(channels // 2, channels // 2, 3),
            BasicConv(channels // 2, channels - 3, 1),
        )
        self.conv = BasicConv(channels, channels, 1, act=None)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, C, H, W)."""
        y: Tensor = self.conv(torch.cat((picture, self.main(picture)), dim=1))
        return y


class FAM(nn.Module):
    """Feature attention module: the picture's features stress or suppress the encoder's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.merge = BasicConv(channels, channels, 3, act=None)

    def forward(self, feature: Tensor, picture: Tensor) -> Tensor:
        """Two times (B, C, H, W) -> the same shape."""
        y: Tensor = feature + self.merge(feature * picture)
        return y


class AFF(nn.Module):
    """Asymmetric feature fusion: all encoder outputs, brought to one size, become one skip.

    Args:
        widths: channels of the encoder outputs, full size first.
        level: which of them (0 is full size) sets the size and the channels of the result.
    """

    def __init__(self, widths: Sequence[int], level: int) -> None:
        super().__init__()
        self.level = level
        channels = widths[level]
        self.conv = nn.Sequential(
            BasicConv(sum(widths), channels, 1), BasicConv(channels, channels, 3, act=None)
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Encoder outputs, (B, Ci, Hi, Wi) each -> (B, C, H, W) of the level."""
        size = features[self.level].shape[-2:]
        resized = [nearest(feature, size) for feature in features]  # 3 x (B, Ci, H, W)
        y: Tensor = self.conv(torch.cat(resized, dim=1))
        return y


def nearest(x: Tensor, size: Sequence[int]) -> Tensor:
    """Resize to (height, width) by taking the nearest pixel; as it is where the size fits."""
    if x.shape[-2:] == size:
        return x
    resized = F.interpolate(x, list(size), mode="nearest")
    if resized.requires_grad:
        resized.register_hook(_dense)  # type: ignore[no-untyped-call]
    return resized


def _dense(gradient: Tensor) -> Tensor:
    """The gradient in one block: `cat` gives back slices, which a resize handles 8 times slower."""
    last = gradient.stride(1) == 1
    return gradient.contiguous(
        memory_format=torch.channels_last if last else torch.contiguous_format
    )


class MIMOUNet(Deblurrer):
    """Restore a picture at three sizes at once, each as a correction of the blurred one.

    Args:
        base_channels: width C at full size; the published network uses 32.
        blocks: residual blocks in each of the six stages; 8 in the published network.
        dropout: share of fused channels that training sets to zero; the published network
            drops none.
        start: "random" as published, or "identity" to begin with last layers of zeros, so that
            the network gives its input back before it has learnt anything.

    Source: Cho et al., "Rethinking Coarse-to-Fine Approach in Single Image Deblurring".
    """

    name = "mimo_unet"
    multiple_of = 4

    def __init__(
        self,
        *,
        base_channels: PositiveInt = 32,
        blocks: NonNegativeInt = 8,
        dropout: float = 0.0,
        start: str = "random",
    ) -> None:
        super().__init__()
        c1, c2, c3 = widths = (base_channels, 2 * base_channels, 4 * base_channels)
        self.Encoder = nn.ModuleList(Stage(width, blocks) for width in widths)
        self.feat_extract = nn.ModuleList(
            (
                BasicConv(3, c1, 3),
                BasicConv(c1, c2, 3, stride=2),
                BasicConv(c2, c3, 3, stride=2),
                BasicConv(c3, c2, 4, stride=2, transpose=True),
                BasicConv(c2, c1, 4, stride=2, transpose=True),
                BasicConv(c1, 3, 3, act=None),
            )
        )
        self.Decoder = nn.ModuleList(Stage(width, blocks) for width in (c3, c2, c1))
        self.Convs = nn.ModuleList((BasicConv(2 * c2, c2, 1), BasicConv(2 * c1, c1, 1)))
        self.ConvsOut = nn.ModuleList(BasicConv(width, 3, 3, act=None) for width in (c3, c2))
        self.AFFs = nn.ModuleList((AFF(widths, 0), AFF(widths, 1)))
        self.FAM1, self.SCM1 = FAM(c3), SCM(c3)
        self.FAM2, self.SCM2 = FAM(c2), SCM(c2)
        self.drop = nn.Dropout2d(dropout)
        for last in (*self.ConvsOut, self.feat_extract[5]):
            choose("start", start, STARTS)(last.main[0])

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restored at a quarter, half and full size, from (B, 3, H, W).

        Raises:
            UsageError: height or width is not a multiple of 4.
        """
        check_input(self, blurred)
        half = F.interpolate(blurred, scale_factor=0.5, mode="nearest")  # (B, 3, H/2, W/2)
        quarter = F.interpolate(half, scale_factor=0.5, mode="nearest")  # (B, 3, H/4, W/4)
        encoded = self._encode(blurred, half, quarter)
        skip2 = self.drop(self.AFFs[1](encoded))  # the order in which masks are drawn there
        skip1 = self.drop(self.AFFs[0](encoded))

        x = self.Decoder[0](encoded[2])  # (B, C3, H/4, W/4)
        small = self.ConvsOut[0](x) + quarter
        x = torch.cat((self.feat_extract[3](x), skip2), dim=1)  # (B, 2 C2, H/2, W/2)
        x = self.Decoder[1](self.Convs[0](x))  # (B, C2, H/2, W/2)
        middle = self.ConvsOut[1](x) + half
        x = torch.cat((self.feat_extract[4](x), skip1), dim=1)  # (B, 2 C1, H, W)
        x = self.Decoder[2](self.Convs[1](x))  # (B, C1, H, W)
        return small, middle, self.feat_extract[5](x) + blurred

    def _encode(self, blurred: Tensor, half: Tensor, quarter: Tensor) -> tuple[Tensor, ...]:
        full = self.Encoder[0](self.feat_extract[0](blurred))  # (B, C1, H, W)
        x = self.FAM2(self.feat_extract[1](full), self.SCM2(half))
        middle = self.Encoder[1](x)  # (B, C2, H/2, W/2)
        x = self.FAM1(self.feat_extract[2](middle), self.SCM1(quarter))
        return full, middle, self.Encoder[2](x)  # last: (B, C3, H/4, W/4)


class MIMOUNetPlus(MIMOUNet):
    """MIMO-UNet with 20 blocks in a stage and dropout of the fused skips while it trains."""

    name = "mimo_unet_plus"

    def __init__(
        self,
        *,
        base_channels: PositiveInt = 32,
        blocks: NonNegativeInt = 20,
        dropout: float = 0.1,
        start: str = "random",
    ) -> None:
        super().__init__(base_channels=base_channels, blocks=blocks, dropout=dropout, start=start)

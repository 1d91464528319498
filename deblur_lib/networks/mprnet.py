"""MPRNet (Zamir et al., CVPR 2021): three stages, on quarters, on halves and on the whole picture.

Attribute names are those of the published code, so that its weights load strictly. One PReLU with
one slope serves the whole network; the state dict names it once for each block that holds it.

Shape legend: B batch, P patches, H and W of the picture; C1, C2, C3 channels of the U-Nets at
full, half and quarter size of their patch; C0 channels of the third stage.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

Maps = Sequence[Tensor]  # one per level, full size of the patch first


def conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Convolution without bias that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


class Shared(NamedTuple):
    """What all blocks have in common.

    Attributes:
        act: the one activation.
        reduction: channels over those inside a channel attention.
    """

    act: nn.PReLU
    reduction: int


class CALayer(nn.Module):
    """Channel attention: a factor for each channel, from its mean over the map."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = channels // reduction
        self.conv_du = nn.Sequential(
            conv(channels, hidden, 1),
            nn.ReLU(inplace=True),
            conv(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        y: Tensor = x * self.conv_du(x.mean((2, 3), keepdim=True))
        return y


class CAB(nn.Module):
    """Channel attention block: two 3x3 convolutions and channel attention, added to the input."""

    def __init__(self, channels: int, shared: Shared) -> None:
        super().__init__()
        self.CA = CALayer(channels, shared.reduction)
        self.body = nn.Sequential(
            conv(channels, channels, 3), shared.act, conv(channels, channels, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        y: Tensor = self.CA(self.body(x)) + x
        return y


def cabs(channels: int, shared: Shared, count: int) -> nn.Sequential:
    """Channel attention blocks in a row."""
    return nn.Sequential(*(CAB(channels, shared) for _ in range(count)))


class DownSample(nn.Module):
    """Half the size, then a 1x1 convolution."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.down = nn.Sequential(_resize(0.5), conv(channels, out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H/2, W/2)."""
        y: Tensor = self.down(x)
        return y


class UpSample(nn.Module):
    """Twice the size, then a 1x1 convolution; a skip, where one is given, is added."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.up = nn.Sequential(_resize(2.0), conv(channels, out, 1))

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """(B, C, H, W) -> (B, out, 2H, 2W)."""
        y: Tensor = self.up(x)
        return y if skip is None else y + skip


def _resize(factor: float) -> nn.Upsample:
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)


class Encoder(nn.Module):
    """Two blocks at each of three sizes; the second stage's takes up the maps of the first's.

    Args:
        widths: C1, C2, C3.
        shared: what all blocks share.
        csff: hold the 1x1 convolutions that take up the maps of the stage before.
    """

    def __init__(self, widths: Sequence[int], shared: Shared, *, csff: bool) -> None:
        super().__init__()
        self.csff = csff
        for level, width in enumerate(widths, start=1):
            self.add_module(f"encoder_level{level}", cabs(width, shared, 2))
        self.down12 = DownSample(widths[0], widths[1])
        self.down23 = DownSample(widths[1], widths[2])
        if csff:
            for side in ("enc", "dec"):
                for level, width in enumerate(widths, start=1):
                    self.add_module(f"csff_{side}{level}", conv(width, width, 1))

    def forward(self, x: Tensor, encoded: Maps = (), decoded: Maps = ()) -> list[Tensor]:
        """Maps of three sizes from (B, C1, H, W).

        Args:
            x: features.
            encoded: maps that the encoder of the stage before gave, with `csff` only.
            decoded: those of its decoder.
        """
        maps: list[Tensor] = []
        for level in (1, 2, 3):
            if level > 1:
                x = self.get_submodule(f"down{level - 1}{level}")(x)
            x = self.get_submodule(f"encoder_level{level}")(x)
            if self.csff:  # cross-stage feature fusion
                x = x + self.get_submodule(f"csff_enc{level}")(encoded[level - 1])
                x = x + self.get_submodule(f"csff_dec{level}")(decoded[level - 1])
            maps.append(x)
        return maps


class Decoder(nn.Module):
    """Two blocks at each of three sizes, from coarse to fine; a block on each skip."""

    def __init__(self, widths: Sequence[int], shared: Shared) -> None:
        super().__init__()
        for level, width in enumerate(widths, start=1):
            self.add_module(f"decoder_level{level}", cabs(width, shared, 2))
        self.skip_attn1 = CAB(widths[0], shared)
        self.skip_attn2 = CAB(widths[1], shared)
        self.up21 = UpSample(widths[1], widths[0])
        self.up32 = UpSample(widths[2], widths[1])

    def forward(self, encoded: Maps) -> list[Tensor]:
        """Three encoder maps to decoder maps of the same shapes."""
        coarse = self.get_submodule("decoder_level3")(encoded[2])  # (B, C3, H/4, W/4)
        x = self.up32(coarse, self.skip_attn2(encoded[1]))
        middle = self.get_submodule("decoder_level2")(x)  # (B, C2, H/2, W/2)
        x = self.up21(middle, self.skip_attn1(encoded[0]))
        return [self.get_submodule("decoder_level1")(x), middle, coarse]  # first: (B, C1, H, W)


class ORB(nn.Module):
    """Original resolution block: channel attention blocks and a convolution, plus the input."""

    def __init__(self, channels: int, shared: Shared, count: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*cabs(channels, shared, count), conv(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C0, H, W) to the same shape."""
        y: Tensor = self.body(x) + x
        return y


class ORSNet(nn.Module):
    """Original resolution subnetwork: three ORBs, each followed by the maps of one level of U-Net.

    Args:
        channels: C0.
        widths: C1, C2, C3.
        shared: what all blocks share.
        count: channel attention blocks in each ORB.
    """

    def __init__(self, channels: int, widths: Sequence[int], shared: Shared, count: int) -> None:
        super().__init__()
        for level in (1, 2, 3):
            self.add_module(f"orb{level}", ORB(channels, shared, count))
        self.up_enc1 = UpSample(widths[1], widths[0])
        self.up_dec1 = UpSample(widths[1], widths[0])
        self.up_enc2, self.up_dec2 = (
            nn.Sequential(UpSample(widths[2], widths[1]), UpSample(widths[1], widths[0]))
            for _ in range(2)
        )
        for side in ("enc", "dec"):
            for level in (1, 2, 3):
                self.add_module(f"conv_{side}{level}", conv(widths[0], channels, 1))

    def forward(self, x: Tensor, encoded: Maps, decoded: Maps) -> Tensor:
        """(B, C0, H, W) and the maps of the second stage's U-Net to (B, C0, H, W)."""
        for level in (1, 2, 3):
            x = self.get_submodule(f"orb{level}")(x)
            for side, maps in (("enc", encoded), ("dec", decoded)):
                one = maps[level - 1]  # (B, Ci, H / 2^(level - 1), W / 2^(level - 1))
                if level > 1:
                    one = self.get_submodule(f"up_{side}{level - 1}")(one)  # (B, C1, H, W)
                x = x + self.get_submodule(f"conv_{side}{level}")(one)
        return x


class SAM(nn.Module):
    """Supervised attention module: a stage's picture, and its features weighed by that picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv(channels, channels, 1)
        self.conv2 = conv(channels, 3, 1)
        self.conv3 = conv(3, channels, 1)

    def forward(self, x: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C1, H, W) and the blurred (B, 3, H, W) to features and restored, same shapes."""
        restored = self.conv2(x) + picture
        gate = torch.sigmoid(self.conv3(restored))
        return self.conv1(x) * gate + x, restored


def split(x: Tensor, rows: int, columns: int) -> Tensor:
    """Cut a picture into equal patches that go into the batch.

    Args:
        x: (B, C, H, W).
        rows: patches from top to bottom.
        columns: patches from left to right.

    Returns:
        (B rows columns, C, H / rows, W / columns), patches of a picture row by row.
    """
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, rows, height // rows, columns, width // columns)
    x = x.permute(0, 2, 4, 1, 3, 5)
    return x.reshape(-1, channels, height // rows, width // columns)


def join(x: Tensor, rows: int, columns: int) -> Tensor:
    """Undo `split`: (B rows columns, C, h, w) -> (B, C, rows h, columns w)."""
    _, channels, height, width = x.shape
    x = x.reshape(-1, rows, columns, channels, height, width).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(-1, channels, rows * height, columns * width)


class MPRNet(Deblurrer):
    """Restore a picture in three stages; 20,127,073 parameters at the published size.

    Args:
        features: channels C1 of the U-Nets at full size.
        unet_step: channels that each smaller size of the U-Nets adds.
        orsnet_step: channels that the third stage adds to C1.
        cabs: channel attention blocks in each of the three blocks of the third stage.
        reduction: channels of a map over those inside its channel attention.
        start: "random" as published, or "identity" to begin with last layers of zeros, so that
            every stage gives the input back before it has learnt anything.

    Raises:
        UsageError: fewer channels than `reduction`, negative steps, no blocks, an unknown start.

    Source: Zamir et al., "Multi-Stage Progressive Image Restoration", CVPR 2021, in its
    configuration for deblurring.
    """

    name = "mprnet"
    multiple_of = 8  # two patches each way, halved twice
    tile_safe = False  # channel attention averages over the whole picture

    def __init__(
        self,
        *,
        features: PositiveInt = 96,
        unet_step: NonNegativeInt = 48,
        orsnet_step: NonNegativeInt = 32,
        cabs: PositiveInt = 8,
        reduction: PositiveInt = 4,
        start: str = "random",
    ) -> None:
        super().__init__()
        if not 1 <= reduction <= features or min(unet_step, orsnet_step) < 0 or cabs < 1:
            raise UsageError(
                f"mprnet needs as many features as its reduction, steps of 0 or more and blocks, "
                f"got features {features}, reduction {reduction}, unet_step {unet_step}, "
                f"orsnet_step {orsnet_step} and cabs {cabs}"
            )
        shared = Shared(nn.PReLU(), reduction)
        widths = [features + level * unet_step for level in range(3)]
        wide = features + orsnet_step
        self.shallow_feat1, self.shallow_feat2, self.shallow_feat3 = (
            nn.Sequential(conv(3, features, 3), CAB(features, shared)) for _ in range(3)
        )
        self.stage1_encoder = Encoder(widths, shared, csff=False)
        self.stage1_decoder = Decoder(widths, shared)
        self.stage2_encoder = Encoder(widths, shared, csff=True)
        self.stage2_decoder = Decoder(widths, shared)
        self.stage3_orsnet = ORSNet(wide, widths, shared, cabs)
        self.sam12, self.sam23 = SAM(features), SAM(features)
        self.concat12 = conv(2 * features, features, 3)
        self.concat23 = conv(2 * features, wide, 3)
        self.tail = conv(wide, 3, 3)
        for last in (self.sam12.conv2, self.sam23.conv2, self.tail):
            choose("start", start, STARTS)(last)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restored by the first, second and third stage, (B, 3, H, W) each, in [0, 1], not clamped.

        Raises:
            UsageError: height or width is not a multiple of 8.
        """
        check_input(self, blurred)
        halves = split(blurred, 2, 1)  # (2B, 3, H/2, W): top, bottom
        x = self.shallow_feat1(split(blurred, 2, 2))  # (4B, C1, H/2, W/2)
        encoded = [join(one, 1, 2) for one in self.stage1_encoder(x)]  # (2B, Ci, ...)
        decoded = self.stage1_decoder(encoded)
        passed, first = self.sam12(decoded[0], halves)

        x = self.concat12(torch.cat((self.shallow_feat2(halves), passed), dim=1))
        encoded = [join(one, 2, 1) for one in self.stage2_encoder(x, encoded, decoded)]
        decoded = self.stage2_decoder(encoded)  # (B, Ci, ...)
        passed, second = self.sam23(decoded[0], blurred)

        x = self.concat23(torch.cat((self.shallow_feat3(blurred), passed), dim=1))
        x = self.stage3_orsnet(x, encoded, decoded)  # (B, C0, H, W)
        return join(first, 2, 1), second, self.tail(x) + blurred

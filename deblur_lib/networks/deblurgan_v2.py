"""DeblurGAN-v2's generator (Kupyn et al., ICCV 2019): a feature pyramid with four heads.

Attribute names are those of the published code, so that its weights load strictly. The places
where li2026 inserts its modules are sockets that hold `nn.Identity` here.

Shape legend: B batch, P pyramid channels, F head channels, H and W of the picture.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.networks import inception_resnet_v2, mobilenet_v2
from deblur_lib.nn.aliases import accept_aliases
from deblur_lib.nn.base import Border, Deblurrer, check_input
from deblur_lib.nn.norms import InstanceNorm, Statistics, set_statistics
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

LEVELS = range(5)


class Backbone(NamedTuple):
    """What the pyramid needs to know of a network pre-trained to classify.

    Attributes:
        encoders: builds the five encoders at a width.
        widths: their channels at that width.
        pads: reflected border of each lateral map, None for none.
        aliases: names of layers in public files -> names of encoders.
        tail: name and builder of the layers that no picture passes.
        pyramid, head: usual channels P and F.
        smallest: smallest picture.
    """

    encoders: Callable[[float], tuple[nn.Module, ...]]
    widths: Callable[[float], tuple[int, ...]]
    pads: tuple[tuple[int, int, int, int], ...] | None
    aliases: dict[str, str]
    tail: tuple[str, Callable[[], nn.Module]]
    pyramid: int
    head: int
    smallest: int


BACKBONES = {
    "inception": Backbone(
        encoders=lambda width: inception_resnet_v2.encoders(),
        widths=lambda width: inception_resnet_v2.WIDTHS,
        pads=inception_resnet_v2.PADS,
        aliases=inception_resnet_v2.ALIASES,
        tail=(inception_resnet_v2.TAIL, inception_resnet_v2.tail),
        pyramid=256,
        head=128,
        smallest=128,
    ),
    "mobilenet": Backbone(
        encoders=mobilenet_v2.encoders,
        widths=mobilenet_v2.widths,
        pads=None,
        aliases=mobilenet_v2.ALIASES,
        tail=(mobilenet_v2.TAIL, mobilenet_v2.tail),
        pyramid=128,
        head=64,
        smallest=64,
    ),
}


def nearest(x: Tensor, factor: int) -> Tensor:
    """(B, C, H, W) -> (B, C, factor H, factor W), each value repeated."""
    return x if factor == 1 else F.interpolate(x, scale_factor=factor, mode="nearest")


class FPNHead(nn.Module):
    """Two 3x3 convolutions, each followed by ReLU, then a socket.

    Attributes:
        gate: socket after the second ReLU; li2026 puts its AFEM there.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.block0 = nn.Conv2d(channels, features, 3, padding=1, bias=False)
        self.block1 = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.gate: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, h, w) -> (B, F, h, w)."""
        y: Tensor = self.gate(F.relu(self.block1(F.relu(self.block0(x)))))
        return y


class FPN(nn.Module):
    """Pyramid of five maps from a backbone, coarse maps added into finer ones.

    Args:
        backbone: the encoders and what belongs to them.
        width: width multiplier of the encoders.
        channels: channels P of maps 1 to 4.
        features: channels F of map 0.
        tail: keep the layers that no picture passes, as the published files do.

    Attributes:
        on_encoder: sockets on the five encoder outputs.
        on_lateral: sockets on the five lateral maps, after the border.
    """

    def __init__(
        self, backbone: Backbone, *, width: float, channels: int, features: int, tail: bool
    ) -> None:
        super().__init__()
        encoders, widths = backbone.encoders(width), backbone.widths(width)
        for level in LEVELS:
            self.add_module(f"enc{level}", encoders[level])
            out = channels if level else features
            self.add_module(f"lateral{level}", nn.Conv2d(widths[level], out, 1, bias=False))
        for step in (1, 2, 3):
            self.add_module(f"td{step}", _smooth(channels, channels))
        pads = backbone.pads
        self.border = nn.ModuleList(
            nn.ReflectionPad2d(pads[level]) if pads else nn.Identity() for level in LEVELS
        )
        self.on_encoder = nn.ModuleList(nn.Identity() for _ in LEVELS)
        self.on_lateral = nn.ModuleList(nn.Identity() for _ in LEVELS)
        name, build = backbone.tail
        self.whole = f"{name}."  # how public files begin the names of the backbone
        if tail:
            self.add_module(name, build())
        accept_aliases(self, backbone.aliases, drop=() if tail else (self.whole,))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Pyramid of a picture; of five scales in li2026, Eq. (3).

        Args:
            x: (B, 3, H, W) in [-1, 1].

        Returns:
            Maps 0 to 4: (B, F, H/2, W/2), then (B, P, H/2^(k+1), W/2^(k+1)).
        """
        laterals: list[Tensor] = []
        for level in LEVELS:
            x = self.get_submodule(f"enc{level}")(x)
            x = self.on_encoder[level](x)
            lateral = self.border[level](self.get_submodule(f"lateral{level}")(x))
            laterals.append(self.on_lateral[level](lateral))
        maps = [laterals[4]]
        for step in (1, 2, 3):  # map k = td(lateral k + enlarged map k+1)
            joined = laterals[4 - step] + nearest(maps[-1], 2)
            maps.append(self.get_submodule(f"td{step}")(joined))
        return laterals[0], *reversed(maps)


def _smooth(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, padding=1), InstanceNorm(out), nn.ReLU(inplace=True)
    )


class DeblurGANv2(Deblurrer):
    """Restore a blurred batch by a correction that a feature pyramid makes.

    Args:
        backbone: "inception" (Inception-ResNet-v2; 35,840,099 parameters, 60,929,291 with the
            unused tail) or "mobilenet" (2,106,627 and 3,312,707).
        pyramid_channels: channels P of the pyramid; 256 or 128 by backbone when None.
        head_channels: channels F of the heads; 128 or 64 by backbone when None.
        backbone_width: width multiplier of the encoders (mobilenet only).
        backbone_weights: file with public ImageNet weights of the backbone; None for random ones.
        tail: keep the layers of the backbone that no picture passes, as published files do. Such
            files load without it too; the tail is then left out.
        statistics: where the norms look in evaluation, see `deblur_lib.nn.norms.set_statistics`;
            the published scores were made with "batch".
        border: what evaluation pads with, see `Deblurrer`; "grey" in the published program.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: unknown backbone, statistics or start, or a width the backbone does not have.
        CheckpointError: `backbone_weights` cannot be read or is of another network.
    """

    name = "deblurgan_v2"
    multiple_of = 32
    tile_safe = False  # instance norm sees the whole picture

    def __init__(
        self,
        *,
        backbone: str = "inception",
        pyramid_channels: int | None = None,
        head_channels: int | None = None,
        backbone_width: float = 1.0,
        backbone_weights: str | None = None,
        tail: bool = False,
        statistics: Statistics = "image",
        border: Border = "mirror",
        start: str = "random",
    ) -> None:
        super().__init__()
        parts = _backbone(backbone, width=backbone_width, tail=tail)
        channels = pyramid_channels or parts.pyramid
        features = head_channels or parts.head
        self.minimum_size, self.border = parts.smallest, border
        self.fpn = FPN(parts, width=backbone_width, channels=channels, features=features, tail=tail)
        self.head1, self.head2, self.head3, self.head4 = (
            FPNHead(channels, features) for _ in range(4)
        )
        self.on_concat: nn.Module = nn.Identity()
        self.smooth = _smooth(4 * features, features)
        self.smooth2 = _smooth(features, features // 2)
        self.final = nn.Conv2d(features // 2, 3, 3, padding=1)
        choose("start", start, STARTS)(self.final)
        self.enlarge: Callable[[Tensor, int], Tensor] = nearest
        self.join: Callable[[Tensor, Tensor], Tensor] = torch.add
        self.bound: Callable[[Tensor], Tensor] = torch.tanh
        if backbone_weights is not None:
            load_backbone(self.fpn, Path(backbone_weights))
        set_statistics(self, statistics)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output."""
        check_input(self, blurred)
        x = 2 * blurred - 1  # the network's own range is [-1, 1]
        y = (x + self.bound(self.correction(x))).clamp(-1, 1)
        return ((y + 1) / 2,)

    def correction(self, x: Tensor) -> Tensor:
        """Output of the last convolution for x (B, 3, H, W) in [-1, 1]; unbounded.

        Enlarge, join, smooth: the steps that li2026, Eqs. (4) to (6), write down.
        """
        map0, *maps = self.fpn(x)  # (B, F, H/2, W/2); 4 x (B, P, H/2^(k+1), W/2^(k+1))
        heads = (self.head1, self.head2, self.head3, self.head4)
        enlarged = [  # 4 x (B, F, H/4, W/4)
            self.enlarge(head(one), factor)
            for head, one, factor in zip(heads, maps, (1, 2, 4, 8), strict=True)
        ]
        y = self.smooth(self.on_concat(torch.cat(enlarged[::-1], dim=1)))  # (B, F, H/4, W/4)
        y = self.smooth2(self.join(nearest(y, 2), map0))  # (B, F/2, H/2, W/2)
        z: Tensor = self.final(nearest(y, 2))  # (B, 3, H, W)
        return z


def _backbone(name: str, *, width: float, tail: bool) -> Backbone:
    parts = choose("backbone", name, BACKBONES)
    if width != 1.0 and (name == "inception" or tail):
        raise UsageError(
            f"backbone_width {width} needs the mobilenet backbone without its tail, got {name!r} "
            f"with tail={tail}; leave the width at 1"
        )
    return parts


def load_backbone(fpn: FPN, path: Path) -> None:
    """Fill the encoders from a public weight file of the backbone.

    Args:
        fpn: changed in place; its pyramid keeps the weights it has.
        path: a state dict as torch.save writes it, with or without the classifier's layers.

    Raises:
        CheckpointError: the file cannot be read, or lacks layers of the encoders.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        prefix = "" if fpn.whole == "features." else fpn.whole
        missing, _ = fpn.load_state_dict(
            {f"{prefix}{key}": value for key, value in state.items()}, strict=False
        )
    except (OSError, RuntimeError, AttributeError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path} holds no weights of this backbone ({error}); give the public weight file"
        ) from error
    lacking = [key for key in missing if key.startswith("enc")]
    if lacking:
        raise CheckpointError(
            f"{path} lacks {len(lacking)} entries of the backbone, first {lacking[0]}; give the "
            f"public weight file of the backbone that was asked for"
        )

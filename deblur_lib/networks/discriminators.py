"""Discriminators: pictures in [0, 1] in, logits out (no sigmoid; the losses know).

Attribute names of `PatchGAN` are those of the published DeblurGAN code.
"""

from collections.abc import Callable

from pydantic import PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.parts import choose

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": lambda channels: nn.InstanceNorm2d(channels, track_running_stats=True),
    "layer": lambda channels: nn.GroupNorm(1, channels),  # over (C, H, W), of any size
    "none": lambda channels: nn.Identity(),
}
GRID = 4  # cells in each direction that `ConvDense` averages over


class PatchGAN(nn.Module):
    """Judge overlapping patches of a picture by strided 4x4 convolutions.

    Args:
        n_layers: layers that halve the picture; 3 sees patches of 70 pixels, 5 of 286.
        norm: "batch", "instance" (no scale and shift), "layer" (one group over C, H, W) or "none".
        padding: zeros around every convolution; the DeblurGAN code pads 2.
        features: channels of the first layer, doubled in each layer up to eightfold.
        channels: channels of the picture; 6 for a picture joined with its condition.

    Raises:
        UsageError: unknown norm.

    Source: li2026, Eqs. (18) to (20); DeblurGAN's released code.
    """

    def __init__(
        self,
        *,
        n_layers: int = 3,
        norm: str = "batch",
        padding: int = 2,
        features: int = 64,
        channels: int = 3,
    ) -> None:
        super().__init__()
        make = choose("norm", norm, NORMS)
        self.channels = channels
        layers: list[nn.Module] = [
            nn.Conv2d(channels, features, 4, 2, padding),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        width = features
        for level in range(1, n_layers + 1):
            last, width = width, features * min(2**level, 8)
            stride = 2 if level < n_layers else 1
            layers += [
                nn.Conv2d(last, width, 4, stride, padding, bias=norm != "batch"),
                make(width),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, padding))

    def forward(self, picture: Tensor) -> Tensor:
        """Judge a batch.

        Args:
            picture: (B, C, H, W) in [0, 1].

        Returns:
            (B, 1, h, w) logits, large for sharp pictures.

        Raises:
            UsageError: another number of axes or channels.
        """
        _check(picture, type(self).__name__, self.channels)
        logits: Tensor = self.model(2 * picture - 1)
        return logits


class DeblurGANCritic(PatchGAN):
    """DeblurGAN's critic: three layers, instance norm, 2,764,737 parameters."""

    def __init__(self, *, features: int = 64) -> None:
        super().__init__(n_layers=3, norm="instance", padding=2, features=features)


class DoubleGAN(nn.Module):
    """DeblurGAN-v2's pair of discriminators: one for patches, one for the whole crop.

    Args:
        norm: norm of both, see `PatchGAN`; instance in DeblurGAN-v2, batch in li2026's equations.
        features: channels of their first layers.
        patch_layers: halvings of the patch discriminator (2.76 M parameters at 3).
        full_layers: halvings of the full one (11.15 M at 5).
        channels: channels of the picture; 6 for a picture joined with its condition.

    Source: Kupyn et al., ICCV 2019, Sec. 3.2.
    """

    def __init__(
        self,
        *,
        norm: str = "instance",
        features: int = 64,
        patch_layers: int = 3,
        full_layers: int = 5,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.patch = PatchGAN(
            n_layers=patch_layers, norm=norm, features=features, channels=channels
        )
        self.full = PatchGAN(n_layers=full_layers, norm=norm, features=features, channels=channels)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Judge (B, C, H, W) in [0, 1]; logits of the patch and of the full discriminator.

        The two are trained as two players: losses are averaged over the tuple.
        """
        return self.patch(picture), self.full(picture)


class ConvDense(nn.Module):
    """Judge a whole picture by strided 4x4 convolutions and one fully connected layer.

    The reading of zhao2020's open point Z7 that ends in a dense layer: the paper names LeakyReLU
    and LayerNorm and lists no layers. A mean over the cells of a 4x4 grid stands before that
    layer, so that it takes crops of any size.

    Args:
        norm: after every convolution but the first, see `PatchGAN`.
        features: channels of the first layer, doubled in each layer up to eightfold.
        n_layers: layers that halve the picture, odd sides upwards; 5 leave 8x8 of 256 px.
        channels: channels of the picture; 6 for a picture joined with its condition.

    Raises:
        UsageError: unknown norm.

    Source: zhao2020, Sec. 2.3 (open point Z7); first layer without norm as in `PatchGAN`.
    """

    def __init__(
        self,
        *,
        norm: str = "layer",
        features: PositiveInt = 64,
        n_layers: PositiveInt = 5,
        channels: PositiveInt = 3,
    ) -> None:
        super().__init__()
        make = choose("norm", norm, NORMS)
        self.norm, self.n_layers, self.channels = norm, n_layers, channels
        layers: list[nn.Module] = []
        width = channels
        for level in range(n_layers):
            last, width = width, features * min(2**level, 8)
            bias = level == 0 or norm != "batch"
            layers += [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(last, width, 4, 2, bias=bias)]
            layers += [make(width)] if level else []
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        self.look = nn.Sequential(*layers)
        self.judge = nn.Sequential(
            nn.AdaptiveAvgPool2d(GRID), nn.Flatten(), nn.Linear(width * GRID**2, 1)
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Judge a batch, each picture as a whole.

        Args:
            picture: (B, C, H, W) in [0, 1], of any size.

        Returns:
            (B, 1) logits, large for sharp pictures.

        Raises:
            UsageError: another number of axes or channels, or a picture of which one pixel is
                left where norms need more ("batch" and "instance").
        """
        _check(picture, type(self).__name__, self.channels)
        smallest = 2**self.n_layers + 1
        if self.norm in ("batch", "instance") and max(picture.shape[-2:]) < smallest:
            raise UsageError(
                f"ConvDense with norm={self.norm!r} needs a side of at least {smallest} px, got "
                f"{tuple(picture.shape[-2:])}; take larger crops, fewer n_layers or norm='layer'"
            )
        logits: Tensor = self.judge(self.look(2 * picture - 1))
        return logits


def _check(picture: Tensor, name: str, channels: int) -> None:
    if picture.ndim != 4 or picture.shape[1] != channels:
        raise UsageError(
            f"{name} needs a batch (B, {channels}, H, W), got shape {tuple(picture.shape)}; set "
            "`channels` for pictures with a condition"
        )


def receptive_field(network: PatchGAN) -> int:
    """Side in pixels of the patch that one logit sees."""
    side, step = 1, 1
    for layer in network.model:
        if isinstance(layer, nn.Conv2d):
            side += (layer.kernel_size[0] - 1) * step
            step *= layer.stride[0]
    return side

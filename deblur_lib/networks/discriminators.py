"""Discriminators: pictures in [0, 1] in, logits out (no sigmoid; the losses know).

Attribute names of `PatchGAN` are those of the published DeblurGAN code.
"""

from collections.abc import Callable

from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.parts import choose

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": lambda channels: nn.InstanceNorm2d(channels, track_running_stats=True),
    "layer": lambda channels: nn.GroupNorm(1, channels),  # over (C, H, W), of any size
    "none": lambda channels: nn.Identity(),
}


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

    Source: li2026, Sec. 3.2; DeblurGAN's released code.
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
        if picture.ndim != 4 or picture.shape[1] != self.channels:
            raise UsageError(
                f"{type(self).__name__} needs a batch (B, {self.channels}, H, W), got shape "
                f"{tuple(picture.shape)}; set `channels` for pictures with a condition"
            )
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

    Source: Kupyn et al., ICCV 2019, Sec. 3.2.
    """

    def __init__(
        self,
        *,
        norm: str = "instance",
        features: int = 64,
        patch_layers: int = 3,
        full_layers: int = 5,
    ) -> None:
        super().__init__()
        self.patch = PatchGAN(n_layers=patch_layers, norm=norm, features=features)
        self.full = PatchGAN(n_layers=full_layers, norm=norm, features=features)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Judge (B, 3, H, W) in [0, 1]; logits of the patch and of the full discriminator.

        The two are trained as two players: losses are averaged over the tuple.
        """
        return self.patch(picture), self.full(picture)


def receptive_field(network: PatchGAN) -> int:
    """Side in pixels of the patch that one logit sees."""
    side, step = 1, 1
    for layer in network.model:
        if isinstance(layer, nn.Conv2d):
            side += (layer.kernel_size[0] - 1) * step
            step *= layer.stride[0]
    return side

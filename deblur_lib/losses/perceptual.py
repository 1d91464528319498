"""Losses on features of VGG19, built when first called and kept for each device.

They are plain functions like all losses; what they own (the frozen trunk) stays behind them. A
recipe that names one should show `vgg.remark()` with its numbers.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.losses.pixel import l1, mse
from deblur_lib.losses.vgg import Range, VGG19Features

DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": mse, "l1": l1}


class PerceptualLoss(nn.Module):
    """Distance between the features of two pictures, summed over layers.

    Args:
        layers, weights, values: see `VGG19Features`.
        distance: "mse" or "l1", each a mean over channels and positions.

    Raises:
        UsageError: an unknown layer or distance.
        CheckpointError: a weight file that is not the public one.

    Source: li2026, Eq. (22); zhao2020, Eq. (7) with relu3_3 and "l1".
    """

    def __init__(
        self,
        layers: Sequence[str] = ("conv3_3",),
        *,
        distance: str = "mse",
        weights: Path | None = None,
        values: Range = "imagenet",
    ) -> None:
        super().__init__()
        if distance not in DISTANCES:
            raise UsageError(unknown_name("distance", distance, DISTANCES, see="losses.vgg"))
        self.distance = DISTANCES[distance]
        self.trunk = VGG19Features(layers, weights=weights, values=values)

    @property
    def random_weights(self) -> bool:
        """True where the features come from random weights."""
        return self.trunk.random_weights

    def forward(self, restored: Tensor, sharp: Tensor) -> Tensor:
        """A scalar for two batches (B, 3, H, W) in [0, 1]; only `restored` gets a gradient."""
        with torch.no_grad():
            wanted = self.trunk(sharp)
        pairs = zip(self.trunk(restored), wanted, strict=True)
        return torch.stack([self.distance(ours, target) for ours, target in pairs]).sum()


@cache
def shared(
    layers: tuple[str, ...], distance: str, values: Range, device: torch.device
) -> PerceptualLoss:
    """The loss on a device, built when it is first asked for and then kept."""
    return PerceptualLoss(layers, distance=distance, values=values).to(device)


def perceptual(restored: Tensor, sharp: Tensor) -> Tensor:
    """Squared distance at conv3_3, before its ReLU, as in DeblurGAN-v2 and li2026."""
    return _call(("conv3_3",), "mse", "imagenet", restored, sharp)


def perceptual_signed(restored: Tensor, sharp: Tensor) -> Tensor:
    """`perceptual` on pictures in [-1, 1] without ImageNet's mean, as DeblurGAN's code does."""
    return _call(("conv3_3",), "mse", "signed", restored, sharp)


def perceptual_l1(restored: Tensor, sharp: Tensor) -> Tensor:
    """Absolute distance at relu3_3; zhao2020, Eq. (7)."""
    return _call(("relu3_3",), "l1", "imagenet", restored, sharp)


def _call(
    layers: tuple[str, ...], distance: str, values: Range, restored: Tensor, sharp: Tensor
) -> Tensor:
    value: Tensor = shared(layers, distance, values, restored.device)(restored, sharp)
    return value

"""Small stand-ins for networks, with the demands that real ones make, and small real ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.nn import Deblurrer, check_input
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights.checkpoint import save

SMALL = {"base_channels": 4, "blocks": 1}  # options of mimo_unet


def stored(path: Path, name: str = "mimo_unet", options: Mapping[str, Any] = SMALL) -> Path:
    """A checkpoint of a network of the catalogue with fresh weights."""
    save(path, fresh_network(name, dict(options), seed=0), name=name, options=options)
    return path


class Coarse(Deblurrer):
    """Adds what a grid of 8x8 cells and a mirrored border see; needs 8 n and 16 px at least."""

    multiple_of = 8
    minimum_size = 16

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.look = nn.Conv2d(3, 3, 3, padding=1)
            self.drop = nn.Dropout(0.5)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        check_input(self, blurred)
        grid = F.interpolate(F.avg_pool2d(blurred, 8), scale_factor=8)
        border = F.avg_pool2d(F.pad(blurred, (15, 0, 15, 0), mode="reflect"), 16, 1)
        return (blurred + 0.1 * self.drop(self.look(grid + border)),)


class Local(Deblurrer):
    """Three convolutions on a grid of 4: a receptive field of 7 cells, 28 px."""

    multiple_of = 4
    receptive_field = 28

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            layers = [nn.Conv2d(48, 48, 3, padding=1) for _ in range(3)]
            self.body = nn.Sequential(nn.PixelUnshuffle(4), *layers, nn.PixelShuffle(4))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        check_input(self, blurred)
        return (blurred + self.body(blurred),)


class Hungry(Local):
    """As `Local`, on a device whose memory holds `pixels` pixels; remembers what it was given."""

    def __init__(self, pixels: int, error: Exception | None = None) -> None:
        super().__init__()
        self.pixels = pixels
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        self.given: list[tuple[int, int]] = []

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        self.given.append((blurred.shape[-2], blurred.shape[-1]))
        if blurred.shape[-2] * blurred.shape[-1] > self.pixels:
            raise self.error
        return super().forward_all(blurred)


class Mean(Deblurrer):
    """Takes the mean of the whole picture away, which no tile can know."""

    name = "mean_taker"
    tile_safe = False

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        return (blurred - blurred.mean(dim=(-2, -1), keepdim=True),)


class Middle(Deblurrer):
    """Restores the middle frame of three to their mean."""

    multiple_of = 4
    clip_length = 3

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        check_input(self, blurred)
        return (blurred.mean(dim=1),)


class Fixed(Deblurrer):
    """Returns the input with one change."""

    def __init__(self, change: float, *, crop: int = 0) -> None:
        super().__init__()
        self.change, self.crop = change, crop

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        restored = blurred.clone()
        restored[:, 1, 2:4, 5] += self.change
        return (restored[..., self.crop :],)


class Same(Deblurrer):
    """Returns its input."""

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        return (blurred,)

"""DeblurGAN's generator (Kupyn et al., CVPR 2018): a nine-block residual network.

Attribute names are those of the published code, so that its weights load strictly. Its later
releases hold one convolution in each residual block where the paper has two; `block` has both, and
a third block with a squeeze-and-excitation gate, one of li2026's "SE" networks (open point L28).
"""

from collections.abc import Callable

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.norms import InstanceNorm, Statistics, set_statistics
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

REDUCTION, LEAST = 16, 4  # of the gate: channels over hidden ones, and the fewest hidden ones


class Dropout(nn.Dropout):
    """Dropout that evaluation may keep on, with masks from a stream that begins at each picture.

    Attributes:
        stream: seed of that stream; None leaves all values in evaluation.
    """

    stream: int | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) to the same shape."""
        if self.training or self.stream is None or not 0 < self.p < 1:
            return super().forward(x)
        draw = torch.Generator().manual_seed(self.stream)
        kept = torch.rand(x.shape, generator=draw) >= self.p  # drawn alike for every device
        return x * kept.to(x) / (1 - self.p)


def _two_convolutions(features: int, dropout: float) -> list[nn.Module]:
    return [*_one_convolution(features, dropout), *_one_convolution(features, dropout)[:3]]


def _one_convolution(features: int, dropout: float) -> list[nn.Module]:
    return [
        nn.ReflectionPad2d(1),
        nn.Conv2d(features, features, 3),
        InstanceNorm(features),
        nn.ReLU(inplace=True),
        Dropout(dropout),
    ]


def _gated(features: int, dropout: float) -> list[nn.Module]:
    return [*_two_convolutions(features, dropout)[:-1], GatedNorm(features)]


class GatedNorm(nn.Module):
    """Instance norm, then a squeeze-and-excitation factor for each channel (Hu et al., 2018).

    The gate looks at means from before the norm. Behind it they are zero for every picture, and a
    gate that sees them is a constant, as it is in `unet_seresnext`.

    Args:
        features: channels F; a sixteenth of them, at least four, are hidden in the gate.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        hidden = max(features // REDUCTION, LEAST)
        self.norm = InstanceNorm(features)
        self.fc1 = nn.Conv2d(features, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, F, H, W)."""
        mean = x.mean((2, 3), keepdim=True)  # (B, F, 1, 1)
        gate = self.fc2(self.fc1(mean).relu()).sigmoid()
        y: Tensor = self.norm(x) * gate
        return y


BLOCKS: dict[str, Callable[[int, float], list[nn.Module]]] = {
    "paper": _two_convolutions,
    "as_released": _one_convolution,
    "se": _gated,
}


class ResnetBlock(nn.Module):
    """Residual block: what `BLOCKS` lists, added to the input.

    Args:
        features: channels F.
        block: name in `BLOCKS`.
        dropout: share of values dropped in training.
    """

    def __init__(self, features: int, block: str, dropout: float) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(*choose("block", block, BLOCKS)(features, dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, F, H, W)."""
        y: Tensor = self.conv_block(x)
        return x + y


class DeblurGAN(Deblurrer):
    """Restore a blurred batch by a correction that is added to it.

    Args:
        features: width F after the first layer; four times that in the residual blocks.
        blocks: number of residual blocks.
        block: "paper" (two convolutions, 11,378,179 parameters), "as_released" (one, as a slip in
            the released code leaves it, 6,067,459 parameters) or "se" (the paper's, whose result
            passes a squeeze-and-excitation gate, 11,454,355 parameters).
        learn_residual: add the input to the output of the last layer.
        dropout: share of values dropped inside the blocks in training.
        statistics: where the norms look in evaluation, see `deblur_lib.nn.norms.set_statistics`.
        test_dropout: keep the dropout on in evaluation, as the published program does.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: unknown block or kind of statistics.
    """

    name = "deblurgan"
    multiple_of = 4
    minimum_size = 8  # the reflected border of the blocks needs a map of two pixels
    tile_safe = False  # instance norm sees the whole picture

    def __init__(
        self,
        *,
        features: PositiveInt = 64,
        blocks: NonNegativeInt = 9,
        block: str = "paper",
        learn_residual: bool = True,
        dropout: float = 0.5,
        statistics: Statistics = "image",
        test_dropout: bool = False,
        start: str = "random",
    ) -> None:
        super().__init__()
        wide = 4 * features
        self.learn_residual = learn_residual
        self.model = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_stage(nn.Conv2d(3, features, 7), features),
            *_stage(nn.Conv2d(features, 2 * features, 3, 2, 1), 2 * features),
            *_stage(nn.Conv2d(2 * features, wide, 3, 2, 1), wide),
            *(ResnetBlock(wide, block, dropout) for _ in range(blocks)),
            *_stage(nn.ConvTranspose2d(wide, 2 * features, 3, 2, 1, 1), 2 * features),
            *_stage(nn.ConvTranspose2d(2 * features, features, 3, 2, 1, 1), features),
            nn.ReflectionPad2d(3),
            nn.Conv2d(features, 3, 7),
            nn.Tanh(),
        )
        choose("start", start, STARTS)(self.model[-2])  # type: ignore[arg-type]
        set_statistics(self, statistics)
        dropouts = [one for one in self.modules() if isinstance(one, Dropout)]
        for number, one in enumerate(dropouts if test_dropout else ()):
            one.stream = number

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output."""
        check_input(self, blurred)
        x = 2 * blurred - 1  # the network's own range is [-1, 1]
        y = self.model(x)
        if self.learn_residual:
            y = (x + y).clamp(-1, 1)
        return ((y + 1) / 2,)


def _stage(layer: nn.Module, features: int) -> tuple[nn.Module, ...]:
    return layer, InstanceNorm(features), nn.ReLU(inplace=True)

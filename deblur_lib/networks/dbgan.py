"""DBGAN's deblurring generator (Zhang et al., CVPR 2020): dense residual blocks at full size.

Attribute names are those of the published code, so that its weights load strictly. The paper's
text speaks of residual blocks; the released network has the nested dense ones built here.

Shape legend: B batch, F features, G growth, H height, W width.
"""

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

SLOPE = 0.2  # of every leaky ReLU
SHARE = 0.2  # of a block's own result that is added to what came in


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution that keeps the size; alone in a row, for the published names."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1))


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each of which sees the input and the results of those before it."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for index in range(4):
            self.add_module(f"conv{index + 1}", conv(features + index * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) -> the same shape."""
        seen = x
        for index in range(4):
            grown = self.get_submodule(f"conv{index + 1}")(seen)
            seen = torch.cat((seen, F.leaky_relu(grown, SLOPE)), dim=1)  # (B, F + i G, H, W)
        return torch.add(x, self.conv5(seen), alpha=SHARE)


class RRDB(nn.Module):
    """Residual in residual: three dense blocks, scaled and added once more."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.RDB1, self.RDB2, self.RDB3 = (ResidualDenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) -> the same shape."""
        return torch.add(x, self.RDB3(self.RDB2(self.RDB1(x))), alpha=SHARE)


class Trunk(nn.Module):
    """All blocks and one convolution, added to what went in."""

    def __init__(self, features: int, growth: int, blocks: int) -> None:
        super().__init__()
        self.sub1 = nn.Sequential(*(RRDB(features, growth) for _ in range(blocks)))
        self.sub2 = conv(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) -> the same shape."""
        y: Tensor = x + self.sub2(self.sub1(x))
        return y


class DBGAN(Deblurrer):
    """Restore a blurred batch by a correction made at full size, clamped to [0, 1].

    The slowest of the comparators at its published size: 759 billion multiplications for a
    picture of 256x256.

    Args:
        features: width F between the blocks; the published network uses 64.
        growth: channels G that each inner convolution adds; 32 in the published network.
        blocks: number of RRDB blocks; 16 in the published network.
        start: "random" as published, or "identity": the last layer begins at zero, so the first
            output is the blurred picture.

    Attributes:
        receptive_field: side in pixels of the square that one output pixel looks at.

    Raises:
        UsageError: no block, or an unknown start.

    Source: Zhang et al., "Deblurring by Realistic Blurring", CVPR 2020; 11,588,163 parameters.
    """

    name = "dbgan"

    def __init__(
        self,
        *,
        features: PositiveInt = 64,
        growth: PositiveInt = 32,
        blocks: NonNegativeInt = 16,
        start: str = "random",
    ) -> None:
        super().__init__()
        if blocks < 1:
            raise UsageError(f"dbgan needs at least one block, got {blocks}")
        self.receptive_field = 1 + 2 * (15 * blocks + 4)  # each 3x3 layer sees 1 px further
        last = nn.Conv2d(features, 3, 3, padding=1)
        choose("start", start, STARTS)(last)
        self.model = nn.Sequential(
            nn.Conv2d(3, features, 3, padding=1),
            Trunk(features, growth, blocks),
            nn.Conv2d(features, features, 3, padding=1),
            nn.LeakyReLU(SLOPE, inplace=True),
            last,
        )

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1]; one output."""
        return (self.unclamped(blurred).clamp(0, 1),)

    def unclamped(self, blurred: Tensor) -> Tensor:
        """Blurred picture plus correction, (B, 3, H, W), before the clamp."""
        check_input(self, blurred)
        y: Tensor = blurred + self.model(blurred)
        return y

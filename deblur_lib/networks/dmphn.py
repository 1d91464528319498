"""Deep multi-patch hierarchical network (Zhang, Dai, Li and Koniusz, CVPR 2019).

One encoder-decoder per level works on ever larger patches of the picture: level 4 on eighths,
level 3 on quarters, level 2 on halves, level 1 on the whole. Each level hands its features and
its decoded picture to the next. A stack of such networks restores the restored picture again.

Shape legend: B batch, H height, W width; pictures are shifted to [-0.5, 0.5] inside.
"""

from collections.abc import Sequence

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

GRIDS = ((1, 1), (2, 1), (2, 2), (4, 2))  # rows, columns of patches at levels 1, 2, 3, 4


def _pair(channels: int) -> nn.Sequential:
    conv = [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)]
    return nn.Sequential(conv[0], nn.ReLU(), conv[1])


class Encoder(nn.Module):
    """Three widths, a convolution and two residual pairs each; names as in published weights."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer1 = nn.Conv2d(3, features, 3, padding=1)
        self.layer2, self.layer3 = _pair(features), _pair(features)
        self.layer5 = nn.Conv2d(features, 2 * features, 3, stride=2, padding=1)
        self.layer6, self.layer7 = _pair(2 * features), _pair(2 * features)
        self.layer9 = nn.Conv2d(2 * features, 4 * features, 3, stride=2, padding=1)
        self.layer10, self.layer11 = _pair(4 * features), _pair(4 * features)

    def forward(self, x: Tensor) -> Tensor:
        """Features of a picture: (B, 3, H, W) to (B, 4F, H/4, W/4)."""
        x = self.layer1(x)  # (B, F, H, W)
        x = self.layer2(x) + x
        x = self.layer3(x) + x
        x = self.layer5(x)  # (B, 2F, H/2, W/2)
        x = self.layer6(x) + x
        x = self.layer7(x) + x
        x = self.layer9(x)  # (B, 4F, H/4, W/4)
        x = self.layer10(x) + x
        x = self.layer11(x) + x
        return x


class Decoder(nn.Module):
    """The encoder mirrored; names as in the published weights."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer13, self.layer14 = _pair(4 * features), _pair(4 * features)
        self.layer16 = nn.ConvTranspose2d(4 * features, 2 * features, 4, stride=2, padding=1)
        self.layer17, self.layer18 = _pair(2 * features), _pair(2 * features)
        self.layer20 = nn.ConvTranspose2d(2 * features, features, 4, stride=2, padding=1)
        self.layer21, self.layer22 = _pair(features), _pair(features)
        self.layer24 = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Features of a picture: (B, 3, H, W) to (B, 4F, H/4, W/4)."""
        x = self.layer13(x) + x
        x = self.layer14(x) + x
        x = self.layer16(x)  # (B, 2F, H/2, W/2)
        x = self.layer17(x) + x
        x = self.layer18(x) + x
        x = self.layer20(x)  # (B, F, H, W)
        x = self.layer21(x) + x
        x = self.layer22(x) + x
        y: Tensor = self.layer24(x)  # (B, 3, H, W)
        return y


def on_patches(network: nn.Module, x: Tensor, grid: tuple[int, int]) -> Tensor:
    """Apply a network to each patch of a grid of equal patches and join the results."""
    rows = [
        torch.cat([network(patch) for patch in row.chunk(grid[1], dim=3)], dim=3)
        for row in x.chunk(grid[0], dim=2)
    ]
    return torch.cat(rows, dim=2)


class DMPHN(Deblurrer):
    """Multi-patch network of three levels (1-2-4), four (1-2-4-8), or a stack of them.

    Args:
        features: width F of the first layers; the published networks use 32.
        levels: number of patch levels, 3 or 4.
        stages: networks in the stack, each restoring the result of the one before.
        start: "random" as published, or "identity": the last layer of each decoder begins
            at zero and the input is added to what it draws: a correction, not as published.

    Raises:
        UsageError: another number of levels.
    """

    tile_safe = False  # the patches of its levels are parts of the whole picture

    def __init__(
        self,
        *,
        features: PositiveInt = 32,
        levels: PositiveInt = 3,
        stages: PositiveInt = 1,
        start: str = "random",
    ) -> None:
        super().__init__()
        if levels not in (3, 4):
            raise UsageError(f"dmphn needs 3 or 4 levels, got {levels}")
        self.levels, self.stages = levels, stages
        self.multiple_of = 4 * GRIDS[levels - 1][0]  # rows of patches, halved twice
        begin, self.corrects = choose("start", start, STARTS), start == "identity"
        for stage in range(1, stages + 1):
            for level in range(1, levels + 1):
                name = self._name(stage, level)
                self.add_module(f"encoder_{name}", Encoder(features))
                decoder = Decoder(features)
                begin(decoder.layer24)
                self.add_module(f"decoder_{name}", decoder)

    @property
    def multiples(self) -> tuple[int, int]:
        """16 and 8 with four levels, whose patches are twice as flat; else 8 and 8."""
        return self.multiple_of, 4 * GRIDS[self.levels - 1][1]

    def _name(self, stage: int, level: int) -> str:
        return f"s{stage}_lv{level}" if self.stages > 1 else f"lv{level}"

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """The picture restored by each stage, (B, 3, H, W) each."""
        check_input(self, blurred)
        picture, first = blurred - 0.5, None
        before: Sequence[Tensor | None] = [None] * self.levels
        restored = []
        for stage in range(1, self.stages + 1):
            pictures, before = self._stage(stage, picture, before, first)
            picture = pictures[-1]
            first = picture if first is None else first
            restored.append(picture.float() + 0.5)
        return tuple(restored)

    def forward_levels(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """The first stage's decoded pictures, coarse to fine, as the published code has them."""
        return tuple(self._stage(1, blurred - 0.5, [None] * self.levels, None)[0])

    def _stage(
        self, stage: int, picture: Tensor, before: Sequence[Tensor | None], first: Tensor | None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """One network of the stack.

        Args:
            stage: number of the stage, from 1.
            picture: what it restores, (B, 3, H, W).
            before: features of the stage before at each level, coarse to fine.
            first: picture restored by stage 1, added to the level-2 picture of later stages.
        """
        pictures: list[Tensor] = []
        features: list[Tensor] = []
        grids = GRIDS[: self.levels]
        order = range(self.levels, 0, -1)
        for level, passed in zip(order, before, strict=True):
            name = self._name(stage, level)
            x = picture + pictures[-1] if pictures else picture
            code = on_patches(self.get_submodule(f"encoder_{name}"), x, grids[level - 1])
            code = code + features[-1] if features else code
            code = code + passed if passed is not None else code  # (B, 4F, H/4, W/4)
            decoded = on_patches(
                self.get_submodule(f"decoder_{name}"), code, grids[max(level - 2, 0)]
            )
            if level == 2 and first is not None:
                decoded = decoded + first
            if level == 1 and self.corrects:
                decoded = decoded + picture
            features.append(code)
            pictures.append(decoded)
        return pictures, features

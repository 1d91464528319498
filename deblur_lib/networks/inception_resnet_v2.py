"""Inception-ResNet-v2 (Szegedy et al., 2017), cut into the five encoders of DeblurGAN-v2.

Names inside the blocks are those of the public weight files; `ALIASES` maps the names of whole
layers there to the encoders here. Convolutions without padding keep the published sizes: a side
of 256 becomes 127, 62, 29, 14 and 6.
"""

import torch
from torch import Tensor, nn

from deblur_lib.nn.norms import BatchNorm

WIDTHS = (32, 64, 192, 1088, 2080)  # channels after each encoder
PADS: tuple[tuple[int, int, int, int], ...] = (  # left, right, top, bottom of each lateral map
    (0, 1, 0, 1),
    (1, 1, 1, 1),
    (1, 2, 1, 2),
    (1, 1, 1, 1),
    (1, 1, 1, 1),
)
ALIASES = {  # name in the public file -> name among the encoders
    "inception.conv2d_1a.": "enc0.",
    "inception.conv2d_2a.": "enc1.0.",
    "inception.conv2d_2b.": "enc1.1.",
    "inception.conv2d_3b.": "enc2.0.",
    "inception.conv2d_4a.": "enc2.1.",
    "inception.mixed_5b.": "enc3.0.",
    "inception.repeat.": "enc3.1.",
    "inception.mixed_6a.": "enc3.2.",
    "inception.repeat_1.": "enc4.0.",
    "inception.mixed_7a.": "enc4.1.",
}
TAIL = "inception"  # attribute under which the classifier's own layers are kept, if at all


class BasicConv2d(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = BatchNorm(out, eps=1e-3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H', W')."""
        y: Tensor = self.relu(self.bn(self.conv(x)))
        return y


class Branches(nn.Module):
    """Parallel branches over one input, joined along the channels; named branch0, branch1, ..."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.count = len(branches)
        for index, branch in enumerate(branches):
            self.add_module(f"branch{index}", branch)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, sum of the branches' channels, H', W')."""
        return torch.cat([self.get_submodule(f"branch{i}")(x) for i in range(self.count)], dim=1)


class ResidualBranches(Branches):
    """Branches, merged by a 1x1 convolution, scaled and added to the input.

    Args:
        branches: the parallel branches.
        joined: channels of all branches together.
        channels: channels of the input.
        scale: factor of the sum that is added.
        last: True leaves the final ReLU out.
    """

    def __init__(
        self, *branches: nn.Module, joined: int, channels: int, scale: float, last: bool = False
    ) -> None:
        super().__init__(*branches)
        self.scale = scale
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self.relu = nn.Identity() if last else nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Shape of x, (B, C, H, W)."""
        y: Tensor = self.relu(x + self.scale * self.conv2d(super().forward(x)))
        return y


def mixed_5b() -> Branches:
    """192 -> 320 channels, same size."""
    return Branches(
        BasicConv2d(192, 96, 1),
        nn.Sequential(BasicConv2d(192, 48, 1), BasicConv2d(48, 64, 5, padding=2)),
        nn.Sequential(
            BasicConv2d(192, 64, 1),
            BasicConv2d(64, 96, 3, padding=1),
            BasicConv2d(96, 96, 3, padding=1),
        ),
        nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), BasicConv2d(192, 64, 1)
        ),
    )


def block35() -> ResidualBranches:
    """320 channels, scale 0.17."""
    return ResidualBranches(
        BasicConv2d(320, 32, 1),
        nn.Sequential(BasicConv2d(320, 32, 1), BasicConv2d(32, 32, 3, padding=1)),
        nn.Sequential(
            BasicConv2d(320, 32, 1),
            BasicConv2d(32, 48, 3, padding=1),
            BasicConv2d(48, 64, 3, padding=1),
        ),
        joined=128,
        channels=320,
        scale=0.17,
    )


def mixed_6a() -> Branches:
    """320 -> 1088 channels, half the size."""
    return Branches(
        BasicConv2d(320, 384, 3, stride=2),
        nn.Sequential(
            BasicConv2d(320, 256, 1),
            BasicConv2d(256, 256, 3, padding=1),
            BasicConv2d(256, 384, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def block17() -> ResidualBranches:
    """1088 channels, scale 0.10, one 7x7 window as a row and a column."""
    return ResidualBranches(
        BasicConv2d(1088, 192, 1),
        nn.Sequential(
            BasicConv2d(1088, 128, 1),
            BasicConv2d(128, 160, (1, 7), padding=(0, 3)),
            BasicConv2d(160, 192, (7, 1), padding=(3, 0)),
        ),
        joined=384,
        channels=1088,
        scale=0.10,
    )


def mixed_7a() -> Branches:
    """1088 -> 2080 channels, half the size."""
    return Branches(
        nn.Sequential(BasicConv2d(1088, 256, 1), BasicConv2d(256, 384, 3, stride=2)),
        nn.Sequential(BasicConv2d(1088, 256, 1), BasicConv2d(256, 288, 3, stride=2)),
        nn.Sequential(
            BasicConv2d(1088, 256, 1),
            BasicConv2d(256, 288, 3, padding=1),
            BasicConv2d(288, 320, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def block8(*, last: bool = False) -> ResidualBranches:
    """2080 channels, scale 0.20 (1 in the last one); only the classifier uses it."""
    return ResidualBranches(
        BasicConv2d(2080, 192, 1),
        nn.Sequential(
            BasicConv2d(2080, 192, 1),
            BasicConv2d(192, 224, (1, 3), padding=(0, 1)),
            BasicConv2d(224, 256, (3, 1), padding=(1, 0)),
        ),
        joined=448,
        channels=2080,
        scale=1.0 if last else 0.20,
        last=last,
    )


def encoders() -> tuple[nn.Module, ...]:
    """The five encoders, in order, with fresh weights; see `WIDTHS` for their channels."""
    return (
        BasicConv2d(3, 32, 3, stride=2),
        nn.Sequential(
            BasicConv2d(32, 32, 3), BasicConv2d(32, 64, 3, padding=1), nn.MaxPool2d(3, stride=2)
        ),
        nn.Sequential(BasicConv2d(64, 80, 1), BasicConv2d(80, 192, 3), nn.MaxPool2d(3, stride=2)),
        nn.Sequential(mixed_5b(), nn.Sequential(*(block35() for _ in range(10))), mixed_6a()),
        nn.Sequential(nn.Sequential(*(block17() for _ in range(20))), mixed_7a()),
    )


def tail() -> nn.Module:
    """Layers of the classifier that no picture passes: 25,089,192 parameters."""
    return nn.ModuleDict(
        {
            "repeat_2": nn.Sequential(*(block8() for _ in range(9))),
            "block8": block8(last=True),
            "conv2d_7b": BasicConv2d(2080, 1536, 1),
            "last_linear": nn.Linear(1536, 1000),
        }
    )

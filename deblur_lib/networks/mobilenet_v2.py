"""MobileNet-v2 (Sandler et al., 2018), cut into the five encoders of DeblurGAN-v2.

Names inside the blocks are those of the published weight files; `ALIASES` maps the numbered
layers there to the encoders here.
"""

from torch import Tensor, nn

from deblur_lib.nn.norms import BatchNorm

WIDTHS = (16, 24, 32, 64, 160)  # channels after each encoder at width 1
CUTS = (2, 4, 7, 11, 16)  # numbered layer at which each encoder ends
ALIASES = {
    f"features.{start + offset}.": f"enc{level}.{offset}."
    for level, (start, stop) in enumerate(zip((0, *CUTS[:-1]), CUTS, strict=True))
    for offset in range(stop - start)
}
TAIL = "features"  # attribute under which the layers after the last encoder are kept, if at all
STAGES = (  # expansion, channels, blocks, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def scaled(channels: int, width: float) -> int:
    """Channels at a width multiplier: a multiple of 8, at most a tenth below the exact product."""
    rounded = max(8, int(channels * width + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels * width else rounded + 8


def widths(width: float = 1.0) -> tuple[int, ...]:
    """Channels after each encoder."""
    return tuple(scaled(channels, width) for channels in WIDTHS)


def _unit(
    channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        BatchNorm(out),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Widen by 1x1, filter each channel by 3x3, narrow by 1x1 without activation.

    Args:
        channels: channels of the input.
        out: channels of the output.
        stride: stride of the 3x3 filter; at 1 with equal channels the input is added.
        expansion: factor of the widening; 1 leaves it out.
    """

    def __init__(self, channels: int, out: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        self.residual = stride == 1 and channels == out
        self.conv = nn.Sequential(
            *(_unit(channels, hidden, 1) if expansion > 1 else ()),
            *_unit(hidden, hidden, 3, stride=stride, groups=hidden),
            *_unit(hidden, out, 1)[:-1],
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H/stride, W/stride)."""
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


def features(width: float = 1.0) -> list[nn.Module]:
    """All nineteen numbered layers with fresh weights."""
    channels = scaled(32, width)
    layers: list[nn.Module] = [nn.Sequential(*_unit(3, channels, 3, stride=2))]
    for expansion, base, blocks, first in STAGES:
        out = scaled(base, width)
        for index in range(blocks):
            stride = first if index == 0 else 1
            layers.append(InvertedResidual(channels, out, stride=stride, expansion=expansion))
            channels = out
    layers.append(nn.Sequential(*_unit(channels, max(1280, scaled(1280, width)), 1)))
    return layers


def encoders(width: float = 1.0) -> tuple[nn.Module, ...]:
    """The five encoders, in order, with fresh weights; see `widths` for their channels."""
    layers = features(width)
    starts = (0, *CUTS[:-1])
    return tuple(
        nn.Sequential(*layers[start:stop]) for start, stop in zip(starts, CUTS, strict=True)
    )


def tail() -> nn.Module:
    """Layers after the last encoder, which no picture passes: 1,206,080 parameters."""
    layers = features()
    return nn.ModuleDict({str(index): layers[index] for index in range(CUTS[-1], len(layers))})

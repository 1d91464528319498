"""Gong et al. (CVPR 2017): a motion at every pixel by convolutions, then EPLL under that blur.

Shape legend: B batch, H height, W width, M labels of a motion along both axes.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import BETAS, STRENGTH
from deblur_lib.kernels.flows import draw_flow, flow_error, labels
from deblur_lib.kernels.line import line_blur
from deblur_lib.kernels.line_deblurrer import LineDeblurrer

WIDTHS = (96, 256, 512, 512, 1024)
KERNELS = (7, 5, 3, 3, 3)
MEANS = (((111.64,),), ((113.53,),), ((93.96,),))  # taken from stored values of 0 to 255
BORDER = 30  # zeros around the picture
SPARE = 2  # labels to the right beyond the reach that the published network has
STILL = 1 / 51  # of the training pictures are sharp
WAVES = ((2.5, 1.2), (4.0, 1.6), (7.0, 2.2))  # length and spread of quick first filters, in pixels


class Gong2017(LineDeblurrer):
    """Read the motion of each pixel off a blurred picture, and take its blur away by EPLL.

    The network sees 86 px and tells one of several whole numbers for the motion along each axis;
    9,089,488 weights as published.

    Args:
        divisor: of the published widths of all layers, for small budgets.
        quick: learn within minutes instead of days, which the paper does not need: contrast is
            evened before the first layer, see `evened`; that layer begins as waves of three
            lengths in all directions, the others at He's scale.
        reach: largest motion along an axis, in pixels.
        components: Gaussians of the prior of patches.
        patches: gray patches that the prior is fitted to.
        rounds: of fitting, at most.
        strength: lambda of EPLL, see `kernels.epll`.
        betas: of EPLL, one round each.

    Raises:
        UsageError: a strength or a beta that is not above 0, no beta at all, or a divisor that
            leaves no channel.

    Source: Gong et al., "From Motion Blur to Motion Flow: a Deep Learning Solution for Removing
    Heterogeneous Motion Blur"; layers, crops and scales of the published network.
    """

    name = "gong2017"
    minimum_size = 11  # of less nothing is left for the last convolution

    def __init__(
        self,
        *,
        divisor: PositiveInt = 1,
        quick: bool = False,
        reach: PositiveInt = 36,
        components: PositiveInt = 200,
        patches: PositiveInt = 200_000,
        rounds: PositiveInt = 100,
        strength: PositiveFloat = STRENGTH,
        betas: Sequence[float] = BETAS,
    ) -> None:
        super().__init__(
            components=components, patches=patches, rounds=rounds, strength=strength, betas=betas
        )
        widths = [width // divisor for width in WIDTHS]
        if min(widths) < 1:
            raise UsageError(f"gong2017 needs a divisor up to {min(WIDTHS)}, got {divisor}")
        self.quick, self.reach = quick, reach
        self.right = reach + 1 + SPARE  # labels 0, 1, ... to the right
        count = self.right + 2 * reach + 1  # and -reach ... reach down
        convs = [
            nn.Conv2d(inputs, outputs, side)
            for (inputs, outputs), side in zip(pairwise((3, *widths)), KERNELS, strict=True)
        ]
        self.convs = nn.ModuleList(convs)
        self.score = nn.Conv2d(widths[4], count, 1)
        self.score_pool3 = nn.Conv2d(widths[2], count, 1)
        self.score_pool2 = nn.Conv2d(widths[1], count, 1)
        for layer in (*convs, self.score, self.score_pool3, self.score_pool2):
            nn.init.normal_(layer.weight, std=0.01 * math.sqrt(divisor))
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        if quick:
            _quicken(convs)

    def scores(self, blurred: Tensor) -> Tensor:
        """Scores of all labels at each pixel: (B, 3, H, W) in [0, 1] -> (B, M, H, W).

        First the labels to the right, 0 and up, then those down, from -reach on.
        """
        height, width = blurred.shape[-2:]
        seen = evened(blurred) if self.quick else 255 * blurred - blurred.new_tensor(MEANS)
        x = F.pad(seen, (BORDER,) * 4)
        pools = []
        for conv in self.convs[:-1]:
            x = F.max_pool2d(F.relu(conv(x)), 2, ceil_mode=True)
            pools.append(x)
        x = self.score(F.relu(self.convs[-1](x)))
        x = _added(_enlarged(x, 2), self.score_pool3(0.01 * pools[2]), crop=2)
        x = _added(_enlarged(x, 2), self.score_pool2(1e-4 * pools[1]), crop=4)
        return _enlarged(x, 4)[..., 9 : 9 + height, 9 : 9 + width]

    def blur_loss(self, sharp: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Cross-entropy of the labels along both axes, means over pixels.

        Raises:
            UsageError: crops of no more than the border that the motion reaches.
        """
        blurred, motion = self._example(sharp, generator)
        right, down = self._scores_by_axis(blurred)
        return {
            "right": F.cross_entropy(right, motion[:, 0]),
            "down": F.cross_entropy(down, motion[:, 1] + self.reach),
        }

    @torch.no_grad()
    def judge(self, sharp: Tensor, generator: torch.Generator) -> float:
        """Minus the mean squared error of the motion, in square pixels; see `flow_error`."""
        blurred, motion = self._example(sharp, generator)
        return -flow_error(self._motion(blurred), motion)

    @torch.no_grad()
    def estimate(self, blurred: Tensor) -> Tensor:
        """The likeliest labels of one picture (3, H, W): motion (2, H, W) in pixels."""
        return self._motion(blurred[None])[0]

    def _scores_by_axis(self, blurred: Tensor) -> tuple[Tensor, ...]:
        return torch.split(self.scores(blurred), [self.right, 2 * self.reach + 1], dim=1)

    def _motion(self, blurred: Tensor) -> Tensor:
        right, down = self._scores_by_axis(blurred)
        return torch.stack((right.argmax(1), down.argmax(1) - self.reach), dim=1).float()

    @torch.no_grad()
    def _example(self, sharp: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Blurred crops and their labels, without the border that repeated pixels blur into."""
        margin = -(-self.reach // 2)
        height, width = sharp.shape[-2:]
        if min(height, width) <= 2 * margin:
            raise UsageError(
                f"gong2017 with a reach of {self.reach} px learns from crops of more than "
                f"{2 * margin} px, got {height}x{width}; take larger crops or a shorter reach"
            )
        motion = torch.stack([self._drawn((height, width), generator) for _ in sharp])
        motion = motion.to(sharp.device)
        blurred = [line_blur(flow).apply(one) for one, flow in zip(sharp, motion, strict=True)]
        inner = (..., slice(margin, height - margin), slice(margin, width - margin))
        return torch.stack(blurred)[inner], motion[inner]

    def _drawn(self, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Labels of a drawn motion (2, H, W); now and then of none."""
        flow = labels(draw_flow(size, self.reach, generator))
        still = torch.rand((), generator=generator, device=generator.device) < STILL
        return torch.where(still, 0, flow)


def evened(blurred: Tensor) -> Tensor:
    """Deviations from the mean around a pixel, in units of how large they are around it.

    (B, 3, H, W) -> the same shape. Boxes of 17 and 33 px, borders repeated; deviations of a
    hundredth are left small, for they may be noise.
    """
    apart = blurred - _around(blurred, 17)
    spread = _around(apart.square().mean(1, keepdim=True), 33)
    return apart / (spread + 1e-4).sqrt()


def _around(x: Tensor, side: int) -> Tensor:
    wide = F.pad(x, (side // 2,) * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(wide, (side, 1), 1), (1, side), 1)


def _quicken(convs: list[nn.Conv2d]) -> None:
    """Start the first layer as waves, the others at the scale that keeps what passes."""
    first, *others = convs
    for layer in others:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    count, _, side, _ = first.weight.shape
    steps = torch.arange(side, dtype=torch.float32) - side // 2
    for number in range(count):
        length, spread = WAVES[number % len(WAVES)]
        angle = math.pi * (number // len(WAVES)) / math.ceil(count / len(WAVES))
        along = steps[None, :] * math.cos(angle) + steps[:, None] * math.sin(angle)
        far = steps[None, :].square() + steps[:, None].square()
        wave = torch.exp(-far / (2 * spread**2)) * torch.cos(2 * math.pi * along / length)
        wave -= wave.mean()
        with torch.no_grad():  # long waves are the stronger ones in pictures
            first.weight[number] = 5 / length * wave / torch.linalg.vector_norm(wave) / 3


def _enlarged(x: Tensor, factor: int) -> Tensor:
    """Transposed convolution with a bilinear kernel of twice the factor, its stride.

    (B, M, h, w) -> (B, M, factor (h + 1), factor (w + 1)): zeros follow at all borders.
    """
    wide = F.interpolate(F.pad(x, (1,) * 4), scale_factor=factor, mode="bilinear")
    edge = factor // 2
    return wide[..., edge:-edge, edge:-edge]


def _added(x: Tensor, more: Tensor, *, crop: int) -> Tensor:
    height, width = x.shape[-2:]
    return x + more[..., crop : crop + height, crop : crop + width]

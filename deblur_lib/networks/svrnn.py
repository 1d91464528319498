"""Spatially variant RNN (Zhang et al., CVPR 2018): recurrences whose gates differ at each pixel.

Layer names are those of the published Caffe graph, so that its weights load strictly once they
are in a state dict; the official program hands pictures over with rows and columns swapped.

Shape legend: B batch; C channels of the recurrences, G of the first gate layers; H, W height and
width of the picture.
"""

import math

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.resize import double
from deblur_lib.nn.starts import STARTS

SLOPE = 0.1  # of the leaky ReLUs outside the gate branch
STAGES = 4


def conv(inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1) -> nn.Conv2d:
    """Convolution padded by half its kernel."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def recur(x: Tensor, gate: Tensor) -> Tensor:
    """h(t) = (1 - g(t)) x(t) + g(t) h(t-1) along the first axis, from h = 0.

    The axis is cut into about sqrt(T) runs that all advance at once; then the end of each run is
    carried into the next, which takes 2 sqrt(T) steps instead of T.

    Args:
        x: (T, ...).
        gate: same shape, within -1 and 1.

    Returns:
        All h, same shape.
    """
    length = x.shape[0]
    run = math.isqrt(length - 1) + 1  # steps of a run
    runs = -(-length // run)
    values, gates = _cut(x, runs, run), _cut(gate, runs, run)  # run x (runs, ...)
    local = [(1 - gates[0]) * values[0]]  # what a run makes of its own values
    share = [gates[0]]  # what is left in it of the end of the run before
    for value, g in zip(values[1:], gates[1:], strict=True):
        local.append(torch.lerp(value, local[-1], g))
        share.append(share[-1] * g)
    ends = [torch.zeros_like(local[-1][0])]
    for own, left in zip(local[-1][:-1], share[-1][:-1], strict=True):
        ends.append(torch.addcmul(own, left, ends[-1]))
    before = torch.stack(ends)  # (runs, ...)
    h = torch.stack([torch.addcmul(a, b, before) for a, b in zip(local, share, strict=True)], 1)
    return h.flatten(0, 1)[:length].to(x.dtype)


def _cut(x: Tensor, runs: int, run: int) -> tuple[Tensor, ...]:
    """(T, ...) to `run` steps of (runs, ...), zeros after the last value."""
    missing = runs * run - x.shape[0]
    x = x.to(torch.promote_types(x.dtype, torch.float32))  # a long sum, not for half precision
    if missing:
        x = torch.cat((x, x.new_zeros(missing, *x.shape[1:])))
    return x.reshape(runs, run, *x.shape[1:]).unbind(1)


def sweep(x: Tensor, gates: tuple[Tensor, ...]) -> Tensor:
    """Recur over a map in four directions.

    Args:
        x: (B, C, H, W).
        gates: of the same shape each: left to right, top to bottom, right to left, bottom to top.

    Returns:
        (B, 4C, H, W): left to right, right to left, top to bottom, bottom to top.
    """
    right, bottom, left, top = gates
    results: list[Tensor] = []
    for axis, onward, back in ((3, right, left), (2, bottom, top)):
        values, first, second = (one.movedim(axis, 0) for one in (x, onward, back))
        both = torch.stack((values, values.flip(0)), dim=1)  # (T, 2, B, C, other axis)
        h = recur(both, torch.stack((first, second.flip(0)), dim=1))
        results += [h[:, 0].movedim(0, axis), h[:, 1].flip(0).movedim(0, axis)]
    return torch.cat(results, dim=1)


class SVRNN(Deblurrer):
    """Restore a batch by recurrences over its features, gated by a second branch.

    There is no connection from the blurred picture to the result; the network paints it anew.

    Args:
        features: channels C of each recurrence; the published network uses 32.
        gates: width G of the gate branch, which is built as VGG-16; 64 in the published network.
        transposed: work on the picture with rows and columns swapped, as weights that the
            official program trained or reads expect it.
        start: "random" as published, or "identity": the last layer begins
            at zero and the input is added to what it draws: a correction, not as published.

    Source: Zhang et al., "Dynamic Scene Deblurring Using Spatially Variant Recurrent Neural
    Networks", CVPR 2018; 9,227,027 parameters without the unused blobs of its Caffe file.
    """

    name = "svrnn"
    multiple_of = minimum_size = 8
    tile_safe = False  # each recurrence runs from border to border

    def __init__(
        self,
        *,
        features: PositiveInt = 32,
        gates: PositiveInt = 64,
        transposed: bool = False,
        start: str = "random",
    ) -> None:
        super().__init__()
        self.corrects = start == "identity"
        self.transposed = transposed
        g1, g2, g4, g8 = (gates * factor for factor in (1, 2, 4, 8))
        self.conve1_1 = conv(3, features // 2, 11)
        self.conve1_2 = conv(features // 2, features, 7, stride=2)
        self.convg1_1, self.convg1_2 = conv(3, g1), conv(g1, g1)
        self.convg2_1, self.convg2_2 = conv(g1, g2), conv(g2, g2)
        self.convg3_1, self.convg3_2, self.convg3_3 = conv(g2, g4), conv(g4, g4), conv(g4, g4)
        self.convg4_1, self.convg4_2, self.convg4_3 = conv(g4, g8), conv(g8, g8), conv(g8, g4)
        self.convgd1, self.convgd1_2 = conv(2 * g4, g2), conv(g2, g2)
        self.convgd2, self.convgd2_2 = conv(2 * g2, g4), conv(g4, 4 * STAGES * features)
        for stage in range(1, STAGES + 1):
            self.add_module(f"conv_rnn{stage}", conv(4 * features, features))
        self.convd1_1 = conv(2 * features, features // 2, 9)
        self.convd1_2 = conv(features, 3, 5)
        choose("start", start, STARTS)(self.convd1_2)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1], sides multiples of 8; one output, not clamped."""
        check_input(self, blurred)
        x = blurred.mT if self.transposed else blurred
        full, half, swept = self.encode(x)
        y = F.leaky_relu(self.convd1_1(torch.cat((half, swept), dim=1)), SLOPE)
        y = self.convd1_2(torch.cat((full, double(y, beyond="constant")), dim=1)).float()
        y = y + x if self.corrects else y
        return (y.mT if self.transposed else y,)  # (B, 3, H, W)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, C/2, H, W), those at half size, and what the recurrences make of these.

        Args:
            x: (B, 3, H, W) in [0, 1].
        """
        full = F.leaky_relu(self.conve1_1(x), SLOPE)
        half = self.conve1_2(full)  # (B, C, H/2, W/2)
        gates = self._gates(x).chunk(4 * STAGES, dim=1)  # 16 of (B, C, H/2, W/2)
        swept = half
        for stage in range(STAGES):
            swept = sweep(swept, gates[4 * stage : 4 * stage + 4])
            merge = self.get_submodule(f"conv_rnn{stage + 1}")
            swept = F.leaky_relu(merge(swept), SLOPE)
        return full, half, swept

    def _gates(self, x: Tensor) -> Tensor:
        x = F.relu(self.convg1_2(F.relu(self.convg1_1(x))))
        x = F.max_pool2d(x, 2)
        half = F.relu(self.convg2_2(F.relu(self.convg2_1(x))))  # (B, 2G, H/2, W/2)
        x = F.max_pool2d(half, 2)
        quarter = F.relu(self.convg3_2(F.relu(self.convg3_1(x))))  # (B, 4G, H/4, W/4)
        x = F.max_pool2d(F.relu(self.convg3_3(quarter)), 2)
        for layer in (self.convg4_1, self.convg4_2, self.convg4_3):
            x = F.relu(layer(x))  # last: (B, 4G, H/8, W/8)
        x = torch.cat((quarter, double(x, beyond="constant")), dim=1)
        x = F.relu(self.convgd1_2(F.relu(self.convgd1(x))))  # (B, 2G, H/4, W/4)
        x = torch.cat((half, double(x, beyond="constant")), dim=1)
        return torch.tanh(self.convgd2_2(F.relu(self.convgd2(x))))  # (B, 16C, H/2, W/2)

"""Recurrent network of Wieschollek et al. (ICCV 2017): one block, applied frame after frame.

zhao2020 compares with an "RDN" whose reference is lost; this video network with a sequence length
is the nearest reading. Layer names are those of the published TensorFlow code, with weight, bias
and the scale and shift of the norm as `bn.weight` and `bn.bias`.

Shape legend: B batch, T frames, H height, W width.
"""

from collections.abc import Callable, Sequence

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose

Memory = tuple[Tensor, Tensor, Tensor]  # features at 1/8, 1/4 and 1/2 of the size
SCALE = 255 / 128  # the published range is 8-bit / 128 - 1


class LocalNorm(nn.Module):
    """Batch norm that uses the statistics of its input in training and evaluation alike."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W) over B, H and W."""
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True)


class ReluConv(nn.Conv2d):
    """ReLU, convolution, norm; stride 2 pads one pixel at the right and the bottom only."""

    def __init__(self, channels: int, out: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(channels, out, kernel, stride, kernel // 2 if stride == 1 else 0)
        self.bn = LocalNorm(out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H/stride, W/stride)."""
        x = F.relu(x)
        x = F.pad(x, (0, 1, 0, 1)) if self.stride[0] == 2 else x
        y: Tensor = self.bn(super().forward(x))
        return y


class ReluDeconv(nn.ConvTranspose2d):
    """ReLU, transposed 4x4 convolution, norm."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(channels, out, 4, 2, 1)
        self.bn = LocalNorm(out)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, C, H, W) -> (B, out, 2H, 2W)."""
        y: Tensor = self.bn(super().forward(F.relu(x), output_size))
        return y


STARTS: dict[str, Callable[[ReluConv], object]] = {
    "random": lambda last: None,
    "identity": lambda last: nn.init.zeros_(last.bn.weight),
}


class RDN(Deblurrer):
    """Restore one frame of a clip: the estimate is refined with each other frame in turn.

    Statistics of the norms are those of the whole batch, in evaluation too, as published; score
    clips one by one.

    Args:
        order: positions of the frames in the clip in the order they are used; the first is the
            frame to restore and the first estimate. (1, 2, 0) restores the middle of three.
        features: unit of the channels (32 in the first layer, 256 at 1/8 of the size).
        start: "random" as published, or "identity": the scale of the last norm begins at zero, so
            the first output is the estimate itself.

    Raises:
        UsageError: an order that does not name each frame once, or an unknown start.

    Source: Wieschollek et al., ICCV 2017; 3,671,517 parameters.
    """

    name = "rdn"
    multiple_of = 8
    minimum_size = 16  # norms need more than one value at 1/8 of the size
    clip_length = 3
    tile_safe = False  # norms see the whole picture

    def __init__(
        self, *, order: Sequence[int] = (1, 2, 0), features: PositiveInt = 32, start: str = "random"
    ) -> None:
        super().__init__()
        if sorted(order) != list(range(self.clip_length)):
            raise UsageError(f"rdn needs an order of frames 0, 1 and 2, got {list(order)}")
        self.order = tuple(order)
        one, two, four, eight = (features * factor for factor in (1, 2, 4, 8))
        self.d0_conv = ReluConv(6, one)
        self._add_block("d1", one, two, stride=2)
        self._add_block("d2", two, two, stride=1)
        self._add_block("d3", two, four, stride=2)
        self._add_block("d4", four, eight, stride=2)
        self.d41_s_conv = ReluConv(2 * eight, eight, kernel=1)
        self._add_decoder("u1", eight, four)
        self._add_decoder("u2", four, two)
        self.u3_0_deconv = ReluDeconv(two, two)
        self.u3_1_conv = ReluConv(two, two)
        self.u3_2_conv = ReluConv(two, two)
        self.u3_3_conv = ReluConv(two, 6)
        self.u3_4_conv = ReluConv(6, 3)
        choose("start", start, STARTS)(self.u3_4_conv)

    def _add_block(self, name: str, channels: int, out: int, *, stride: int) -> None:
        self.add_module(f"{name}_0_conv", ReluConv(channels, out, stride=stride))
        for index, kernel in ((1, 3), (2, 3), (3, 1)):
            self.add_module(f"{name}_{index}_conv", ReluConv(out, out, kernel=kernel))

    def _add_decoder(self, name: str, channels: int, out: int) -> None:
        self.add_module(f"{name}_0_deconv", ReluDeconv(channels, out))
        self.add_module(f"{name}_s_conv", ReluConv(2 * out, out, kernel=1))
        for index in (1, 2, 3):
            self.add_module(f"{name}_{index}_conv", ReluConv(out, out))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Estimates after each other frame.

        Args:
            blurred: (B, 3, 3, H, W) in [0, 1].

        Returns:
            Two estimates of the frame to restore, (B, 3, H, W), not clamped.
        """
        check_input(self, blurred)
        frames = blurred * SCALE - 1
        estimate = frames[:, self.order[0]]
        memory: Memory | None = None
        estimates: list[Tensor] = []
        for index in self.order[1:]:
            estimate, memory = self.step(frames[:, index], estimate, memory)
            estimates.append((estimate + 1) / SCALE)
        return tuple(estimates)

    def step(
        self, observation: Tensor, estimate: Tensor, memory: Memory | None
    ) -> tuple[Tensor, Memory]:
        """Refine an estimate by one more frame.

        Args:
            observation: (B, 3, H, W) in the published range.
            estimate: likewise.
            memory: features of the step before; None in the first.

        Returns:
            The better estimate and the features for the next step.
        """
        x = self._block("d1", self.d0_conv(torch.cat((observation, estimate), dim=1)))
        half = self._block("d2", x)  # (B, 64, H/2, W/2)
        quarter = self._block("d3", half)  # (B, 128, H/4, W/4)
        start = self.get_submodule("d4_0_conv")(quarter)  # (B, 256, H/8, W/8)
        x = self._merged("d41_s_conv", start, memory and memory[0])
        eighth = start + self._chain("d4", x)
        quarter = self._decoded("u1", eighth, quarter, memory and memory[1])
        half = self._decoded("u2", quarter, half, memory and memory[2])
        x = self.u3_2_conv(self.u3_1_conv(self.u3_0_deconv(half)))  # (B, 64, H, W)
        return estimate + self.u3_4_conv(self.u3_3_conv(x)), (eighth, quarter, half)

    def _block(self, name: str, x: Tensor) -> Tensor:
        start: Tensor = self.get_submodule(f"{name}_0_conv")(x)
        return start + self._chain(name, start)

    def _decoded(self, name: str, x: Tensor, skip: Tensor, before: Tensor | None) -> Tensor:
        start = self.get_submodule(f"{name}_0_deconv")(x) + skip
        merged = self._merged(f"{name}_s_conv", start, before)
        return self._chain(name, merged) + start  # type: ignore[no-any-return]

    def _chain(self, name: str, x: Tensor) -> Tensor:
        for index in (1, 2, 3):
            x = self.get_submodule(f"{name}_{index}_conv")(x)
        return x

    def _merged(self, name: str, x: Tensor, before: Tensor | None) -> Tensor:
        if before is None:
            return x
        merged: Tensor = self.get_submodule(name)(torch.cat((x, before), dim=1))
        return merged

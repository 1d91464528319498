"""SRN-DeblurNet (Tao et al., CVPR 2018): one U-Net goes from the smallest scale to the full size.

Layers are named as in the published TensorFlow code; state dicts with its own spelling
("g_net/enc1_2/conv1/weights") load as well, kernels in torch's order of axes. The result is
painted anew at each scale: nothing leads from the blurred picture around the network.

Shape legend: B batch; C1, C2, C3 = C, 2C, 4C channels at full, half and quarter size of a scale;
H, W height and width of the picture or of the scale at hand.
"""

from functools import partial
from typing import Any, NamedTuple

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn import reach
from deblur_lib.nn.aliases import on_loading
from deblur_lib.nn.base import Border, Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.resize import double
from deblur_lib.nn.starts import STARTS

KERNEL = 5  # of all layers but the transposed ones and the LSTM's
LEVELS = (1, 2, 3)
MOST = 8  # scales; each doubles the smallest picture
FORGET = 1.0  # added to the forget gate before its sigmoid
State = tuple[Tensor, Tensor]  # cell and output of the LSTM, (B, C3, H/4, W/4) each


class Form(NamedTuple):
    """What the two published networks differ in.

    Attributes:
        colours: channels that the network reads and writes; with 1, the planes of a picture go
            through it as three pictures.
        memory: whether an LSTM hands features from scale to scale.
    """

    colours: int
    memory: bool


FORMS = {"lstm": Form(colours=1, memory=True), "color": Form(colours=3, memory=False)}


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    """5x5 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, KERNEL, padding=KERNEL // 2)


class ReluConv(nn.Conv2d):
    """5x5 convolution and ReLU; stride 2 pads one row and column before and two after."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, KERNEL, stride, KERNEL // 2 if stride == 1 else 0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H/stride, W/stride)."""
        return F.relu(super().forward(x if self.stride[0] == 1 else F.pad(x, (1, 2, 1, 2))))


class ReluDeconv(nn.ConvTranspose2d):
    """4x4 transposed convolution and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 4, 2, 1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, 2H, 2W)."""
        return F.relu(super().forward(x, output_size))


class ResBlock(nn.Module):
    """Two convolutions with a ReLU between them, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(channels, channels), conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = x + self.conv2(F.relu(self.conv1(x)))
        return y


class ConvLSTM(nn.Module):
    """LSTM whose gates are one 3x3 convolution of the input and its last output."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.LSTM_conv = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, x: Tensor, state: State | None) -> State:
        """(B, C, H, W) and the state before, None for zeros -> the next state."""
        cell, output = state or (torch.zeros_like(x), torch.zeros_like(x))
        gates = self.LSTM_conv(torch.cat((x, output), dim=1))  # (B, 4C, H, W)
        write, value, keep, show = gates.chunk(4, dim=1)
        cell = cell * torch.sigmoid(keep + FORGET) + torch.sigmoid(write) * torch.tanh(value)
        return cell, torch.tanh(cell) * torch.sigmoid(show)


def _spell_as_here(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename the entries of a state dict with TensorFlow's names."""
    start = f"{prefix}g_net/"
    for key in [key for key in state if key.startswith(start)]:
        *path, kind = key.removeprefix(start).split("/")
        ours = {"weights": "weight", "biases": "bias"}.get(kind, kind)
        state[prefix + ".".join((*path, ours))] = state.pop(key)


def _seen(blocks: int, scales: int, bottom: int, span: reach.Span) -> reach.Span:
    """Input pixels that a span of the result depends on: through every smaller scale."""
    for scale in range(scales):
        if scale:
            span = span[0] // 2, (span[1] + 1) // 2  # the estimate of the smaller scale, doubled
        span = reach.same(span, 2 * blocks + 1, kernel=KERNEL)
        span = reach.same(reach.up(span), 2 * blocks, kernel=KERNEL)
        span = reach.same(reach.up(span), 4 * blocks, kernel=KERNEL)
        span = reach.same(span, bottom)
        for extra in (0, 1):
            span = reach.down(span, kernel=KERNEL, before=1)
            span = reach.same(span, 2 * blocks + extra, kernel=KERNEL)
    step = 2 ** (scales - 1)
    return span[0] * step, span[1] * step


class SRN(Deblurrer):
    """Restore a picture at several scales with the same weights, smallest first.

    Args:
        form: "lstm", the paper's network, restores each colour by itself and remembers features
            from scale to scale; "color", its later sibling, takes all colours and has no memory.
        features: width C at the full size of a scale; the published networks use 32.
        blocks: residual blocks of each level on either side; 3 in the published networks.
        scales: sizes of the picture, each half the next; 3 in the published networks.
        border: what evaluation pads with, see `Deblurrer`; "edge" in the published program.
        start: "random" as published, or "identity": the last layer begins
            at zero and the input is added to what it draws: a correction, not as published.

    Attributes:
        receptive_field: side in pixels of the square that one output pixel looks at.

    Raises:
        UsageError: an unknown form, or less than one block or scale.

    Source: Tao et al., "Scale-Recurrent Network for Deep Image Deblurring", CVPR 2018; 8,056,609
    parameters ("lstm") or 6,881,251 ("color").
    """

    name = "srn"
    tile_safe = False  # several times as wide a view as tiles overlap, and it counts

    def __init__(
        self,
        *,
        form: str = "lstm",
        features: PositiveInt = 32,
        blocks: NonNegativeInt = 3,
        scales: PositiveInt = 3,
        border: Border = "mirror",
        start: str = "random",
    ) -> None:
        super().__init__()
        self.border = border
        self.corrects = start == "identity"
        self.colours, memory = choose("form", form, FORMS)
        if blocks < 1 or not 1 <= scales <= MOST:
            raise UsageError(
                f"srn needs at least one block and 1 to {MOST} scales, got {blocks} and {scales}"
            )
        self.blocks, self.scales = blocks, scales
        self.multiple_of = self.minimum_size = 2 ** (scales + 1)
        look = partial(_seen, blocks, scales, int(memory))
        self.receptive_field = reach.widest(look, step=self.multiple_of)
        widths = (2 * self.colours, features, 2 * features, 4 * features)
        for level in LEVELS:
            stride = 1 if level == 1 else 2
            first = ReluConv(widths[level - 1], widths[level], stride=stride)
            self.add_module(f"enc{level}_1", first)
            for index in range(2, blocks + 2):
                self.add_module(f"enc{level}_{index}", ResBlock(widths[level]))
        self.convLSTM = ConvLSTM(widths[-1]) if memory else None
        for level in reversed(LEVELS):
            if level < LEVELS[-1]:
                first_up = ReluDeconv(widths[level + 1], widths[level])
                self.add_module(f"dec{level}_{blocks + 1}", first_up)
            for index in range(blocks, 0, -1):
                self.add_module(f"dec{level}_{index}", ResBlock(widths[level]))
        self.dec1_0 = conv(features, self.colours)
        self.apply(_xavier)
        choose("start", start, STARTS)(self.dec1_0)
        on_loading(self, _spell_as_here)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restored at a quarter, half and full size, from (B, 3, H, W) with sides 16 n."""
        check_input(self, blurred)
        planes = blurred.reshape(-1, self.colours, *blurred.shape[-2:])  # (B, 3, ..) or (3B, 1, ..)
        estimate: Tensor | None = None
        state: State | None = None
        restored: list[Tensor] = []
        for step in (2**power for power in range(self.scales - 1, -1, -1)):
            picture = planes[..., ::step, ::step]
            before = picture if estimate is None else double(estimate.detach())
            estimate, state = self.scale(torch.cat((picture, before), dim=1), state)
            estimate = estimate + picture if self.corrects else estimate
            state = (double(state[0]), double(state[1])) if state else None
            restored.append(estimate.float().reshape(len(blurred), 3, *estimate.shape[-2:]))
        return tuple(restored)

    def scale(self, x: Tensor, state: State | None) -> tuple[Tensor, State | None]:
        """One scale.

        Args:
            x: picture and estimate of the smaller scale, (B, 2 or 6, H, W).
            state: of the smaller scale at this one's size; None at the smallest.

        Returns:
            The estimate (B, 1 or 3, H, W) and the LSTM's state, None in a network without one.
        """
        skips: list[Tensor] = []
        for level in LEVELS:
            x = self._run(f"enc{level}", range(1, self.blocks + 2), x)
            skips.append(x)  # (B, Ci, H/2^(i-1), W/2^(i-1))
        if self.convLSTM is not None:
            state = self.convLSTM(x, state)
            x = state[1]
        for level in reversed(LEVELS):
            if level < LEVELS[-1]:
                x = self.get_submodule(f"dec{level}_{self.blocks + 1}")(x) + skips[level - 1]
            x = self._run(f"dec{level}", range(self.blocks, 0, -1), x)
        return self.dec1_0(x), state

    def _run(self, stage: str, indices: range, x: Tensor) -> Tensor:
        for index in indices:
            x = self.get_submodule(f"{stage}_{index}")(x)
        return x


def _xavier(module: nn.Module) -> None:
    """Begin as the published training does."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)

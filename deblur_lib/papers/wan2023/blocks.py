"""The two modules of wan2023: MSRM (Sec. 1.2, Fig. 2) and DFFM (Sec. 1.3, Fig. 3).

What the paper leaves open is an option with the number of the open point (W1 to W17).

Shape legend: B batch, C channels, H height, W width; Cl, Hl, Wl those of level l, where level 1
is full size, 2 half and 3 quarter.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.parts import choose

GROUPS = 4  # x1 to x4 of Eq. (1)


def depthwise(inputs: int, outputs: int) -> nn.Module:
    """3x3 convolution that looks at one channel at a time."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, groups=inputs)


ENTRIES: dict[str, Callable[[int, int], nn.Module]] = {
    "dw_pw": lambda c, d: nn.Sequential(depthwise(c, c), nn.Conv2d(c, d, 1)),
    "dw_only": depthwise,
    "conv1x1": lambda c, d: nn.Conv2d(c, d, 1),
    "conv3x3": lambda c, d: nn.Conv2d(c, d, 3, padding=1),
}
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": partial(nn.ReLU, inplace=True),
    "leaky_relu": partial(nn.LeakyReLU, 0.2, inplace=True),
    "gelu": nn.GELU,
    "silu": partial(nn.SiLU, inplace=True),
}
ACTIVE: dict[str, tuple[bool, bool]] = {  # after the entry, after each of the four groups
    "after_group": (False, True),
    "after_entry": (True, False),
    "both": (True, True),
    "none": (False, False),
}


class ChannelAttention(nn.Module):
    """Squeeze gate: scale each channel by what the mean of all channels says.

    Args:
        channels: C.
        reduction: C is divided by it for the hidden layer.
        least: channels that the hidden layer has at least.
    """

    def __init__(self, channels: int, *, reduction: int = 16, least: int = 4) -> None:
        super().__init__()
        hidden = max(channels // reduction, least)
        self.gate = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y: Tensor = x * self.gate(x.mean(dim=(2, 3), keepdim=True))
        return y


class MSRM(nn.Module):
    """Multi-scale residual module: groups of channels chained, so each sees two pixels more.

    Args:
        channels: C, in and out.
        entry: layer before the split, a name in `ENTRIES` (W2).
        expand: the four groups hold expand x C channels together.
        act: where activations stand, a name in `ACTIVE` (W3).
        act_type: which activation, a name in `ACTIVATIONS` (W3).
        ca_reduction: see `ChannelAttention` (W4).
        ca_min: see `ChannelAttention` (W4).

    Raises:
        UsageError: the groups would not be equal, or an option has no such choice.

    Source: wan2023, Sec. 1.2, Eqs. (1) to (3), Fig. 2.
    """

    def __init__(
        self,
        channels: int,
        *,
        entry: str = "dw_pw",
        expand: int = 1,
        act: str = "after_group",
        act_type: str = "relu",
        ca_reduction: int = 16,
        ca_min: int = 4,
    ) -> None:
        super().__init__()
        spread = expand * channels
        if spread < GROUPS or spread % GROUPS:
            raise UsageError(
                f"{spread} channels cannot make {GROUPS} groups; choose base_channels and "
                f"msrm_expand so that their product is a multiple of {GROUPS}"
            )
        activation = choose("act_type", act_type, ACTIVATIONS)
        after_entry, after_group = choose("msrm_act", act, ACTIVE)
        self.spread = nn.Sequential(
            choose("msrm_entry", entry, ENTRIES)(channels, spread),
            activation() if after_entry else nn.Identity(),
        )
        width = spread // GROUPS
        self.steps = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1),
                activation() if after_group else nn.Identity(),
            )
            for _ in range(GROUPS)
        )
        self.merge = nn.Conv2d(spread, channels, 1)
        self.attend = ChannelAttention(channels, reduction=ca_reduction, least=ca_min)

    def ladder(self, x: Tensor) -> list[Tensor]:
        """The four groups y1 to y4, (B, expand C / 4, H, W) each, from (B, C, H, W)."""
        parts = self.spread(x).chunk(GROUPS, dim=1)  #                              Eq. (1)
        rungs: list[Tensor] = []
        for part, step in zip(parts, self.steps, strict=True):
            rungs.append(step(part + rungs[-1] if rungs else part))  #              Eq. (2)
        return rungs

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y = self.merge(torch.cat(self.ladder(x), dim=1))  # (B, C, H, W)
        out: Tensor = self.attend(y) + x  #                                         Eq. (3)
        return out


class Resize(nn.Module):
    """Resize by a fixed factor without weights."""

    def __init__(self, channels: int, factor: float, *, mode: str) -> None:
        super().__init__()
        self.options = {"scale_factor": factor, "mode": mode}

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, factor H, factor W)."""
        return F.interpolate(x, **self.options)  # type: ignore[arg-type]


def strided(channels: int, factor: float) -> nn.Module:
    """Resize by a convolution whose kernel and step are the factor."""
    if factor < 1:
        return nn.Conv2d(channels, channels, round(1 / factor), round(1 / factor))
    return nn.ConvTranspose2d(channels, channels, round(factor), round(factor))


RESIZES: dict[str, Callable[[int, float], nn.Module]] = {
    "bilinear": partial(Resize, mode="bilinear"),
    "nearest": partial(Resize, mode="nearest"),
    "strided_conv": strided,
}
MERGES: dict[str, tuple[int, Callable[[list[Tensor]], Tensor]]] = {  # times Cl channels
    "sum": (1, lambda branches: branches[0] + branches[1] + branches[2]),
    "concat": (3, partial(torch.cat, dim=1)),
}


SHARES = {"dynamic": True, "mean": False, "equal": False}  # whether they follow the picture


class DFFM(nn.Module):
    """Dynamic feature fusion module: a softmax weighs the three encoder outputs per channel.

    Unlike in selective-kernel fusion the weighted branches are concatenated, not added.

    Args:
        widths: channels C1 to C3 of the encoder outputs.
        level: level of the result, 1 to 3.
        resize: how outputs are brought to the level's size, a name in `RESIZES` (W6).
        align_kernel: kernel of the convolutions that bring them to Cl channels (W7).
        merge: how they become the tensor that is squeezed, a name in `MERGES` (W8).
        reduction: Cl is divided by it for the hidden layer of the weights (W9).
        least: channels that the hidden layer has at least (W9).
        shares: "dynamic" as published; "mean" fixes the shares at what they are on average over
            the pictures of `settle`, "equal" at a third each. A network trained as "dynamic" loads.

    Raises:
        UsageError: an even kernel, or an option has no such choice.

    Source: wan2023, Sec. 1.3, Fig. 3.
    """

    def __init__(
        self,
        widths: Sequence[int],
        level: int,
        *,
        resize: str = "bilinear",
        align_kernel: int = 1,
        merge: str = "sum",
        reduction: int = 8,
        least: int = 4,
        shares: str = "dynamic",
    ) -> None:
        super().__init__()
        if align_kernel % 2 == 0:
            raise UsageError(f"dffm_align_kernel must be odd to keep the size, got {align_kernel}")
        channels, make = widths[level - 1], choose("dffm_resize", resize, RESIZES)
        times, self.merge = choose("dffm_merge", merge, MERGES)
        self.align = nn.ModuleList(
            nn.Sequential(
                nn.Identity() if source == level else make(width, 2.0 ** (source - level)),
                nn.Conv2d(width, channels, align_kernel, padding=align_kernel // 2),
            )
            for source, width in enumerate(widths, start=1)
        )
        hidden = max(channels // reduction, least)
        self.gate = nn.Sequential(
            nn.Conv2d(times * channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 3 * channels, 1),
        )
        self.reduce = nn.Conv2d(3 * channels, channels, 1)
        self.averaged = shares == "mean"
        fixed = None if choose("dffm_shares", shares, SHARES) else torch.full((3, channels), 1 / 3)
        self.fixed: Tensor | None
        self.register_buffer("fixed", fixed)

    @torch.no_grad()
    def settle(self, pictures: Sequence[Sequence[Tensor]]) -> None:
        """Fix the shares at their mean over pictures, where the option asks for it.

        Args:
            pictures: E1 to E3 of each picture, as for `forward`.
        """
        if self.averaged:
            found = [self._dynamic(self._align(one)).flatten(2) for one in pictures]
            self.fixed = torch.cat(found).mean(dim=0)

    def weights(self, features: Sequence[Tensor]) -> Tensor:
        """Share of each branch in each channel, (B, 3, Cl); the three add up to one."""
        return self._weigh(self._align(features)).flatten(2)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """E1 to E3, (B, Ci, Hi, Wi) each -> (B, Cl, Hl, Wl)."""
        branches = self._align(features)  # 3 x (B, Cl, Hl, Wl)
        shares = self._weigh(branches).unbind(dim=1)  # 3 x (B, Cl, 1, 1)
        weighted = [branch * share for branch, share in zip(branches, shares, strict=True)]
        out: Tensor = self.reduce(torch.cat(weighted, dim=1))
        return out

    def _align(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [align(one) for align, one in zip(self.align, features, strict=True)]

    def _weigh(self, branches: list[Tensor]) -> Tensor:
        if self.fixed is not None:
            return self.fixed[None, :, :, None, None].to(branches[0])
        return self._dynamic(branches)

    def _dynamic(self, branches: list[Tensor]) -> Tensor:
        squeezed = self.merge(branches).mean(dim=(2, 3), keepdim=True)
        shares: Tensor = self.gate(squeezed).unflatten(1, (3, -1)).softmax(dim=1)
        return shares  # (B, 3, Cl, 1, 1)

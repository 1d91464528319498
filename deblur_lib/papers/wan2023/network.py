"""Multi-scale residual modules and dynamic feature fusion on a U-Net (wan2023, Sec. 1, Fig. 1).

The U-Net with several inputs and outputs is MIMO-UNet's; the paper puts MSRM in place of its
residual blocks and DFFM in place of its skips. What the paper leaves open is an option with the
number of the open point (W1 to W17, listed among the departures of the experiment).

Shape legend: B batch; C1, C2, C3 = C, 2C, 4C channels at level 1 (full size), 2 (half) and
3 (quarter); Hl, Wl height and width of level l.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.mimo_unet import AFF, FAM, SCM, ResBlock
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.convs import BasicConv
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS
from deblur_lib.papers.wan2023.blocks import DFFM, MSRM, ChannelAttention

LEVELS = (1, 2, 3)


class SameLevel(nn.Module):
    """Plain skip: the encoder output of the level, the others unseen."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.level = level

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """E1 to E3 -> the one of the level, as it is."""
        return features[self.level - 1]


def asymmetric(widths: Sequence[int], level: int) -> nn.Module:
    """Skip of MIMO-UNet: AFF at levels 1 and 2."""
    return AFF(widths, level - 1) if level < 3 else SameLevel(level)


def dynamic(widths: Sequence[int], level: int, *, levels: Sequence[int], **dffm: Any) -> nn.Module:
    """Skip of the paper: DFFM at the levels given."""
    return DFFM(widths, level, **dffm) if level in levels else SameLevel(level)


# Each takes the keywords of its own part and ignores those of the others.
BLOCKS: dict[str, Callable[..., nn.Module]] = {
    "residual": lambda channels, **_: ResBlock(channels),
    "msrm": MSRM,
}
SKIPS: dict[str, Callable[..., nn.Module]] = {
    "plain": lambda widths, level, **_: SameLevel(level),
    "aff": lambda widths, level, **_: asymmetric(widths, level),
    "dffm": dynamic,
}
PYRAMIDS: dict[str, Callable[[Tensor], Tensor]] = {
    mode: partial(F.interpolate, scale_factor=0.5, mode=mode)
    for mode in ("nearest", "bilinear", "area")
}


class WanNet(Deblurrer):
    """Restore a picture at three sizes at once, each as a correction of the blurred one.

    The defaults read the paper's text to the letter; `skip="aff"` with `block="residual"` is
    MIMO-UNet.

    Args:
        base_channels: width C of level 1 (W1).
        blocks_per_stage: blocks in each of the six stages.
        block: a name in `BLOCKS`.
        skip: a name in `SKIPS` (W15).
        dffm_levels: levels whose skip is a DFFM; the others keep the plain one (W5).
        msrm_entry: see `MSRM`, as are the options up to `ca_min`.
        msrm_expand: 2 gives about 13 C^2 weights in a block, a residual block has 18 C^2.
        msrm_act: W3.
        act_type: W3.
        ca_reduction: W4.
        ca_min: W4.
        dffm_resize: see `DFFM`, as are the options up to `dffm_min`.
        dffm_align_kernel: W7.
        dffm_merge: W8.
        dffm_reduction: W9.
        dffm_min: W9.
        dffm_shares: see `DFFM`; "mean" needs `calibrate`.
        pyramid_mode: how the smaller inputs are made, a name in `PYRAMIDS` (W13).
        start: "random" as published, or "identity" to begin with last layers of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: an option has no such choice, or the groups of an MSRM would not be equal.

    Source: wan2023, Sec. 1.1, Fig. 1; what is not printed there is taken from MIMO-UNet.
    """

    name = "wan2023"
    multiple_of = 4

    def __init__(
        self,
        *,
        base_channels: PositiveInt = 32,
        blocks_per_stage: NonNegativeInt = 8,
        block: str = "msrm",
        skip: str = "dffm",
        dffm_levels: Sequence[int] = (1, 2),
        msrm_entry: str = "dw_pw",
        msrm_expand: PositiveInt = 1,
        msrm_act: str = "after_group",
        act_type: str = "relu",
        ca_reduction: PositiveInt = 16,
        ca_min: PositiveInt = 4,
        dffm_resize: str = "bilinear",
        dffm_align_kernel: PositiveInt = 1,
        dffm_merge: str = "sum",
        dffm_reduction: PositiveInt = 8,
        dffm_min: PositiveInt = 4,
        dffm_shares: str = "dynamic",
        pyramid_mode: str = "nearest",
        start: str = "random",
    ) -> None:
        super().__init__()
        if not set(dffm_levels) <= set(LEVELS):
            raise UsageError(f"dffm_levels must be among {LEVELS}, got {list(dffm_levels)}")
        make_block = partial(
            choose("block", block, BLOCKS),
            entry=msrm_entry,
            expand=msrm_expand,
            act=msrm_act,
            act_type=act_type,
            ca_reduction=ca_reduction,
            ca_min=ca_min,
        )
        make_skip = partial(
            choose("skip", skip, SKIPS),
            levels=dffm_levels,
            resize=dffm_resize,
            align_kernel=dffm_align_kernel,
            merge=dffm_merge,
            reduction=dffm_reduction,
            least=dffm_min,
            shares=dffm_shares,
        )

        self.widths = widths = (base_channels, 2 * base_channels, 4 * base_channels)
        self.halve = choose("pyramid_mode", pyramid_mode, PYRAMIDS)
        self._lay(widths)
        self.skip = nn.ModuleList(make_skip(widths, level) for level in LEVELS)
        self.encode_at, self.decode_at = (
            nn.ModuleList(
                nn.Sequential(*(make_block(width) for _ in range(blocks_per_stage)))
                for width in widths
            )
            for _ in range(2)
        )
        for last in self.paint:
            choose("start", start, STARTS)(last.main[0])  # type: ignore[index,arg-type]
        self.tile_safe = not any(isinstance(one, ChannelAttention | DFFM) for one in self.modules())

    def _lay(self, widths: tuple[int, int, int]) -> None:
        """Everything that no option changes; one item for each level, in the order of levels."""
        c1, c2, c3 = widths
        self.enter = nn.ModuleList(
            (BasicConv(3, c1, 3), BasicConv(c1, c2, 3, stride=2), BasicConv(c2, c3, 3, stride=2))
        )
        self.read = nn.ModuleList((SCM(c2), SCM(c3)))  # levels 2 and 3, as `attend` (W16)
        self.attend = nn.ModuleList((FAM(c2), FAM(c3)))
        self.rise = nn.ModuleList(  # to levels 1 and 2, as `join`
            BasicConv(2 * width, width, 4, stride=2, transpose=True) for width in (c1, c2)
        )
        self.join = nn.ModuleList((BasicConv(2 * c1, c1, 1), BasicConv(2 * c2, c2, 1)))
        self.paint = nn.ModuleList(BasicConv(width, 3, 3, act=None) for width in widths)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """S3, S2, S1: restored at a quarter, half and full size, from (B, 3, H, W).

        Raises:
            UsageError: height or width is not a multiple of 4.
        """
        check_input(self, blurred)
        pictures = self.pyramid(blurred)
        features = self.encode(pictures)
        skip1, skip2, skip3 = (fuse(features) for fuse in self.skip)  # F1, F2, F3 or E3

        x = self.decode_at[2](skip3)  # (B, C3, H3, W3)
        s3 = self.paint[2](x) + pictures[2]
        x = self.join[1](torch.cat((self.rise[1](x), skip2), dim=1))  # (B, C2, H2, W2)
        x = self.decode_at[1](x)
        s2 = self.paint[1](x) + pictures[1]
        x = self.join[0](torch.cat((self.rise[0](x), skip1), dim=1))  # (B, C1, H1, W1)
        x = self.decode_at[0](x)
        return s3, s2, self.paint[0](x) + pictures[0]

    @torch.no_grad()
    def calibrate(self, blurred: Iterable[Tensor]) -> None:
        """Fix DFFM's shares at their mean over pictures, with dffm_shares="mean"."""
        mixing = [one for one in self.skip if isinstance(one, DFFM) and one.averaged]
        if mixing:
            whole = (
                one[None, :, : one.shape[1] // 4 * 4, : one.shape[2] // 4 * 4] for one in blurred
            )
            features = [self.encode(self.pyramid(one)) for one in whole]
            for one in mixing:
                one.settle(features)

    def pyramid(self, blurred: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """B1 to B3, (B, 3, Hl, Wl) each: the picture and its two reductions."""
        half = self.halve(blurred)
        return blurred, half, self.halve(half)

    def encode(self, pictures: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """E1 to E3, (B, Cl, Hl, Wl) each, from the pyramid."""
        e1 = self.encode_at[0](self.enter[0](pictures[0]))
        x = self.attend[0](self.enter[1](e1), self.read[0](pictures[1]))
        e2 = self.encode_at[1](x)
        x = self.attend[1](self.enter[2](e2), self.read[1](pictures[2]))
        return e1, e2, self.encode_at[2](x)

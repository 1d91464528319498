"""DSGformer (lu2025, Sec. 2.2, Fig. 1): a symmetric U-shaped chain of DSGA blocks.

The paper numbers no equation; (1) to (14) count them in order of appearance.

Shape legend: B batch, C base channels (`dim`), H height, W width.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.restormer import TransformerBlock
from deblur_lib.nn import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.options import BlockOptions

LEVELS = 4
HEAD_WIDTH = 32  # channels of one head when `heads` is left open
EXPANSION = 2.66  # hidden channels of Restormer's feed-forward over those of its level

# A layout is a walk: "down" and "up" change the size and, by 2, the width; "widen" enlarges at
# unchanged width; "blocks2" is a chain of DSGA blocks with the depth and heads of level 2; "keep"
# stores a skip, "fuse" merges the last stored one at unchanged width, "join" concatenates it.
LAYOUTS: dict[str, str] = {
    "symmetric": "down blocks0 keep down blocks1 keep down blocks2 keep blocks3 "
    "blocks3 fuse blocks2 up fuse blocks1 up join blocks0 up",
    "restormer": "blocks0 keep down blocks1 keep down blocks2 keep down blocks3 "
    "up fuse blocks2 up fuse blocks1 up join blocks0",
    "blocks_first": "blocks0 down keep blocks1 down keep blocks2 down keep blocks3 "
    "fuse up blocks2 fuse up blocks1 fuse widen blocks0",
}


def down_shuffle(width: int, bias: bool) -> nn.Module:
    """Convolve to half the width, then move each 2x2 square into channels (Restormer)."""
    return nn.Sequential(
        nn.Conv2d(width, width // 2, 3, padding=1, bias=bias), nn.PixelUnshuffle(2)
    )


def up_shuffle(width: int, out: int, bias: bool) -> nn.Module:
    """Convolve, then spread channels over 2x2 squares (Restormer)."""
    return nn.Sequential(nn.Conv2d(width, 4 * out, 3, padding=1, bias=bias), nn.PixelShuffle(2))


def down_bilinear(width: int, bias: bool) -> nn.Module:
    """Shrink, then convolve to twice the width (FFTformer)."""
    return nn.Sequential(
        nn.Upsample(scale_factor=0.5, mode="bilinear"),
        nn.Conv2d(width, 2 * width, 3, padding=1, bias=bias),
    )


def up_bilinear(width: int, out: int, bias: bool) -> nn.Module:
    """Enlarge, then convolve (FFTformer)."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Conv2d(width, out, 3, padding=1, bias=bias),
    )


def down_strided(width: int, bias: bool) -> nn.Module:
    """Convolve each 2x2 square to twice the width (NAFNet)."""
    return nn.Conv2d(width, 2 * width, 2, stride=2, bias=bias)


def up_pointwise(width: int, out: int, bias: bool) -> nn.Module:
    """Widen pixel by pixel, then spread channels over 2x2 squares (NAFNet)."""
    return nn.Sequential(nn.Conv2d(width, 4 * out, 1, bias=bias), nn.PixelShuffle(2))


RESAMPLES: dict[
    str, tuple[Callable[[int, bool], nn.Module], Callable[[int, int, bool], nn.Module]]
] = {
    "shuffle": (down_shuffle, up_shuffle),
    "bilinear": (down_bilinear, up_bilinear),
    "strided": (down_strided, up_pointwise),
}


class ConcatFuse(nn.Module):
    """Concatenate the skip and reduce by a 1x1 convolution (Restormer)."""

    def __init__(self, width: int, skip: int, options: BlockOptions) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width + skip, width, 1, bias=options.bias)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, H, W) and a skip of that size to the shape of the first."""
        reduced: Tensor = self.reduce(torch.cat((x, skip), dim=1))
        return reduced


class SumFuse(nn.Module):
    """Add the skip (NAFNet)."""

    def __init__(self, width: int, skip: int, options: BlockOptions) -> None:
        super().__init__()

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, H, W) twice to the same shape."""
        return x + skip


class GatedFuse(nn.Module):
    """Mix both by one block at their joint width, then add the halves (FFTformer, with DSGA)."""

    def __init__(self, width: int, skip: int, options: BlockOptions) -> None:
        super().__init__()
        joint = width + skip
        self.enter = nn.Conv2d(joint, joint, 1, bias=options.bias)
        self.mix = DSGA(joint, max(1, joint // HEAD_WIDTH), options)
        self.leave = nn.Conv2d(joint, joint, 1, bias=options.bias)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, H, W) twice to the same shape."""
        mixed = self.leave(self.mix(self.enter(torch.cat((x, skip), dim=1))))  # (B, 2C, H, W)
        left, right = mixed.chunk(2, dim=1)
        return left + right  # type: ignore[no-any-return]


class Join(nn.Module):
    """Concatenate the skip; the width grows."""

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, H, W) and (B, C', H, W) to (B, C + C', H, W)."""
        return torch.cat((x, skip), dim=1)


BLOCKS: dict[str, Callable[[int, int, BlockOptions], nn.Module]] = {
    "dsga": DSGA,
    "mdta_gdfn": lambda channels, heads, _: TransformerBlock(channels, heads, EXPANSION),
}
FUSES: dict[str, Callable[[int, int, BlockOptions], nn.Module]] = {
    "concat": ConcatFuse,
    "sum": SumFuse,
    "gated": GatedFuse,
}


def steps(layout: str, *, full_res_skip: bool, refinement: int) -> list[tuple[str, str]]:
    """Walk of a layout, each step as (name of its own, kind of step).

    Raises:
        UsageError: unknown layout, or a second full-size skip.
    """
    walk = choose("layout", layout, LAYOUTS).split()
    if full_res_skip and walk[:2] == ["blocks0", "keep"]:
        raise UsageError(f"full_res_skip: the layout {layout!r} has a full-size skip already")
    if full_res_skip:
        walk = ["keep", *walk, "join"]
    if refinement:
        walk.append("refine")
    seen: Counter[str] = Counter()
    named = []
    for kind in walk:
        seen[kind] += 1
        named.append((f"{kind}_{seen[kind]}", kind))
    return named


def per_level(option: str, value: int | Sequence[int]) -> dict[str, int]:
    """One number for each level's blocks, fine to coarse, and the finest one for refinement.

    Raises:
        UsageError: not one number and not one per level, or a number below one.
    """
    numbers = [value] * LEVELS if isinstance(value, int) else list(value)
    if len(numbers) != LEVELS or min(numbers) < 1:
        raise UsageError(
            f"{option} must be one number or {LEVELS} of them, each 1 or more, got {value}"
        )
    return {f"blocks{level}": number for level, number in enumerate(numbers)} | {
        "refine": numbers[0]
    }


class DSGformer(Deblurrer):
    """Restore a picture by DSGA blocks on four levels, plus the blurred picture.

    Args:
        dim: base channels C.
        blocks: DSGA blocks of each layer, one number or one per level, fine to coarse; the
            decoder mirrors the encoder.
        layout: "symmetric" (down, then blocks; meets every printed shape), "restormer" (blocks,
            then down; has a full-size skip) or "blocks_first" (blocks, then down, skips behind
            the down).
        refinement: further blocks at full size and 2C channels.
        heads: heads of each layer, one number or one per level; None gives each head 32 channels,
            1 is the literal reading of the printed C x C matrix.
        block: "dsga", or "mdta_gdfn", Restormer's attention and feed-forward, which the paper
            replaces.
        gate: "dfgb", "gelu", "simple_gate" or "simple_gate_split".
        score: "relu2", "relu", "softmax" (dense, Restormer's) or "softmax_topk" (DRSformer's).
        topk_ratios: share of each row that every branch keeps; (1,) switches the selection off.
        qk_norm: "l2" (unit rows) or "none_scaled" (scores divided by H W).
        alpha: the factor of the scores, "learned" per head or "fixed" at one.
        branch_weight: W_n, "free", "softmax" or "per_head".
        branch_start: "each" branch at 0.2, or 0.8 "shared" among all.
        attn_row_norm: "none" or "l1" (rows of the rectified scores sum to one in size).
        dfgb_matrix: M, "channel", "shared" or "complex".
        dfgb_transform: "fft" or "dct".
        dfgb_patch: side of a frequency block.
        full_res_skip: join the head's output before the tail.
        fuse: "concat", "sum" or "gated"; the finest skip is always concatenated.
        resample: "shuffle", "bilinear" or "strided".
        ln_bias: shift of the layer norms.
        bias: bias of the convolutions.
        start: "random" as published, or "identity" to begin with a last layer of zeros, so that
            the network gives its input back before it has learnt anything.

    Raises:
        UsageError: unknown part, or numbers that do not fit each other.

    Source: lu2025, Sec. 2.2, Eqs. (8) to (14); width, depths, heads and resampling are not printed
    (departures D01 to D07): the defaults give the printed 15.57 million parameters.
    """

    name = "dsgformer"
    multiple_of = 64  # three halvings, then blocks of 8 pixels
    minimum_size = 64
    tile_safe = False  # attention sums over the whole picture

    def __init__(
        self,
        *,
        dim: PositiveInt = 32,
        blocks: int | Sequence[int] = 8,
        layout: str = "symmetric",
        refinement: NonNegativeInt = 0,
        heads: int | Sequence[int] | None = None,
        block: str = "dsga",
        gate: str = "dfgb",
        score: str = "relu2",
        topk_ratios: Sequence[float] = (1 / 2, 2 / 3, 3 / 4, 4 / 5),
        qk_norm: str = "l2",
        alpha: str = "learned",
        branch_weight: str = "free",
        branch_start: str = "each",
        attn_row_norm: str = "none",
        dfgb_matrix: str = "channel",
        dfgb_transform: str = "fft",
        dfgb_patch: PositiveInt = 8,
        full_res_skip: bool = False,
        fuse: str = "concat",
        resample: str = "shuffle",
        ln_bias: bool = True,
        bias: bool = False,
        start: str = "random",
    ) -> None:
        super().__init__()
        self.options = BlockOptions(
            gate=gate,
            score=score,
            topk_ratios=tuple(topk_ratios),
            qk_norm=qk_norm,
            alpha=alpha,
            branch_weight=branch_weight,
            branch_start=branch_start,
            attn_row_norm=attn_row_norm,
            dfgb_matrix=dfgb_matrix,
            dfgb_transform=dfgb_transform,
            dfgb_patch=dfgb_patch,
            ln_bias=ln_bias,
            bias=bias,
        )
        self.depths = per_level("blocks", blocks) | {"refine": refinement}
        self.heads = per_level("heads", heads) if heads is not None else {}
        self.make_block = choose("block", block, BLOCKS)
        self.resample = choose("resample", resample, RESAMPLES)
        self.make_fuse = choose("fuse", fuse, FUSES)
        self.multiple_of = self.minimum_size = 8 * dfgb_patch
        self.head = nn.Conv2d(3, dim, 3, padding=1, bias=bias)
        self.walk = steps(layout, full_res_skip=full_res_skip, refinement=refinement)
        self.parts = nn.ModuleDict()
        width = self._fill(dim)
        self.tail = nn.Conv2d(width, 3, 3, padding=1, bias=bias)
        choose("start", start, STARTS)(self.tail)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1], sides multiples of `multiple_of`: Eqs. (8) to (14)."""
        check_input(self, blurred)
        x = self.head(blurred)  # (B, C, H, W)                                           Eq. (8)
        kept: list[Tensor] = []
        for name, kind in self.walk:
            if kind == "keep":
                kept.append(x)
            elif kind in ("fuse", "join"):
                x = self.parts[name](x, kept.pop())
            else:
                x = self.parts[name](x)
        # x is D, (B, 2C, H, W)                                                         Eq. (11)
        return (self.tail(x) + blurred,)  # (B, 3, H, W)                      Eqs. (12) to (14)

    def _fill(self, width: int) -> int:
        """Build the parts along the walk; returns the channels at its end."""
        down, up = self.resample
        bias = self.options.bias
        kept: list[int] = []
        for name, kind in self.walk:
            if kind == "keep":
                kept.append(width)
            elif kind == "down":
                self.parts[name], width = down(width, bias), 2 * width
            elif kind in ("up", "widen"):
                out = width // 2 if kind == "up" else width
                self.parts[name], width = up(width, out, bias), out
            elif kind == "fuse":
                self.parts[name] = self.make_fuse(width, kept.pop(), self.options)
            elif kind == "join":
                self.parts[name], width = Join(), width + kept.pop()
            else:
                self.parts[name] = self._chain(width, kind)
        return width

    def _chain(self, width: int, kind: str) -> nn.Sequential:
        heads = self.heads.get(kind, max(1, width // HEAD_WIDTH))
        return nn.Sequential(
            *(self.make_block(width, heads, self.options) for _ in range(self.depths[kind]))
        )

"""Two-stage video network of zhao2020: deblur a frame alone, then with both its neighbours.

Stage 1 restores the current frame and exports features of it, the paper's bidirectional feature
flow. Stage 2 encodes (previous frame, first estimate) and (next frame, first estimate) side by
side, mixes the exported features into both, and decodes the two codes together into a residual.

Shape legend: B batch, C channels of a level (32, 64, 128), H height, W width.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.nn.parts import choose
from deblur_lib.nn.starts import STARTS

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "none": lambda channels: nn.Identity(),
}
Features = tuple[Tensor, Tensor, Tensor]  # levels 1 to 3: (B, C_k, H / 2^(k-1), W / 2^(k-1))


class CIR(nn.Sequential):
    """Convolution, norm, ReLU: (B, channels, H, W) -> (B, out, H / stride, W / stride)."""

    def __init__(
        self, channels: int, out: int, *, norm: str, kernel: int = 5, stride: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(channels, out, kernel, stride, kernel // 2),
            NORMS[norm](out),
            nn.ReLU(inplace=True),
        )


class TIR(nn.Sequential):
    """Transposed convolution, norm, ReLU: (B, channels, H, W) -> (B, out, 2H, 2W)."""

    def __init__(self, channels: int, out: int, *, norm: str) -> None:
        super().__init__(
            nn.ConvTranspose2d(channels, out, 5, 2, 2, output_padding=1),
            NORMS[norm](out),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 5x5 convolutions with norms, added to the input; no ReLU before the sum."""

    def __init__(self, channels: int, *, norm: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            CIR(channels, channels, norm=norm),
            nn.Conv2d(channels, channels, 5, padding=2),
            NORMS[norm](channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W)."""
        y: Tensor = self.body(x)
        return x + y


def _blocks(channels: int, count: int, norm: str) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels, norm=norm) for _ in range(count)))


class Fusion(nn.Module):
    """Stack two maps of C channels and mix them back to C by a 1x1 convolution."""

    def __init__(self, channels: int, *, norm: str, active: bool = True) -> None:
        super().__init__()
        self.mix: nn.Module = (
            CIR(2 * channels, channels, norm=norm, kernel=1)
            if active
            else nn.Conv2d(2 * channels, channels, 1)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Two maps (B, C, H, W) -> (B, C, H, W)."""
        mixed: Tensor = self.mix(torch.cat((x, y), dim=1))
        return mixed


class Encoder(nn.Module):
    """Three levels, each a convolution and residual blocks; a socket mixes features in.

    Args:
        inputs: channels of the input.
        channels: channels of the three levels.
        blocks: residual blocks in each level.
        norm: name in `NORMS`.
        flow_levels: levels (1 to 3) at which foreign features are mixed in.
        active: put norm and ReLU behind the mixing convolution.
    """

    def __init__(
        self,
        inputs: int,
        *,
        channels: Sequence[int],
        blocks: int,
        norm: str,
        flow_levels: Sequence[int] = (),
        active: bool = True,
    ) -> None:
        super().__init__()
        befores = (inputs, *channels[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(
                CIR(before, width, norm=norm, stride=2 if level else 1),
                _blocks(width, blocks, norm),
            )
            for level, (before, width) in enumerate(zip(befores, channels, strict=True))
        )
        self.fuse = nn.ModuleDict(
            {
                str(level): Fusion(channels[level - 1], norm=norm, active=active)
                for level in flow_levels
            }
        )

    def forward(self, x: Tensor, flow: Features | None = None) -> Features:
        """Encode (B, inputs, H, W).

        Args:
            x: the picture or stacked pictures.
            flow: features of another encoder to mix in at the levels of `fuse`.

        Returns:
            Features of the three levels.
        """
        found: list[Tensor] = []
        for number, level in enumerate(self.levels, start=1):
            x = level(x)
            if flow is not None and str(number) in self.fuse:
                x = self.fuse[str(number)](x, flow[number - 1])
            found.append(x)
        return found[0], found[1], found[2]


class Decoder(nn.Module):
    """Mirror of the encoder: residual blocks, then twice the size, skips added after it."""

    def __init__(self, *, channels: Sequence[int], blocks: int, norm: str) -> None:
        super().__init__()
        fine, middle, coarse = channels
        self.level3 = _blocks(coarse, blocks, norm)
        self.up3 = TIR(coarse, middle, norm=norm)
        self.level2 = _blocks(middle, blocks, norm)
        self.up2 = TIR(middle, fine, norm=norm)
        self.level1 = _blocks(fine, blocks, norm)
        self.tail = nn.Conv2d(fine, 3, 5, padding=2)

    def forward(self, code: Tensor, skips: tuple[Tensor, Tensor] | None) -> Tensor:
        """Decode.

        Args:
            code: (B, C_3, H/4, W/4).
            skips: features of levels 1 and 2 to add, None for none.

        Returns:
            (B, 3, H, W) in [-1, 1].
        """
        x = self.up3(self.level3(code))  # (B, C_2, H/2, W/2)
        x = self.up2(self.level2(x if skips is None else x + skips[1]))  # (B, C_1, H, W)
        x = self.level1(x if skips is None else x + skips[0])
        return self.tail(x).tanh()  # type: ignore[no-any-return]


class SkipSum(nn.Module):
    """Sum of two maps, times a factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Two maps (B, C, H, W) -> (B, C, H, W)."""
        return self.factor * (x + y)


SKIPS: dict[str, Callable[[int], nn.Module]] = {
    "sum": lambda channels: SkipSum(1.0),
    "mean": lambda channels: SkipSum(0.5),
    "concat1x1": lambda channels: Fusion(channels, norm="none", active=False),
}


NEIGHBOURS = {  # position in the clip of the frame that each encoder of stage 2 sees
    "both": (0, 2),
    "exchanged": (2, 0),
    "middle": (1, 1),
}


class FeatureFlowDeblurrer(Deblurrer):
    """Restore the middle frame of three.

    Args:
        channels: channels of the three levels.
        blocks: residual blocks in each level.
        stages: 2, or 1 for the first stage alone (a single-picture network).
        flow_levels: encoder levels (1 to 3) at which the feature flow is tapped; empty for none.
        flow_fuse_act: put norm and ReLU behind the 1x1 convolution that mixes the flow in.
        stage1_residual: stage 1 learns a correction of its frame, not the frame.
        stage2_residual: stage 2 learns a correction of the first estimate, not the frame.
        skips: connect encoder and decoder levels.
        skip2: how the skips of the two encoders are joined: "sum", "mean" or "concat1x1".
        norm: "instance" (with scale and shift) or "none".
        detach_p0: stop the gradient between the stages.
        neighbours: what the two encoders of stage 2 see: "both" neighbours, both "exchanged", or
            the "middle" frame twice, which makes a clip of one frame, (B_0, B_0, B_0).
        start: "random", or "identity" to begin with last layers of zeros, so that a residual
            network gives its input back before it has learnt anything.

    Raises:
        UsageError: an unknown word, level or number of stages.

    Source: zhao2020, Sec. 2; 17,547,014 parameters, 17,568,070 with the flow at all three levels.
    """

    name = "zhao2020"
    multiple_of = 4
    minimum_size = 8  # instance norm needs more than one value at a quarter of the size
    clip_length = 3
    tile_safe = False  # instance norm sees the whole picture

    def __init__(
        self,
        *,
        channels: Sequence[int] = (32, 64, 128),
        blocks: NonNegativeInt = 3,
        stages: PositiveInt = 2,
        flow_levels: Sequence[int] = (3,),
        flow_fuse_act: bool = True,
        stage1_residual: bool = True,
        stage2_residual: bool = True,
        skips: bool = True,
        skip2: str = "sum",
        norm: str = "instance",
        detach_p0: bool = False,
        neighbours: str = "both",
        start: str = "random",
    ) -> None:
        super().__init__()
        _check_options(channels=channels, stages=stages, flow_levels=flow_levels)
        choose("norm", norm, NORMS)
        self.skips = skips
        self.stage1_residual = stage1_residual
        self.stage2_residual = stage2_residual
        self.detach_p0 = detach_p0
        self.neighbours = choose("neighbours", neighbours, NEIGHBOURS)
        encoder = partial(Encoder, channels=channels, blocks=blocks, norm=norm)
        decoder = partial(Decoder, channels=channels, blocks=blocks, norm=norm)
        self.encode = encoder(3)
        self.decode = decoder()
        self.stages = stages
        begin = choose("start", start, STARTS)
        begin(self.decode.tail)
        if stages == 1:
            return
        self.encode_previous = encoder(6, flow_levels=flow_levels, active=flow_fuse_act)
        self.encode_next = encoder(6, flow_levels=flow_levels, active=flow_fuse_act)
        self.join_codes = Fusion(channels[2], norm=norm)
        join = choose("skip2", skip2, SKIPS)
        self.join_skips = nn.ModuleList(join(width) for width in channels[:2] if skips)
        self.decode_both = decoder()
        begin(self.decode_both.tail)

    def feature_flow(self, frame: Tensor) -> Features:
        """Features of a frame that stage 2 receives.

        Args:
            frame: (B, 3, H, W) in [0, 1].

        Returns:
            Levels 1 to 3; the default network uses the last, (B, 128, H/4, W/4).
        """
        features: Features = self.encode(2 * frame - 1)
        return features

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore the middle frame.

        Args:
            blurred: (B, 3, 3, H, W) in [0, 1]: previous, current and next frame.

        Returns:
            (P_0, E_0), each (B, 3, H, W): the estimate of stage 1, within [0, 1], and the result,
            not clamped; (P_0,) with one stage.
        """
        check_input(self, blurred)
        frames = (2 * blurred - 1).unbind(dim=1)  # range [-1, 1]
        previous, following = (frames[position] for position in self.neighbours)
        current = frames[1]
        flow: Features = self.encode(current)
        first = self.decode(flow[2], self._skips(flow))
        if self.stage1_residual:
            first = (current + first).clamp(-1, 1)  # P_0
        outputs = [first]
        if self.stages == 2:
            outputs.append(self.refine(first, previous, following, flow))
        return tuple((output + 1) / 2 for output in outputs)

    def refine(self, first: Tensor, previous: Tensor, following: Tensor, flow: Features) -> Tensor:
        """Correct the first estimate by what the neighbours show (stage 2).

        Args:
            first: P_0, (B, 3, H, W) in [-1, 1].
            previous: B_-1, likewise.
            following: B_1, likewise.
            flow: features of the middle frame from stage 1.

        Returns:
            E_0 = I_R + P_0, (B, 3, H, W), not clamped; I_R alone without `stage2_residual`.
        """
        if self.detach_p0:
            first = first.detach()
        before: Features = self.encode_previous(torch.cat((previous, first), dim=1), flow)
        after: Features = self.encode_next(torch.cat((following, first), dim=1), flow)
        code = self.join_codes(before[2], after[2])  # (B, 128, H/4, W/4)
        joined = [join(x, y) for join, x, y in zip(self.join_skips, before, after, strict=False)]
        residual: Tensor = self.decode_both(code, (joined[0], joined[1]) if joined else None)
        return first + residual if self.stage2_residual else residual  # E_0 = I_R + P_0

    def _skips(self, features: Features) -> tuple[Tensor, Tensor] | None:
        return features[:2] if self.skips else None


def _check_options(*, channels: Sequence[int], stages: int, flow_levels: Sequence[int]) -> None:
    if len(channels) != 3:
        raise UsageError(f"channels needs the widths of three levels, got {list(channels)}")
    if stages not in (1, 2):
        raise UsageError(f"stages needs 1 or 2, got {stages}")
    if set(flow_levels) - {1, 2, 3} or len(set(flow_levels)) != len(flow_levels):
        raise UsageError(f"flow_levels needs distinct levels among 1, 2, 3, got {flow_levels}")

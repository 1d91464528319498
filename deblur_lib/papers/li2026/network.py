"""Generator of li2026: DeblurGAN-v2 with MSFM, ECA and AFEM in its sockets.

The paper prints neither where the three modules sit nor their sizes; each such point is an option
whose default is explained among the room's departures. With all three modules off the network is
`deblurgan_v2`, layer by layer.

Shape legend: B batch, C channels, P pyramid channels, F head channels, H height, W width.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.networks.deblurgan_v2 import LEVELS, DeblurGANv2, FPNHead, nearest
from deblur_lib.nn.norms import BatchNorm, Statistics, set_statistics
from deblur_lib.nn.parts import choose


class MSFM(nn.Module):
    """Multi-scale spatial feature enhancement: five views of a map, merged.

    Args:
        channels: channels C of input and output.
        dilations: steps of the three dilated 3x3 convolutions, in pixels of the map.
        width: channels of each branch; C when None.
        dropout: share of output values dropped in training.
        norm: norm of the dilated branches and of the merge, a name in `NORMS`.
        global_norm: norm of the pooled branch, a name in `GLOBAL_NORMS`.
        affine: learn scale and shift of the instance norm in the 1x1 branch.
        residual: add the input to the output.

    Raises:
        UsageError: unknown norm.

    Source: li2026, Sec. 3.1 (E7 to E10 in the room).
    """

    def __init__(
        self,
        channels: int,
        *,
        dilations: Sequence[int] = (1, 2, 4),
        width: int | None = None,
        dropout: float = 0.5,
        norm: str = "batch",
        global_norm: str = "layer",
        affine: bool = True,
        residual: bool = False,
    ) -> None:
        super().__init__()
        make = choose("msfm_norm", norm, NORMS)
        wide = width or channels
        self.dilations = tuple(dilations)
        self.residual = residual
        self.point = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.InstanceNorm2d(wide, affine=affine),
            nn.ReLU(inplace=True),
        )
        self.atrous = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, wide, 3, padding=step, dilation=step, bias=False),
                make(wide),
                nn.ReLU(inplace=True),
            )
            for step in self.dilations
        )
        self.overall = nn.Linear(channels, wide, bias=False)
        self.overall_norm = choose("msfm_global_norm", global_norm, GLOBAL_NORMS)(wide)
        self.merge = nn.Sequential(
            nn.Conv2d((2 + len(self.dilations)) * wide, channels, 1, bias=False),
            make(channels),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W).

        Raises:
            UsageError: in training, a dilation that reaches across the map: its outer taps would
                see only the border and stay untrained.
        """
        side = min(x.shape[-2:])
        if self.training and max(self.dilations) >= side:
            raise UsageError(
                f"MSFM needs dilations below the side of its map in training, got "
                f"{list(self.dilations)} on a {x.shape[-2]}x{x.shape[-1]} map; set smaller "
                f"msfm_dilations, a finer msfm_levels or a larger crop"
            )
        vector = F.relu(self.overall_norm(self.overall(x.mean((2, 3)))))  # (B, C)
        views = [self.point(x), *(branch(x) for branch in self.atrous)]
        views.append(vector[:, :, None, None].expand(-1, -1, *x.shape[-2:]))
        y: Tensor = self.merge(torch.cat(views, dim=1))  # (B, 5C, H, W) -> (B, C, H, W)
        return y + x if self.residual else y


class ECA(nn.Module):
    """Channel attention by a short convolution along the channels.

    Args:
        channels: channels C.
        kernel: length of the convolution, or "auto" for a length that grows with log2 C.

    Source: li2026, Sec. 3.1 (E11 to E14); the rule for "auto" is ECA-Net's.
    """

    def __init__(self, channels: int, *, kernel: int | str = "auto") -> None:
        super().__init__()
        size = eca_kernel_size(channels) if kernel == "auto" else int(kernel)
        self.mix = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def weights(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1)."""
        pooled = x.mean((2, 3))  # (B, C)
        return self.mix(pooled[:, None]).sigmoid()[:, 0]  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W)."""
        return x * self.weights(x)[:, :, None, None]


def eca_kernel_size(channels: int) -> int:
    """Odd length near (log2 C + 1) / 2: 3 up to 64 channels, 5 up to 1088, 7 at 2048."""
    half = int((math.log2(channels) + 1) / 2)
    return half if half % 2 else half + 1


class AFEM(nn.Module):
    """Gate of adaptive feature excitation: squeeze to a vector, excite each channel.

    The two convolutions that the paper counts to the module are those of the pyramid head.

    Args:
        channels: channels C.
        reduction: C over the width of the hidden layer, which is at least 4.

    Source: li2026, Sec. 3.1 (E15 to E17).
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(4, channels // reduction)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)

    def weights(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1)."""
        return self.excite(F.relu(self.squeeze(x.mean((2, 3))))).sigmoid()  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W)."""
        return x * self.weights(x)[:, :, None, None]


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": BatchNorm,
    "group": lambda channels: nn.GroupNorm(math.gcd(8, channels), channels),
}
GLOBAL_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "none": lambda channels: nn.Identity(),
}


def _bilinear(x: Tensor, factor: int) -> Tensor:
    return (
        x
        if factor == 1
        else F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    )


def _mixed(x: Tensor, factor: int) -> Tensor:
    return (nearest(x, factor) + _bilinear(x, factor)) / 2


def _concat(x: Tensor, y: Tensor) -> Tensor:
    return torch.cat((x, y), dim=1)


UPSAMPLE: dict[str, Callable[[Tensor, int], Tensor]] = {
    "nearest": nearest,
    "bilinear": _bilinear,
    "mixed": _mixed,
}
MERGES: dict[str, tuple[int, Callable[[Tensor, Tensor], Tensor]]] = {
    "add": (1, torch.add),
    "concat": (2, _concat),
}
OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh_residual": torch.tanh,
    "residual": lambda correction: correction,
}
ECA_PLACES = {"encoder": "on_encoder", "lateral": "on_lateral"}
AFEM_PLACES = {"head": (True, False), "post_concat": (False, True), "both": (True, True)}
POST_CONCAT = "post_concat"


class MultiAttentionGenerator(DeblurGANv2):
    """DeblurGAN-v2's generator with three attention modules.

    Args:
        msfm, eca, afem: switches of the three modules.
        msfm_levels: pyramid levels (1 fine to 4 coarse) whose lateral maps pass an MSFM, or
            "post_concat" for the joined heads.
        msfm_dilations, msfm_channels, msfm_dropout, msfm_norm, msfm_global_norm, msfm_residual,
            norm_affine: see `MSFM` (`width` and `affine` there).
        eca_levels: encoder levels (0 to 4) that pass an ECA.
        eca_where: on the "encoder" output or on the "lateral" map.
        eca_kernel: see `ECA`.
        afem_where: in each "head", "post_concat", or "both".
        afem_reduction: see `AFEM`.
        upsample: "nearest", "bilinear" or "mixed" (mean of both).
        smooth_merge: how map 0 joins: "add" or "concat".
        output: "tanh_residual" or "residual" (no tanh).
        backbone, pyramid_channels, head_channels, backbone_width, backbone_weights, statistics,
            start: see `DeblurGANv2`.

    Raises:
        UsageError: an unknown word, or a level that the pyramid does not have.

    Source: li2026, Sec. 3.1; the options are the open points L01 to L19 of the room.
    """

    name = "li2026"

    def __init__(
        self,
        *,
        msfm: bool = True,
        eca: bool = True,
        afem: bool = True,
        msfm_levels: Sequence[int] | str = (4,),
        msfm_dilations: Sequence[int] = (1, 2, 4),
        msfm_channels: PositiveInt | None = None,
        msfm_dropout: float = 0.5,
        msfm_norm: str = "batch",
        msfm_global_norm: str = "layer",
        msfm_residual: bool = False,
        norm_affine: bool = True,
        eca_levels: Sequence[int] = (0, 1),
        eca_where: str = "encoder",
        eca_kernel: int | str = "auto",
        afem_where: str = "head",
        afem_reduction: PositiveInt = 16,
        upsample: str = "nearest",
        smooth_merge: str = "add",
        output: str = "tanh_residual",
        backbone: str = "inception",
        pyramid_channels: int | None = None,
        head_channels: int | None = None,
        backbone_width: float = 1.0,
        backbone_weights: str | None = None,
        statistics: Statistics = "image",
        start: str = "random",
    ) -> None:
        super().__init__(
            backbone=backbone,
            pyramid_channels=pyramid_channels,
            head_channels=head_channels,
            backbone_width=backbone_width,
            backbone_weights=backbone_weights,
            statistics=statistics,
            start=start,
        )
        if eca:
            self._place_eca(eca_levels, where=eca_where, kernel=eca_kernel)
        if msfm:
            self._place_msfm(
                msfm_levels,
                dilations=msfm_dilations,
                width=msfm_channels,
                dropout=msfm_dropout,
                norm=msfm_norm,
                global_norm=msfm_global_norm,
                affine=norm_affine,
                residual=msfm_residual,
            )
        if afem:
            self._place_afem(afem_where, reduction=afem_reduction)
        self._wire(upsample=upsample, smooth_merge=smooth_merge, output=output)
        set_statistics(self, statistics)

    def _place_eca(self, levels: Sequence[int], *, where: str, kernel: int | str) -> None:
        sockets = self.fpn.get_submodule(choose("eca_where", where, ECA_PLACES))
        for level in _levels("eca_levels", levels, LEVELS):
            lateral = self.fpn.get_submodule(f"lateral{level}")
            assert isinstance(sockets, nn.ModuleList)
            assert isinstance(lateral, nn.Conv2d)
            channels = lateral.in_channels if where == "encoder" else lateral.out_channels
            sockets[level] = _fill(sockets[level], ECA(channels, kernel=kernel))

    def _place_msfm(self, levels: Sequence[int] | str, **settings: Any) -> None:
        if isinstance(levels, str):
            choose("msfm_levels", levels, {POST_CONCAT: None})
            self.on_concat = _fill(self.on_concat, MSFM(self._joined(), **settings))
            return
        sockets = self.fpn.on_lateral
        for level in _levels("msfm_levels", levels, LEVELS[1:]):
            lateral = self.fpn.get_submodule(f"lateral{level}")
            assert isinstance(lateral, nn.Conv2d)
            sockets[level] = _fill(sockets[level], MSFM(lateral.out_channels, **settings))

    def _place_afem(self, where: str, *, reduction: int) -> None:
        heads, joined = choose("afem_where", where, AFEM_PLACES)
        for head in self._heads() if heads else ():
            head.gate = AFEM(head.block1.out_channels, reduction=reduction)
        if joined:
            self.on_concat = _fill(self.on_concat, AFEM(self._joined(), reduction=reduction))

    def _wire(self, *, upsample: str, smooth_merge: str, output: str) -> None:
        self.fpn.resize = choose("upsample", upsample, UPSAMPLE)
        factor, self.join = choose("smooth_merge", smooth_merge, MERGES)
        self.bound = choose("output", output, OUTPUTS)
        first = self.smooth2[0]
        assert isinstance(first, nn.Conv2d)
        if factor > 1:
            self.smooth2[0] = nn.Conv2d(
                factor * first.in_channels, first.out_channels, 3, padding=1
            )

    def _heads(self) -> tuple[FPNHead, ...]:
        return self.head1, self.head2, self.head3, self.head4

    def _joined(self) -> int:
        return sum(head.block1.out_channels for head in self._heads())


def _fill(socket: nn.Module, part: nn.Module) -> nn.Sequential:
    """Put a part behind whatever a socket holds."""
    return nn.Sequential(*(socket if isinstance(socket, nn.Sequential) else ()), part)


def _levels(option: str, levels: Sequence[int], allowed: Sequence[int]) -> tuple[int, ...]:
    wrong = [level for level in levels if level not in allowed]
    if wrong or len(set(levels)) != len(levels):
        raise UsageError(
            f"{option} needs distinct levels among {list(allowed)}, got {list(levels)}"
        )
    return tuple(levels)

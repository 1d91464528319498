"""Generator of li2026: DeblurGAN-v2 with MSFM, ECA and AFEM in its sockets.

The paper prints neither where the three modules sit nor their sizes; each such point is an option
whose default is explained among the room's departures. With all three modules off the network is
`deblurgan_v2`, layer by layer.

Shape legend: B batch, C channels, P pyramid channels, F head channels, H height, W width.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.networks.deblurgan_v2 import LEVELS, DeblurGANv2, FPNHead, nearest
from deblur_lib.nn.norms import Statistics, set_statistics
from deblur_lib.nn.parts import choose
from deblur_lib.papers.li2026.blocks import AFEM, ECA, MSFM, Gate, factors


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
GATES = {"live": False, "mean": True}  # whether the factors of ECA and AFEM are fixed
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
        gates: "live" as published; "mean" fixes the factors of ECA and AFEM at their mean over the
            pictures of `calibrate`.
        upsample: how the heads' maps are brought to one size: "nearest", "bilinear" or "mixed"
            (mean of both).
        smooth_merge: how map 0 joins: "add" or "concat".
        output: "tanh_residual" or "residual" (no tanh).
        backbone, pyramid_channels, head_channels, backbone_width, backbone_weights, statistics,
            start: see `DeblurGANv2`.

    Raises:
        UsageError: an unknown word, or a level that the pyramid does not have.

    Source: li2026, Sec. 3.1, Eqs. (3) to (6); the options are the open points L01 to L19 of the
    room.
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
        gates: str = "live",
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
        fixed = choose("gates", gates, GATES)
        if eca:
            self._place_eca(eca_levels, where=eca_where, kernel=eca_kernel, fixed=fixed)
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
            self._place_afem(afem_where, reduction=afem_reduction, fixed=fixed)
        self._wire(upsample=upsample, smooth_merge=smooth_merge, output=output)
        set_statistics(self, statistics)

    def _place_eca(self, levels: Sequence[int], *, where: str, **settings: Any) -> None:
        sockets = self.fpn.get_submodule(choose("eca_where", where, ECA_PLACES))
        for level in _levels("eca_levels", levels, LEVELS):
            lateral = self.fpn.get_submodule(f"lateral{level}")
            assert isinstance(sockets, nn.ModuleList)
            assert isinstance(lateral, nn.Conv2d)
            channels = lateral.in_channels if where == "encoder" else lateral.out_channels
            sockets[level] = _fill(sockets[level], ECA(channels, **settings))

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

    def _place_afem(self, where: str, **settings: Any) -> None:
        heads, joined = choose("afem_where", where, AFEM_PLACES)
        for head in self._heads() if heads else ():
            head.gate = AFEM(head.block1.out_channels, **settings)
        if joined:
            self.on_concat = _fill(self.on_concat, AFEM(self._joined(), **settings))

    def _wire(self, *, upsample: str, smooth_merge: str, output: str) -> None:
        self.enlarge = choose("upsample", upsample, UPSAMPLE)
        factor, self.join = choose("smooth_merge", smooth_merge, MERGES)
        self.bound = choose("output", output, OUTPUTS)
        first = self.smooth2[0]
        assert isinstance(first, nn.Conv2d)
        if factor > 1:
            self.smooth2[0] = nn.Conv2d(
                factor * first.in_channels, first.out_channels, 3, padding=1
            )

    def calibrate(self, blurred: Iterable[Tensor]) -> None:
        """Fix the factors of every gate at their mean over pictures, with gates="mean"."""
        fixed = {
            path: one
            for path, one in self.named_modules()
            if isinstance(one, Gate) and one.fixed is not None
        }
        if not fixed:
            return
        for gate in fixed.values():
            gate.fixed = None  # looks at the pictures below
        training = self.training
        self.eval()
        seen = [factors(self, picture[None]) for picture in blurred]
        self.train(training)
        for path, gate in fixed.items():
            gate.settle(torch.cat([one[path] for one in seen]).mean(dim=0))

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

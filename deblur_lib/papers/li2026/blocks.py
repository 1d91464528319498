"""The three modules that li2026 adds to DeblurGAN-v2: MSFM, ECA and AFEM.

Shape legend: B batch, C channels, H height, W width.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.norms import BatchNorm
from deblur_lib.nn.parts import choose

STEP = 32  # sides of a picture are multiples of it


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

    Source: li2026, Sec. 3.1, Eqs. (7) to (10).
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
        views = [self.point(x)]  # (B, C', H, W)                                    Eq. (7)
        views += [branch(x) for branch in self.atrous]  # 3 x (B, C', H, W)         Eq. (8)
        vector = F.relu(self.overall_norm(self.overall(x.mean((2, 3)))))  # (B, C') Eq. (9)
        views.append(vector[:, :, None, None].expand(-1, -1, *x.shape[-2:]))
        y: Tensor = self.merge(torch.cat(views, dim=1))  # 5C' -> (B, C, H, W)      Eq. (10)
        return y + x if self.residual else y


class Gate(nn.Module, ABC):
    """What ECA and AFEM share: each channel is multiplied by a factor that the map decides.

    Args:
        channels: channels C.
        fixed: take the same factors for every picture: a half until `settle` sets others. Weights
            trained without it load.
    """

    def __init__(self, channels: int, *, fixed: bool) -> None:
        super().__init__()
        self.fixed: Tensor | None
        self.register_buffer("fixed", torch.full((channels,), 0.5) if fixed else None)

    @abstractmethod
    def look(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1), for a map (B, C, H, W)."""

    def settle(self, factors: Tensor) -> None:
        """Fix the factors, (C,), for every picture to come."""
        self.fixed = factors

    def weights(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1): looked up in the map, or fixed."""
        if self.fixed is None:
            return self.look(x)
        return self.fixed.to(x).expand(len(x), -1)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x, (B, C, H, W).

        Source: li2026, Sec. 3.1, Eq. (14) of ECA and Eq. (17) of AFEM.
        """
        return x * self.weights(x)[:, :, None, None]


class ECA(Gate):
    """Channel attention by a short convolution along the channels.

    Args:
        channels: channels C.
        kernel: length of the convolution, or "auto" for a length that grows with log2 C.
        fixed: see `Gate`.

    Source: li2026, Sec. 3.1, Eqs. (11) to (14); the rule for "auto" is ECA-Net's.
    """

    def __init__(self, channels: int, *, kernel: int | str = "auto", fixed: bool = False) -> None:
        super().__init__(channels, fixed=fixed)
        size = eca_kernel_size(channels) if kernel == "auto" else int(kernel)
        self.mix = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def look(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1)."""
        pooled = x.mean((2, 3))  # (B, C)                                           Eq. (11)
        row = pooled[:, None]  # (B, 1, C)                                          Eq. (12)
        return self.mix(row).sigmoid()[:, 0]  # type: ignore[no-any-return]       # Eq. (13)


def eca_kernel_size(channels: int) -> int:
    """Odd length near (log2 C + 1) / 2: 3 up to 64 channels, 5 up to 1088, 7 at 2048."""
    half = int((math.log2(channels) + 1) / 2)
    return half if half % 2 else half + 1


class AFEM(Gate):
    """Gate of adaptive feature excitation: squeeze to a vector, excite each channel.

    The two convolutions that the paper counts to the module are those of the pyramid head.

    Args:
        channels: channels C.
        reduction: C over the width of the hidden layer, which is at least 4.
        fixed: see `Gate`.

    Source: li2026, Sec. 3.1, Eqs. (15) to (17).
    """

    def __init__(self, channels: int, *, reduction: int = 16, fixed: bool = False) -> None:
        super().__init__(channels, fixed=fixed)
        hidden = max(4, channels // reduction)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)

    def look(self, x: Tensor) -> Tensor:
        """Factor of each channel, (B, C), in (0, 1)."""
        z = x.mean((2, 3))  # (B, C)                                                Eq. (15)
        s: Tensor = self.excite(F.relu(self.squeeze(z))).sigmoid()  # (B, C)        Eq. (16)
        return s


def factors(
    network: nn.Module, blurred: Tensor, *, kinds: tuple[type[nn.Module], ...] = (Gate,)
) -> dict[str, Tensor]:
    """What every gate of a network multiplies its channels by, (B, C), by its path.

    Args:
        network: in evaluation mode.
        blurred: (B, 3, H, W); the largest part of it whose sides are multiples of 32 is used.
        kinds: modules that weigh channels; each has `weights`, called with its input.
    """
    found: dict[str, Tensor] = {}

    def keep(path: str) -> Callable[..., None]:
        def note(module: Gate, inputs: tuple[Tensor, ...]) -> None:
            found[path] = module.weights(inputs[0])

        return note

    handles = [
        module.register_forward_pre_hook(keep(path))
        for path, module in network.named_modules()
        if isinstance(module, kinds)
    ]
    height, width = (side // STEP * STEP for side in blurred.shape[-2:])
    try:
        with torch.no_grad():
            network(blurred[..., :height, :width])
    finally:
        for handle in handles:
            handle.remove()
    return found


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": BatchNorm,
    "group": lambda channels: nn.GroupNorm(math.gcd(8, channels), channels),
}
GLOBAL_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "none": lambda channels: nn.Identity(),
}

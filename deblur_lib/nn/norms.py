"""Norm layers: over the channels of a pixel, or with stored statistics that need not be used.

DeblurGAN and DeblurGAN-v2 ship running statistics in their weight files, yet their published
scores were made in training mode, with the statistics of the picture at hand. Both readings, and
one between them, are a setting here; the entries of the state dict are the same in all three.
"""

from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.nn.parts import choose

Statistics = Literal["stored", "image", "batch"]


class ChannelNorm(nn.LayerNorm):
    """Layer norm of each pixel over its channels, with scale and shift.

    Args:
        channels: C.
        eps: added to the variance.
        bias: False leaves the shift out; the mean is subtracted all the same.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5, bias: bool = True) -> None:
        super().__init__(channels, eps=eps, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape, channels last in memory: cheaper than to copy back."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without scale and shift whose running statistics are kept in the state dict.

    Attributes:
        statistics: in evaluation "stored" uses the running statistics, the others the picture's.
    """

    statistics: Statistics = "image"

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False, track_running_stats=True)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W); training always uses, and stores, the picture's statistics."""
        if self.training or self.statistics == "stored":
            return super().forward(x)
        return F.instance_norm(x, eps=self.eps)


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that can use the statistics of its input in evaluation too.

    Attributes:
        statistics: in evaluation "batch" uses the statistics of the input, the others the stored.
    """

    statistics: Statistics = "image"

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W); evaluation changes no stored statistics."""
        if self.training or self.statistics != "batch":
            return super().forward(x)
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)


def set_statistics(network: nn.Module, statistics: Statistics) -> None:
    """Choose where every norm of a network takes its statistics from in evaluation.

    Args:
        network: changed in place.
        statistics: "stored" (running statistics everywhere), "image" (instance norms look at the
            picture, batch norms at the stored statistics) or "batch" (all look at the input, as
            the published test programs do).

    Raises:
        UsageError: another word.
    """
    choose("statistics", statistics, dict.fromkeys(get_args(Statistics)))
    for module in network.modules():
        if isinstance(module, InstanceNorm | BatchNorm):
            module.statistics = statistics

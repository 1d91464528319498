"""Batch norms over several processes: statistics of the whole batch, not of one process's part.

torch's own layer for this knows no processor and drops what a subclass adds.
"""

from types import MethodType
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from deblur_lib.training.team import Team


class _Mean(torch.autograd.Function):
    """Mean over processes; so is its gradient, and the gradient of that."""

    @staticmethod
    def forward(context: Any, mine: Tensor) -> Tensor:
        total = mine.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total / distributed.get_world_size()

    @staticmethod
    def backward(context: Any, slope: Tensor) -> Tensor:
        return _mean(slope)


def _mean(mine: Tensor) -> Tensor:
    found: Tensor = _Mean.apply(mine)  # type: ignore[no-untyped-call]
    return found


def share_statistics(network: nn.Module, team: Team) -> None:
    """Let every batch norm of a network in training mode look at all processes' parts of a batch.

    Args:
        network: changed in place; names and values of its state dict stay.
        team: the processes; nothing changes for one that is alone.
    """
    if team.size > 1:
        for layer in network.modules():
            if isinstance(layer, _BatchNorm):
                layer.forward = MethodType(_forward, layer)  # type: ignore[method-assign]


def followed_apart(network: nn.Module) -> list[Tensor]:
    """Running statistics of instance norms, which each process follows on its own part.

    They are means over pictures, so their mean over the processes is that of the whole batch.
    """
    norms = [one for one in network.modules() if isinstance(one, _InstanceNorm)]
    pairs = [(one.running_mean, one.running_var) for one in norms]
    return [one for pair in pairs for one in pair if one is not None]


def _forward(layer: _BatchNorm, x: Tensor) -> Tensor:
    """Normalise (B, C, ...), a part of a batch, by the statistics of all parts."""
    if not layer.training:
        return type(layer).forward(layer, x)
    axes = [axis for axis in range(x.dim()) if axis != 1]
    shape = [1, -1, *[1] * (x.dim() - 2)]
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    mean = _mean(wide.mean(axes))
    off = wide - mean.view(shape)
    variance = _mean(off.square().mean(axes))
    count = distributed.get_world_size() * x.numel() // x.shape[1]
    _follow(layer, mean.detach(), variance.detach() * count / max(1, count - 1))
    out = off * (variance + layer.eps).rsqrt().view(shape)
    if layer.affine:
        out = out * layer.weight.view(shape) + layer.bias.view(shape)
    return out.to(x.dtype)


@torch.no_grad()
def _follow(layer: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    if layer.running_mean is None or layer.running_var is None:
        return
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    share: Any = layer.momentum
    if share is None:  # a mean over all batches
        share = 1 / layer.num_batches_tracked.float()
    layer.running_mean.lerp_(mean, share)
    layer.running_var.lerp_(variance, share)

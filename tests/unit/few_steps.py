"""A few steps of training on one batch, to see that a narrow network learns at all."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.nn import Deblurrer


def pair(size: int = 16) -> tuple[Tensor, Tensor]:
    """Blurred and sharp, (2, 3, size, size): noise and its 3x3 mean."""
    sharp = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    return F.avg_pool2d(sharp, 3, 1, 1, count_include_pad=False), sharp


def losses(network: Deblurrer, *, steps: int = 30, lr: float = 2e-3, size: int = 16) -> list[float]:
    """Mean absolute error of the full-size picture before each of the steps."""
    blurred, sharp = pair(size)
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    found = []
    for _ in range(steps):
        loss = F.l1_loss(network(blurred), sharp)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


def idle(network: nn.Module) -> list[str]:
    """Names of the learnt weights to which the last backward pass gave no gradient."""
    return [
        name
        for name, one in network.named_parameters()
        if one.requires_grad and (one.grad is None or not one.grad.any())
    ]

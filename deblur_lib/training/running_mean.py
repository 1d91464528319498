"""The running mean of a network's weights, for validation and checkpoints."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class RunningMean:
    """A copy of a network whose weights follow the running mean of its weights.

    The decay grows as (1 + n) / (10 + n) with the number n of updates up to `decay`, so that a
    short training does not end on its first steps. Running statistics are copied as they are.

    Attributes:
        module: the copy.
        count: updates so far, counted here and not on the device.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module, self.decay, self.count = copy.deepcopy(module), decay, 0

    @torch.no_grad()
    def follow(self, module: nn.Module) -> None:
        """Take in the present weights; the first ones are taken as they are."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count)) if self.count else 0.0
        means: list[Tensor] = list(self.module.parameters())
        weights: list[Tensor] = list(module.parameters())
        torch._foreach_lerp_(means, weights, 1 - decay)
        for own, one in zip(self.module.buffers(), module.buffers(), strict=True):
            own.copy_(one)
        self.count += 1

    def state(self) -> dict[str, Tensor]:
        """Means, running statistics and the number of updates."""
        return {**self.module.state_dict(), "count": torch.tensor(self.count)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        own = dict(tensors)
        self.count = int(own.pop("count"))
        self.module.load_state_dict(own)

"""The processes of one training, one on each device: they share every batch and every decision.

Each takes an equal part of a batch; gradients are averaged before the optimiser sees them, so all
hold the same weights at every step. Fabric finds the devices and joins the processes; its wrapper
around modules is left out, since it forbids what an adversarial game does (a frozen critic, two
passes before a gradient, gradients of gradients) and outputs that no loss looks at.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, distributed, nn

Value = TypeVar("Value")
CPU = torch.device("cpu")
PATIENCE = timedelta(hours=6)  # how long the others wait while the first validates


@dataclass(frozen=True)
class Team:
    """This process among those of a training.

    Attributes:
        rank: its number; 0 logs, validates and stores.
        size: number of processes.
        device: where it computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @classmethod
    def of(cls, fabric: Fabric) -> "Team":
        """The processes that a Fabric has joined."""
        return cls(fabric.global_rank, fabric.world_size, fabric.device)

    @property
    def first(self) -> bool:
        """True for the one that writes."""
        return self.rank == 0

    def mean(self, tensors: Sequence[Tensor]) -> None:
        """Replace float32 tensors by their means over all processes, in one transfer."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([one.detach().reshape(-1) for one in tensors])
        distributed.all_reduce(flat)
        parts = torch.split(flat.div_(self.size), [one.numel() for one in tensors])
        for one, part in zip(tensors, parts, strict=True):
            one.detach().copy_(part.view(one.shape))

    def of_first(self, tensor: Tensor) -> Tensor:
        """The first process's tensor, on this one's device."""
        if self.size > 1:
            tensor = tensor if self.first else torch.zeros_like(tensor)
            distributed.all_reduce(tensor)  # plus zeros: exact
        return tensor

    def any(self, *flags: bool) -> list[bool]:
        """For each flag whether any process raised it."""
        if self.size == 1:
            return list(flags)
        raised = torch.tensor([float(one) for one in flags], device=self.device)
        distributed.all_reduce(raised)
        return [one > 0 for one in raised.tolist()]

    def told(self, value: Value) -> Value:
        """What the first process says, once it says it."""
        if self.size == 1:
            return value
        said: list[Any] = [value]
        distributed.broadcast_object_list(said, src=0)
        return said[0]  # type: ignore[no-any-return]

    def gathered(self, value: Value) -> list[Value]:
        """What every process says, by rank."""
        if self.size == 1:
            return [value]
        said: list[Any] = [None] * self.size
        distributed.all_gather_object(said, value)
        return said


ALONE = Team()


class Joined(DDPStrategy):
    """One process a device, modules as they are."""

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        """The module itself; `Team.mean` averages its gradients."""
        return module


def start_fabric(device: torch.device, precision: str, devices: int = 1) -> Fabric:
    """Fabric of this process; with several devices it waits for the others, see `launching`.

    Args:
        device: kind of device.
        precision: "fp32" or "bf16".
        devices: processes that train together.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # no line for each network
    own: dict[str, Any] = {"strategy": Joined(timeout=PATIENCE)} if devices > 1 else {}
    fabric = Fabric(
        accelerator=device.type,
        devices=devices,
        precision="bf16-mixed" if precision == "bf16" else "32-true",
        plugins=LightningEnvironment(),  # whatever launcher is around
        **own,
    )
    if devices > 1:
        fabric.launch()
    return fabric

"""The plain training step: one network, one weighted sum of losses."""

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor

from deblur_lib.losses import weighted
from deblur_lib.nn import Deblurrer
from deblur_lib.spec import Train
from deblur_lib.training.side import Side, parts_of


class Supervised:
    """Compare every output with the sharp picture and follow the gradient.

    Args:
        fabric: device and precision.
        network: the network, already on its device.
        recipe: losses, optimiser, accumulation, clipping.
        compiled: see `Side`.
    """

    def __init__(
        self, fabric: Fabric, network: Deblurrer, recipe: Train, *, compiled: bool = False
    ) -> None:
        self.fabric, self.recipe = fabric, recipe
        self.side = Side(fabric, network, recipe, ema=recipe.ema, compiled=compiled)

    @property
    def scored(self) -> Deblurrer:
        """The network whose weights count: the running mean where the recipe keeps one."""
        scored: Deblurrer = self.side.scored
        return scored

    def use_optimiser(self, name: str) -> None:
        """Go on with this optimiser, without moments where another was in use."""
        self.side.use_optimiser(name)

    def step(self, blurred: Tensor, sharp: Tensor, rate: float) -> dict[str, Tensor]:
        """Do one optimiser step; nothing is changed when a value comes back that is not finite.

        Args:
            blurred: (B, 3, H, W), or (B, T, 3, H, W) for clips.
            sharp: (B, 3, H, W).
            rate: learning rate of this step.

        Returns:
            "gradient", "loss/<name>" for each loss, "loss"; each () and detached.
        """
        recipe = self.recipe
        self.side.begin(rate)
        sums: dict[str, Tensor] = {}
        for part, target in parts_of(blurred, sharp, recipe.accumulate):
            outputs = self.side.outputs(part)
            total, named = weighted(outputs, target, recipe.loss, scales=recipe.scales)
            self.fabric.backward(total / recipe.accumulate)
            for name, value in {
                **{f"loss/{n}": v for n, v in named.items()},
                "loss": total,
            }.items():
                sums[name] = sums.get(name, torch.zeros_like(total)) + value.detach()
        means = {name: value / recipe.accumulate for name, value in sums.items()}
        return {"gradient": self.side.finish(means["loss"]), **means}

    def watch(self, values: Mapping[str, float]) -> str:
        """Nothing: a plain step finds no trouble of its own."""
        return ""

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser moments by name."""
        return dict(self.side.state("network"))

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        self.side.load_state("network", tensors)

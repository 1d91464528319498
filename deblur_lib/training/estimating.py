"""The training step of a method that estimates blur: it blurs sharp crops itself."""

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor

from deblur_lib.data.pairs import PairSource, middle_frame
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.spec import Train
from deblur_lib.training.seeding import derive
from deblur_lib.training.side import Side

COUNT = "drawn"  # name of the number of steps in the state


class Estimator:
    """Teach a method to estimate the blur that it put on sharp crops.

    The blurred crops of a batch are not looked at, so that nothing is learnt from blur that the
    test pictures are made with.

    Args:
        fabric: device and precision.
        network: the method, already on its device.
        recipe: optimiser, clipping, running mean; its losses are not used.
        seed: of the blur that is drawn.
    """

    def __init__(
        self, fabric: Fabric, network: EstimatingDeblurrer, recipe: Train, seed: int
    ) -> None:
        self.fabric, self.network, self.seed = fabric, network, seed
        self.side = Side(fabric, network, recipe, ema=recipe.ema)
        self.drawn = 0  # steps done: with the seed it decides what is drawn next

    @property
    def scored(self) -> EstimatingDeblurrer:
        """The network whose weights count: the running mean where the recipe keeps one."""
        scored: EstimatingDeblurrer = self.side.scored
        return scored

    def use_optimiser(self, name: str) -> None:
        """Go on with this optimiser, without moments where another was in use."""
        self.side.use_optimiser(name)

    def step(self, blurred: Tensor, sharp: Tensor, rate: float) -> dict[str, Tensor]:
        """Do one optimiser step; nothing is changed when a value comes back that is not finite.

        Args:
            blurred: not looked at.
            sharp: (B, 3, H, W).
            rate: learning rate of this step.

        Returns:
            "gradient", "loss/<name>" for each loss of the method, "loss"; each () and detached.
        """
        self.side.begin(rate)
        generator = torch.Generator().manual_seed(derive(self.seed, f"blur/{self.drawn}"))
        self.drawn += 1
        named = self.network.blur_loss(sharp, generator)  # in float32: blur is a sparse matrix
        total = torch.stack(list(named.values())).sum()
        self.fabric.backward(total)
        told = {f"loss/{name}": value.detach() for name, value in named.items()}
        return {"gradient": self.side.finish(total.detach()), **told, "loss": total.detach()}

    def watch(self, values: Mapping[str, float]) -> str:
        """Nothing: such a step finds no trouble of its own."""
        return ""

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser moments by name, and how often blur was drawn."""
        return dict(self.side.state("network")) | {COUNT: torch.tensor(self.drawn)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        self.side.load_state("network", tensors)
        self.drawn = int(tensors[COUNT])


def sharp_crops(source: PairSource, *, side: int, most: int = 64) -> Tensor:
    """The middles of sharp pictures, (N, 3, side, side).

    Args:
        source: pairs, evenly spaced ones of which are taken.
        side: of the crops, in pixels; of the smallest picture where that is less.
        most: crops at most.
    """
    count = min(most, len(source))
    places = [index * len(source) // count for index in range(count)]
    pictures = [middle_frame(source.pair(index).sharp) for index in places]
    side = min(side, *(one.shape[-1] for one in pictures), *(one.shape[-2] for one in pictures))
    return torch.stack([_middle(one, side) for one in pictures])


def _middle(picture: Tensor, side: int) -> Tensor:
    top, left = ((length - side) // 2 for length in picture.shape[-2:])
    return picture[..., top : top + side, left : left + side]

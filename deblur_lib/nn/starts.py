"""How the last layer of a network begins that adds a correction to its input."""

from collections.abc import Callable

from torch import nn


def zero(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Set weight and bias of a layer to zero, so that its network begins with no correction."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


STARTS: dict[str, Callable[[nn.Conv2d | nn.ConvTranspose2d], None]] = {
    "random": lambda layer: None,
    "identity": zero,
}

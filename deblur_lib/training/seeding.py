"""Randomness by concern: weights, noise and the critic each draw from a seed of their own.

A concern's seed is the SHA-256 of (seed, concern), so that a change in one (another network, one
more dropout layer) leaves the others' draws alone. The data loader keys its own draws by batch.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib import catalogue
from deblur_lib.nn import Deblurrer

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear)


def derive(seed: int, concern: str) -> int:
    """Seed of one concern, in [0, 2**63)."""
    digest = hashlib.sha256(f"{seed}/{concern}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def seeded(seed: int, concern: str, device: torch.device | None = None) -> Iterator[None]:
    """Draw from the concern's seed inside the block; the global generators come back unchanged.

    Args:
        seed: seed of the run.
        concern: what is drawn ("weights", "noise", "critic").
        device: accelerator whose generator is kept and seeded as well.
    """
    kind = device.type if device is not None and device.type != "cpu" else "cuda"
    devices = [device] if device is not None and device.type == kind else []
    with torch.random.fork_rng(devices=devices, device_type=kind):
        torch.default_generator.manual_seed(derive(seed, concern))
        if devices:
            getattr(torch, kind).manual_seed(derive(seed, concern))
        yield


def fresh_network(
    name: str, options: Mapping[str, Any], *, seed: int, init: str = "default"
) -> Deblurrer:
    """A network of the catalogue with weights drawn from the run's seed.

    Args:
        name: catalogue name.
        options: keyword arguments of the network.
        seed: seed of the run.
        init: as `spec.Train.init`.
    """
    with seeded(seed, "weights"):
        network = catalogue.build(name, **options)
        if init == "xavier":
            xavier(network)
    return network


def xavier(network: nn.Module) -> None:
    """Draw the weights of every convolution and linear layer as Glorot and Bengio (2010) do."""
    for layer in network.modules():
        if isinstance(layer, CONVOLUTIONS):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def generators(device: torch.device) -> dict[str, Tensor]:
    """State of the generators that layers draw from in training, as uint8 tensors."""
    states = {"cpu": torch.random.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = getattr(torch, device.type).get_rng_state()
    return states


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Put back what `generators` gave; what is not there, or of no use here, is left out."""
    if "cpu" in states:
        torch.random.set_rng_state(states["cpu"])
    if device.type in states and device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states[device.type])

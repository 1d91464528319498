"""A few output values of a network on a fixed picture: weights that load yet compute otherwise."""

import math

import torch
from torch import Tensor, nn

from deblur_lib.nn import Deblurrer

SIDE = 32  # smallest side of the picture, in pixels
LARGEST = 1024  # a network that needs more has options that cannot be
DRIFT = 5e-3  # relative gap between two machines (TF32 on GPUs) that is still the same network


def gap(stored: list[float], now: list[float]) -> float:
    """Largest difference of two fingerprints, in units of what two machines may differ by.

    Returns:
        At most 1 for the same network; 0 where nothing was stored; infinite where `now` is empty.
    """
    if not stored or not now:
        return math.inf if stored else 0.0
    allowed = DRIFT * (1 + max(map(abs, stored)))
    return max(abs(a - b) for a, b in zip(stored, now, strict=True)) / allowed


def fingerprint_of(network: nn.Module) -> list[float]:
    """Values of a network's output at 16 fixed places of a fixed small picture, rounded.

    Returns:
        16 floats; empty for a module that is no `Deblurrer`, whose output is not finite, or that
        takes no picture of up to `LARGEST` pixels, or none alone.
    """
    if not isinstance(network, Deblurrer) or getattr(network, "needs_motion", False):
        return []
    training, weight = network.training, next(network.parameters(), torch.empty(0))
    side = -(-max(SIDE, network.minimum_size) // network.multiple_of) * network.multiple_of
    if side > LARGEST:
        return []
    network.eval()
    try:
        with torch.no_grad(), torch.autocast(weight.device.type, enabled=False):
            out = network(_probe(side, network.clip_length).to(weight.device))
    finally:
        network.train(training)
    flat = out.float().cpu().reshape(-1)
    values = [round(one, 6) for one in flat[:: max(1, len(flat) // 16)][:16].tolist()]
    return values if all(map(math.isfinite, values)) else []


def _probe(side: int, frames: int) -> Tensor:
    """A smooth coloured pattern, (1, 3, side, side), or (1, T, 3, side, side) for clips."""
    axis = torch.arange(side, dtype=torch.float64)
    wave = torch.sin(axis[:, None] * 0.7) * torch.cos(axis[None, :] * 0.4)  # (side, side)
    shift = torch.arange(3 * frames, dtype=torch.float64)[:, None, None]
    picture = (0.5 + 0.4 * torch.sin(3 * wave + shift)).float()
    return picture.reshape((1, 3, side, side) if frames == 1 else (1, frames, 3, side, side))

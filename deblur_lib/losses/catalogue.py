"""Losses by name, and their weighted sum over the outputs of a network."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.losses import vgg
from deblur_lib.losses.edge import edge
from deblur_lib.losses.perceptual import perceptual, perceptual_l1, perceptual_signed
from deblur_lib.losses.pixel import charbonnier, l1, log_mse, mse
from deblur_lib.losses.spectrum import spectrum

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": l1,
    "mse": mse,
    "charbonnier": charbonnier,
    "log_mse": log_mse,
    "edge": edge,
    "spectrum": spectrum,
    "spectrum_ortho": partial(spectrum, norm="ortho"),
    "spectrum_onesided": partial(spectrum, onesided=True),
    "spectrum_modulus": partial(spectrum, modulus=True),
}
FEATURE_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # they own VGG19's weights
    "perceptual": perceptual,
    "perceptual_signed": perceptual_signed,
    "perceptual_l1": perceptual_l1,
}


def remarks(weights: Mapping[str, float]) -> tuple[str, ...]:
    """What must stand beside every number made with these losses (random VGG19 weights)."""
    remark = vgg.remark() if weights.keys() & FEATURE_LOSSES.keys() else ""
    return (remark,) if remark else ()


def weighted(
    outputs: tuple[Tensor, ...], sharp: Tensor, weights: Mapping[str, float], *, scales: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of named losses, over every output or over the last one.

    Args:
        outputs: what `forward_all` gave, (B, 3, H', W') each, coarse to fine.
        sharp: (B, 3, H, W).
        weights: factor of each loss, e.g. {"l1": 1.0, "spectrum": 0.1}; names of `LOSSES` or
            `FEATURE_LOSSES`.
        scales: True to add up the losses of all outputs, each against `sharp` resized to it
            (bilinear); False to look at the last output only, which `FEATURE_LOSSES` always do.

    Returns:
        The sum to minimise, and for the log each loss by name, summed over the outputs, neither
        weighted nor part of the gradient.

    Raises:
        UsageError: no loss is named, or one that does not exist.

    Source: wan2023, Eqs. (4) to (6); zhao2020, Eqs. (6) to (8), where only the last output has a
    feature term.
    """
    known = LOSSES | FEATURE_LOSSES
    if not weights:
        raise UsageError(f"a recipe needs one loss at least, got none; choose from {[*known]}")
    for name in weights:
        if name not in known:
            raise UsageError(unknown_name("loss", name, known, see="deblur_lib.losses"))
    looked_at = outputs if scales else outputs[-1:]
    pairs = [(output, _resized(sharp, output)) for output in looked_at]
    terms = {
        name: torch.stack(
            [known[name](*pair) for pair in (pairs[-1:] if name in FEATURE_LOSSES else pairs)]
        ).sum()
        for name in weights
    }
    total = torch.stack([weight * terms[name] for name, weight in weights.items()]).sum()
    return total, {name: term.detach() for name, term in terms.items()}


def _resized(sharp: Tensor, output: Tensor) -> Tensor:
    size = output.shape[-2:]
    if sharp.shape[-2:] == size:
        return sharp
    return F.interpolate(sharp, list(size), mode="bilinear", align_corners=False)

"""What critic and generator minimise, for each form of the adversarial game.

Critics give logits (no sigmoid), any shape; every loss is a mean, ().
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Scores(NamedTuple):
    """Logits of one critic for a batch, and the running means that relativistic losses need."""

    real: Tensor  # logits of sharp pictures
    fake: Tensor  # logits of restored pictures
    mean_real: Tensor  # ()
    mean_fake: Tensor  # ()


def bce_critic(one: Scores) -> Tensor:
    """Cross-entropy of real and restored, (). Source: li2026, Eq. (23)."""
    return F.softplus(-one.real).mean() + F.softplus(one.fake).mean()


def bce_generator(fake: Tensor, mean_real: Tensor) -> Tensor:
    """-log D(G), which does not saturate, (). Source: li2026, Eq. (22), second line."""
    return F.softplus(-fake).mean()


def log2_critic(one: Scores) -> Tensor:
    """Cross-entropy of real and restored in bits, (). Source: sang2018, Eq. (5)."""
    return bce_critic(one) / math.log(2)


def log2_generator(fake: Tensor, mean_real: Tensor) -> Tensor:
    """Bits by which the critic finds the restored wrong, (). Source: sang2018, Eq. (4)."""
    return bce_generator(fake, mean_real) / math.log(2)


def lsgan_critic(one: Scores) -> Tensor:
    """Half the squared distances of real from 1, restored from 0. Source: zhao2020, Eq. (4)."""
    return ((one.real - 1).square().mean() + one.fake.square().mean()) / 2


def lsgan_generator(fake: Tensor, mean_real: Tensor) -> Tensor:
    """Half the squared distance of restored from 1. Source: zhao2020, Eq. (5)."""
    return (fake - 1).square().mean() / 2


def _wgan_critic(one: Scores) -> Tensor:
    return one.fake.mean() - one.real.mean()


def _wgan_generator(fake: Tensor, mean_real: Tensor) -> Tensor:
    return -fake.mean()


def _ragan_critic(one: Scores) -> Tensor:
    real = (one.real - one.mean_fake - 1).square().mean()
    return (real + (one.fake - one.mean_real + 1).square().mean()) / 2


def _ragan_generator(fake: Tensor, mean_real: Tensor) -> Tensor:
    """The half that depends on the generator; the other half holds real logits and stored means."""
    return (fake - mean_real - 1).square().mean() / 2


CRITIC_LOSSES: dict[str, Callable[[Scores], Tensor]] = {
    "bce": bce_critic,
    "log2": log2_critic,
    "lsgan": lsgan_critic,
    "wgan_gp": _wgan_critic,
    "ragan_ls": _ragan_critic,
}
GENERATOR_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bce": bce_generator,
    "log2": log2_generator,
    "lsgan": lsgan_generator,
    "wgan_gp": _wgan_generator,
    "ragan_ls": _ragan_generator,
}


def gradient_penalty(
    judge: Callable[[Tensor], tuple[Tensor, ...]], real: Tensor, fake: Tensor, share: Tensor
) -> Tensor:
    """Squared distance from 1 of the critic's slope, between real and fake pictures.

    Args:
        judge: the critic; every output is held to the slope on its own.
        real: (B, 3, H, W), float32.
        fake: same shape.
        share: (B, 1, 1, 1) in [0, 1), one place on the line from fake to real for each picture.

    Returns:
        Mean over batch and outputs, (); finite for a constant critic (small term in the root).

    Source: Gulrajani et al. 2017, Eq. (3).
    """
    mixed = (share * real + (1 - share) * fake).requires_grad_()
    terms = []
    for out in judge(mixed):
        (slope,) = torch.autograd.grad(out.sum(), mixed, create_graph=True)
        norm = (slope.square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()  # (B,)
        terms.append((norm - 1).square().mean())
    return torch.stack(terms).mean()

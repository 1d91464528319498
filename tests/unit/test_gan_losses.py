"""Adversarial losses against values worked out by hand."""

import math

import pytest
import torch

from deblur_lib.training.gan_losses import CRITIC_LOSSES, GENERATOR_LOSSES, Scores

ZERO = torch.zeros(())


@pytest.mark.parametrize(
    ("game", "for_critic", "for_generator"),
    [
        ("bce", math.log(1 + math.exp(-2)) + math.log(1 + math.exp(1)), math.log(1 + math.exp(-1))),
        (
            "log2",
            math.log2(1 + math.exp(-2)) + math.log2(1 + math.exp(1)),
            math.log2(1 + math.exp(-1)),
        ),
        ("lsgan", ((2 - 1) ** 2 + 1**2) / 2, 0.0),
        ("wgan_gp", 1 - 2, -1.0),
        ("ragan_ls", ((2 - 0.5 - 1) ** 2 + (1 - 1.5 + 1) ** 2) / 2, (1 - 1.5 - 1) ** 2 / 2),
    ],
)
def test_losses_by_hand(game: str, for_critic: float, for_generator: float) -> None:
    real, fake = torch.full((2, 1), 2.0), torch.full((2, 1), 1.0)
    means = torch.tensor(1.5), torch.tensor(0.5)
    assert CRITIC_LOSSES[game](Scores(real, fake, *means)).item() == pytest.approx(for_critic)
    assert GENERATOR_LOSSES[game](fake, means[0]).item() == pytest.approx(for_generator)


@pytest.mark.parametrize("game", ["log2", "bce"])
def test_losses_of_certain_critics_are_finite(game: str) -> None:
    far = torch.tensor([[1e4], [-1e4]])
    assert CRITIC_LOSSES[game](Scores(far, far, ZERO, ZERO)).isfinite()
    assert GENERATOR_LOSSES[game](far, ZERO).isfinite()

"""The second player: built for what the game shows it, refused where it cannot judge that."""

import pytest
import torch
from torch import nn
from training_parts import adversarial, critic, tiny

from deblur_lib.errors import DeclarationError, UsageError
from deblur_lib.networks.discriminators import DeblurGANCritic
from deblur_lib.spec import Adversarial
from deblur_lib.training.critics import build_critic, check_critic, joined
from deblur_lib.training.loop import make_player

SMALL = {
    "conv_dense": {"features": 4, "n_layers": 3},
    "double": {"features": 2},
    "patchgan": {"features": 4, "norm": "layer"},
}


def game(name: str, **changes: object) -> Adversarial:
    return Adversarial(discriminator=name, **changes)  # type: ignore[arg-type]


def logits(judge: nn.Module, picture: torch.Tensor) -> torch.Tensor:
    out = judge(picture)
    return out[-1] if isinstance(out, tuple) else out


@pytest.mark.parametrize("name", SMALL)
def test_a_conditional_critic_looks_at_the_blurred_picture(name: str) -> None:
    judge = build_critic(game(name, options=SMALL[name], conditional=True)).eval()
    blurred, other, sharp = torch.rand(3, 2, 3, 32, 32)
    with torch.no_grad():
        one = logits(judge, joined(judge, blurred, sharp))
        two = logits(judge, joined(judge, other, sharp))
        again = logits(judge, joined(judge, blurred, sharp))
    assert torch.equal(one, again)
    assert ((one - two).abs().flatten(1).amax(dim=1) > 1e-6).all()


@pytest.mark.parametrize("name", SMALL)
def test_an_unconditional_critic_takes_single_pictures(name: str) -> None:
    judge = build_critic(game(name, options=SMALL[name]))
    check_critic(judge, game(name))
    assert logits(judge, torch.rand(2, 3, 32, 32)).isfinite().all()
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\)"):
        judge(torch.rand(2, 6, 32, 32))


@pytest.mark.parametrize("loss", ["log2", "bce", "lsgan", "wgan_gp", "ragan_ls"])
@pytest.mark.parametrize("name", SMALL)
def test_every_discriminator_plays_every_conditional_game(name: str, loss: str) -> None:
    declared = adversarial(discriminator=name, options=SMALL[name], loss=loss, conditional=True)
    player = make_player(tiny(), declared, 0, torch.device("cpu"), "fp32")
    blurred, sharp = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        values = player.step(blurred, sharp, 1e-3)
    assert all(one.isfinite() for one in values.values())
    assert values["critic/gradient"] > 0


def test_joined_takes_the_middle_frame_and_the_gradient_of_the_picture_alone() -> None:
    clip, picture = torch.rand(2, 5, 3, 8, 8), torch.rand(2, 3, 8, 8, requires_grad=True)
    judge = critic(channels=6)
    both = joined(judge, clip, picture)
    assert torch.equal(both, torch.cat((clip[:, 2], picture), dim=1))
    assert torch.equal(joined(judge, clip[:, 2], picture), both)
    (both * torch.arange(6.0).view(6, 1, 1)).sum().backward()
    assert picture.grad is not None
    assert torch.equal(picture.grad, torch.arange(3.0, 6.0).view(3, 1, 1).expand(2, 3, 8, 8))


def test_a_discriminator_without_channels_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"option `channels`, got 'deblurgan_critic'") as one:
        build_critic(game("deblurgan_critic", conditional=True))
    assert "take one of conv_dense, double, patchgan" in str(one.value)
    with pytest.raises(UsageError, match="no discriminator is called 'patchgun'; did you mean"):
        build_critic(game("patchgun", conditional=True))


@pytest.mark.parametrize(
    ("judge", "conditional", "needle"),
    [
        (DeblurGANCritic(features=2), True, "of 6 channels, got DeblurGANCritic of 3"),
        (nn.Conv2d(3, 1, 3), True, "of 6 channels, got Conv2d of 3"),
        (critic(channels=12), True, "of 6 channels, got Critic of 12"),
        (critic(channels=6), False, "conditional=False needs a discriminator of 3 channels"),
    ],
)
def test_a_critic_for_other_channels_is_refused(
    judge: nn.Module, conditional: bool, needle: str
) -> None:
    with pytest.raises(DeclarationError, match=needle):
        make_player(
            tiny(), adversarial(conditional=conditional), 0, torch.device("cpu"), "fp32", judge
        )


def test_options_that_contradict_the_game_are_refused() -> None:
    for conditional, channels in ((True, 3), (False, 6)):
        declared = adversarial(
            discriminator="patchgan",
            options={"features": 2, "channels": channels},
            conditional=conditional,
        )
        with pytest.raises(DeclarationError, match="or change `conditional`"):
            make_player(tiny(), declared, 0, torch.device("cpu"), "fp32")

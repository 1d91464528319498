import math
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from training_parts import (
    Critic,
    Gate,
    Pairs,
    Tiny,
    adversarial,
    assert_same_weights,
    critic,
    recipe,
    tiny,
)

from deblur_lib import catalogue
from deblur_lib.errors import TrainingError
from deblur_lib.nn import Deblurrer
from deblur_lib.spec import Train
from deblur_lib.training import adversarial as module
from deblur_lib.training.adversarial import Adversary
from deblur_lib.training.gan_losses import gradient_penalty
from deblur_lib.training.loop import fit
from deblur_lib.training.result import Fit
from deblur_lib.training.team import start_fabric
from deblur_lib.weights.tensors import read_tensors

GAMES = ("log2", "bce", "lsgan", "wgan_gp", "ragan_ls")
ZERO = torch.zeros(())


def player(declared: Train, network: Deblurrer, judge: nn.Module) -> Adversary:
    return Adversary(start_fabric(torch.device("cpu"), "fp32"), network, judge, declared)


def batch(count: int = 2) -> tuple[Tensor, Tensor]:
    blurred, sharp = torch.rand(2, count, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return blurred, sharp


def train(folder: Path, declared: Train | None = None, **changes: object) -> Fit:
    network = changes.pop("network", tiny())
    pairs = changes.pop("train", Pairs("train"))
    wanted = {"folder": folder, "seed": 5, "device": "cpu", "precision": "fp32", **changes}
    wanted.setdefault("critic", critic())
    return fit(  # type: ignore[arg-type]
        network, pairs, Pairs("val", 2), declared or adversarial(), progress=False, **wanted
    )


def test_penalty_of_a_linear_critic_by_hand() -> None:
    direction = torch.zeros(3, 4, 4)
    direction[0, 0, 0] = 3.0  # slope 3 everywhere
    got = gradient_penalty(
        lambda x: ((x * direction).sum(dim=(1, 2, 3)),),
        *torch.rand(2, 5, 3, 4, 4),
        torch.rand(5, 1, 1, 1),
    )
    assert got.item() == pytest.approx((3 - 1) ** 2)


def test_penalty_of_a_constant_critic_has_finite_gradients() -> None:
    layer = nn.Conv2d(3, 1, 1)
    nn.init.zeros_(layer.weight)
    places = torch.rand(2, 1, 1, 1)
    got = gradient_penalty(lambda x: (layer(x),), *torch.rand(2, 2, 3, 4, 4), places)
    got.backward()
    assert got.item() == pytest.approx(1.0, abs=1e-5)
    assert layer.weight.grad is not None
    assert layer.weight.grad.isfinite().all()


@pytest.mark.parametrize("channels", [3, 6], ids=["single", "conditional"])
@pytest.mark.parametrize("game", GAMES)
def test_every_game_moves_both_players_and_logs_their_health(
    game: str, channels: int, tmp_path: Path
) -> None:
    network, judge = tiny(), critic(channels=channels)
    declared = adversarial(loss=game, conditional=channels == 6)
    fitted = train(tmp_path, declared, network=network, critic=judge)
    log = pd.read_csv(fitted.log)
    health = {"critic/real", "critic/fake", "critic/gradient", "gradient", "spread", "loss"}
    assert health | {"loss/l1", "loss/adversarial"} <= set(log["name"])
    assert ("critic/penalty" in set(log["name"])) == (game == "wgan_gp")
    assert np.isfinite(log["value"]).all()
    for after, before in ((network, tiny()), (judge, critic(channels=channels))):
        for name, one in before.named_parameters():
            if name.endswith("weight"):  # a bias shifts real and fake alike
                assert not torch.equal(after.get_parameter(name), one), name


def test_generator_follows_the_critic_where_there_is_no_content_loss() -> None:
    class Bright(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))

        def forward(self, picture: Tensor) -> Tensor:
            return self.gain * picture.mean(dim=(1, 2, 3))

    network = tiny(dropout=0.0)
    game = player(recipe(loss={}, adversarial=adversarial(lr=1e-9).adversarial), network, Bright())
    blurred, sharp = batch()
    before = network(blurred).mean()
    for _ in range(20):
        game.step(blurred, sharp, 1e-3)
    assert network(blurred).mean() > before + 0.01


def test_critic_steps_and_its_own_rate() -> None:
    declared = recipe(
        optimiser="sgd", betas=(0.0, 0.0), lr=0.1,
        adversarial=adversarial(critic_steps=3, lr=0.05).adversarial,
    )  # fmt: skip
    judge = critic()
    calls: list[int] = []
    judge.register_forward_hook(lambda *_: calls.append(1))
    game = player(declared, tiny(), judge)
    game.step(*batch(), 0.04)
    assert len(calls) == 3 * 2 + 1  # real and fake in each critic step, then the generator's
    assert game.critic.optimiser.param_groups[0]["lr"] == pytest.approx(0.02)
    assert game.generator.optimiser.param_groups[0]["lr"] == pytest.approx(0.04)


def test_parts_of_a_batch_give_the_same_update() -> None:
    after = []
    for parts in (1, 4):
        network, judge = tiny(dropout=0.0), critic()
        judge.fine[1] = nn.Identity()  # batch statistics would differ
        declared = recipe(
            optimiser="sgd", batch=4, accumulate=parts, adversarial=adversarial().adversarial
        )
        values = player(declared, network, judge).step(*batch(4), 0.1)
        values.pop("spread")  # a ratio, taken part by part
        after.append({**network.state_dict(), **judge.state_dict(), **values})
    for name, one in after[0].items():
        torch.testing.assert_close(after[1][name], one, rtol=0, atol=1e-5, msg=name)


def test_relativistic_means_reach_back_over_the_pool() -> None:
    game = player(adversarial(loss="ragan_ls", pool=3), tiny(), critic())
    seen = [game._running("real", (torch.full((2, 1), float(k)), torch.zeros(1))) for k in range(5)]
    assert [one[0].item() for one in seen] == [0, 0.5, 1, 2, 3]
    assert game._means["real"].shape == (2, 3)


def test_conditional_critic_sees_the_blurred_picture() -> None:
    judge = critic(channels=6)
    given: list[Tensor] = []
    judge.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0].detach()))
    blurred, sharp = batch()
    player(adversarial(conditional=True), tiny(), judge).step(blurred, sharp, 1e-3)
    assert torch.equal(given[0], torch.cat((blurred, sharp), dim=1))
    assert len(given) == 3  # real and fake for the critic, then the generator's
    for fake in given[1:]:
        assert torch.equal(fake[:, :3], blurred)
        assert not torch.equal(fake[:, 3:], sharp)


def test_penalty_of_a_conditional_critic_is_on_the_judged_picture_alone() -> None:
    class Slopes(nn.Module):
        channels = 6

        def __init__(self) -> None:
            super().__init__()
            self.blurred, self.judged = (nn.Parameter(torch.tensor(one)) for one in (7.0, 3.0))

        def forward(self, picture: Tensor) -> Tensor:
            return self.blurred * picture[:, 0, 0, 0] + self.judged * picture[:, 3, 0, 0]

    declared = adversarial(loss="wgan_gp", conditional=True)
    values = player(declared, tiny(), Slopes()).step(*batch(), 1e-3)
    assert values["critic/penalty"].item() == pytest.approx((3 - 1) ** 2)


def test_critic_comes_from_the_catalogue_with_seeded_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "build_discriminator", lambda name, **options: Critic())
    one = train(tmp_path / "one", critic=None)
    torch.manual_seed(3)
    two = train(tmp_path / "two", critic=None)
    assert one.log.read_text() == two.log.read_text()


def interrupted(at: int) -> Gate:
    """Pairs that press Ctrl-C when training asks for its n-th crop."""
    return Gate(lambda: signal.raise_signal(signal.SIGINT), at=at)


@pytest.mark.parametrize("conditional", [False, True], ids=["single", "conditional"])
@pytest.mark.parametrize("game", ["wgan_gp", "ragan_ls"])
def test_resume_equals_an_uninterrupted_run(tmp_path: Path, game: str, conditional: bool) -> None:
    declared = adversarial(
        discriminator="conv_dense", options={"features": 4, "n_layers": 2},
        loss=game, critic_steps=2, conditional=conditional,
    )  # fmt: skip
    given = {"critic": None} if conditional else {}
    whole = train(tmp_path / "whole", declared, **given)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", declared, train=interrupted(35), **given)
    assert (tmp_path / "parts" / "resume-b.json").is_file()
    parts = train(tmp_path / "parts", declared, **given)
    assert_same_weights(*(one.log.with_name("last.safetensors") for one in (whole, parts)))
    assert parts.log.read_text() == whole.log.read_text()


MOMENTS = {"adam": ("exp_avg", "exp_avg_sq", "step"), "sgd": ("momentum_buffer",)}


def kept_of_the_players(state: dict[str, Tensor]) -> set[str]:
    return {name.split("/")[1] for name in state if name.startswith(("network/", "critic/"))}


@pytest.mark.parametrize("step", [14, 15, 16])
def test_resume_around_the_switch_of_both_players_to_sgd(tmp_path: Path, step: int) -> None:
    game = adversarial(loss="ragan_ls", critic_steps=2, lr=2e-3).adversarial
    declared = recipe(adversarial=game, sgd_from=0.5)
    whole = train(tmp_path / "whole", declared)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", declared, train=interrupted(2 * step - 1))
    kinds = kept_of_the_players(read_tensors(tmp_path / "parts" / "resume-b.safetensors"))
    assert kinds == {"weights", *(MOMENTS["sgd"] if step > 15 else MOMENTS["adam"])}
    parts = train(tmp_path / "parts", declared)
    assert_same_weights(*(one.log.with_name("last.safetensors") for one in (whole, parts)))
    assert parts.log.read_text() == whole.log.read_text()


def test_both_players_go_on_with_sgd_at_their_own_rates() -> None:
    declared = recipe(betas=(0.5, 0.999), lr=0.1, adversarial=adversarial(lr=0.05).adversarial)
    game = player(declared, tiny(), critic())
    game.step(*batch(), 0.04)
    game.use_optimiser("sgd")
    game.step(*batch(), 0.04)
    for side, rate in ((game.generator, 0.04), (game.critic, 0.02)):
        assert isinstance(side.optimiser, torch.optim.SGD)
        (group,) = side.optimiser.param_groups
        assert (group["momentum"], group["lr"]) == pytest.approx((0.5, rate))
    assert kept_of_the_players(game.state()) == {"weights", *MOMENTS["sgd"]}


class PoisonedGenerator(Tiny):
    """Gives NaN in some steps and has running statistics to spoil."""

    def __init__(self, bad: Callable[[int], bool]) -> None:
        super().__init__()
        self.norm, self.bad, self.calls = nn.BatchNorm2d(3), bad, 0

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        self.calls += self.training
        poison = math.nan if self.training and self.bad(self.calls) else 1.0
        return tuple(self.norm(one * poison) for one in super().forward_all(blurred))


class PoisonedCritic(Critic):
    """Gives NaN in some calls."""

    def __init__(self, bad: Callable[[int], bool]) -> None:
        super().__init__()
        self.bad, self.calls = bad, 0

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        fine, coarse = super().forward(picture)
        return fine * (math.nan if self.bad(self.calls) else 1.0), coarse


def assert_finite(*networks: nn.Module) -> None:
    for network in networks:
        for name, one in network.state_dict().items():
            assert one.isfinite().all(), name


@pytest.mark.parametrize("game", GAMES)
def test_injected_nan_of_the_generator_is_survived(tmp_path: Path, game: str) -> None:
    network, judge = PoisonedGenerator(lambda call: call in (5, 12)), critic()
    fitted = train(tmp_path, adversarial(loss=game), network=network, critic=judge)
    assert fitted.skipped == 2
    assert_finite(network, judge)


@pytest.mark.parametrize("call", [7, 8, 9], ids=["real", "fake", "generator's turn"])
def test_injected_nan_of_the_critic_is_survived(tmp_path: Path, call: int) -> None:
    network, judge = tiny(), PoisonedCritic(lambda number: number == call)
    fitted = train(tmp_path, adversarial(loss="ragan_ls"), network=network, critic=judge)
    assert fitted.skipped == 1
    assert_finite(network, judge)


def test_repeated_nan_stops_and_the_run_can_go_on(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step 12 of 30: 5 steps in a row"):
        train(tmp_path, network=PoisonedGenerator(lambda call: call > 7))
    fitted = train(tmp_path, network=PoisonedGenerator(lambda call: False))
    assert (fitted.steps, fitted.skipped) == (30, 5)


def test_pictures_without_content_stop_as_collapsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Grey(Tiny):
        def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
            mean = super().forward_all(blurred)[-1].mean(dim=(1, 2, 3), keepdim=True)
            return (mean.expand_as(blurred),)

    class Dead(Tiny):
        def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
            return (F.relu(super().forward_all(blurred)[-1] - 100) + blurred,)

    monkeypatch.setattr(module, "COLLAPSED", 6)
    with pytest.raises(TrainingError, match="step 6 of 30: restored pictures have no content"):
        train(tmp_path / "grey", network=Grey(), critic=nn.Conv2d(3, 1, 3))
    with pytest.raises(TrainingError, match="step 6 of 30: the generator has no gradient"):
        train(tmp_path / "dead", network=Dead())
    assert list((tmp_path / "dead").glob("resume-*.json"))


def test_clips_reach_the_critic_as_one_frame() -> None:
    class Middle(Deblurrer):
        clip_length = 3

        def __init__(self) -> None:
            super().__init__()
            self.only = nn.Conv2d(3, 3, 1)

        def forward(self, blurred: Tensor) -> Tensor:
            out: Tensor = self.only(blurred[:, 1])
            return out

    given: list[Tensor] = []
    judge = critic(channels=6)
    judge.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0].detach()))
    clip, sharp = torch.rand(2, 3, 3, 16, 16), torch.rand(2, 3, 16, 16)
    values = player(adversarial(conditional=True), Middle(), judge).step(clip, sharp, 1e-3)
    assert values["loss"].isfinite()
    assert torch.equal(given[0], torch.cat((clip[:, 1], sharp), dim=1))
    assert player(adversarial(), Middle(), critic()).step(clip, sharp, 1e-3)["loss"].isfinite()

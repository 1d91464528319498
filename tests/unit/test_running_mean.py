import signal
from pathlib import Path

import pytest
import torch
from torch import nn
from training_parts import Gate, Pairs, adversarial, critic, recipe, tiny

from deblur_lib.errors import DeclarationError
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.spec import Adversarial, Train, override
from deblur_lib.training.loop import fit
from deblur_lib.training.result import Fit
from deblur_lib.training.side import Side
from deblur_lib.training.team import start_fabric
from deblur_lib.weights.checkpoint import load_weights
from deblur_lib.weights.tensors import read_tensors

DECAY = 0.8


def train(folder: Path, declared: Train, pairs: object = None) -> Fit:
    player = critic() if declared.adversarial else None
    return fit(
        tiny(), pairs or Pairs("train"), Pairs("val", 2), declared, folder=folder, seed=5,
        device="cpu", precision="fp32", progress=False, critic=player,
    )  # fmt: skip


def test_the_mean_follows_the_weights_with_a_growing_decay() -> None:
    network = nn.Linear(3, 1)
    side = Side(start_fabric(torch.device("cpu"), "fp32"), network, recipe(), ema=DECAY)
    wanted = None
    for step in range(40):
        side.begin(0.1)
        (network(torch.ones(2, 3)) - step).square().mean().backward()
        side.finish(torch.zeros(()))
        decay = min(DECAY, (1 + step) / (10 + step))
        weight = network.weight.detach()
        wanted = weight.clone() if wanted is None else decay * wanted + (1 - decay) * weight
    torch.testing.assert_close(side.scored.weight.detach(), wanted)
    assert not torch.allclose(side.scored.weight, network.weight)


def test_a_step_that_is_not_finite_leaves_the_mean_alone() -> None:
    network = nn.Linear(3, 1)
    side = Side(start_fabric(torch.device("cpu"), "fp32"), network, recipe(), ema=DECAY)
    means = []
    for loss in (0.0, float("nan")):
        side.begin(0.1)
        network(torch.ones(2, 3)).sum().backward()
        side.finish(torch.tensor(loss))
        means.append(side.scored.weight.detach().clone())
    assert torch.equal(*means)


def test_validation_and_checkpoints_take_the_mean(tmp_path: Path) -> None:
    with_mean = train(tmp_path / "mean", recipe(ema=DECAY))
    without = train(tmp_path / "plain", recipe())
    assert with_mean.best_psnr != without.best_psnr
    network = tiny()
    load_weights(with_mean.weights, network)
    scores = evaluate(network, Pairs("val", 2), conventions=("psnr-rgb",), progress=False)
    assert sum(one.scores["psnr-rgb"] for one in scores) / 2 == pytest.approx(with_mean.best_psnr)


@pytest.mark.parametrize("declared", [recipe(ema=DECAY), adversarial()], ids=["plain", "game"])
def test_resume_goes_on_with_the_same_mean(tmp_path: Path, declared: Train) -> None:
    declared = override(declared, {"ema": DECAY})
    whole = train(tmp_path / "whole", declared)
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=35)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", declared, gate)
    train(tmp_path / "parts", declared)
    for name in ("best.safetensors", "last.safetensors"):
        left, right = (read_tensors(tmp_path / one / name) for one in ("whole", "parts"))
        assert all(torch.equal(left[key], right[key]) for key in left)
    assert (tmp_path / "parts" / "log.csv").read_text() == whole.log.read_text()


@pytest.mark.parametrize("ema", [1.0, -0.1])
def test_a_decay_outside_zero_to_one_is_refused(ema: float) -> None:
    with pytest.raises(DeclarationError, match="ema"):
        override(recipe(), {"ema": ema})


def test_the_critic_keeps_no_mean() -> None:
    assert "ema" not in Adversarial.__dataclass_fields__

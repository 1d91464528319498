"""Methods that estimate blur learn from sharp crops alone, and are runs like all others."""

import signal
from pathlib import Path

import pytest
import torch
from training_parts import Gate, Pairs, assert_same_weights, recipe

from deblur_lib import catalogue
from deblur_lib.devices import resolve_device
from deblur_lib.runs import costing
from deblur_lib.training.estimating import sharp_crops
from deblur_lib.training.loop import fit, make_player
from deblur_lib.training.result import Fit

OPTIONS = {"divisor": 16, "reach": 2, "components": 2, "patches": 64, "rounds": 1}
RECIPE = recipe(steps=8, crop=16, validate=2, augment=())


def train(folder: Path, pairs: object) -> Fit:
    torch.manual_seed(0)
    network = catalogue.build("gong2017", **OPTIONS)
    return fit(
        network, pairs, Pairs("validation"), RECIPE, folder=folder, seed=0, device="cpu",
        progress=False, name="gong2017", options=OPTIONS,
    )  # type: ignore[arg-type, return-value]  # fmt: skip


def test_an_interrupted_training_goes_on_to_the_bit(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", Pairs("train"))
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=RECIPE.batch * 5)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", gate)
    parts = train(tmp_path / "parts", Pairs("train"))
    assert_same_weights(parts.weights, whole.weights)
    assert parts.log.read_text() == whole.log.read_text()
    assert "validation/motion" in whole.log.read_text()


def test_the_blurred_picture_is_not_looked_at() -> None:
    device = resolve_device("cpu")
    sharp = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    ends = []
    for blurred in (sharp, torch.zeros_like(sharp)):
        torch.manual_seed(0)
        player = make_player(catalogue.build("gong2017", **OPTIONS), RECIPE, 0, device, "bf16")
        player.step(blurred, sharp, 1e-3)
        ends.append(player.state())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_sharp_crops_are_the_middles_of_pictures_spread_over_the_source() -> None:
    source = Pairs("train", count=6)
    found = sharp_crops(source, side=8, most=3)  # type: ignore[arg-type]
    assert found.shape == (3, 3, 8, 8)
    torch.testing.assert_close(found[1], source.pair(2).sharp[:, 8:16, 8:16])
    assert sharp_crops(source, side=100).shape == (6, 3, 24, 24)  # type: ignore[arg-type]


def test_their_operations_are_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    found = costing.counted("gong2017", OPTIONS)
    assert found["macs"] == 0
    assert found["parameters"] > 0

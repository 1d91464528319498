"""Two critics in a game, for real: what is logged, what a NaN and a power cut leave."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor

from deblur_lib.data.opening import open_data
from deblur_lib.data.pairs import PairSource
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.spec import override
from deblur_lib.training import adversarial
from deblur_lib.training.loop import fit
from deblur_lib.training.result import Fit
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights.tensors import read_tensors

RUNS = {one.method.id: one for one in make_plan(Request("li2026", "smoke")).runs}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[PairSource, PairSource]:
    cache = tmp_path_factory.mktemp("cache")
    settings = {"size": 64, "train": 2, "validation": 1, "test": 1, "blur": 0.3}
    train, validation = (
        open_data("synth-gopro-linear", split, settings=settings, cache=cache, progress=False)
        for split in ("train", "validation")
    )
    return train, validation


def play(method: str, folder: Path, pairs: tuple[PairSource, PairSource], *, steps: int = 4) -> Fit:
    one = RUNS[method]
    network = fresh_network(str(one.method.network), one.options, seed=0)
    recipe = override(one.train, {"steps": steps, "validate": 2})
    return fit(network, *pairs, recipe, folder=folder, seed=0, device="cpu", precision="fp32",
               progress=False)  # fmt: skip


@pytest.mark.parametrize("method", ["li2026", "deblurgan_v2", "deblurgan", "li2026_loss_adv"])
def test_the_game_is_logged_with_its_health(
    method: str, tmp_path: Path, pairs: tuple[PairSource, PairSource]
) -> None:
    log = pd.read_csv(play(method, tmp_path, pairs).log)
    panel = {"critic/real", "critic/fake", "critic/loss", "critic/gradient", "gradient", "spread",
             "loss/adversarial"}  # fmt: skip
    assert panel <= set(log["name"])
    assert ("critic/penalty" in set(log["name"])) == (method == "deblurgan")
    assert (log[log["name"] == "spread"]["value"] > 0.1).all()


def test_a_nan_in_the_game_is_skipped_and_a_stopped_one_goes_on(
    tmp_path: Path, pairs: tuple[PairSource, PairSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = adversarial.GENERATOR_LOSSES["bce"]
    calls: list[int] = []

    def spoilt(nan: int, stop: int) -> None:
        def loss(fake: Tensor, mean_real: Tensor) -> Tensor:
            calls.append(1)
            if len(calls) == stop:
                raise RuntimeError("power cut")
            return usual(fake, mean_real) * (float("nan") if len(calls) == nan else 1)

        calls.clear()
        monkeypatch.setitem(adversarial.GENERATOR_LOSSES, "bce", loss)

    spoilt(nan=3, stop=0)  # two critics: the first call of step 2
    whole = play("li2026", tmp_path / "whole", pairs)
    assert whole.skipped == 1
    weights = read_tensors(tmp_path / "whole" / "last.safetensors")
    assert all(bool(one.isfinite().all()) for one in weights.values())
    spoilt(nan=3, stop=7)  # step 4; the state of step 2 is stored
    with pytest.raises(RuntimeError, match="power cut"):
        play("li2026", tmp_path / "cut", pairs)
    spoilt(nan=0, stop=0)
    assert play("li2026", tmp_path / "cut", pairs).skipped == 1
    again = read_tensors(tmp_path / "cut" / "last.safetensors")
    assert all(torch.equal(again[name], one) for name, one in weights.items())

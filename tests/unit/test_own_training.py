"""Trainings outside the papers: more steps, first weights, what is watched, what is refused."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from data_pictures import PAIRS, write_pairs
from training_parts import Pairs, assert_same_weights, recipe, train, values

from deblur_lib.cli import main
from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.spec import override
from deblur_lib.training import recipes
from deblur_lib.training.own import Order, first_network
from deblur_lib.training.watching import CURVE, write_curve
from deblur_lib.weights.checkpoint import open_network

SMALL = (
    *("--option", "channels=4", "--option", "outer=1", "--option", "inner=1"),
    *("--set", "batch=2", "--set", "crop=32", "--set", "validate=1", "--set", "warmup=0"),
    *("--threads", "1", "--device", "cpu", "--quiet"),
)


def scored(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / CURVE)


def test_a_finished_training_goes_on_when_more_steps_are_asked_for(tmp_path: Path) -> None:
    declared = recipe(schedule="constant", validate=1)
    train(tmp_path / "parts", override(declared, {"steps": 10}), more=True)
    longer = train(tmp_path / "parts", override(declared, {"steps": 25}), more=True)
    whole = train(tmp_path / "whole", override(declared, {"steps": 25}), more=True)
    assert (longer.steps, len(values(longer, "loss"))) == (25, 25)
    last = [one.weights.with_name("last.safetensors") for one in (longer, whole)]
    assert_same_weights(*last)
    with pytest.raises(UsageError, match=r"recipe.steps was 25, now 10"):
        train(tmp_path / "parts", override(declared, {"steps": 10}), more=True)
    with pytest.raises(UsageError, match=r"recipe.steps was 25, now 40"):
        train(tmp_path / "parts", override(declared, {"steps": 40}))
    for state in (tmp_path / "parts").glob("resume*"):
        state.unlink()
    with pytest.raises(CheckpointError, match="without the state to go on from"):
        train(tmp_path / "parts", override(declared, {"steps": 40}), more=True)


def test_what_is_watched_is_logged_with_the_time_it_took(tmp_path: Path) -> None:
    done = train(tmp_path, watched={"others": Pairs("test", 2)})
    assert len(values(done, "check/others")) == len(values(done, "check/others/input")) == 3
    curve = scored(tmp_path)
    assert list(curve.columns) == ["step", "core_hours", "name", "value"]
    assert set(curve["name"]) == {"validation/psnr-rgb", "check/others", "check/others/input"}
    assert curve["core_hours"].is_monotonic_increasing
    assert_same_weights(done.weights, train(tmp_path / "alone").weights)


def test_a_step_done_again_replaces_its_scores(tmp_path: Path) -> None:
    for step, value in ((10, 1.0), (20, 2.0), (10, 3.0)):
        write_curve(tmp_path, step, 3600.0 * step, {"check/one": value})
    assert scored(tmp_path).to_numpy().tolist() == [[10, 10.0, "check/one", 3.0]]


def test_every_recipe_can_be_read() -> None:
    assert "photo" in recipes.names()
    for name in recipes.names():
        assert recipes.read(name).title
    with pytest.raises(UsageError, match="did you mean 'photo'"):
        recipes.read("phot")


def photo(*more: str, out: Path) -> tuple[int, str]:
    """Run `deblur train` by a small variant of the recipe for photographs."""
    done = CliRunner().invoke(
        main, ["train", "--recipe", "photo", *SMALL, "--out", str(out), *more]
    )
    return done.exit_code, done.output


@pytest.fixture
def tiny_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes as they are declared, with pictures that are quickly made."""
    whole = recipes.read

    def read(name: str) -> recipes.Recipe:
        found = whole(name)
        settings = override(found.mixture.settings, {"size": 48, "blur": 0.3})
        mixture = override(found.mixture, {"pool": 4})
        object.__setattr__(mixture, "settings", settings)
        changed = override(found, {"validation": 2, "checks": {"shake": {"synth-shake": 1.0}}})
        object.__setattr__(changed, "mixture", mixture)
        return changed

    monkeypatch.setattr(recipes, "read", read)


@pytest.mark.usefixtures("tiny_pictures")
def test_the_command_trains_goes_on_and_begins_with_weights(tmp_path: Path) -> None:
    mine = write_pairs(tmp_path / "mine", PAIRS)
    first = tmp_path / "first"
    status, text = photo("--steps", "2", "--check", f"mine={mine}", out=first)
    assert status == 0, text
    assert f"weights: {first / 'best.safetensors'}" in text
    network, card = open_network(first / "best.safetensors")
    assert (card.network, card.options["channels"], card.step) == ("plain_unet", 4, 2)
    restored = network(torch.rand(1, 3, 16, 16))
    assert restored.shape == (1, 3, 16, 16)
    assert {"check/mine", "check/shake", "validation/psnr-rgb"} <= set(scored(first)["name"])
    status, text = photo("--steps", "3", "--check", f"mine={mine}", out=first)
    assert (status, "3 steps" in text) == (0, True), text
    weights = str(first / "best.safetensors")
    status, text = photo("--steps", "1", "--init-from", weights, out=tmp_path / "second")
    assert status == 0, text
    status, text = photo("--steps", "1", out=tmp_path / "second")
    assert status == 2
    assert "first was" in text


@pytest.mark.parametrize(
    ("more", "status", "needle"),
    [
        (("--set", "stepz=3"), 2, "did you mean 'steps'"),
        (("--option", "chanels=3"), 2, "did you mean 'channels'"),
        (("--network", "plain_unett"), 2, "did you mean 'plain_unet'"),
        (("--init-from", "nowhere.safetensors"), 1, "nowhere.safetensors is missing"),
        (("--check", "mine=nowhere"), 1, "nowhere is not a folder"),
    ],
)
@pytest.mark.usefixtures("tiny_pictures")
def test_what_cannot_be_is_refused_before_the_first_step(
    more: tuple[str, ...], status: int, needle: str, tmp_path: Path
) -> None:
    found, text = photo(*more, out=tmp_path / "out")
    assert (found, needle in text) == (status, True), text
    assert not (tmp_path / "out" / "log.csv").exists()


def test_a_recipe_without_a_network_needs_one() -> None:
    nameless = override(recipes.read("photo"), {"network": ""})
    with pytest.raises(UsageError, match="--network NAME"):
        first_network(Order(nameless, "x"))

"""Trainings outside the papers: more steps, first weights, what is watched, what is refused."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from data_pictures import PAIRS, save, sharp_picture, write_pairs
from training_parts import Pairs, assert_same_weights, recipe, train, values

from deblur_lib.cli import main
from deblur_lib.errors import CheckpointError, DeclarationError, UsageError
from deblur_lib.spec import override
from deblur_lib.training import recipes
from deblur_lib.training.own import Order, prepare
from deblur_lib.training.watching import CURVE, write_curve
from deblur_lib.weights.checkpoint import open_network, read_card

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


def test_a_recipe_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text((recipes.PLACE / "own.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert recipes.read(str(mine)) == recipes.read("own")
    mine.write_text("title: [", encoding="utf-8")
    with pytest.raises(DeclarationError, match="is no YAML file"):
        recipes.read(str(mine))
    mine.write_text("title: x\nwhy: y", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"mine.yaml: Field required at train"):
        recipes.read(str(mine))
    with pytest.raises(UsageError, match=r"a path that ends in \.yaml"):
        recipes.read(str(tmp_path / "none.yaml"))


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
        (("--init-from", "nowhere.safetensors"), 2, "nowhere.safetensors is missing"),
        (("--check", "mine=nowhere"), 1, "nowhere is not a folder"),
        (("--set", "crop=64"), 1, "the smallest is train-0000 with 48x48"),
        (("--set", "loss={l2: 1}"), 2, "no loss is called 'l2'"),
        (("--steps", "3", "--set", "warmup=4"), 2, "fewer than the 4 in which the rate rises"),
    ],
)
@pytest.mark.usefixtures("tiny_pictures")
def test_what_cannot_be_is_refused_before_the_first_step(
    more: tuple[str, ...], status: int, needle: str, tmp_path: Path
) -> None:
    found, text = photo(*more, out=tmp_path / "out")
    assert (found, needle in text) == (status, True), text
    assert not (tmp_path / "out" / "log.csv").exists()


@pytest.mark.parametrize(
    ("network", "needle"),
    [("zhao2020", "restores clips of 3"), ("whyte2012", "learns nothing"), ("", "--network NAME")],
)
def test_networks_that_single_pictures_cannot_train_are_refused(
    network: str, needle: str, tmp_path: Path
) -> None:
    data = write_pairs(tmp_path / "mine", PAIRS)
    chosen = override(recipes.read("own"), {"network": network})
    order = Order(override_train(chosen, crop=32), "mine", data=data)
    with pytest.raises(UsageError, match=needle):
        prepare(order, print)


def override_train(chosen: recipes.Recipe, **changes: object) -> recipes.Recipe:
    return dataclasses.replace(chosen, train=override(chosen.train, changes))


def own(data: Path, out: Path, *more: str) -> tuple[int, str]:
    """Run `deblur train` on a folder, for two steps of a narrow network."""
    narrow = ("--network", "mimo_unet", "--option", "base_channels=8", "--option", "blocks=1")
    short = ("--steps", "2", "--set", "batch=2", "--set", "warmup=0", "--set", "validate=1")
    done = CliRunner().invoke(
        main,
        ["train", *narrow, *short, "--device", "cpu", "--threads", "1", "--quiet", "--data",
         str(data), "--out", str(out), *more],
    )  # fmt: skip
    return done.exit_code, done.output


@pytest.mark.parametrize("packed", [True, False])
def test_own_pairs_are_trained_on(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    data, out = write_pairs(tmp_path / "mine", PAIRS), tmp_path / "out"
    status, text = own(data, out, "--set", "crop=32", *(() if packed else ("--no-pack",)))
    assert status == 0, text
    assert "3 pairs of mine/train, 1 pairs of mine/validation" in text
    assert (tmp_path / "runs" / "cache").is_dir() == packed
    card = read_card(out / "best.safetensors")
    assert card.data.keys() == {"mine/train", "mine/validation"}
    assert card.notes == ["1 of 2 scenes validate"]
    if packed:  # the network and its options come with the weights
        more = ("--data", str(data), "--init-from", str(out / "best.safetensors"), "--dry-run")
        done = CliRunner().invoke(main, ["train", *more, "--set", "crop=32"])
        assert (done.exit_code, "ready: mimo_unet" in done.output) == (0, True), done.output


def test_own_photographs_are_blurred_while_it_trains(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / "photos" / f"{number}.png", sharp_picture(number, 64, 64))
    size = ("--set", "crop=32", "--mix", "size=48", "--mix", "blur=0.3", "--mix", "leaves=0.0")
    status, text = own(tmp_path / "photos", tmp_path / "out", *size)
    assert status == 0, text
    assert "endless pairs of photos/train" in text
    assert "photos/train" in read_card(tmp_path / "out" / "best.safetensors").data


@pytest.mark.parametrize(
    ("crop", "dry", "status", "needle"),
    [
        (56, (), 1, "3 of 3 pictures are smaller than the crops of 56x56"),
        (56, ("--dry-run",), 1, "3 of 3 pictures are smaller than the crops of 56x56"),
        (32, ("--dry-run",), 0, "ready: mimo_unet"),
        (30, ("--dry-run",), 2, "divisible by 4, got 30x30; choose another `crop`"),
        (30, (), 2, "divisible by 4, got 30x30; choose another `crop`"),
    ],
)
def test_pairs_are_checked_before_anything_is_stored(
    crop: int, dry: tuple[str, ...], status: int, needle: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    data = write_pairs(tmp_path / "mine", PAIRS)
    found, text = own(data, tmp_path / "out", "--set", f"crop={crop}", *dry)
    assert (found, needle in text) == (status, True), text
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "runs").exists()

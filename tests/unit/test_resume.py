"""A training that was killed or interrupted goes on and ends as if it had not been."""

import dataclasses
import random
import shutil
import signal
from pathlib import Path

import pytest
import torch
from disasters import in_child, small_disk
from torch import Tensor
from training_parts import (
    Gate,
    adversarial,
    assert_same_weights,
    critic,
    recipe,
    train,
    values,
)

from deblur_lib.errors import RecordError, UsageError
from deblur_lib.files import sweep
from deblur_lib.records import read_json
from deblur_lib.training import schedules, session
from deblur_lib.training.result import Fit
from deblur_lib.training.side import Side


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return train(tmp_path_factory.mktemp("finished"), name="tiny", options={"width": 8})


@pytest.mark.parametrize("game", [False, True], ids=["plain", "adversarial"])
def test_a_chain_of_kills_ends_as_if_there_had_been_none(
    finished: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, game: bool
) -> None:
    declared = adversarial() if game else recipe()

    def go_on(folder: Path) -> Fit:
        more = {"critic": critic()} if game else {}
        return train(folder, declared, name="tiny", options={"width": 8}, **more)

    whole = go_on(tmp_path / "whole") if game else finished
    monkeypatch.setattr(session, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(session, "SAVE_SHARE", 1e9)  # after every step
    luck, kills, parts = random.Random(11), 0, tmp_path / "parts"
    while in_child(lambda: go_on(parts), kill_at=luck.randrange(20, 300)) == "killed":
        kills += 1
    assert kills > 3
    sweep(parts)
    assert not list(parts.glob(".*"))
    resumed = go_on(parts)
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(parts / name, whole.weights.with_name(name))
    assert resumed.log.read_text() == whole.log.read_text()
    assert (resumed.best_step, resumed.best_psnr) == (whole.best_step, whole.best_psnr)
    assert resumed.notes == ()


def test_a_full_disk_costs_no_step_that_was_stored(finished: Fit, tmp_path: Path) -> None:
    given = {"name": "tiny", "options": {"width": 8}}
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=25)
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(KeyboardInterrupt):
            train(disk / "run", train=gate, **given)
        (disk / "filler").write_bytes(b"x" * (shutil.disk_usage(disk).free - 8192))
        with pytest.raises(RecordError, match=r"No space left .*free some space"):
            train(disk / "run", **given)
        (disk / "filler").unlink()
        assert not list(disk.rglob(".deblur-*"))
        resumed = train(disk / "run", **given)
        assert_same_weights(resumed.weights, finished.weights)
        assert resumed.log.read_text() == finished.log.read_text()


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_interrupt_stores_the_state_between_two_steps(tmp_path: Path, optimiser: str) -> None:
    declared = recipe(optimiser=optimiser, clip=0.5, weight_decay=0.01)
    whole = train(tmp_path / "whole", declared)
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=35)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", declared, train=gate)
    assert read_json(tmp_path / "parts" / "resume-b.json")["counters"]["step"] == 18
    parts = train(tmp_path / "parts", declared)
    assert_same_weights(parts.weights, whole.weights)
    assert parts.log.read_text() == whole.log.read_text()


SWITCHED = recipe(sgd_from=0.5, clip=0.5, weight_decay=0.01)  # SGD from step 15 of 30 on


@pytest.fixture(scope="module")
def switched(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return train(tmp_path_factory.mktemp("switched"), SWITCHED)


@pytest.mark.parametrize("step", [14, 15, 16, 23])
def test_resume_around_the_switch_to_sgd(tmp_path: Path, switched: Fit, step: int) -> None:
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=2 * step - 1)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, SWITCHED, train=gate)
    states = [read_json(one)["counters"]["step"] for one in tmp_path.glob("resume-*.json")]
    assert max(states) == step
    resumed = train(tmp_path, SWITCHED)
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(tmp_path / name, switched.weights.with_name(name))
    assert resumed.log.read_text() == switched.log.read_text()
    settings = read_json(tmp_path / "fit.json")["settings"]
    assert (settings["recipe.optimiser"], settings["recipe.sgd_from"]) == ("adam", 0.5)


def test_the_optimiser_is_exchanged_once_and_the_rate_goes_on(
    tmp_path: Path, switched: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[torch.optim.Optimizer] = []
    original = Side.finish

    def finish(side: Side, loss: Tensor) -> Tensor:
        used.append(side.optimiser)
        return original(side, loss)

    monkeypatch.setattr(Side, "finish", finish)
    declared = dataclasses.replace(SWITCHED, sgd_from=0.4)
    fitted = train(tmp_path, declared)
    assert [type(one).__name__ for one in used] == ["Adam"] * 12 + ["SGD"] * 18
    assert len({id(one) for one in used}) == 2
    assert used[-1].param_groups[0]["momentum"] == declared.betas[0] == 0.9
    rates = [schedules.learning_rate(declared, step) for step in range(30)]
    assert values(fitted, "lr") == pytest.approx(rates, rel=1e-6) == values(switched, "lr")
    with pytest.raises(UsageError, match=r"recipe.sgd_from was 0.4, now 0.5"):
        train(tmp_path, SWITCHED)


def test_truncated_state_falls_back_and_still_ends_the_same(finished: Fit, tmp_path: Path) -> None:
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=45)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train=gate, name="tiny", options={"width": 8})
    newest = tmp_path / "resume-a.safetensors"  # steps 10, 20 and 23 went to a, b and a
    newest.write_bytes(newest.read_bytes()[:-7])
    resumed = train(tmp_path, name="tiny", options={"width": 8})
    assert "resume-a.safetensors was damaged" in resumed.notes[0]
    assert_same_weights(resumed.weights, finished.weights)
    assert resumed.log.read_text() == finished.log.read_text()


def test_half_a_line_at_the_end_of_the_log_is_done_again(finished: Fit, tmp_path: Path) -> None:
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=45)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train=gate, name="tiny", options={"width": 8})
    with (tmp_path / "log.csv").open("a") as log:
        log.write("24,loss,0.5\n25,lo")
    assert train(tmp_path, name="tiny", options={"width": 8}).log.read_text() == (
        finished.log.read_text()
    )

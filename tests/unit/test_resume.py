"""A training that was killed or interrupted goes on and ends as if it had not been."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from training_parts import Gate, assert_same_weights, recipe, train, values

from deblur_lib.errors import UsageError
from deblur_lib.records import read_json
from deblur_lib.training import schedules
from deblur_lib.training.result import Fit
from deblur_lib.training.side import Side


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return train(tmp_path_factory.mktemp("finished"), name="tiny", options={"width": 8})


KILLED = """
import sys
sys.path.insert(0, {here!r})
import os, signal, torch
torch.set_num_threads({threads})
from pathlib import Path
from training_parts import Gate, train
train(Path({folder!r}), train=Gate(lambda: os.kill(os.getpid(), signal.SIGKILL), at=35),
      name="tiny", options={{"width": 8}})
"""


def test_kill_and_resume_equals_an_uninterrupted_run(finished: Fit, tmp_path: Path) -> None:
    threads = torch.get_num_threads()  # bits are the same on the same number of threads
    script = KILLED.format(here=str(Path(__file__).parent), threads=threads, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / "fit.json").exists()
    assert (tmp_path / "log.csv").read_text() != finished.log.read_text()
    resumed = train(tmp_path, name="tiny", options={"width": 8})
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(tmp_path / name, finished.weights.with_name(name))
    assert resumed.log.read_text() == finished.log.read_text()
    assert (resumed.best_step, resumed.best_psnr) == (finished.best_step, finished.best_psnr)
    assert resumed.notes == ()


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

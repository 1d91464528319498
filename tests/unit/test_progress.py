"""`deblur run` and `deblur status`: what they tell, refuse and answer with."""

import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deblur_lib import papers
from deblur_lib.cli import main
from deblur_lib.cli.group import ends_as_ctrl_c
from deblur_lib.errors import TrainingError
from deblur_lib.locks import Lock
from deblur_lib.records import write_json
from deblur_lib.runs import failures, matrix, progress, store
from deblur_lib.runs.engines import Result, Task
from deblur_lib.runs.plan import Plan, Request, commands_of, make_plan
from deblur_lib.training.interrupts import Interrupts


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    return make_plan(Request("wan2023", profile="smoke", device="cpu"))


@pytest.fixture
def mixed(plan: Plan) -> Iterator[Plan]:
    """Runs in every state: finished, failed, stopped, running, and to do."""
    manifest = json.loads(
        next((Path(__file__).parents[2] / "results/wan2023").glob("*/manifests.json")).read_text()
    )[0]
    finished, failed, stopped, running = (store.run_folder(one) for one in plan.runs[:4])
    write_json(finished / "manifest.json", [manifest | {"seconds_training": 60.0, "steps": 4}])
    failures.record(failed, TrainingError("no"))
    at = {"counters": {"at": {"step": 2, "seconds": 20.0}}}
    write_json(stopped / "resume-a.json", at)
    for folder in (stopped, running):
        (folder).mkdir(exist_ok=True)
        (folder / "log.csv").write_text("step,name,value\n2,loss,0.5\n")
    lock = Lock(running)
    assert lock.take()
    yield dataclasses.replace(plan, runs=plan.runs[:5])
    lock.free()


def test_status_tells_what_every_run_does(mixed: Plan) -> None:
    found = progress.standings(mixed)
    states = ["finished", "failed", "stopped", "running", "to do"]
    assert [one.state for one in found] == states
    assert [(one.step, one.left) for one in found[:3]] == [(4, 0.0), (0, None), (2, 20.0)]
    assert found[1].why == "TrainingError: no"
    assert f"process {os.getpid()}" in found[3].where
    told = progress.told(mixed)
    assert told.startswith("wan2023, smoke: 1 finished, 1 running, 1 failed, 1 stopped, 1 to do")
    assert "seed 0 stopped 50 %" in told
    assert commands_of(mixed.request, [mixed.runs[1].id])[mixed.runs[1].id] in told
    assert progress.steps_done(mixed.runs[3]) == (2, "loss 0.5")


def test_the_bar_says_where_others_train(
    mixed: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.bar_of(mixed.runs[3:], "runs", shown=True):
        pass
    shown = f"{mixed.runs[3].method.id} seed 0, loss 0.5"
    assert f"{shown}]" in capsys.readouterr().err
    monkeypatch.setattr(progress, "_descends", lambda _: False)
    with progress.bar_of(mixed.runs[3:], "runs", shown=True):
        pass
    assert f"{shown} (process {os.getpid()} on " in capsys.readouterr().err


def test_the_commands_tell_it(mixed: Plan) -> None:
    done = CliRunner().invoke(main, ["status", "wan2023", "--profile", "smoke"])
    assert done.exit_code == 0
    assert "1 running, 1 failed" in done.output
    done = CliRunner().invoke(main, ["status", "--profile", "smoke", "--json"])
    assert list(json.loads(done.output)) == list(papers.names())


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        ("run", "PAPER..."),
        ("run wan2032", "did you mean 'wan2023'"),
        ("run wan2023 --shard 3/2", "as 2/5, got '3/2'"),
        ("run wan2023 --methods wan2032", "did you mean 'wan2023'"),
        ("run all --methods wan2032", "no paper of all has rows wan2032"),
        ("run wan2023 --set recipe={'stepz':5}", "did you mean 'steps'"),
        ("run wan2023 --seeds 1,x", "needs a number"),
        ("run wan2023 --set steps", "KEY=VALUE"),
    ],
)
def test_a_wrong_request_starts_nothing(
    words: str, needle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "sweep", lambda *_, **__: pytest.fail("it began"))
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 2
    assert needle in done.output


def _task(plan: Plan) -> Task:
    return Task(plan.request, plan.runs[0].id, store.run_folder(plan.runs[0]), {})


@pytest.mark.parametrize(("state", "status"), [("finished", 0), ("failed", 1), ("stopped", 4)])
def test_the_exit_status_tells_how_it_ended(
    state: Any, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        matrix, "sweep", lambda plans, *_, **__: [(_task(plans[0]), Result(state, "no"))]
    )
    done = CliRunner().invoke(main, ["run", "wan2023", "--profile", "smoke"])
    assert done.exit_code == status, done.output


def test_a_request_to_end_counts_as_ctrl_c() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ends_as_ctrl_c():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_waits_for_the_end_of_a_step_as_ctrl_c_does(first: signal.Signals) -> None:
    with ends_as_ctrl_c(), Interrupts() as held:
        signal.raise_signal(first)
        signal.raise_signal(signal.SIGTERM)  # soon after the first: its echo
        assert held.pressed

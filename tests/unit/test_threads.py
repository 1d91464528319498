"""Processor threads of runs: how many, how they wait, and what a busy process beside them costs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from deblur_lib import papers
from deblur_lib.devices import processor_threads
from deblur_lib.runs import engines, matrix
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.reckoning import threads_of, worker_count

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))


@pytest.mark.parametrize("paper", papers.names())
def test_small_networks_take_one_thread_and_published_ones_torchs_own(paper: str) -> None:
    smoke, full = (make_plan(Request(paper, profile=name)).runs for name in ("smoke", "gpu"))
    assert {threads_of(run) for run in smoke} == {1} == {threads_of(*smoke)}
    assert {threads_of(run) for run in full[:1]} == {None} == {threads_of(smoke[0], full[0])}


def test_the_environment_decides_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(Request("wan2023", profile="demo", device="cpu"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    assert (threads_of(plan.runs[0]), worker_count(plan)) == (1, 4)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with processor_threads(2):
        assert (threads_of(plan.runs[0]), worker_count(plan)) == (None, 2)
    with processor_threads(8):
        assert worker_count(plan) == 1


def test_runs_and_probes_have_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(Request("sang2018", profile="smoke", device="cpu"))
    seen: list[int] = []
    monkeypatch.setattr(matrix, "look", lambda plan: ({}, {}))
    monkeypatch.setattr(matrix, "open_training", lambda *_: None)
    monkeypatch.setattr(matrix.costing, "missing", lambda plan: [])

    def count(*_: Any) -> None:
        seen.append(torch.get_num_threads())

    monkeypatch.setattr(engines, "execute", count)
    monkeypatch.setattr(matrix, "probe", count)
    with processor_threads(2):
        matrix.run_all(plan)
        assert torch.get_num_threads() == 2
    assert seen == [1] * (len(plan.runs) + 1)


TRAINED = """
import subprocess, sys, time
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import build
from deblur_lib.devices import processor_threads
from deblur_lib.training.loop import make_player
from deblur_lib.runs.reckoning import threads_of
import torch

run = make_plan(Request("li2026", profile="smoke", device="cpu")).runs[0]
player = make_player(build(run), run.train, 0, torch.device("cpu"), "fp32")
picture = torch.rand(run.train.batch, 3, run.train.crop, run.train.crop)

def seconds():
    start = time.process_time()
    for _ in range(3):
        player.step(picture, picture, 1e-4)
    return time.process_time() - start

def beside():
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return seconds()
    finally:
        busy.kill()
        busy.wait()

quiet, loud = [], []
for _ in range(4):
    with processor_threads(1):
        quiet.append(seconds())
    with processor_threads(threads_of(run)):
        loud.append(beside())
print(min(loud[1:]) / min(quiet[1:]))
"""


def test_a_busy_process_beside_a_smoke_training_costs_it_little() -> None:
    """Processor time counts, against that of one thread: threads burn it while they wait.

    Time by the clock would tell what else this machine is doing.
    """
    done = subprocess.run(
        [sys.executable, "-c", TRAINED],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 3
    if "GOMP_SPINCOUNT" in done.stderr:  # GNU's OpenMP tells how long its threads spin
        assert "GOMP_SPINCOUNT = '0'" in done.stderr


def test_a_way_of_waiting_that_is_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os, deblur_lib; print(os.environ['OMP_WAIT_POLICY'])"
    for asked, expected in ((None, "passive"), ("active", "active")):
        if asked:
            monkeypatch.setenv("OMP_WAIT_POLICY", asked)
        told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
        assert told.strip() == expected

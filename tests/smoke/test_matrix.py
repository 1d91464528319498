"""Runs without a notebook: parts of the matrix, kills at any moment, the same rows in the end."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from deblur_lib import locks
from deblur_lib.errors import RunsError
from deblur_lib.runs import engines, failures, store
from deblur_lib.runs.engines import Here, Processes, Result, Task, perform
from deblur_lib.runs.matrix import check, sweep
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.progress import standings, steps_done
from deblur_lib.runs.running import open_tests

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("sang2018", "zhao2020")  # single pictures and clips
STEPS = 40
ROWS = (("wan2023", "wan2023"), ("li2026", "deblurgan"))  # the second has a critic
LEFT = ("rows.csv", "log.csv", "best.safetensors", "last.safetensors")


def deblur(*words: str, runs: Path) -> "subprocess.Popen[str]":
    own = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return subprocess.Popen(
        [sys.executable, "-m", "deblur_lib.cli", *words, "--quiet"],
        cwd=ROOT,
        env=own | {"PYTHONPATH": str(ROOT), "DEBLUR_RUNS": str(runs)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.smoke
def test_two_parts_side_by_side_leave_the_rows_of_the_notebooks(
    executed_project: Path, tmp_path: Path
) -> None:
    for name in ("cache", "costs"):
        shutil.copytree(executed_project / "runs" / name, tmp_path / name)
    words = ("run", *SHARED, "--profile", "smoke", "--workers", "1", "--shard")
    parts = [deblur(*words, part, runs=tmp_path) for part in ("1/2", "2/2")]
    for part in parts:
        told, _ = part.communicate(timeout=600)
        assert part.returncode == 0, told
    for paper in SHARED:
        for run in make_plan(Request(paper, "smoke")).runs:
            place = Path(paper, "smoke", run.id, "rows.csv")
            assert (tmp_path / place).read_bytes() == (
                executed_project / "runs" / place
            ).read_bytes()


def asked() -> list[Plan]:
    """A plain and an adversarial row that store a state every few steps."""
    recipe = {"steps": STEPS, "validate": STEPS // 4}
    return [
        make_plan(Request(paper, "smoke", device="cpu", methods=(method,), recipe=recipe))
        for paper, method in ROWS
    ]


def left_by(plans: list[Plan]) -> dict[str, list[bytes]]:
    runs = [run for plan in plans for run in plan.runs]
    return {run.id: [(store.run_folder(run) / name).read_bytes() for name in LEFT] for run in runs}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """What the runs leave when they are executed one after another in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_RUNS", str(tmp_path_factory.mktemp("unbroken")))
        patch.setenv("TQDM_DISABLE", "1")
        for plan in asked():
            check(sweep([plan], lambda _, plan=plan: Here(plan, open_tests(plan))))
        return left_by(asked())


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path / "runs"


def under_way(plans: list[Plan]) -> list[tuple[Run, locks.Holder]]:
    """Runs that are training, and their processes."""
    found = [(run, locks.holder(store.run_folder(run))) for plan in plans for run in plan.runs]
    return [(run, who) for run, who in found if who and 0 < steps_done(run)[0] < STEPS]


def wait_for_step(
    plans: list[Plan], step: int, ended: Callable[[], Any]
) -> list[tuple[Run, locks.Holder]]:
    while not ended():
        found = under_way(plans)
        if any(steps_done(run)[0] >= step for run, _ in found):
            return found
        time.sleep(0.02)
    raise AssertionError("it ended too soon")


def test_kills_at_any_moment_cost_nothing_but_time(
    unbroken: dict[str, list[bytes]], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent, then a worker; then everything goes on elsewhere."""
    draw, plans = random.Random(20), asked()
    words = ["run", *(paper for paper, _ in ROWS), "--profile", "smoke", "--workers", "2"]
    words += ["--methods", ",".join(method for _, method in ROWS), "--device", "cpu"]
    words += ["--set", f'recipe={{"steps": {STEPS}, "validate": {STEPS // 4}}}']
    parent = deblur(*words, runs=runs)
    wait_for_step(plans, draw.randint(2, STEPS // 3), lambda: parent.poll() is not None)
    children = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweep, plans, lambda _: Processes(2, plans[0].request))
        found = wait_for_step(plans, draw.randint(STEPS // 2, STEPS - 5), sweeping.done)
        (run, who), *_ = draw.sample(found, len(found))
        os.kill(who.pid, signal.SIGKILL)
        with pytest.raises(RunsError) as error:
            check(sweeping.result())
    assert f"1 of 2 runs failed and stopped no other; each has a {failures.LOG}" in str(error.value)
    assert f"{run.id}: WorkerError: its process was killed (SIGKILL)" in str(error.value)
    assert f"again: deblur run {run.paper} --profile smoke --methods" in str(error.value)

    moved = runs.with_name("moved")  # as to another machine
    shutil.copytree(runs, moved)
    monkeypatch.setenv("DEBLUR_RUNS", str(moved))
    for plan in plans:
        check(sweep([plan], lambda _, plan=plan: Here(plan, open_tests(plan))))
    assert left_by(plans) == unbroken
    assert {one.state for plan in plans for one in standings(plan)} == {"finished"}
    assert not list(moved.glob("*/*/*/failed.*"))
    assert not list(moved.glob("*/*/.*.lock-*"))


def test_a_run_out_of_time_stores_its_state_and_goes_on(
    unbroken: dict[str, list[bytes]], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plan, _) = asked()
    (run,) = plan.runs
    folder = store.run_folder(run)
    assert perform(Task(plan.request, run.id, folder, {}, until=0.0)) == Result("stopped")
    assert (folder / "resume-a.json").is_file()
    assert standings(plan)[0].state == "stopped"
    monkeypatch.setattr(engines, "_opened", {})
    assert perform(Task(plan.request, run.id, folder, {})) == Result("finished")
    assert left_by([plan]) == {run.id: unbroken[run.id]}

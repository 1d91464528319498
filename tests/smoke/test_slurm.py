"""Runs as jobs of a real cluster: pre-empted, killed, failing, out of time, and the same rows."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import slurm_box

from deblur_lib import locks
from deblur_lib.errors import RunsError, UsageError
from deblur_lib.runs import failures, store
from deblur_lib.runs.engines import Here, Task
from deblur_lib.runs.matrix import check, sweep
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.progress import steps_done
from deblur_lib.runs.running import open_tests

pytestmark = pytest.mark.slurm
STEPS = 40
METHODS = ("wan2023_baseline", "wan2023", "mimo_unet")
LEFT = ("rows.csv", "log.csv", "best.safetensors")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm_box.Slurm]:
    """A cluster whose commands this process and its jobs find."""
    if lacking := slurm_box.missing():
        pytest.skip(f"needs a SLURM cluster, which {lacking} is missing for")
    pytest.importorskip("submitit")
    from deblur_lib.runs import slurm

    root = Path(__file__).resolve().parents[2]
    with (
        pytest.MonkeyPatch.context() as patch,
        slurm_box.Slurm(tmp_path_factory.mktemp("s") / "slurm") as box,
    ):
        for name, value in (box.environment | {"PYTHONPATH": str(root)}).items():
            patch.setenv(name, value)
        patch.setattr(slurm, "ASK", 1.0)
        patch.setattr(slurm, "GONE", 4.0)
        yield box


def asked(methods: tuple[str, ...] = METHODS, **recipe: Any) -> Plan:
    """Rows that store a state every few steps."""
    recipe = {"steps": STEPS, "validate": STEPS // 4} | recipe
    return make_plan(Request("wan2023", "smoke", device="cpu", methods=methods, recipe=recipe))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the runs leave when they are executed one after another in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_RUNS", str(tmp_path_factory.mktemp("unbroken")))
        patch.setenv("TQDM_DISABLE", "1")
        plan = asked()
        check(sweep([plan], lambda _: Here(plan, open_tests(plan))))
        return {run.id: left_by(run) for run in plan.runs}


def left_by(run: Run) -> bytes:
    folder = store.run_folder(run)
    return b"".join((folder / name).read_bytes() for name in LEFT)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path


def over_slurm(*plans: Plan, **options: str) -> dict[str, Any]:
    """Result of each run that was left."""
    from deblur_lib.runs.slurm import Slurm

    results = sweep(plans, lambda _: Slurm(options))
    return {task.run: result for task, result in results}


def until(true: Callable[[], Any], seconds: float = 240) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def trains(run: Run) -> locks.Holder | None:
    """Who executes a run that stored a state and is not near its end."""
    stored = (store.run_folder(run) / "resume-a.json").is_file()
    return locks.holder(store.run_folder(run)) if stored and steps_done(run)[0] < STEPS else None


def test_jobs_leave_what_one_process_leaves_whatever_happens_to_them(
    cluster: slurm_box.Slurm, unbroken: dict[str, bytes], place: Path
) -> None:
    plan, wrong = asked(), asked(METHODS[:1], lr=1e30)
    requeued, killed, _ = plan.runs
    found: dict[str, Any] = {}
    worker = threading.Thread(target=lambda: found.update(over_slurm(plan, wrong)), daemon=True)
    worker.start()
    sent = until(lambda: trains(requeued))
    os.kill(sent.pid, signal.SIGUSR2)  # as SLURM does before a pre-emption, and at a time limit
    os.kill(until(lambda: trains(killed)).pid, signal.SIGKILL)
    worker.join(300)
    assert found[killed.id].state == "failed"
    assert "ended without a result" in found[killed.id].why
    assert failures.read(store.run_folder(killed))["error"] == found[killed.id].why
    assert "Restarts=1" in cluster.out("scontrol", "show", "job", sent.job)
    (bad,) = wrong.runs
    assert "NaN or infinite" in failures.read(store.run_folder(bad))["error"]
    with pytest.raises(RunsError, match=rf"1 of 1 runs failed.*\n{bad.id}: EvaluationError: "):
        check([(Task(wrong.request, bad.id, store.run_folder(bad), {}), found[bad.id])])
    for run in plan.runs:
        assert (found[run.id].state == "finished") == (run != killed)
    assert list((place / "runs" / "slurm").iterdir())  # logs of what failed
    again = over_slurm(plan)
    assert {name: one.state for name, one in again.items()} == {killed.id: "finished"}
    assert {run.id: left_by(run) for run in plan.runs} == unbroken


def test_options_that_the_cluster_refuses(cluster: slurm_box.Slurm, place: Path) -> None:
    with pytest.raises(UsageError, match=r"SLURM took no job.*partition"):
        over_slurm(asked(), partition="none")
    with pytest.raises(UsageError, match="whole number of minutes, got 'an hour'"):
        over_slurm(asked(), time="an hour")


@pytest.mark.slow
def test_a_job_out_of_time_goes_on_in_the_next(cluster: slurm_box.Slurm, place: Path) -> None:
    """SLURM knows whole minutes alone, and looks every half of one."""
    plan = asked(METHODS[:1], steps=100_000, validate=1000)
    (run,) = plan.runs
    found: dict[str, Any] = {}
    worker = threading.Thread(target=lambda: found.update(over_slurm(plan, time="1")), daemon=True)
    worker.start()
    first = until(lambda: locks.holder(store.run_folder(run)))
    until(lambda: "Restarts=1" in cluster.out("scontrol", "show", "job", first.job))
    stored = steps_done(run)[0]
    again = until(lambda: locks.holder(store.run_folder(run)))
    until(lambda: steps_done(run)[0] > stored)
    assert (again.job, again.since > first.since) == (first.job, True)
    assert again.pid != first.pid
    cluster.out("scancel", first.job)
    worker.join(60)
    assert "CANCELLED" in found[run.id].why

"""Engines: who executes a run, what a failure leaves, who waits for whom, which part is whose."""

import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deblur_lib import locks, papers
from deblur_lib.cli import main
from deblur_lib.errors import RunsError, TrainingError, UsageError
from deblur_lib.locks import Lock
from deblur_lib.runs import engines, failures, matrix, reckoning, store
from deblur_lib.runs.engines import Result, Task, attempt, part_of
from deblur_lib.runs.matrix import check, conduct
from deblur_lib.runs.plan import Plan, Request, Run, commands_of, make_plan, widened
from deblur_lib.training.interrupts import Interrupts


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    monkeypatch.setattr(matrix, "POLL", 0.01)
    return tmp_path


@pytest.fixture
def plan() -> Plan:
    return make_plan(Request("wan2023", profile="smoke", device="cpu"))


def tasks_of(plan: Plan, until: float = engines.NEVER) -> list[Task]:
    return [Task(plan.request, one.id, store.run_folder(one), {}, until) for one in plan.runs]


class Scripted:
    """An engine whose tasks end as a script says.

    Args:
        answer: result of a task.
        free: tasks at once.
    """

    def __init__(self, answer: Callable[[Task], Result], free: int = 2) -> None:
        self.answer, self.size = answer, free
        self.tasks: list[Task] = []
        self.taken: list[str] = []
        self.stopped = self.closed = False

    @property
    def free(self) -> int:
        return self.size - len(self.tasks)

    def submit(self, task: Task) -> None:
        assert self.free
        self.tasks.append(task)
        self.taken.append(task.run)

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        time.sleep(0.01 if seconds else 0)
        ended, self.tasks = self.tasks, []
        return [(task, self.answer(task)) for task in ended]

    def stop(self) -> bool:
        self.stopped = True
        return bool(self.tasks)

    def close(self) -> None:
        self.closed = True


def test_a_failure_stops_no_other_run_and_the_end_names_all(plan: Plan) -> None:
    bad = {plan.runs[0].id, plan.runs[3].id}
    engine = Scripted(lambda one: Result("failed", "no") if one.run in bad else Result("finished"))
    results = conduct(tasks_of(plan), engine)
    assert [task.run for task, _ in results] == engine.taken == [run.id for run in plan.runs]
    assert engine.closed
    with pytest.raises(RunsError) as error:
        check(results)
    told = str(error.value)
    assert told.startswith(f"2 of {len(plan.runs)} runs failed")
    for run in plan.runs:
        again = f"deblur run wan2023 --profile smoke --methods {run.method.id} --seeds {run.seed}"
        assert (f"{run.id}: no" in told) == (again in told) == (run.id in bad)


def test_a_run_that_another_holds_waits_for_its_turn(plan: Plan) -> None:
    first, *others = tasks_of(plan)
    lock, lines = Lock(first.folder), list[str]()
    assert lock.take()

    def end(line: str) -> None:
        lines.append(line)
        lock.free()

    engine = Scripted(lambda _: Result("finished"))
    results = conduct([first, *others], engine, say=end)
    assert engine.taken == [*(one.run for one in others), first.run]
    assert len(results) == len(plan.runs)
    (line,) = lines
    assert line.startswith(f"waiting for {first.run}: process {os.getpid()} on ")


def test_a_run_that_was_taken_in_between_comes_again(plan: Plan) -> None:
    answers = iter([Result("held", "process 1"), *[Result("finished")] * len(plan.runs)])
    engine = Scripted(lambda _: next(answers), free=1)
    results = conduct(tasks_of(plan), engine)
    assert engine.taken.count(plan.runs[0].id) == 2
    assert {result.state for _, result in results} == {"finished"}


def test_when_time_is_up_nothing_more_begins(plan: Plan) -> None:
    def answer(task: Task) -> Result:
        time.sleep(max(0.0, task.until - time.time()))
        return Result("stopped")

    engine = Scripted(answer)
    results = conduct(tasks_of(plan, until=time.time() + 0.2), engine)
    assert len(engine.taken) == 2
    assert [result.state for _, result in results] == ["stopped"] * len(plan.runs)
    assert not engine.stopped


@pytest.mark.parametrize("who", ["the run", "the parent"])
def test_ctrl_c_lets_what_is_under_way_store_its_state(plan: Plan, who: str) -> None:
    asked = []

    def answer(_: Task) -> Result:
        if who == "the parent" and not asked:
            asked.append(True)
            raise KeyboardInterrupt
        return Result("stopped")

    engine = Scripted(answer)
    with pytest.raises(KeyboardInterrupt):
        conduct(tasks_of(plan), engine)
    assert engine.stopped
    assert engine.closed


def test_an_error_stays_in_the_folder_until_the_next_attempt(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = plan.runs[0]
    folder = store.run_folder(run)

    def fails(*_: Any) -> None:
        assert locks.holder(folder)
        raise TrainingError("a loss that is not finite")

    monkeypatch.setattr(engines, "execute", fails)
    assert attempt(run, plan, {}, {}) == Result(
        "failed", "TrainingError: a loss that is not finite"
    )
    assert failures.read(folder)["error"] == "TrainingError: a loss that is not finite"
    assert "in fails" in (folder / failures.LOG).read_text(encoding="utf-8")
    assert locks.holder(folder) is None
    monkeypatch.setattr(engines, "execute", lambda *_: None)
    assert attempt(run, plan, {}, {}) == Result("finished")
    assert failures.read(folder) == {}
    assert not (folder / failures.LOG).exists()


def test_a_run_is_left_to_who_holds_it(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "execute", lambda *_: pytest.fail("it was executed"))
    lock = Lock(store.run_folder(plan.runs[0]))
    assert lock.take()
    result = attempt(plan.runs[0], plan, {}, {})
    assert result.state == "held"
    assert f"process {os.getpid()}" in result.why
    lock.free()


@pytest.fixture
def building() -> tuple[Plan, Run, Run]:
    """A plan, a row of it that trains nothing, and the run whose weights that one takes."""
    plan = make_plan(Request("wan2023", profile="smoke", device="cpu"))
    run = next(one for one in plan.runs if one.source)
    assert run.source
    return plan, run, run.source


def test_what_builds_on_a_run_waits_for_it_and_fails_with_it(
    building: tuple[Plan, Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, run, source = building
    done: list[str] = []
    monkeypatch.setattr(engines, "execute", lambda one, *_: done.append(one.id))
    lock = Lock(store.run_folder(source))
    assert lock.take()
    assert attempt(run, plan, {}, {}).state == "held"
    task = Task(plan.request, run.id, store.run_folder(run), {}, source=store.run_folder(source))
    assert task.holder
    lock.free()
    assert task.holder is None
    assert attempt(run, plan, {}, {}) == Result("finished")
    assert done == [source.id, run.id]

    def fails(*_: Any) -> None:
        raise TrainingError("no")

    monkeypatch.setattr(engines, "execute", fails)
    why = f"RunsError: {source.id}, whose weights it takes, failed: TrainingError: no"
    assert attempt(run, plan, {}, {}) == Result("failed", why)
    for count in (2, 3, 5):
        parts = [part_of([plan], f"{one + 1}/{count}")[0].runs for one in range(count)]
        (mine,) = [part for part in parts if run in part]
        assert source.id in {one.id for one in mine}


def test_a_lost_lock_ends_the_training(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def trains(*_: Any) -> None:
        with Interrupts() as interrupts:
            assert not interrupts.pressed
            taken[0].lost = True
            assert interrupts.pressed
        raise KeyboardInterrupt

    class Seen(Lock):
        def take(self) -> bool:
            taken.append(self)
            return super().take()

    taken: list[Lock] = []
    monkeypatch.setattr(locks, "Lock", Seen)
    monkeypatch.setattr(engines, "execute", trains)
    assert attempt(plan.runs[0], plan, {}, {}).state == "held"


def test_parts_make_the_whole(plan: Plan) -> None:
    plans = [make_plan(Request(name, profile="study")) for name in papers.names()]
    parts = [part_of(plans, f"{number}/4") for number in (1, 2, 3, 4)]
    ids = [(one.paper.id, run.id) for part in parts for one in part for run in one.runs]
    assert len(ids) == len(set(ids)) == sum(len(one.runs) for one in plans)
    steps = [sum(run.train.steps for one in part for run in one.runs) for part in parts]
    assert max(steps) < 1.5 * min(steps)
    assert part_of([plan], "1/1") == [plan]
    for wrong in ("0/2", "3/2", "2", "1/x", "a/2", "-1/2"):
        with pytest.raises(UsageError, match="shard needs a part"):
            part_of([plan], wrong)


def test_named_rows_lie_where_the_whole_request_looks() -> None:
    some = make_plan(Request("wan2023", "smoke", seeds=(0,), methods=("wan2023",)))
    assert store.run_base(some.request) != store.run_base(widened(some).request)
    assert widened(some).request == Request("wan2023", "smoke")
    assert widened(some).runs == some.runs
    other = make_plan(Request("wan2023", "smoke", seeds=(7,), methods=("wan2023",)))
    assert widened(other).request == Request("wan2023", "smoke", seeds=(7,))
    assert widened(other).runs == other.runs


def test_the_command_that_repeats_a_run_means_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(
        "wan2023", "smoke", device="cpu", methods=("wan2023", "wan2023_baseline"),
        options={"wan2023": {"base_channels": 4}}, recipe={"steps": 7}, data={"size": 96},
    )  # fmt: skip
    seen: list[Plan] = []
    monkeypatch.setattr(matrix, "sweep", lambda plans, *_, **__: seen.extend(plans) or [])
    runs = make_plan(request).runs
    again = commands_of(request, {run.id for run in runs})
    for run in runs:
        seen.clear()
        program, *words = shlex.split(again[run.id])
        assert program == "deblur"
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert [one.id for plan in seen for one in plan.runs] == [run.id]


def test_each_graphics_processor_takes_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reckoning, "resolve_device", lambda _: reckoning.torch.device("cuda"))
    monkeypatch.setattr(reckoning.torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    plan = make_plan(Request("wan2023", profile="demo"))
    assert reckoning.worker_count(plan) == 2
    assert reckoning.places(plan.request) == [{"CUDA_VISIBLE_DEVICES": one} for one in "01"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert reckoning.places(plan.request) == [{"CUDA_VISIBLE_DEVICES": one} for one in "35"]
    shared = make_plan(Request("wan2023", profile="demo", devices=2))
    assert (reckoning.worker_count(shared), reckoning.places(shared.request)) == (1, [])
    monkeypatch.setattr(reckoning.torch.cuda, "device_count", lambda: 1)
    assert reckoning.worker_count(plan) == 1

"""Where runs are executed: in this process, in processes beside it, or elsewhere (`slurm`).

An engine takes tasks, tells what became of them, and can be asked to stop; `matrix.conduct` brings
many runs to their end with any of them. Whoever executes a run holds the lock on its folder
meanwhile, and what fails leaves its error there.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from deblur_lib import locks
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import processor_threads
from deblur_lib.errors import RunsError, UsageError
from deblur_lib.provenance import settings_hash
from deblur_lib.runs import checking, crew, failures, store
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.reckoning import alone, places, silent, threads_of
from deblur_lib.runs.running import execute, open_tests
from deblur_lib.training.interrupts import stopping

NEVER = float("inf")
Shown = Mapping[str, Mapping[str, str]]
Tests = Mapping[str, PairSource]
State = Literal["finished", "failed", "held", "stopped"]


class Task(NamedTuple):
    """A run to execute, in values that travel to other processes and machines.

    Attributes:
        request: what it belongs to.
        run: its id.
        folder: its folder.
        shown: pictures to store for figures, by printed data set and rule.
        until: time (as `time.time`) at which it stops, its state stored.
        source: folder of the run whose weights it takes.
    """

    request: Request
    run: str
    folder: Path
    shown: Shown
    until: float = NEVER
    source: Path | None = None

    @property
    def holder(self) -> locks.Holder | None:
        """Who executes it, or what it builds on, at present."""
        return locks.holder(self.folder) or (locks.holder(self.source) if self.source else None)


class Result(NamedTuple):
    """What became of a task.

    Attributes:
        state: "finished"; "failed", see `failures`; "held" by another process; "stopped" with its
            state stored.
        why: the error, or who holds it.
    """

    state: State
    why: str = ""


class Engine(Protocol):
    """Executes tasks."""

    @property
    def free(self) -> int:
        """Tasks that it takes now."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task."""
        ...

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        """Results since the last call; waits some seconds for the first."""
        ...

    def stop(self) -> bool:
        """Ask what is under way to store its state and stop; False once nothing is to wait for."""
        ...

    def close(self) -> None:
        """End; nothing of it works on."""
        ...


def attempt(
    run: Run,
    plan: Plan,
    tests: Tests,
    shown: Shown,
    stop: Callable[[], bool] = crew.asked_to_stop,
) -> Result:
    """Execute a run here unless another process holds it.

    Args:
        run: what to train and score.
        plan: the request it belongs to.
        tests: test pictures by printed data set.
        shown: pictures to store for figures, by printed data set and rule.
        stop: asked after every step.
    """
    folder = store.run_folder(run)
    lock = locks.Lock(folder)
    try:
        if not lock.take():
            return Result("held", str(locks.holder(folder) or "another process"))
        failures.forget(folder)
        if run.source:
            first = attempt(run.source, plan, tests, shown, stop)
            if first.state == "failed":
                raise RunsError(f"{run.source.id}, whose weights it takes, failed: {first.why}")
            if first.state != "finished":
                return first
        with processor_threads(threads_of(run)), stopping(lambda: lock.lost or stop()):
            execute(run, plan, tests, shown)
        return Result("finished")
    except KeyboardInterrupt:
        return Result("held" if lock.lost else "stopped")
    except Exception as error:
        return Result("failed", failures.record(folder, error))
    finally:
        lock.free()


class _Opened(NamedTuple):
    """A request with its pictures, as the tasks of a process share it."""

    plan: Plan
    tests: Tests
    checks: Tests


_opened: dict[str, _Opened] = {}  # of the last request


def _open(request: Request) -> _Opened:
    key = settings_hash(dataclasses.asdict(request))
    if key not in _opened:
        _opened.clear()
        plan = make_plan(request)
        _opened[key] = _Opened(plan, open_tests(plan), checking.open_checks(plan))
    return _opened[key]


def perform(task: Task) -> Result:
    """Execute a task in a process of its own, check sets included; what it opens is packed."""
    plan, tests, checks = _open(task.request)
    (run,) = [one for one in plan.runs if one.id == task.run]

    def stop() -> bool:
        return crew.asked_to_stop() or time.time() >= task.until

    result = attempt(run, plan, tests, task.shown, stop)
    if result.state == "finished":
        checking.score_one(plan, run, checks)
    return result


class Here:
    """One run after another in this process, for notebooks.

    Args:
        plan, tests: what all tasks belong to.
    """

    def __init__(self, plan: Plan, tests: Tests) -> None:
        self._plan, self._tests = plan, tests
        self._task: Task | None = None

    @property
    def free(self) -> int:
        """One task, while there is none."""
        return int(self._task is None)

    def submit(self, task: Task) -> None:
        """Keep a task for `watch`."""
        self._task = task

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        """Execute the task."""
        task, self._task = self._task, None
        if not task:
            time.sleep(seconds)
            return []
        (run,) = [one for one in self._plan.runs if one.id == task.run]
        return [(task, attempt(run, self._plan, self._tests, task.shown))]

    def stop(self) -> bool:
        """Nothing is under way but in `watch`."""
        return False

    def close(self) -> None:
        """Nothing."""


class Processes:
    """Each run in a worker process of this machine, see `crew`.

    Args:
        size: runs at once.
        request: whose runs; with several graphics processors each worker has its own.
    """

    def __init__(self, size: int, request: Request) -> None:
        self._crew = crew.Crew(size, alone if size > 1 else silent, places(request))
        self._tasks: list[Task] = []

    @property
    def free(self) -> int:
        """Workers without a task."""
        return self._crew.free

    def submit(self, task: Task) -> None:
        """Give a task to a worker."""
        self._tasks.append(task)
        self._crew.start(len(self._tasks) - 1, perform, task)

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        """What workers told, and failures of those that were killed."""
        found = []
        for done in self._crew.wait(seconds):
            task, result = self._tasks[done.key], done.value
            if done.error:
                result = Result("failed", failures.record(task.folder, done.error))
            found.append((task, result))
        return found

    def stop(self) -> bool:
        """Tell the workers."""
        self._crew.ask_to_stop()
        return self._crew.free < self._crew.size

    def close(self) -> None:
        """End the workers."""
        self._crew.close()


def part_of(plans: Sequence[Plan], share: str) -> list[Plan]:
    """One machine's part of the runs of several requests; the parts are disjoint, and make all.

    It follows from the declarations alone, so machines that know nothing of each other agree: runs
    of like length are dealt in turn. Those that train nothing go with the run they build on.

    Args:
        plans: the requests.
        share: as "2/5", the second of five parts.

    Raises:
        UsageError: no such part.
    """
    number, slash, count = share.partition("/")
    if not (slash and number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise UsageError(f"shard needs a part and their count, as 2/5, got {share!r}")

    def length(item: tuple[Path, Run]) -> tuple[Any, ...]:
        run, train = item[1], item[1].train
        return -train.steps * train.batch * train.crop**2, run.paper, run.method.id, run.seed

    origins = [run.source or run for plan in plans for run in plan.runs]
    dealt = sorted({store.run_folder(run): run for run in origins}.items(), key=length)
    mine = {folder for folder, _ in dealt[int(number) - 1 :: int(count)]}
    return [
        dataclasses.replace(
            plan,
            runs=tuple(one for one in plan.runs if store.run_folder(one.source or one) in mine),
        )
        for plan in plans
    ]

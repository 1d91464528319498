"""Bring the runs of one or several requests to their end, whichever engine executes them.

A run that another process holds waits until nothing else is left to do. A run that fails stops no
other; in the end one error names all that failed, with the command that repeats each.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from deblur_lib.devices import processor_threads, resolve_device
from deblur_lib.errors import RunsError
from deblur_lib.runs import costing, failures, store, vintage
from deblur_lib.runs.checking import is_scored, open_checks
from deblur_lib.runs.engines import (
    NEVER,
    Engine,
    Here,
    Processes,
    Result,
    Shown,
    Task,
    Tests,
)
from deblur_lib.runs.learning import shows_bars
from deblur_lib.runs.looking import look, probe
from deblur_lib.runs.plan import Plan, Run, commands_of
from deblur_lib.runs.progress import bar_of
from deblur_lib.runs.reckoning import longest_first, side_by_side, threads_of, worker_count
from deblur_lib.runs.running import build, is_finished, open_tests, open_training
from deblur_lib.runs.vetting import check_ready

POLL = 1.0  # seconds between two looks at what others hold
GRACE = 120.0  # seconds for runs to store their state, or finish scoring, after they were asked


def run_all(plan: Plan) -> None:
    """Measure the networks' costs, execute every run of a plan, probe them for the figures.

    Raises:
        RunsError: some runs failed; the others are finished.
    """
    vintage.settle(plan)
    tests, shown = look(plan)
    _prepare(plan, plan.runs)
    measure_costs(plan)
    execute_all(plan, tests, shown)
    with processor_threads(threads_of(*plan.runs)):
        probe(plan, tests, shown, store.run_base(plan.request))


def measure_costs(plan: Plan) -> None:
    """Count and measure the networks, round by round.

    Small budgets do so at once on a processor, which is timed by its work alone; but two threads
    that share a core slow each other, so larger ones measure one network after the other.
    """
    hurried = plan.profile.name in costing.HURRIED
    at_once = hurried and resolve_device(plan.request.device).type == "cpu"
    while left := costing.missing(plan):
        side_by_side(costing.tell, left, worker_count(plan) if at_once else 1, "costs")


def _prepare(plan: Plan, runs: Sequence[Run]) -> None:
    """Build a network and open the pictures of each row: what is wrong stops here, not later."""
    for run in {run.method.id: run for run in runs}.values():
        build(run)
        if not run.released:
            open_training(run, plan)


def execute_all(plan: Plan, tests: Tests, shown: Shown) -> None:
    """Execute every run of a plan that is not finished, several at once where that pays.

    Args:
        plan: the request.
        tests: test pictures by printed data set.
        shown: pictures to store for figures, by printed data set and rule.

    Raises:
        RunsError: some runs failed; the others are finished.
    """
    left = longest_first([run for run in plan.runs if not is_finished(run, tests)])
    workers = min(worker_count(plan), len(left))
    engine = Processes(workers, plan.request) if workers > 1 else Here(plan, tests)
    with bar_of(plan.runs, plan.paper.id, shown=shows_bars() and workers > 1):
        check(conduct([_task(run, plan, shown) for run in left], engine))


def sweep(
    plans: Sequence[Plan], engine: Callable[[int], Engine], *, until: float = NEVER
) -> list[tuple[Task, Result]]:
    """Train and score every run of several requests that is not finished, without a notebook.

    Args:
        plans: the requests; each may hold a part of its runs.
        engine: makes the engine for a number of runs.
        until: time at which runs stop with their state stored.

    Returns:
        What became of each run that was not finished.

    Raises:
        UsageError: pictures, or an option of the engine, are missing or cannot be.
        KeyboardInterrupt: see `conduct`.
    """
    todo: list[Run] = []
    tasks: dict[Path, Task] = {}
    for plan in (one for one in plans if one.runs):
        check_ready(plan)
        vintage.settle(plan)
        tests, checks = open_tests(plan), open_checks(plan)
        left = [run for run in plan.runs if not _is_whole(run, plan, tests, checks)]
        if left:
            _, shown = look(plan, tests)
            _prepare(plan, left)
            todo += left
            tasks |= {store.run_folder(run): _task(run, plan, shown, until) for run in left}
    if not todo:
        return []
    ordered = [tasks[store.run_folder(run)] for run in longest_first(todo)]
    with bar_of([run for plan in plans for run in plan.runs], "runs", shown=shows_bars()):
        return conduct(ordered, engine(len(ordered)))


def _is_whole(run: Run, plan: Plan, tests: Tests, checks: Tests) -> bool:
    return is_finished(run, tests) and all(
        is_scored(run, one, checks[one.id]) for one in plan.checks
    )


def _task(run: Run, plan: Plan, shown: Shown, until: float = NEVER) -> Task:
    source = store.run_folder(run.source) if run.source else None
    return Task(plan.request, run.id, store.run_folder(run), shown, until, source)


def tell(line: str) -> None:
    """Print a line beside the bars, unless someone else shows the progress."""
    if shows_bars():
        tqdm.write(line, file=sys.stderr)


def check(results: Sequence[tuple[Task, Result]]) -> None:
    """Refuse to go on where runs failed.

    Raises:
        RunsError: names all of them, why, and the command that repeats each.
    """
    failed = [(task, result.why) for task, result in results if result.state == "failed"]
    if failed:
        alike: dict[int, list[Task]] = {}
        for task, _ in failed:
            alike.setdefault(id(task.request), []).append(task)
        again: dict[str, str] = {}
        for tasks in alike.values():
            again |= commands_of(tasks[0].request, {one.run for one in tasks})
        lines = [
            f"{task.run}: {why}\n  again: {again[task.run]}"
            for task, why in sorted(failed, key=lambda one: one[0].run)
        ]
        raise RunsError(
            f"{len(failed)} of {len(results)} runs failed and stopped no other; each has a "
            f"{failures.LOG} in its folder:\n" + "\n".join(lines)
        )


def conduct(
    tasks: Sequence[Task], engine: Engine, *, say: Callable[[str], None] = tell
) -> list[tuple[Task, Result]]:
    """Bring tasks to their end.

    Args:
        tasks: in the order in which they are taken.
        engine: closed in the end.
        say: takes one line for each holder of runs that are waited for.

    Returns:
        A result for each task; "stopped" where its time was up before it was finished.

    Raises:
        KeyboardInterrupt: Ctrl-C; what was under way has stored its state.
    """
    waiting, under_way = deque(tasks), dict[Path, Task]()
    results: list[tuple[Task, Result]] = []
    told: set[str] = set()
    soonest = min((one.until for one in tasks), default=NEVER)
    try:
        while waiting or under_way:
            if time.time() >= soonest:
                results += _out_of_time(waiting, under_way)
            _hand_out(waiting, under_way, engine)
            if waiting and not under_way:
                _tell_holders(waiting, told, say)
            for task, result in engine.watch(POLL):
                under_way.pop(task.folder, None)
                if result.state == "held":
                    waiting.append(task)
                elif result.state == "stopped" and time.time() < task.until:
                    raise KeyboardInterrupt  # not the clock, but someone at the keyboard
                else:
                    results.append((task, result))
    except KeyboardInterrupt:
        end = time.monotonic() + GRACE
        while engine.stop() and time.monotonic() < end:
            engine.watch(POLL)
        raise
    finally:
        engine.close()
    return results


def _out_of_time(waiting: deque[Task], under_way: dict[Path, Task]) -> list[tuple[Task, Result]]:
    """Tasks whose time was up before they began, or long ago; taken from both."""
    now = time.time()
    late = [one for one in waiting if now >= one.until]
    for task in late:
        waiting.remove(task)
    overdue = [one for one in under_way.values() if now >= one.until + GRACE]
    for task in overdue:
        del under_way[task.folder]
    return [(task, Result("stopped")) for task in (*late, *overdue)]


def _hand_out(waiting: deque[Task], under_way: dict[Path, Task], engine: Engine) -> None:
    """Give the engine what it takes; runs that another process holds go to the end of the row."""
    for _ in range(len(waiting)):
        if not engine.free:
            return
        task = waiting.popleft()
        if task.holder:
            waiting.append(task)
        else:
            under_way[task.folder] = task
            engine.submit(task)


def _tell_holders(waiting: Iterable[Task], told: set[str], say: Callable[[str], None]) -> None:
    holders: dict[str, list[str]] = {}
    for task in waiting:
        one = task.holder
        if one:
            holders.setdefault(str(one), []).append(task.run)
    for name, runs in holders.items():
        if name not in told:
            say(f"waiting for {', '.join(sorted(runs))}: {name}")
        told.add(name)

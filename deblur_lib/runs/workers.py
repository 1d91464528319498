"""Several runs at once on a processor: one process with one thread each.

Small networks gain little from a second thread, and a thread that has to wait for a busy core
holds up the other. One thread per run uses all cores, and makes a run's numbers independent of
how many there are. `$OMP_NUM_THREADS`, where it is set, is what each run takes instead.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

import torch
from tqdm import tqdm

from deblur_lib import provenance
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import processor_threads, resolve_device, resolve_precision
from deblur_lib.records import read_whole, write_json
from deblur_lib.runs import costing, store, vintage
from deblur_lib.runs.learning import shows_bars
from deblur_lib.runs.looking import look, probe
from deblur_lib.runs.plan import Plan, Request, Run, make_plan
from deblur_lib.runs.running import (
    build,
    execute,
    is_finished,
    open_tests,
    open_training,
)
from deblur_lib.training.pace import Pace, pace

PARALLEL = ("demo", "study")  # profiles whose networks are small enough to train side by side
UNSEEN = 10**11  # in place of the operations of a method that no counter sees
SMALL = 20e9  # multiply-accumulates of a batch up to which a second thread is not worth its waits
Shown = Mapping[str, Mapping[str, str]]


def execute_all(plan: Plan, tests: Mapping[str, PairSource], shown: Shown) -> None:
    """Execute every run of a plan that is not finished, several at once where that pays.

    Args:
        plan: the request.
        tests: test pictures by printed data set.
        shown: pictures to store for figures, by printed data set and rule.

    Raises:
        DeblurError: of the first run that failed; the others that were under way go on to their
            end, those not yet begun are left for the next call.
    """
    pending = [run for run in plan.runs if not is_finished(run, tests)]
    workers = min(worker_count(plan), len(pending))
    if workers < 2:
        for run in plan.runs:
            with processor_threads(threads_of(run)):
                execute(run, plan, tests, shown)
        return
    jobs = [(plan.request, run.id, shown) for run in longest_first(pending)]
    side_by_side(_one, jobs, workers, "runs")


def side_by_side(
    task: Callable[..., None], jobs: Sequence[tuple[Any, ...]], workers: int, title: str
) -> None:
    """Call a function once for each job, in processes with one thread each where that pays.

    Args:
        task: a function at the top of a module; in a process of its own it shows no bars.
        jobs: its arguments, in the order in which they are taken.
        workers: processes at once; with one, or one job, everything runs here.
        title: of the bar.

    Raises:
        Exception: of the first job that failed; the others that were under way go on to their end.
    """
    if min(workers, len(jobs)) < 2:
        for job in jobs:
            task(*job)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), context, _alone) as pool:
        futures = [pool.submit(task, *job) for job in jobs]
        try:
            done = as_completed(futures)
            for future in tqdm(done, title, len(futures), disable=not shows_bars()):
                future.result()
        finally:
            for future in futures:
                future.cancel()


def run_all(plan: Plan) -> None:
    """Measure the networks' costs, execute every run of a plan, probe them for the figures."""
    vintage.settle(plan)
    tests, shown = look(plan)
    for run in plan.runs:
        build(run)  # a wrong option stops here, before the first step of the first run
        open_training(run, plan)
    costing.measure(plan)
    execute_all(plan, tests, shown)
    with processor_threads(threads_of(*plan.runs)):
        probe(plan, tests, shown, store.run_base(plan.request))


def longest_first(runs: Sequence[Run]) -> list[Run]:
    """Runs by their expected time, the longest first, so that all workers end at about one time.

    Args:
        runs: what is to be trained; the operations of a network of the size it is run in tell
            how long a step takes.
    """
    return sorted(runs, key=lambda run: _work(run) * run.steps, reverse=True)


def _work(run: Run) -> float:
    """Multiply-accumulates of the forward pass of a batch."""
    macs: int = costing.counted(str(run.method.network), run.options)["macs"] or UNSEEN
    return macs * run.train.batch * (run.train.crop / costing.SIDE) ** 2


def threads_of(*runs: Run) -> int | None:
    """Processor threads for runs: one where all their networks are small, None for torch's own."""
    if "OMP_NUM_THREADS" in os.environ:
        return None
    return 1 if all(_work(run) <= SMALL for run in runs) else None


def worker_count(plan: Plan) -> int:
    """Runs that are trained at once: as many as cores allow for small networks, else one."""
    alone = plan.request.devices == 1
    if (
        alone
        and plan.profile.name in PARALLEL
        and resolve_device(plan.request.device).type == "cpu"
    ):
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        each = torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else 1
        return max(1, cores // each)
    return 1


def reckon(plan: Plan, *, progress: bool = True) -> tuple[dict[str, Pace], list[str]]:
    """What the runs of a plan that are not finished will take here, from steps taken now.

    A budget for a graphics processor is not tried on a processor, where single steps take minutes.

    Args:
        plan: the request; nothing of it is started.
        progress: show a bar.

    Returns:
        Pace of each row by method id, and lines that tell time, memory and disk in all.
    """
    device = resolve_device(plan.request.device)
    if device.type == "cpu" and plan.profile.name in ("gpu", "paper"):
        return {}, [f"time: not measured, {plan.profile.name} is a budget for a graphics processor"]
    todo = [run for run in plan.runs if not (store.run_folder(run) / "manifest.json").is_file()]
    first = {run.method.id: run for run in todo}
    with tqdm(first.values(), "timing", disable=not progress, leave=False) as bar:
        paces = {run.method.id: _pace(_share(run, plan), device) for run in bar}
    at_once = max(1, min(worker_count(plan), len(todo)))
    hours = sum(paces[run.method.id].seconds * run.steps for run in todo) / 3600 / at_once
    most = sorted((one.memory for one in paces.values()), reverse=True)[:at_once]
    disk = sum(2 * paces[run.method.id].weights for run in todo)
    disk += 2 * at_once * max((one.state for one in paces.values()), default=0)
    return paces, [
        f"time: {hours:.1f} h of training for {len(todo)} runs, {at_once} at once",
        f"memory: {sum(most) / 2**30:.1f} GiB of tensors beside {at_once} times PyTorch's own",
        f"disk: {disk / 2**30:.2f} GiB for weights and states, beside the packed pictures",
    ]


def _share(run: Run, plan: Plan) -> Run:
    """What one device does of a run; the time that devices spend on agreeing is not in it."""
    batch = run.train.batch // plan.request.devices
    return dataclasses.replace(run, train=dataclasses.replace(run.train, batch=batch))


def _pace(run: Run, device: torch.device) -> Pace:
    precision = resolve_precision(run.precision, device)
    recipe = {**run.settings, "precision": precision, "seed": 0, "on": provenance.hardware()}
    recipe["train"] = {**recipe["train"], "steps": 0}
    path = store.pace_file(provenance.settings_hash(recipe))
    stored = read_whole(path)
    if not stored:
        stored = pace(build(run), run.train, device=device, precision=precision)._asdict()
        write_json(path, stored)
    return Pace(**stored)


def _alone() -> None:
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    os.environ["TQDM_DISABLE"] = "1"


def _one(request: Request, name: str, shown: Shown) -> None:
    """Execute one run in a process of its own; the pictures are in the cache already."""
    plan = make_plan(request)
    (run,) = [one for one in plan.runs if one.id == name]
    with processor_threads(threads_of(run)):
        execute(run, plan, open_tests(plan), shown)

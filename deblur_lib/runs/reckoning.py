"""What runs take on this machine: how many at once, with how many threads, where, and how long.

Small networks gain little from a second thread, and a thread that has to wait for a busy core
holds up the other. One thread per run uses all cores, and makes a run's numbers independent of
how many there are. `$OMP_NUM_THREADS`, where it is set, is what each run takes instead. With
several graphics processors each takes a run of its own.
"""

import dataclasses
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch
from tqdm import tqdm

from deblur_lib import papers, provenance
from deblur_lib.devices import declared_precision, resolve_device
from deblur_lib.files import size
from deblur_lib.records import read_whole, write_json
from deblur_lib.runs import costing, store
from deblur_lib.runs.crew import Crew
from deblur_lib.runs.learning import shows_bars
from deblur_lib.runs.plan import Plan, Request, Run, published_options
from deblur_lib.runs.running import build
from deblur_lib.training.pace import Pace, pace, weights_size

PARALLEL = ("demo", "study")  # profiles whose networks are small enough to train side by side
UNSEEN = 10**11  # in place of the operations of a method that no counter sees
SMALL = 20e9  # multiply-accumulates of a batch up to which a second thread is not worth its waits
VISIBLE = "CUDA_VISIBLE_DEVICES"


def longest_first(runs: Sequence[Run]) -> list[Run]:
    """Runs by their expected time, the longest first, so that all workers end at about one time.

    Args:
        runs: what is to be trained; the operations of a network of the size it is run in tell
            how long a step takes, and how fast it does them where its costs were measured.
    """
    rows = {one.method.id: one for one in runs}.values()
    rates = {one.method.network: rate for one in rows if (rate := _rate(one))}
    usual = median(rates.values()) if rates else 1.0
    return sorted(
        runs,
        key=lambda run: _work(run) * run.steps * rates.get(run.method.network, usual),
        reverse=True,
    )


def _rate(run: Run) -> float:
    """Seconds of a multiply-accumulate of its network at published size; 0 if not measured."""
    options = published_options(papers.load(run.paper), run.method)
    stored = read_whole(store.costs_file(str(run.method.network), options)) or {}
    return float(stored.get("seconds", 0.0) / (stored.get("macs") or 1))


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
    """Runs at once: as many as cores allow for small networks, one on each graphics processor.

    One, where several devices share each run.
    """
    if plan.request.devices > 1:
        return 1
    if plan.profile.name in PARALLEL and resolve_device(plan.request.device).type == "cpu":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        each = torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else 1
        return max(1, cores // each)
    return max(1, len(places(plan.request)))


def places(request: Request) -> list[dict[str, str]]:
    """What tells each worker its graphics processor; empty where there are not several to share."""
    one_each = request.devices == 1 and resolve_device(request.device).type == "cuda"
    count = torch.cuda.device_count() if one_each else 0
    asked = os.environ.get(VISIBLE)
    names = asked.split(",") if asked else [str(one) for one in range(count)]
    return [{VISIBLE: name} for name in names[:count]] if count > 1 else []


def alone() -> None:
    """Begin a worker beside others: one thread, and no bars."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    silent()


def silent() -> None:
    """Begin a worker: no bars, its parent shows them."""
    os.environ["TQDM_DISABLE"] = "1"
    tqdm.set_lock(threading.RLock())  # not one for all processes, which a kill would leave behind


def side_by_side(
    task: Callable[..., object], jobs: Sequence[tuple[Any, ...]], workers: int, title: str
) -> None:
    """Call a function once for each job, in processes with one thread each where that pays.

    Args:
        task: a function at the top of a module; in a process of its own it shows no bars.
        jobs: its arguments, in the order in which they are taken.
        workers: processes at once; with one, or one job, everything runs here.
        title: of the bar.

    Raises:
        Exception: of the first job that failed, once all have ended.
    """
    if min(workers, len(jobs)) < 2:
        for job in jobs:
            task(*job)
        return
    left, errors = deque(enumerate(jobs)), []
    bar = tqdm(desc=title, total=len(jobs), disable=not shows_bars())
    with bar, Crew(min(workers, len(jobs)), alone) as hands:
        while left or hands.free < hands.size:
            while left and hands.free:
                number, job = left.popleft()
                hands.start(number, task, *job)
            for done in hands.wait(None):
                bar.update()
                errors += [done.error] if done.error else []
    if errors:
        raise errors[0]


def reckon(plan: Plan, *, progress: bool = True) -> tuple[dict[str, Pace], list[str]]:
    """What the runs of a plan that are not finished will take here, from steps taken now.

    A budget for a graphics processor is not tried on a processor, where single steps take minutes.

    Args:
        plan: the request; nothing of it is started.
        progress: show a bar.

    Returns:
        Pace of each row by method id, and lines that tell time, memory and disk in all, as far as
        they are known.
    """
    device = resolve_device(plan.request.device)
    todo = [run for run in plan.runs if run.steps and not store.is_stored(run)]
    first = {run.method.id: run for run in todo}
    if device.type == "cpu" and plan.profile.name in ("gpu", "paper"):
        with torch.device("meta"):
            sizes = {name: weights_size(build(run)) for name, run in first.items()}
        disk = sum(2 * sizes[run.method.id] for run in todo)
        return {}, [
            f"time: not measured, {plan.profile.name} is a budget for a graphics processor",
            f"disk: {size(disk)} for weights, beside states and packed pictures",
        ]
    with tqdm(first.values(), "timing", disable=not progress, leave=False) as bar:
        paces = {run.method.id: _pace(_share(run, plan), device) for run in bar}
    at_once = max(1, min(worker_count(plan), len(todo)))
    hours = sum(paces[run.method.id].seconds * run.steps for run in todo) / 3600 / at_once
    most = sorted((one.memory for one in paces.values()), reverse=True)[:at_once]
    disk = sum(2 * paces[run.method.id].weights for run in todo)
    disk += 2 * at_once * max((one.state for one in paces.values()), default=0)
    return paces, [
        f"time: {hours:.1f} h of training for {len(todo)} runs, {at_once} at once",
        f"memory: {size(sum(most))} of tensors beside {at_once} times PyTorch's own",
        f"disk: {size(disk)} for weights and states, beside the packed pictures",
    ]


def _share(run: Run, plan: Plan) -> Run:
    """What one device does of a run; the time that devices spend on agreeing is not in it."""
    batch = run.train.batch // plan.request.devices
    return dataclasses.replace(run, train=dataclasses.replace(run.train, batch=batch))


def _pace(run: Run, device: torch.device) -> Pace:
    precision = declared_precision(run.precision, device)
    recipe = {**run.settings, "precision": precision, "seed": 0, "on": provenance.hardware()}
    recipe["train"] = {**recipe["train"], "steps": 0}
    path = store.pace_file(provenance.settings_hash(recipe))
    stored = read_whole(path)
    if not stored:
        stored = pace(build(run), run.train, device=device, precision=precision)._asdict()
        write_json(path, stored)
    return Pace(**stored)

"""How far runs are: finished, running where, failed why, time left. No torch.

Their folders tell, whoever trains them: logs, states, locks and records of failures.
"""

import os
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from deblur_lib import locks
from deblur_lib.errors import RecordError
from deblur_lib.records import read_json, read_manifests
from deblur_lib.runs import failures, store
from deblur_lib.runs.plan import Plan, Run, commands_of

LINE = re.compile(r"\d+,[^,]+,[-+.\de]+")  # of a log, whole
TAIL = 1000  # bytes of a log that hold its last lines
STATES = ("finished", "running", "failed", "stopped", "to do")


@dataclass(frozen=True)
class Standing:
    """How far a run is.

    Attributes:
        run, method, seed: which one.
        state: "finished", "running", "failed", "stopped" (begun, and under way nowhere), "to do".
        step, steps: done, and of the recipe.
        where: who executes it, and since when; "" while nobody does.
        why: the error of the last attempt.
        left: seconds of training left, from the pace of this run or of its like; None before any.
    """

    run: str
    method: str
    seed: int
    state: str
    step: int
    steps: int
    where: str = ""
    why: str = ""
    left: float | None = None


def standings(plan: Plan) -> list[Standing]:
    """How far each run of a plan is."""
    paces: dict[str, list[float]] = {}
    for run in plan.runs:
        if store.is_stored(run):
            (one,) = read_manifests(store.run_folder(run) / "manifest.json")
            paces.setdefault(run.method.id, []).append(one.seconds_training / max(1, one.steps))
    return [_standing(run, paces.get(run.method.id, [])) for run in plan.runs]


def _standing(run: Run, paces: Sequence[float]) -> Standing:
    folder, steps = store.run_folder(run), run.steps
    who = locks.holder(folder)
    if store.is_stored(run) and not who:
        return Standing(run.id, run.method.id, run.seed, "finished", steps, steps, left=0.0)
    step, why = steps_done(run)[0], failures.read(folder).get("error", "")
    state = "running" if who else "failed" if why else "stopped" if step else "to do"
    own = _pace(folder)
    pace = own or (sum(paces) / len(paces) if paces else None)
    left = None if pace is None else (steps - step) * pace
    where = str(who) if who else ""
    return Standing(run.id, run.method.id, run.seed, state, step, steps, where, why, left)


def _pace(folder: Path) -> float | None:
    """Seconds for a step, from the last stored state."""
    best: dict[str, Any] = {}
    for path in folder.glob("resume-*.json"):
        try:
            at = read_json(path)["counters"]["at"]
        except (RecordError, KeyError, TypeError):
            continue
        best = max(best, at, key=lambda one: one.get("step", 0))
    return best["seconds"] / best["step"] if best.get("step") else None


def steps_done(run: Run) -> tuple[int, str]:
    """Training steps of a run done so far, and what it logged last ("loss 0.1"), "" without."""
    if store.is_stored(run):
        return run.steps, ""
    step, name, value = (_last_line(store.run_folder(run) / "log.csv") or "0,,").split(",")[:3]
    text = f"{name} {float(value):.4g}" if name else ""
    return min(int(step), run.steps), text


def _last_line(path: Path) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL))
            lines = stream.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    good = [one for one in lines[-2:] if LINE.fullmatch(one)]
    return good[-1] if good else ""


def told(plan: Plan) -> str:
    """How far the runs of a plan are: a line for each row, then what needs words."""
    found = standings(plan)
    count = Counter(one.state for one in found)
    states = ", ".join(f"{count[one]} {one}" for one in STATES if count[one])
    left = sum(one.left or 0.0 for one in found)
    unknown = sum(one.left is None for one in found)
    lines = [
        f"{plan.paper.id}, {plan.profile.name}: {states} of {len(found)} runs; {_hours(left)} of "
        "training left" + (f", and {unknown} runs of unknown pace" if unknown else "")
    ]
    for method in dict.fromkeys(one.method for one in found):
        marks = [f"seed {one.seed} {_mark(one)}" for one in found if one.method == method]
        lines.append(f"  {method:<22} " + ", ".join(marks))
    for one in found:
        if one.state == "running":
            left_here = "" if one.left is None else f", {_hours(one.left)} left"
            lines.append(
                f"  running: {one.run}, step {one.step} of {one.steps}, {one.where}{left_here}"
            )
    failed = {one.run: one.why for one in found if one.state == "failed"}
    again = commands_of(plan.request, failed) if failed else {}
    for run, why in failed.items():
        lines += [f"  failed: {run}: {why}", f"    again: {again[run]}"]
    return "\n".join(lines)


def _mark(one: Standing) -> str:
    part = f" {100 * one.step // max(1, one.steps)} %"
    return one.state + (part if one.state in ("running", "stopped") else "")


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


@contextmanager
def bar_of(runs: Sequence[Run], title: str, *, shown: bool) -> Iterator[None]:
    """Show how many training steps of some runs are done, while others do them.

    Args:
        runs: read from their folders once a second.
        title: of the bar.
        shown: False shows nothing.
    """
    done = threading.Event()
    total = sum(run.steps for run in runs)
    stored, _ = _done(runs)  # without them the bar tells a speed that nobody trained
    bar = tqdm(total=total, initial=stored, unit="step", desc=title, disable=not shown)

    def watch() -> None:
        while not done.wait(1.0):
            _show(bar, runs)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        _show(bar, runs)
        bar.close()


def _show(bar: Any, runs: Sequence[Run]) -> None:
    bar.n, text = _done(runs)
    bar.set_postfix_str(text if bar.n < (bar.total or 0) else "scoring and drawing")


def _done(runs: Sequence[Run]) -> tuple[int, str]:
    """Training steps done so far, and what the run under way logged last."""
    total, last = 0, "opening pictures"
    for run in runs:
        step, text = steps_done(run)
        total += step
        last = f"{run.method.id} seed {run.seed}, {text}{_elsewhere(run)}" if text else last
    return total, last


def _elsewhere(run: Run) -> str:
    """Who executes a run, where it is no process that this one started."""
    who = locks.holder(store.run_folder(run))
    if who is None or (who.host == socket.gethostname() and _descends(who.pid)):
        return ""
    return f" ({who})"


def _descends(pid: int) -> bool:
    try:
        return os.getpid() in (pid, *(one.pid for one in psutil.Process(pid).parents()))
    except psutil.Error:
        return False

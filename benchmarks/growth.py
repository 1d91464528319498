"""How cost grows: with the size of a picture, and with the number of runs.

    python benchmarks/growth.py pictures           # seconds and memory, 0.06 to 24 megapixels
    python benchmarks/growth.py runs               # planning to reporting of 1 to 1,000 runs
    python benchmarks/growth.py tenfold FOLDER     # the published results with ten times the rows

The first two write a table to benchmarks/measured, from which the book draws; nothing may grow
faster than linearly. Seconds are those that this process worked, with one thread. Runs are made up:
those published, again and again with other seeds and a little noise.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from deblur_lib import papers, seals
from deblur_lib.evaluation.restore import restore
from deblur_lib.evaluation.timing import watched
from deblur_lib.records import (
    read_manifests,
    read_rows,
    read_table,
    write_json,
    write_manifests,
    write_rows,
    write_text,
)  # fmt: skip
from deblur_lib.report import derive
from deblur_lib.report.results import CURVE_COLUMNS
from deblur_lib.runs import collecting, costing, matrix, progress, store
from deblur_lib.runs.engines import Result, Task
from deblur_lib.runs.plan import Plan, Request, make_plan, published_options, widened
from deblur_lib.runs.reckoning import longest_first
from deblur_lib.training.seeding import fresh_network

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "measured"
SIZES = (
    (256, 256), (640, 360), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (6000, 4000),
)  # fmt: skip
COUNTS = (1, 10, 100, 1000)
TURNS = 3  # the fastest counts: some stages take milliseconds
PAPER, ROWS = "wan2023", 5  # rows of the tables that are filled


# --- pictures -------------------------------------------------------------------------------------


def restored(network: str, width: int, height: int) -> tuple[float, int]:
    """Seconds that restoring one picture took, and bytes by which this process grew meanwhile."""
    torch.set_num_threads(1)
    built = fresh_network(network, {}, seed=0)
    restore(built, torch.rand(1, 3, 64, 64))
    picture = torch.rand(1, 3, height, width)
    before, start = _largest(), time.process_time()
    restore(built, picture, tile="auto")
    return time.process_time() - start, _largest() - before


def _largest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def pictures(network: str, most: float) -> Iterator[dict[str, Any]]:
    """A row for each size of picture up to so many megapixels, each in a process of its own."""
    for width, height in SIZES:
        if width * height > most * 1e6:
            return
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        with watched() as machine, pool:
            seconds, memory = pool.submit(restored, network, width, height).result()
        yield {
            "network": network, "width": width, "height": height,
            "size": width * height / 1e6, "seconds": round(seconds, 4), "memory": memory,
            **machine.told(),
        }  # fmt: skip


# --- runs -----------------------------------------------------------------------------------------


def multiplied(source: Path, target: Path, times: int) -> None:
    """Write results with so many times the runs of others: other seeds, a little noise."""
    rows, manifests = read_rows(source / "rows.csv"), read_manifests(source / "manifests.json")
    luck = np.random.RandomState(0)
    trained, parts, made = rows[rows["seed"] >= 0], [rows], list(manifests)
    drawn = (source / "curves.csv").is_file()
    curves = [read_table(source / "curves.csv", CURVE_COLUMNS)] if drawn else []
    for turn in range(1, times):
        noise = 0.001 * luck.standard_normal(len(trained))
        parts.append(_other(trained, turn).assign(value=trained["value"] * (1 + noise)))
        curves += [_other(curves[0], turn)] if drawn else []
        made += [replace(one, run=f"{one.run}x{turn}", seed=one.seed + 1000 * turn)
                 for one in manifests]  # fmt: skip
    write_rows(target / "rows.csv", pd.concat(parts, ignore_index=True))
    write_manifests(target / "manifests.json", made)
    if drawn:
        text = pd.concat(curves).to_csv(index=False, lineterminator="\n", float_format="%.6g")
        write_text(target / "curves.csv", text)


def _other(frame: pd.DataFrame, turn: int) -> pd.DataFrame:
    return frame.assign(seed=frame["seed"] + 1000 * turn, run=frame["run"] + f"x{turn}")


class Instant:
    """An engine whose tasks are finished as soon as they are taken."""

    free = 2

    def __init__(self) -> None:
        self.taken: list[Task] = []

    def submit(self, task: Task) -> None:
        """Take a task."""
        self.taken.append(task)
        self.free -= 1

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        """All that was taken is finished."""
        done, self.taken, self.free = self.taken, [], 2
        return [(task, Result("finished")) for task in done]

    def stop(self) -> bool:
        """Nothing is under way."""
        return False

    def close(self) -> None:
        """Nothing to end."""


def request_of(count: int) -> Request:
    """A request of so many runs."""
    planned = make_plan(Request(PAPER, "demo", seeds=(0,))).runs
    methods = [run.method.id for run in planned if not run.source][: min(count, ROWS)]
    seeds = tuple(range(-(-count // len(methods))))
    return Request(PAPER, "demo", seeds=seeds, methods=tuple(methods))


def store_runs(plan: Plan) -> None:
    """Store folders of finished runs, each with rows that were published of its method."""
    published = ROOT / "results" / PAPER / "demo"
    rows, manifests = (
        read_rows(published / "rows.csv"),
        read_manifests(published / "manifests.json"),
    )
    curves = read_table(published / "curves.csv", CURVE_COLUMNS)
    of_method = {one.method: one for one in reversed(manifests)}
    parts = dict(iter(rows.groupby("run")))
    logs = {run: part[["step", "name", "value"]] for run, part in curves.groupby("run")}
    for run in plan.runs:
        like, folder = of_method[run.method.id], store.run_folder(run)
        mine = parts[like.run].assign(run=run.id, seed=run.seed)
        write_rows(folder / "rows.csv", mine)
        write_text(folder / "log.csv", logs[like.run].to_csv(index=False, lineterminator="\n"))
        write_manifests(folder / "manifest.json", [replace(like, run=run.id, seed=run.seed)])
        costing.counted(str(run.method.network), run.options)
        costing.counted(str(run.method.network), published_options(plan.paper, run.method))
    base = store.run_base(plan.request)
    write_rows(base / "identity.csv", parts["-"])
    write_json(base / "probes.json", {"shown": {}})


def stages(count: int) -> Iterator[tuple[str, float]]:
    """Seconds of each thing that is done with so many runs, the fastest of a few turns."""
    request = request_of(count)
    plan = make_plan(request)
    store_runs(plan)
    folder = store.results_folder(request)
    collecting.structure_probes(plan, folder)  # of the networks alone, whatever is run
    tasks = [Task(request, run.id, store.run_folder(run), {}) for run in plan.runs]

    def schedule() -> None:
        longest_first(plan.runs)
        matrix.conduct(tasks, Instant())

    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("planned", lambda: widened(make_plan(request))),
        ("scheduled", schedule),
        ("watched", lambda: progress.told(plan)),
        ("collected", lambda: collecting.collect(plan, folder, plan.runs)),
        ("reported", lambda: derive.contents(folder, PAPER)),
    )
    for name, call in steps:
        spent = []
        for _ in range(TURNS):
            start = time.process_time()
            call()
            spent.append(time.process_time() - start)
        yield name, min(spent)


def runs(most: int) -> Iterator[dict[str, Any]]:
    """A row for each stage and number of runs."""
    for count in [0, *(one for one in COUNTS if one <= most)]:
        with tempfile.TemporaryDirectory() as folder, watched() as machine:
            os.environ["DEBLUR_RUNS"] = folder
            found = list(stages(max(count, 1)))
        for stage, seconds in found if count else ():  # the first turn loads and warms up
            yield {
                "stage": stage, "runs": count, "size": count, "seconds": round(seconds, 4),
                **machine.told(),
            }  # fmt: skip


# --- commands -------------------------------------------------------------------------------------


def tenfold(target: Path, times: int) -> None:
    """Copy every published profile below a folder, with so many times its runs."""
    for source in sorted((ROOT / "results").glob("*/*/manifests.json")):
        folder = source.parent
        if folder.parent.name not in papers.names() and folder.parent.name != "judge":
            continue
        print(folder.relative_to(ROOT))
        place = target / folder.relative_to(ROOT / "results")
        place.mkdir(parents=True, exist_ok=True)
        for path in (ROOT / folder / name for name in seals.contents(folder)):
            copied = place / path.relative_to(folder)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(path.read_bytes())
        multiplied(folder, place, times)
        seals.seal(place)
        if folder.parent.name in papers.names():
            derive.write_derived(place, folder.parent.name)


def written(name: str, rows: Iterator[dict[str, Any]]) -> None:
    """Store a table, row by row, and print it."""
    found: list[dict[str, Any]] = []
    for one in rows:
        found.append(one)
        print(", ".join(f"{key} {value}" for key, value in one.items()), flush=True)
        text = pd.DataFrame(found).to_csv(index=False, lineterminator="\n")
        write_text(MEASURED / f"{name}.csv", text)
    seals.seal(MEASURED)


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("pictures", "runs", "tenfold"))
    parser.add_argument("folder", type=Path, nargs="?", help="of tenfold")
    parser.add_argument("--network", default="mimo_unet")
    parser.add_argument("--most", type=float, default=None, help="megapixels, or runs")
    parser.add_argument("--times", type=int, default=10)
    asked = parser.parse_args(words)
    if asked.what == "tenfold":
        tenfold(asked.folder, asked.times)
    elif asked.what == "pictures":
        written("pictures", pictures(asked.network, asked.most or 24.0))
    else:
        written("runs", runs(int(asked.most or COUNTS[-1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What is done once however many runs there are: lookups, draws, tables, commands, queues."""

import dataclasses
import os
import signal
from pathlib import Path

import fake_results
import numpy as np
import pytest

from deblur_lib import papers, records, seals
from deblur_lib.errors import DeblurError, RunsError
from deblur_lib.report import cells, side_by_side, tables
from deblur_lib.report.results import Results
from deblur_lib.report.statistics import draws
from deblur_lib.runs import matrix, plan, publishing
from deblur_lib.runs.engines import Result, Task
from deblur_lib.runs.plan import Request, make_plan


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("rows") / "wan2023" / "demo"
    return fake_results.made(folder)


def test_many_failed_runs_are_planned_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    request = Request("wan2023", methods=("wan2023",), seeds=tuple(range(30)))
    failed = [
        (Task(request, one.id, tmp_path, {}), Result("failed", "Error: no"))
        for one in make_plan(request).runs
    ]
    planned: list[Request] = []
    monkeypatch.setattr(plan, "make_plan", lambda one: planned.append(one) or make_plan(one))
    with pytest.raises(RunsError, match="30 of 30 runs failed"):
        matrix.check(failed)
    assert len(planned) == 1


def test_runs_without_an_end_are_not_looked_through_for_late_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Instant:
        free = 1
        taken: tuple[Task, ...] = ()

        def submit(self, task: Task) -> None:
            self.taken, self.free = (task,), 0

        def watch(self, seconds: float) -> list[tuple[Task, Result]]:
            self.free = 1
            return [(task, Result("finished")) for task in self.taken]

        def stop(self) -> bool:
            return False

        def close(self) -> None:
            """Nothing to end."""

    monkeypatch.setattr(matrix, "_out_of_time", lambda *_: pytest.fail("looked through"))
    tasks = [Task(Request("wan2023"), f"r{n}", tmp_path / f"r{n}", {}) for n in range(20)]
    assert len(matrix.conduct(tasks, Instant())) == 20


def test_sound_rows_are_not_made_one_by_one(
    results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[int] = []
    monkeypatch.setattr(records, "rows_of", lambda frame: made.append(len(frame)))
    records.check_rows(results.rows, source="rows")
    records.check_rows(results.rows.iloc[:0], source="none")
    assert made == [0, 0]
    records.write_rows(tmp_path / "rows.csv", results.rows)
    stored = (results.folder / "rows.csv").read_bytes()
    assert (tmp_path / "rows.csv").read_bytes() == stored


def test_a_draw_is_shared_and_cannot_be_changed() -> None:
    first = draws(["a", "a", "b"], key="k")
    assert draws(("a", "a", "b"), key="k") is first
    assert draws(["a", "a", "b"], key="other") is not first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1


def test_a_table_is_compared_once_and_each_reader_has_his_own(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = papers.load("wan2023")
    first = tables.compare(results, paper, "T1")
    first.loc[:, "ours"] = np.nan
    monkeypatch.setattr(cells, "cell", lambda *_: pytest.fail("compared again"))
    assert tables.compare(results, paper, "T1")["ours"].notna().any()
    with pytest.raises(pytest.fail.Exception):
        tables.compare(results, dataclasses.replace(paper), "T1")


def test_folders_checked_side_by_side_find_what_each_finds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = []
    for name in ("one", "two"):
        records.write_text(tmp_path / name / "rows.csv", name)
        seals.seal(tmp_path / name)
        jobs.append((seals.differing, tmp_path / name))
    records.write_text(tmp_path / "two" / "rows.csv", "changed")
    assert publishing._side_by_side(jobs) == [[], ["rows.csv"]]
    monkeypatch.setattr(publishing, "MUCH", 0)
    assert publishing._side_by_side(jobs) == [[], ["rows.csv"]]


def _ended(folder: Path) -> list[Path]:
    os.kill(os.getpid(), signal.SIGKILL)
    return [folder]


def test_a_check_that_is_ended_from_outside_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(publishing, "MUCH", 0)
    with pytest.raises(DeblurError, match="ended from outside, for want of memory perhaps"):
        publishing._side_by_side([(_ended, tmp_path), (_ended, tmp_path)])


def test_measured_costs_are_verified_too(tmp_path: Path) -> None:
    measured = tmp_path / side_by_side.MEASURED
    records.write_text(measured / "runs.csv", "size,seconds")
    seals.seal(measured)
    assert publishing.verify_all(tmp_path / "results") == ([], 1)
    records.write_text(measured / "runs.csv", "size,second")
    assert publishing.verify_all(tmp_path / "results") == ([measured / "runs.csv"], 1)

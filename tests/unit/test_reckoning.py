"""Runs side by side: the order in which the workers take them."""

import dataclasses

import pytest

from deblur_lib import papers
from deblur_lib.evaluation.cost import COUNTER
from deblur_lib.records import write_json
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request, make_plan, published_options
from deblur_lib.runs.reckoning import longest_first, worker_count


def test_the_longest_runs_are_taken_first(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    runs = list(make_plan(Request("li2026", profile="demo")).runs)
    for run in runs:
        macs = 2 if run.method.id == "deblurgan" else 1
        path = store.costs_file(str(run.method.network), run.options)
        write_json(path, {"macs": macs, "macs_counter": COUNTER})
    taken = longest_first(runs)
    assert sorted(run.id for run in taken) == sorted(run.id for run in runs)
    # deblurgan's 120 steps of twice the operations come before the others' 120 steps
    steps = [(run.method.id == "deblurgan", run.steps) for run in taken]
    assert steps == [(False, 280)] * 13 + [(True, 120)] + [(False, 120)] * 2 + [(False, 0)] * 3
    for one in (runs[0], runs[1]):  # 120 steps of the first take longer than 280 of the second
        full = published_options(papers.load("li2026"), one.method)
        seconds = 6.0 if one is runs[0] else 2.0
        path = store.costs_file(str(one.method.network), full)
        write_json(path, {"macs": 1, "macs_counter": COUNTER, "seconds": seconds})
    taken = longest_first(runs)
    assert taken.index(runs[0]) < taken.index(runs[1])
    small = dataclasses.replace(runs[0], train=dataclasses.replace(runs[0].train, crop=32))
    assert longest_first([small, runs[0]])[0] is runs[0]


def test_runs_that_share_devices_are_trained_one_after_another() -> None:
    plan = make_plan(Request("wan2023", device="cpu", devices=2))
    assert worker_count(plan) == 1

"""Runs side by side: the order in which the workers take them."""

import dataclasses

import pytest

from deblur_lib.evaluation.cost import COUNTER
from deblur_lib.records import write_json
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.workers import longest_first


def test_the_longest_runs_are_taken_first(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    runs = list(make_plan(Request("li2026", profile="demo")).runs)
    for run in runs:
        macs = 2 if run.method.id == "deblurgan" else 1
        path = store.costs_file(str(run.method.network), run.options)
        write_json(path, {"macs": macs, "macs_counter": COUNTER})
    taken = longest_first(runs)
    assert sorted(run.id for run in taken) == sorted(run.id for run in runs)
    expected = [(run.method.id == "deblurgan", run.steps) for run in taken]
    # deblurgan's 250 steps of twice the operations stand between 600 and 160 steps of the others
    others = [(False, 160)] * 2 + [(False, 0)] * 3
    assert expected == [(False, 600)] * 13 + [(True, 250)] + others
    small = dataclasses.replace(runs[0], train=dataclasses.replace(runs[0].train, crop=32))
    assert longest_first([small, runs[0]])[0] is runs[0]

"""Seconds and memory of a call, and what else a machine did meanwhile."""

import time
from collections import namedtuple

import pytest
import torch

from deblur_lib.evaluation import timing
from deblur_lib.evaluation.timing import Machine, peak, timed, watched

CPU = torch.device("cpu")
Times = namedtuple("Times", "user system idle")


def test_a_quick_call_is_repeated_after_one_that_warms_up() -> None:
    calls: list[int] = []
    found = timed(lambda: calls.append(1), CPU, repeats=5)
    assert (len(calls), found.repeats) == (6, 5)
    assert 0 <= found.low <= found.median <= found.high < 1


def test_a_slow_call_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SLOW", -1.0)
    calls: list[int] = []
    assert timed(lambda: calls.append(1), CPU).repeats == len(calls) == 1


def test_a_sleep_costs_a_processor_nothing() -> None:
    assert timed(lambda: time.sleep(0.02), CPU, repeats=1).median < 0.01
    elsewhere = timed(lambda: time.sleep(0.02), torch.device("meta"), repeats=1)
    assert elsewhere.median >= 0.02  # anywhere else the wall's


@pytest.mark.parametrize(("worked", "busy"), [(0.0, False), (100.0, True)])
def test_what_others_did_is_told_apart_from_what_we_did(
    monkeypatch: pytest.MonkeyPatch, worked: float, busy: bool
) -> None:
    seen = iter([Times(1.0, 1.0, 5.0), Times(1.0 + worked, 1.0, 9.0)])
    monkeypatch.setattr(timing.psutil, "cpu_times", lambda: next(seen))
    monkeypatch.setattr(timing.psutil, "getloadavg", lambda: (0.7, 0.0, 0.0))
    with watched() as machine:
        pass
    assert (machine.load, machine.busy) == (0.7, busy)


def test_others_on_processors_of_their_own_slow_nothing_down() -> None:
    assert not Machine(0.0, timing.QUIET).busy
    assert Machine(0.0, 1.0).busy
    assert not Machine(2.0, 1.0, free=1).busy  # one thread on two cores, one process beside it
    assert Machine(2.0, 2.0, free=1).busy


def test_the_threads_of_this_process_leave_the_other_processors_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing.psutil, "cpu_count", lambda: 2)
    for threads, free in ((1, 1), (2, 0), (4, 0)):
        monkeypatch.setattr(timing.torch, "get_num_threads", lambda threads=threads: threads)
        with watched() as machine:
            pass
        assert machine.free == free


def test_peak_memory_counts_what_was_there_and_what_came() -> None:
    known = torch.zeros(1000)
    found, how = peak(lambda: known + 1, CPU, known)
    assert found == 2 * known.nbytes
    assert "traced" in how


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_peak_memory_counts_the_parts_of_a_sparse_matrix() -> None:
    dense = torch.eye(100)
    found, _ = peak(lambda: dense.to_sparse_csr() @ dense, CPU)
    indices_and_values = (101 + 100) * 8 + 100 * 4
    assert found >= indices_and_values + dense.nbytes

"""Worker processes: what they call, that a killed one takes no other along, that none is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deblur_lib.errors import DataError
from deblur_lib.runs import crew
from deblur_lib.runs.crew import Crew, WorkerError

ROOT = Path(__file__).resolve().parents[2]


def double(number: int) -> int:
    if number == 3:
        raise DataError("three")
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def place() -> str:
    return os.environ["PLACE"]


def until_stopped() -> str:
    while not crew.asked_to_stop():
        time.sleep(0.01)
    return "stopped"


@pytest.fixture
def hands() -> Iterator[Crew]:
    with Crew(2, places=[{"PLACE": "a"}, {"PLACE": "b"}]) as crew:
        yield crew


def results(hands: Crew, count: int) -> dict[int, crew.Done]:
    found: dict[int, crew.Done] = {}
    end = time.monotonic() + 60
    while len(found) < count:
        assert time.monotonic() < end
        found |= {one.key: one for one in hands.wait(1.0)}
    return found


def test_an_error_or_a_kill_takes_no_other_call_along(hands: Crew) -> None:
    left = [1, 3, 5, 2, 4]
    found: dict[int, crew.Done] = {}
    while left or hands.free < 2:
        while left and hands.free:
            number = left.pop(0)
            hands.start(number, double, number)
        found |= {one.key: one for one in hands.wait(1.0)}
    assert {key: one.value for key, one in found.items()} == {1: 2, 2: 4, 3: None, 4: 8, 5: None}
    assert isinstance(found[3].error, DataError)
    assert isinstance(found[5].error, WorkerError)
    assert "killed (SIGKILL), for instance for want of memory" in str(found[5].error)


def test_each_worker_has_its_place_and_stops_when_asked(hands: Crew) -> None:
    hands.start(0, place)
    hands.start(1, place)
    assert {one.value for one in results(hands, 2).values()} == {"a", "b"}
    hands.start(2, until_stopped)
    hands.ask_to_stop()
    assert results(hands, 1)[2].value == "stopped"
    assert not crew.asked_to_stop()  # of workers alone


def test_closing_ends_a_busy_worker() -> None:
    with Crew(1) as hands:
        hands.start(0, os.getpid)
        pid = results(hands, 1)[0].value
        hands.start(1, time.sleep, 60)
    assert not psutil.pid_exists(pid)


PARENT = """
import time
from deblur_lib.runs.crew import Crew
if __name__ == "__main__":
    with Crew(2) as hands:
        hands.start(0, time.sleep, 60)
        hands.start(1, time.sleep, 60)
        print("started", flush=True)
        hands.wait(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        parent.stdout.readline()
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
        parent.send_signal(how)
        parent.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_nothing_of_ours_is_left_behind() -> None:
    code = (
        "import psutil; from deblur_lib.runs.crew import Crew\n"
        "if __name__ == '__main__':\n"
        "    for _ in range(2):\n"
        "        with Crew(1) as hands:\n"
        "            hands.start(0, abs, -1)\n"
        "            assert hands.wait(60)[0].value == 1\n"
        "        assert psutil.Process().children(recursive=True) == []\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

"""Locks: one holder at a time, whoever is killed, on this machine or another."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lib import locks
from deblur_lib.errors import RecordError
from deblur_lib.locks import Lock, held, holder


def file_of(thing: Path) -> Path:
    (file,) = thing.parent.glob(f".{thing.name}.lock-*")
    return file


def elsewhere(thing: Path, *, age: float = 0.0) -> Path:
    """A lock that a process of another machine holds, touched some seconds ago."""
    file = thing.with_name(f".{thing.name}.lock-1")
    there = vars(locks.myself()) | {"host": "far", "pid": 7, "job": "12_3"}
    file.write_text(json.dumps(there), encoding="utf-8")
    os.utime(file, (time.time() - age,) * 2)
    return file


def python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    thing = tmp_path / "new" / "run"
    first, second = Lock(thing), Lock(thing)
    assert first.take()
    assert not second.take()
    assert f"process {os.getpid()} on " in str(holder(thing))
    second.free()  # what it does not hold stays
    assert holder(thing)
    first.free()
    assert holder(thing) is None
    assert second.take()
    second.free()
    assert list(thing.parent.iterdir()) == []


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    thing = tmp_path / "run"
    code = "import sys, time; from pathlib import Path; from deblur_lib.locks import Lock; "
    code += "print(Lock(Path(sys.argv[1])).take(), flush=True); time.sleep(60)"
    with python(code, thing) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "True\n"
        one = holder(thing)
        assert one
        assert one.pid == owner.pid
        owner.kill()
    lock = Lock(thing)
    assert lock.take()
    assert file_of(thing).name == ".run.lock-2"
    lock.free()


def test_a_number_that_is_used_again_is_another_process(tmp_path: Path) -> None:
    thing = tmp_path / "run"
    past = vars(locks.myself()) | {"born": "1"}
    (tmp_path / ".run.lock-1").write_text(json.dumps(past), encoding="utf-8")
    assert holder(thing) is None


def test_a_lock_of_another_machine_holds_while_it_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = tmp_path / "run"
    file = elsewhere(thing, age=locks.STALE - 20)
    monkeypatch.setattr(time, "time", lambda: 1e10)  # this machine's clock does not count
    assert str(holder(thing)).startswith("job 12_3, process 7 on far, since 2")
    assert not Lock(thing).take()
    os.utime(file, (0, 0))
    assert holder(thing) is None
    lock = Lock(thing)
    assert lock.take()
    assert not file.exists()
    lock.free()


def test_a_file_that_is_just_being_written_counts(tmp_path: Path) -> None:
    thing, file = tmp_path / "run", tmp_path / ".run.lock-3"
    file.touch()
    assert not Lock(thing).take()
    os.utime(file, (0, 0))
    lock = Lock(thing)
    assert lock.take()
    lock.free()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_owner_touches_it_and_sees_when_it_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "BEAT", 0.01)
    thing = tmp_path / "run"
    lock = Lock(thing)
    assert lock.take()
    file = file_of(thing)
    os.utime(file, (0, 0))
    until(lambda: file.stat().st_mtime > 1)
    assert not lock.lost
    elsewhere(thing)
    until(lambda: lock.lost)
    lock.free()
    assert file.exists()  # it is the other's now


def test_who_waits_says_for_whom_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "POLL", 0.0)
    thing, lines = tmp_path / "run", list[str]()
    file = elsewhere(thing)

    def end(line: str) -> None:
        lines.append(line)
        os.utime(file, (0, 0))

    with held(thing, "the book", say=end) as lock:
        assert lock.waited
    assert len(lines) == 1
    assert lines[0].startswith("waiting for the book: job 12_3, process 7 on far, since ")


COUNT = """
import sys, time
from pathlib import Path
from deblur_lib import locks
locks.POLL = 0.001
thing = Path(sys.argv[1])
for _ in range(15):
    with locks.held(thing, "it", say=lambda line: None):
        number = int(thing.read_text())
        time.sleep(0.001)
        thing.write_text(str(number + 1))
"""


def test_what_several_processes_count_is_counted(tmp_path: Path) -> None:
    thing = tmp_path / "number"
    thing.write_text("0")
    counting = [python(COUNT, thing) for _ in range(3)]
    for one in counting:
        one.communicate(timeout=120)
    assert thing.read_text() == "45"


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="could not be written"):
        Lock(tmp_path / "file" / "run").take()

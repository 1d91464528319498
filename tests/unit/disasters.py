"""What tests do to files and processes: kill, fill the disk, limit, flip and cut bytes."""

import os
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

TOUCHED = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate")
NOBODY = 65534


def in_child(action: Callable[[], object], *, user: int | None = None, kill_at: int = -1) -> str:
    """Call something in a forked process.

    Args:
        action: what to call.
        user: whom the process belongs to; as this one when None.
        kill_at: before which of its file operations it is killed (SIGKILL), counted from 0.

    Returns:
        "" after the call, "killed", or class and text of what it raised.
    """
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        child = os.fork()
    if not child:
        told = ""
        try:
            if user is not None:
                os.setegid(user)
                os.seteuid(user)
            if kill_at >= 0:
                _kill_at(kill_at)
            action()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(theirs, told.encode())
        os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else told


def _kill_at(step: int) -> None:
    steps = count()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in TOUCHED and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def kills(action: Callable[[], object]) -> Iterator[int]:
    """Kill a call before each of its file operations in turn, a fresh process each time.

    Yields:
        After each kill the number of operations that were done; ends once the call ends.
    """
    for step in count():
        told = in_child(action, kill_at=step)
        if told != "killed":
            assert told == "", told
            assert step, "nothing was killed"
            return
        yield step


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(place: Path, size: str = "256k", options: str = "") -> Iterator[Path]:
    """A file system of its own at a folder; skips where this machine does not let us mount one."""
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        done = 1
    if done:
        pytest.skip("needs the right to mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def flip(path: Path, place: float = 0.5) -> None:
    """Change one byte: the first digit after a place, or where there is none the byte there."""
    data = bytearray(path.read_bytes())
    start = int(place * (len(data) - 1))
    digits = (at for at in range(start, len(data)) if data[at : at + 1].isdigit())
    at = next(digits, start) if path.suffix in (".csv", ".json", ".ipynb") else start
    data[at] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    """Keep the first half of a file, whole lines of a table."""
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half[: half.rfind(b"\n") + 1] if path.suffix == ".csv" else half)

"""One process at a time: locks that survive a killed owner and work on network folders. No torch.

A lock on `runs/a` is a file beside it, `runs/.a.lock-1`, that says who holds it. It is created
atomically, touched every few seconds while it is held, and removed in the end. Left behind it is
stale: at once where its process is gone on this machine, else when it was not touched for a while
(by the clock of the file system, so clocks that differ do no harm). Whoever takes over a stale
lock creates the next number; two that try at a time both see it, and the later one gives way.
"""

import json
import os
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from deblur_lib.errors import RecordError
from deblur_lib.files import unwritten

BEAT = 5.0  # seconds between two touches
STALE = 60.0  # seconds without a touch after which another machine's lock is stale
POLL = 0.5  # seconds between two tries
TAKEN_OVER = 8  # owners in a row, killed one after the other, beyond which a look sees nobody


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        host, pid: machine and process.
        job: number of its cluster job, "" without one.
        since: UTC time, ISO 8601.
        born: start of the process, as `_born` tells it; a number is used again, this is not.
        place: the boot and the name space in which the number of the process counts.
        token: never the same twice.
    """

    host: str
    pid: int
    job: str
    since: str
    born: str
    place: str
    token: str

    def __str__(self) -> str:
        job = f"job {self.job}, " if self.job else ""
        return f"{job}process {self.pid} on {self.host}, since {self.since.replace('+00:00', 'Z')}"


def myself() -> Holder:
    """This process, as a holder from now on."""
    pid, names = os.getpid(), ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")
    array = "_".join(os.environ[one] for one in names if one in os.environ)
    job = array or os.environ.get("SLURM_JOB_ID", "")
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(socket.gethostname(), pid, job, since, _born(pid), _place(), uuid.uuid4().hex)


class Lock:
    """A lock on a file or folder, which need not exist; its parent folder is made.

    Attributes:
        lost: True when another machine took this one's silence (it was asleep, say) for its end.
        waited: True when `held` did not get it at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.lost = self.waited = False
        self._own: Path | None = None
        self._token = ""
        self._free = threading.Event()

    def take(self) -> bool:
        """Take it if nobody holds it; never waits.

        Raises:
            RecordError: the folder cannot be written to.
        """
        before = _found(self.path)
        if any(_alive(file, one) for file, one in before.items()):
            return False
        number = max((_number(file) for file in before), default=0) + 1
        own, me = self.path.with_name(f".{self.path.name}.lock-{number}"), myself()
        if not _create(own, json.dumps(asdict(me))):
            return False
        after = _found(self.path)
        if after.pop(own, None) != me or any(before.get(file) != after[file] for file in after):
            own.unlink(missing_ok=True)
            return False
        for file in before:
            file.unlink(missing_ok=True)
        self._own, self._token, self.lost = own, me.token, False
        self._free.clear()
        threading.Thread(target=self._beat, args=(own, me), daemon=True).start()
        return True

    def free(self) -> None:
        """Give it back; nothing where it is not held, or was lost."""
        self._free.set()
        own, self._own = self._own, None
        held = _read(own) if own else None
        if own and held and held.token == self._token:
            own.unlink(missing_ok=True)

    def _beat(self, own: Path, me: Holder) -> None:
        while not self._free.wait(BEAT):
            try:
                os.utime(own)
                self.lost = _read(own) != me
            except FileNotFoundError:
                self.lost = True
            except OSError:
                continue  # the network may come back
            if self.lost:
                return


def holder(path: Path) -> Holder | None:
    """Who holds the lock on a path now; None where nobody does, or its owner was killed.

    It costs the same however many files lie beside the path. Where more than `TAKEN_OVER` owners
    in a row were killed it sees nobody; `Lock.take` sees all.
    """
    place = Path(path)
    files = (place.with_name(f".{place.name}.lock-{one}") for one in range(1, TAKEN_OVER + 1))
    for file in files:
        one = _read(file)
        if one and _alive(file, one):
            return one
    return None


@contextmanager
def held(path: Path, what: str, *, say: Callable[[str], None] | None = None) -> Iterator[Lock]:
    """Hold the lock on a path; wait, after one line that says for whom, while another holds it.

    Args:
        path: what is worked on.
        what: its name in that line.
        say: takes the line; None prints it on standard error, unless $TQDM_DISABLE says that
            someone else shows the progress.
    """
    lock = Lock(path)
    while not lock.take():
        one = holder(path)
        if one and not lock.waited:
            (say or _print)(f"waiting for {what}: {one}")
        lock.waited = lock.waited or one is not None
        time.sleep(POLL + os.getpid() % 100 / 1000)
    try:
        yield lock
    finally:
        lock.free()


def _print(line: str) -> None:
    if not os.environ.get("TQDM_DISABLE"):
        print(line, file=sys.stderr, flush=True)


def _found(path: Path) -> dict[Path, Holder | None]:
    """The lock's files and what they say; None for one that is just being written, or cut."""
    start = f".{path.name}.lock-"
    try:
        with os.scandir(path.parent) as found:  # thousands of runs may lie beside it
            names = [one.name for one in found]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    files = [path.with_name(one) for one in names if one.startswith(start)]
    return {one: _read(one) for one in files if one.name.removeprefix(start).isdigit()}


def _create(file: Path, text: str) -> bool:
    """Write a file that must not be there yet; False where it is."""
    made = False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "x", encoding="utf-8") as stream:
            made = True
            stream.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and file.parent.is_dir():
            return False
        if made:
            file.unlink(missing_ok=True)
        raise RecordError(unwritten(file, error)) from error
    return True


def _number(file: Path) -> int:
    return int(file.name.rpartition("-")[2])


def _read(file: Path) -> Holder | None:
    try:
        return Holder(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _alive(file: Path, one: Holder | None) -> bool:
    """Whether a lock's owner still lives, or may live for all that is known here."""
    if one and (one.host, one.place) == (socket.gethostname(), _place()):
        return _born(one.pid) == one.born
    try:
        with open(file, "rb") as stream, tempfile.TemporaryFile(dir=file.parent) as fresh:
            age = os.fstat(fresh.fileno()).st_mtime - os.fstat(stream.fileno()).st_mtime
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return age < STALE


def _born(pid: int) -> str:
    """When a process started, whatever became of the clock since; "" once it ended."""
    try:
        if sys.platform == "linux":
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
            state, *rest = fields.split()
            return "" if state in "ZX" else rest[18]
        return f"{psutil.Process(pid).create_time():.0f}"
    except (OSError, psutil.Error):
        return ""


@cache
def _place() -> str:
    """Where numbers of processes mean what they mean here: one boot, one name space."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return sys.platform

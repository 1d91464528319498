"""Worker processes that call functions side by side and end with their parent. No torch here.

A worker listens to its parent on a pipe. When the pipe closes the parent has ended, whatever ended
it (an error, `kill -9`), and so does the worker, at once. A worker that is killed takes its own
call with it and no other; the next call gets a fresh one.
"""

import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple

from deblur_lib.errors import DeblurError

STOP = b"stop"
PATIENCE = 5.0  # seconds that an idle worker is given to end by itself

# Python starts it beside the first process, and it lives as long as this one, so that a notebook's
# kernel would wait half a minute for it before it ends itself.
_tracker: Any = resource_tracker._resource_tracker
_asked = threading.Event()  # in a worker: its parent wants it to stop
_idle = threading.Event()  # in a worker: no call is under way


class WorkerError(DeblurError):
    """A worker process was killed in the middle of its call."""


class Done(NamedTuple):
    """What became of a call: its value, or the error it raised."""

    key: int
    value: Any
    error: Exception | None


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    place: int
    key: int | None = None  # of the call under way

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def tell(self, message: bytes) -> None:
        with suppress(OSError):  # it was killed; `wait` tells
            self.pipe.send_bytes(message)


class Crew:
    """Some worker processes, each started when there is a call for it.

    Args:
        size: calls at once.
        begin: called first in each worker; a function at the top of a module.
        places: environment variables of each worker; none leaves them alone.
    """

    def __init__(
        self,
        size: int,
        begin: Callable[[], None] | None = None,
        places: Sequence[dict[str, str]] = (),
    ) -> None:
        self.size = max(1, size)
        self._begin, self._places = begin, tuple(places)
        self._workers: list[_Worker] = []
        self._tracked = _tracker._fd is not None  # by someone else, whose it stays

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def free(self) -> int:
        """Calls that could start at once."""
        return self.size - sum(one.key is not None for one in self._workers)

    def start(self, key: int, function: Callable[..., Any], *args: Any) -> None:
        """Let a free worker call a function at the top of a module; `wait` tells how it went."""
        call = pickle.dumps((function, args))
        self._workers = [one for one in self._workers if one.key is not None or one.alive]
        worker = next((one for one in self._workers if one.key is None), None) or self._hire()
        worker.key = key
        worker.tell(call)

    def wait(self, seconds: float | None) -> list[Done]:
        """What became of the calls that ended since; waits some seconds for the first."""
        ready = connection.wait([one.pipe for one in self._workers], seconds)
        return [
            done
            for worker in [one for one in self._workers if one.pipe in ready]
            if (done := self._hear(worker))
        ]

    def ask_to_stop(self) -> None:
        """Tell every worker to end its call soon; calls ask with `asked_to_stop`."""
        for worker in self._workers:
            worker.tell(STOP)

    def close(self) -> None:
        """End all workers, idle or not."""
        for worker in self._workers:
            worker.pipe.close()
        end = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            worker.process.kill()
            worker.process.join()
        self._workers.clear()
        if not self._tracked:
            _tracker._stop()

    def _hire(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        taken = {one.place for one in self._workers}
        place = next(one for one in range(self.size) if one not in taken)
        given = self._places[place % len(self._places)] if self._places else {}
        process = context.Process(target=_work, args=(theirs, self._begin, given))
        process.start()
        theirs.close()
        worker = _Worker(process, ours, place)
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker) -> Done | None:
        try:
            value, error = worker.pipe.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.process.join()
            value, error = None, WorkerError(_how_it_ended(worker.process.exitcode or 0))
        key, worker.key = worker.key, None
        return None if key is None else Done(key, value, error)


def _how_it_ended(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"its process was killed ({name}), for instance for want of memory"
    return f"its process ended with status {status}"


def asked_to_stop() -> bool:
    """In a worker: True once its parent wants it to stop; elsewhere False."""
    return _asked.is_set()


def _work(pipe: Connection, begin: Callable[[], None] | None, place: dict[str, str]) -> None:
    """A worker's life: a thread listens, this one calls."""
    os.environ.update(place)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    _idle.set()
    threading.Thread(target=_listen, args=(pipe, calls), daemon=True).start()
    if begin:
        begin()
    while call := calls.get():
        try:
            function, args = pickle.loads(call)
            result = pickle.dumps((function(*args), None))
        except Exception as error:
            result = pickle.dumps((None, _sendable(error)))
        _idle.set()  # before the parent can send the next
        pipe.send_bytes(result)


def _listen(pipe: Connection, calls: "queue.SimpleQueue[bytes]") -> None:
    while True:
        try:
            heard = pipe.recv_bytes()
        except (EOFError, OSError):
            break
        if heard == STOP:
            _asked.set()
        else:
            _idle.clear()
            calls.put(heard)
    if not _idle.is_set():
        os._exit(0)  # no clean-up: whoever goes on finds what a kill leaves
    calls.put(b"")


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error

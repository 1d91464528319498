"""The training log: log.csv (step, name, value) and the same scalars for TensorBoard.

Names: "loss" and its parts "loss/<name>", "lr", "gradient" (norm before clipping), "skipped"
(non-finite steps so far), "validation/psnr-rgb", "validation/input" (the score of the blurred
pictures themselves), and "critic/..." in adversarial training.
Values of a step are means over the steps since the line before; no wall time is in the log, so two
equal trainings leave equal logs.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar

from deblur_lib.files import writing
from deblur_lib.records import write_text

HEADER = "step,name,value\n"
LINES = 500  # points of each training curve


class Journal:
    """Writes the log of one run; lines are appended whole and flushed.

    Args:
        folder: folder of the run.
        steps: steps of the recipe; decides how many steps a line stands for.
        start: step to continue from; later lines, of steps that will be done again, are removed.
        sums: what `pending` gave when that step was stored.
        mark: what `settle` gave then. Where the log no longer begins like that it begins anew.

    Attributes:
        damaged: a note that the log begins anew, "" for none.

    Raises:
        RecordError: the log cannot be written; so do all methods.
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        *,
        start: int = 0,
        sums: Sequence[tuple[str, float, int]] = (),
        mark: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = folder / "log.csv"
        self.every = max(1, steps // LINES)
        self._sums = {name: (total, int(count)) for name, total, count in sums}
        kept = _kept(self.path, start, mark) if start else HEADER
        self.damaged = "" if kept else f"log.csv was damaged; its curves begin at step {start}"
        write_text(self.path, kept or HEADER)
        with writing(self.path):
            self._lines = open(self.path, "a", encoding="utf-8", newline="\n", buffering=1)  # noqa: SIM115
        self._board = Board(folder / "tb", start)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Take the finite values of step `step` (counted from 1) into the running means."""
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)
        if step % self.every == 0:
            self.turn(step)

    def turn(self, step: int) -> None:
        """Write the running means and begin new ones."""
        for name, (total, count) in self._sums.items():
            self.note(step, name, total / count)
        self._sums.clear()

    def note(self, step: int, name: str, value: float) -> None:
        """Write one line at once."""
        with writing(self.path):
            self._lines.write(f"{step},{name},{value:.9g}\n")
        self._board.add(name, value, step)

    def pending(self) -> list[tuple[str, float, int]]:
        """Sums that are not in the log yet, in its order; stored with the state."""
        return [(name, total, count) for name, (total, count) in self._sums.items()]

    def settle(self) -> dict[str, Any]:
        """Make all lines so far last, before a state is stored that builds on them.

        Returns:
            Length and digest of the log, by which it is known again.
        """
        with writing(self.path):
            self._lines.flush()
            os.fsync(self._lines.fileno())
            held = self.path.read_bytes()
        self._board.flush()
        return {"bytes": len(held), "sha256": hashlib.sha256(held).hexdigest()}

    def close(self) -> None:
        """Flush and close both files."""
        self._board.close()
        with writing(self.path):
            self._lines.close()


class NoJournal(Journal):
    """What the other processes of a training write: nothing."""

    def __init__(self) -> None:
        self.every, self._sums, self.damaged = 1, {}, ""

    def note(self, step: int, name: str, value: float) -> None:
        """Leave it to the first process."""

    def settle(self) -> dict[str, Any]:
        """Nothing is open."""
        return {}

    def close(self) -> None:
        """Nothing is open."""


def _kept(path: Path, step: int, mark: Mapping[str, Any] | None) -> str:
    """The log as it was at a step; "" where it is not there any more.

    Args:
        path: log.csv.
        step: without a mark, all whole lines up to this step count.
        mark: length and digest of what was there.
    """
    held = path.read_bytes() if path.is_file() else b""
    if mark:
        part = held[: mark["bytes"]]
        return part.decode() if hashlib.sha256(part).hexdigest() == mark["sha256"] else ""
    lines = held.decode(errors="replace").splitlines(keepends=True)
    fields = [(line, line.split(",")[0]) for line in lines if line.endswith("\n")]
    return HEADER + "".join(one for one, at in fields if at.isdigit() and int(at) <= step)


class Board:
    """Scalars for TensorBoard; where they cannot be written, the training goes on without them.

    Args:
        folder: where the event file goes.
        start: step to continue from; TensorBoard drops what an earlier sitting wrote after it.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self._events: EventsWriter | None = None
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._events = EventsWriter(str(folder / "events"))
        if start:
            self._write(Event(step=start + 1, session_log=SessionLog(status=SessionLog.START)))

    def add(self, name: str, value: float, step: int) -> None:
        """Write one scalar."""
        self._write(Event(step=step, summary=scalar(name, value)))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self._try(lambda events: events.write_event(event))

    def flush(self) -> None:
        """Hand what was written to the disk."""
        self._try(lambda events: events.flush())

    def close(self) -> None:
        """Flush and close."""
        self._try(lambda events: events.close())
        self._events = None

    def _try(self, write: Callable[[EventsWriter], Any]) -> None:
        events = self._events
        if events:
            try:
                write(events)
            except OSError:
                self._events = None
                with suppress(OSError):
                    events._py_recordio_writer.close()  # its own close would write once more

"""The training log: log.csv (step, name, value) and the same scalars for TensorBoard.

Names: "loss" and its parts "loss/<name>", "lr", "gradient" (norm before clipping), "skipped"
(non-finite steps so far), "validation/psnr-rgb", "validation/input" (the score of the blurred
pictures themselves), and "critic/..." in adversarial training.
Values of a step are means over the steps since the line before; no wall time is in the log, so two
equal trainings leave equal logs.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

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
    """

    def __init__(
        self, folder: Path, steps: int, *, start: int = 0, sums: Mapping[str, Any] | None = None
    ) -> None:
        self.path = folder / "log.csv"
        self.every = max(1, steps // LINES)
        self._sums = {name: (total, int(count)) for name, (total, count) in (sums or {}).items()}
        _cut(self.path, start)
        self._lines = open(self.path, "a", encoding="utf-8", newline="\n", buffering=1)  # noqa: SIM115
        self._board = SummaryWriter(str(folder / "tb"), purge_step=start + 1 if start else None)

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
        self._lines.write(f"{step},{name},{value:.9g}\n")
        self._board.add_scalar(name, value, step)

    def pending(self) -> dict[str, list[float]]:
        """Sums that are not in the log yet; stored with the state."""
        return {name: [total, count] for name, (total, count) in self._sums.items()}

    def settle(self) -> None:
        """Make all lines so far last, before a state is stored that builds on them."""
        self._lines.flush()
        os.fsync(self._lines.fileno())
        self._board.flush()

    def close(self) -> None:
        """Flush and close both files."""
        self._lines.close()
        self._board.close()


class NoJournal(Journal):
    """What the other processes of a training write: nothing."""

    def __init__(self) -> None:
        self.every, self._sums = 1, {}

    def note(self, step: int, name: str, value: float) -> None:
        """Leave it to the first process."""

    def settle(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


def _cut(path: Path, step: int) -> None:
    """Keep the header and the whole lines up to `step`; start the file where there is none."""
    kept = [HEADER]
    if step and path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
            first = line.split(",")[0]
            if line.endswith("\n") and first.isdigit() and int(first) <= step:
                kept.append(line)
    write_text(path, "".join(kept))

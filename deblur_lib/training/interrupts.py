"""Ctrl-C between two steps, never inside one, so that the state stored is the state reached."""

import signal
from types import FrameType, TracebackType


class Interrupts:
    """Hold the first Ctrl-C back as `pressed`; a second one interrupts at once.

    Outside the main thread signals cannot be caught; there it does nothing.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._before: signal._HANDLER = None

    def __enter__(self) -> "Interrupts":
        try:
            self._before = signal.signal(signal.SIGINT, self._press)
        except ValueError:
            self._before = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True

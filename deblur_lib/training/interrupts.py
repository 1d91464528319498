"""A stop between two steps, never inside one, so that the state stored is the state reached."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType, TracebackType

ECHO = 2.0  # seconds in which a signal is the first one again

_asked: ContextVar[Callable[[], bool]] = ContextVar("stop", default=lambda: False)


@contextmanager
def stopping(when: Callable[[], bool]) -> Iterator[None]:
    """Let trainings inside the block stop, as after Ctrl-C, once `when` says so between steps."""
    token = _asked.set(when)
    try:
        yield
    finally:
        _asked.reset(token)


class Interrupts:
    """Hold the first Ctrl-C back as `pressed`; a second one interrupts at once.

    A parent that dies with several threads tells its children once for each of them, which would
    be a second one while the state is stored; what comes within `ECHO` seconds is the first.

    Outside the main thread signals cannot be caught; there only `stopping` counts.
    """

    def __init__(self) -> None:
        self._pressed = False
        self._since = 0.0
        self._before: signal._HANDLER = None

    @property
    def pressed(self) -> bool:
        """Whether to store the state and stop."""
        return self._pressed or _asked.get()()

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
        if not self._pressed:
            self._pressed, self._since = True, time.monotonic()
        elif time.monotonic() - self._since > ECHO:
            raise KeyboardInterrupt

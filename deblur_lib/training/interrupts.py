"""A stop between two steps, never inside one, so that the state stored is the state reached."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType, TracebackType

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

    Outside the main thread signals cannot be caught; there only `stopping` counts.
    """

    def __init__(self) -> None:
        self._pressed = False
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
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True

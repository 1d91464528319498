"""Every error a user can meet: what was needed, what came, what to do.

Each class carries the exit status of the command line: 1 when a check or a run failed, 2 when the
request itself was wrong and nothing was started.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class DeblurError(Exception):
    """Base of all errors that a user can mend; the command line prints it without a traceback."""

    exit_status = 1


class UsageError(DeblurError):
    """The request was wrong (a name, a parameter, a type); nothing was started."""

    exit_status = 2


class DeclarationError(UsageError):
    """A declared experiment, table, claim or parameter breaks its schema."""


class DataError(DeblurError):
    """A picture, a pair or a folder of pictures cannot be used."""


class CheckpointError(DeblurError):
    """A checkpoint is cut short, of another network, or fails its digest."""


class DeviceError(UsageError):
    """The device or precision asked for is not there."""


class TrainingError(DeblurError):
    """Training stopped by itself; the state to resume from is stored."""


class RunsError(DeblurError):
    """Some runs failed, the others went on to their end; names each and how to repeat it."""


class EvaluationError(DeblurError):
    """A picture could not be restored or scored, or a cost not measured."""


class RecordError(DeblurError):
    """A row, manifest or log breaks its schema."""


class MissingRowsError(DeblurError):
    """A table or figure was asked for that no stored run can fill."""


class BookError(DeblurError):
    """The book would show something stale, failed or missing."""


def unknown_name(kind: str, name: str, known: Iterable[str], *, see: str = "deblur list") -> str:
    """Text of the error for a misspelt name, with the nearest known names.

    Args:
        kind: what the name should name ("network", "parameter").
        name: the name that came.
        known: all names that would have been right.
        see: where the full list can be read.
    """
    known = sorted(known)
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(repr(one) for one in near)}? " if near else ""
    all_of_them = ", ".join(known) or "none so far"
    return f"no {kind} is called {name!r}; {hint}See: {see} (known: {all_of_them})"

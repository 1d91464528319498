"""What a failed run leaves in its folder until the next attempt. No torch.

failed.json holds the error in a line, when and where; failed.log its traceback.
"""

import traceback
from pathlib import Path
from typing import Any

from deblur_lib.errors import RecordError
from deblur_lib.locks import myself
from deblur_lib.records import read_json, write_json, write_text

RECORD, LOG = "failed.json", "failed.log"


def record(folder: Path, error: BaseException) -> str:
    """Keep an error in the folder of its run.

    Returns:
        The error in a line; also where the folder cannot be written to, as on a full disk.
    """
    why, me = f"{type(error).__name__}: {error}", myself()
    try:
        write_text(folder / LOG, "".join(traceback.format_exception(error)))
        where = {"host": me.host, "pid": me.pid, "job": me.job}
        write_json(folder / RECORD, {"error": why, "when": me.since, **where})
    except RecordError:
        pass
    return why


def read(folder: Path) -> dict[str, Any]:
    """The record of the last attempt; empty where it did not fail."""
    try:
        found: dict[str, Any] = read_json(folder / RECORD)
        return found
    except RecordError:
        return {}


def forget(folder: Path) -> None:
    """Remove the record, before the next attempt."""
    for name in (RECORD, LOG):
        (folder / name).unlink(missing_ok=True)

"""Files and folders that are written whole or not at all, and what killed processes left of them.

What is under way lies beside its place, under a name that no other process gives. `sweep` removes
what its process will never finish.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from deblur_lib.errors import RecordError, UsageError

UNDER_WAY = re.compile(r"\.deblur-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}(\.[^.]*)?")
SUFFIX = 10  # longest suffix that a name under way keeps; some writers choose the format by it
LEFT = 24 * 3600  # seconds without a change after which another machine's file counts as left
FULL = "the disk or a quota is full: free some space"
FOREIGN = (
    "it lies in a folder that is read-only or someone else's: get the right to write there, or "
    "work in a folder of your own (DEBLUR_RUNS moves runs and caches, a copy of the project the "
    "rest)"
)
BLOCKED = "a file lies where a folder is needed, or a folder where a file is: choose another name"
ADVICE = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: "files may not grow that large here: raise the limit (ulimit -f)",
    errno.EROFS: FOREIGN,
    errno.EACCES: FOREIGN,
    errno.EPERM: FOREIGN,
    errno.ENOTDIR: BLOCKED,
    errno.EEXIST: BLOCKED,
    errno.EISDIR: BLOCKED,
    errno.ENAMETOOLONG: "the name is longer than the disk takes: shorten it",
}


def unwritten(path: Path | str, error: OSError) -> str:
    """Why a file could not be written and what to do about it."""
    advice = ADVICE.get(error.errno or 0, "free some space or choose another folder")
    return (
        f"{path} could not be written ({error.strerror or error}); {advice}, then run the same "
        "command again"
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of any failure of the disk which file it hit and what to do.

    Raises:
        RecordError: full disk, size limit, read-only or foreign folder.
    """
    try:
        yield
    except OSError as error:
        raise RecordError(unwritten(path, error)) from error


@contextmanager
def atomic(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place only when the block succeeds.

    The file keeps its mode; a new one gets what the umask leaves.

    Args:
        path: the file.
        durable: wait until the disk holds it, as everything needs that cannot be made again.

    Raises:
        RecordError: the disk is full or the folder cannot be written; `path` is as it was.
    """
    path, temporary = Path(path), None
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = beside(path)
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            kept = path if path.exists() else temporary
            mode = kept.stat().st_mode & 0o7777
            yield temporary
            temporary.chmod(mode)  # some writers make a file of their own in its place
            if durable:
                _settle(temporary)
            temporary.replace(path)
            if durable:
                with suppress(OSError):  # not every network folder can
                    _settle(path.parent)
        finally:
            if temporary:
                temporary.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder that takes the place of `target` only when the block succeeds.

    Raises:
        RecordError: the disk is full or the folder cannot be written; `target` is as it was.
    """
    target = Path(target)
    fresh, aside = beside(target), target.with_name(f".{target.name}.previous")
    with writing(target):
        try:
            if aside.exists() and not target.exists():
                aside.rename(target)  # an earlier call was killed between the two renames below
            sweep(target.parent)
            fresh.mkdir(parents=True)
            yield fresh
            shutil.rmtree(aside, ignore_errors=True)
            if target.exists():
                target.rename(aside)
            fresh.rename(target)
            shutil.rmtree(aside, ignore_errors=True)
        except RecordError as error:
            raise RecordError(str(error).replace(fresh.name, target.name)) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def beside(path: Path) -> Path:
    """A name beside `path`, short and of no other process, for what is under way."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= SUFFIX else ""
    return path.with_name(f".deblur-{_place()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}")


@cache
def _place() -> str:
    """Where process numbers mean what they mean here: this machine, and inside it a container."""
    try:
        inside = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        inside = ""
    return hashlib.sha256(f"{socket.gethostname()} {inside}".encode()).hexdigest()[:8]


def sweep(folder: Path, *, deep: bool = False) -> None:
    """Remove files and folders under way whose process is gone.

    Args:
        folder: where to look; nothing is done where there is none.
        deep: look in the folders inside it too.
    """
    with suppress(OSError):
        for path in [*Path(folder).iterdir()]:
            if _is_left(path):
                shutil.rmtree(path, ignore_errors=True)
                with suppress(OSError):
                    path.unlink()
            elif deep and path.is_dir() and not path.is_symlink():
                sweep(path, deep=True)


def _is_left(path: Path) -> bool:
    found = UNDER_WAY.fullmatch(path.name)
    if not found:
        return False
    if found[1] == _place():
        import psutil

        return not psutil.pid_exists(int(found[2]))
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime > LEFT
    return False


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written, before anything is started; nothing is made.

    Raises:
        UsageError: it is read-only or someone else's, or a file lies in its place.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise UsageError(f"{folder} is needed as a folder, but {there} is a file; {BLOCKED}")
    effective = os.access in os.supports_effective_ids
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=effective):
        raise UsageError(f"{folder} is needed to write to; {FOREIGN}")


def size(count: float) -> str:
    """A number of bytes in words, with the unit that fits ("3.2 MiB")."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"

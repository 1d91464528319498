"""The digest list of a folder: every stored number is read as it was written, or not at all.

digests.json holds the SHA-256 of each file of a folder, and its own digest as every JSON object
that the library writes. A folder without a list (of an older version, or not yet complete) is read
as it is. What is derived from stored rows stands in no list: it is made again and compared.
"""

from collections.abc import Iterable
from pathlib import Path

from deblur_lib.errors import RecordError
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_whole, write_json

NAME = "digests.json"
ADVICE = (
    "take it from another copy (`git checkout` where it is committed), or delete the folder and "
    "run the command again that made it, which repeats no finished run"
)


def contents(folder: Path) -> list[str]:
    """Names of what a folder stores: its own files, and those below pictures/."""
    found = [*Path(folder).glob("*"), *Path(folder).glob("pictures/**/*")]
    names = [one.relative_to(folder).as_posix() for one in found if one.is_file()]
    return sorted(name for name in names if name != NAME and not name.startswith("."))


def seal(folder: Path, names: Iterable[str] | None = None) -> None:
    """Write the list of a folder that is complete.

    Args:
        folder: the folder.
        names: the files to list; all that it stores when None.
    """
    listed = contents(folder) if names is None else names
    write_json(folder / NAME, {name: file_digest(folder / name) for name in listed})


def renew(folder: Path, *names: str) -> None:
    """Put some files that were just written, or removed, into the list; the others stay."""
    listed = read_whole(folder / NAME)
    if listed is not None:
        there = {name: file_digest(folder / name) for name in names if (folder / name).is_file()}
        kept = {name: one for name, one in listed.items() if name not in names}
        write_json(folder / NAME, kept | there)


def differing(folder: Path, names: Iterable[str] | None = None) -> list[str]:
    """Files that are not as the list has them, are gone, or are not in it; none without a list.

    Args:
        folder: the folder.
        names: the files to look at; all when None.

    Returns:
        Their names; that of the list alone where it is itself damaged.
    """
    if not (folder / NAME).is_file():
        return []
    listed: dict[str, str] | None = read_whole(folder / NAME)
    if listed is None:
        return [NAME]
    looked = sorted({*listed, *contents(folder)}) if names is None else names
    paths = {name: folder / name for name in looked}
    now = {name: file_digest(one) if one.is_file() else None for name, one in paths.items()}
    return [name for name in now if now[name] != listed.get(name)]


def check(folder: Path, *names: str) -> None:
    """Refuse files of a folder that are not as they were stored; all when none is named.

    Raises:
        RecordError: names the first one and says what to do.
    """
    found = differing(folder, names or None)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RecordError(
            f"{folder / found[0]}{more} was cut, changed, removed or added since the folder was "
            f"stored; {ADVICE}"
        )


def is_whole(folder: Path) -> bool:
    """True where a folder has a list and every file in it is as it was stored."""
    listed = read_whole(folder / NAME)
    if not listed:
        return False
    paths = {folder / name: digest for name, digest in listed.items()}
    return all(one.is_file() and file_digest(one) == digest for one, digest in paths.items())

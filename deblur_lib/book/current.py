"""Whether a built book is what a build would make again: digests of all that it is made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deblur_lib.book.checkable import INDEX
from deblur_lib.book.executed import Chapter, place_of
from deblur_lib.notebook.reproduce import code_digest
from deblur_lib.provenance import folder_digest, versions
from deblur_lib.records import read_whole, write_json
from deblur_lib.report.side_by_side import MEASURED

STAMP = "book.json"
PACKAGES = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "numpy", "pandas", "pillow")
LOCKED = ("package.json", "package-lock.json")
GENERATED = ("_build", "_generated", "notebooks", "numbers", "api", INDEX)  # not sources of a book


def remember(root: Path, book: Path, chapters: Sequence[Chapter]) -> None:
    """Store what a book that was just built is made of, beside its pages."""
    write_json(book / "_build" / STAMP, _made_of(root, book, chapters))


def is_current(root: Path, book: Path, chapters: Sequence[Chapter]) -> bool:
    """True when sources, chapters, results, code and packages are those of the built pages.

    Args:
        root: project root.
        book: folder of the book's sources.
        chapters: the chapters that it should show.
    """
    stored = read_whole(book / "_build" / STAMP)
    return bool(stored) and stored == _made_of(root, book, chapters)


def _made_of(root: Path, book: Path, chapters: Sequence[Chapter]) -> dict[str, Any]:
    sources = [path for path in book.iterdir() if path.name not in GENERATED]
    return {
        "sources": _digest(book, sources),
        "scripts": _digest(root, [root / name for name in LOCKED]),
        "chapters": {
            one.paper: _digest(root, [one.results, place_of(root, one.paper, one.profile)])
            for one in chapters
        },
        "results": _digest(root, [root / "results", root / MEASURED]),
        "pages": _digest(book, [book / "_build" / "html"]),
        "code": code_digest(),
        "versions": versions(PACKAGES),
    }


def _digest(root: Path, places: Sequence[Path]) -> str:
    """Digest of some files, and of all files in some folders; what is not there counts as such."""
    files = {path for place in places for path in (place, *place.rglob("*")) if path.is_file()}
    return folder_digest(root, sorted(path.relative_to(root).as_posix() for path in files))

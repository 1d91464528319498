"""The book: executed notebooks and generated pages, built by Jupyter Book. No torch here.

Nothing is executed here and no number is typed in: chapters are the notebooks that
`deblur reproduce` executed, all other numbers come from stored rows and manifests.
"""

import shutil
from pathlib import Path
from typing import Any

import yaml

from deblur_lib import papers
from deblur_lib.book.api import write_reference
from deblur_lib.book.arranged import arrange
from deblur_lib.book.current import GENERATED, is_current, remember
from deblur_lib.book.executed import Chapter, clean, open_chapter, write_notebook
from deblur_lib.book.pages import write_pages
from deblur_lib.book.site import NOTEBOOK_BYTES, check_site, run_jupyter_book
from deblur_lib.book.vendor import copy_scripts
from deblur_lib.errors import BookError

__all__ = ["NOTICE", "build", "marked"]


NOTICE = (
    "Profile smoke, for checking that everything runs: the numbers of these pages mean nothing."
)


def build(root: Path, *, profile: str | None, force: bool) -> Path:
    """Build the book from the executed notebooks.

    Args:
        root: project root; reads build/notebooks and book, writes below book.
        profile: the budget that every chapter must be of, None for any but smoke. Smoke is built
            below build/book-smoke, and a line on every page says what it is.
        force: build again what is there as it would be built; smoke always is.

    Returns:
        The front page.

    Raises:
        BookError: a notebook is missing, failed, stale or too large, a page has a warning, or the
            built pages do not pass the checks; names the page.
    """
    chapters = [open_chapter(root, paper, profile) for paper in papers.names()]
    if not chapters:
        raise BookError("the book needs at least one paper; deblur_lib/papers holds none")
    smoke = profile == "smoke"
    book = marked(root) if smoke else root / "book"
    if not (smoke or force) and is_current(root, book, chapters):
        return book / "_build" / "html" / "index.html"
    online = not copy_scripts(root, book)  # pages say what is there
    write_pages(book, chapters, root / "results")
    _write_chapters(book, chapters)
    write_reference(book, root / "deblur_lib")
    html = run_jupyter_book(book, online=online)
    check_site(html, root, online=online)
    remember(root, book, chapters)
    return html / "index.html"


def marked(root: Path) -> Path:
    """A copy of the book's sources whose pages all carry the notice, in build/book-smoke.

    Args:
        root: project root.
    """
    book = root / "build" / "book-smoke"
    shutil.rmtree(book, ignore_errors=True)
    shutil.copytree(root / "book", book, ignore=shutil.ignore_patterns(*GENERATED))
    for path in book.glob("_config*.yml"):
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        config["html"]["announcement"] = NOTICE
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return book


def _write_chapters(book: Path, chapters: list[Chapter]) -> None:
    folder = book / "notebooks"
    shutil.rmtree(folder, ignore_errors=True)
    for chapter in chapters:
        answer = (book / "_generated" / f"{chapter.paper}-answer.md").read_text(encoding="utf-8")
        notebook = arrange(clean(chapter), answer, chapter.paper)
        _insert_comparison(notebook, book / "_generated" / f"{chapter.paper}-compare.md")
        size = write_notebook(folder / f"{chapter.paper}.ipynb", notebook)
        if size > NOTEBOOK_BYTES:
            raise BookError(
                f"page {chapter.paper}: its notebook weighs {size:,} bytes, the budget is "
                f"{NOTEBOOK_BYTES:,}; draw smaller figures"
            )


def _insert_comparison(notebook: dict[str, Any], block: Path) -> None:
    """Put the before/after block behind the interactive cell, which shows only a still here."""
    text = block.read_text(encoding="utf-8")
    if not text:
        return
    cells = notebook["cells"]
    tags = [cell["metadata"].get("tags", []) for cell in cells]
    places = [index + 1 for index, one in enumerate(tags) if "interactive" in one]
    cell = {"cell_type": "markdown", "id": "compare", "metadata": {}, "source": text}
    cells.insert(places[0] if places else len(cells), cell)

"""A book is built again when anything that it is made of changed, and only then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lib.book.current import is_current, remember
from deblur_lib.book.executed import Chapter
from deblur_lib.records import write_text

FILES = {
    "source": "book/intro.md",
    "style": "book/_static/custom.css",
    "locked scripts": "package-lock.json",
    "rows of the chapter": "runs/results/rows.csv",
    "executed notebook": "build/notebooks/wan2023.ipynb",
    "published rows": "results/wan2023/demo/rows.csv",
    "measured costs": "benchmarks/measured/networks.csv",
    "built page": "book/_build/html/index.html",
}


@pytest.fixture
def built(tmp_path: Path) -> Callable[[], bool]:
    for path in FILES.values():
        write_text(tmp_path / path, path)
    book, chapters = tmp_path / "book", [Chapter("wan2023", "demo", {}, tmp_path / "runs/results")]
    remember(tmp_path, book, chapters)
    return lambda: is_current(tmp_path, book, chapters)


def test_nothing_changed(built: Callable[[], bool], tmp_path: Path) -> None:
    write_text(tmp_path / "book" / "_generated" / "made.md", "made by a build")
    assert built()


@pytest.mark.parametrize("what", FILES)
def test_a_change_is_seen(built: Callable[[], bool], tmp_path: Path, what: str) -> None:
    write_text(tmp_path / FILES[what], "changed")
    assert not built()


@pytest.mark.parametrize("what", FILES)
def test_a_loss_is_seen(built: Callable[[], bool], tmp_path: Path, what: str) -> None:
    (tmp_path / FILES[what]).unlink()
    assert not built()


def test_other_code_is_seen(built: Callable[[], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deblur_lib.book.current.code_digest", lambda: "other")
    assert not built()

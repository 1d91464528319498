"""A book built from the smoke run, a server that serves it, and a browser that reads it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from deblur_lib import papers

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (1300, 390)
PAPER = 718  # pixels between the margins of A4
CUT = """width => {
  document.querySelectorAll('article details').forEach(one => { one.open = true });
  const kinds = '.dl-scroll, .pst-scrollable-table-container';
  return [...document.querySelectorAll(`article :is(${kinds})`)].filter(one => width
      ? one.querySelector('table').getBoundingClientRect().right > width + 1
      : one.scrollWidth > one.clientWidth + 1)
    .map(one => `${(one.ariaLabel ?? one.innerText).slice(0, 60)}: ${one.scrollWidth}`);
}"""
AXE = """asked => axe.run({...asked, resultTypes: ['violations']}).then(told => told.violations.map(
  one => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 160)]))"""


@dataclass
class Visit:
    """What one page did on a desktop, on a phone and on paper, and what axe found in it."""

    page: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    overflow: dict[int, int] = field(default_factory=dict)
    cut: dict[str, list[str]] = field(default_factory=dict)
    broken_pictures: list[str] = field(default_factory=list)
    axe: list[Any] = field(default_factory=list)


@pytest.fixture(scope="session")
def built_book(
    request: pytest.FixtureRequest, once: Callable[[str, Callable[[Path], None]], Path]
) -> Path:
    """Folder of the built pages: those named by DEBLUR_BOOK, or built from the smoke run."""
    given = os.environ.get("DEBLUR_BOOK")
    if given:
        return Path(given).resolve()
    executed_project: Path = request.getfixturevalue("executed_project")

    def build(project: Path) -> None:
        shutil.copytree(executed_project, project, symlinks=True)
        for name in papers.names():  # whose weights the page of networks offers
            (project / "results" / name).parent.mkdir(exist_ok=True)
            (project / "results" / name).symlink_to(ROOT / "results" / name)
        done = subprocess.run(
            [sys.executable, "-m", "deblur_lib.cli", "book", "--profile", "smoke"],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return once("book", build) / "build" / "book-smoke" / "_build" / "html"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def address(built_book: Path) -> Iterator[str]:
    """Address of a local server for the built pages."""
    handler = functools.partial(_Quiet, directory=str(built_book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser(built_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Debian's chromium with a fresh profile."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    if not (built_book / "vendor" / "mathjax").is_dir():
        pytest.skip("needs npm: without it the book takes MathJax from its CDN")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=chromium,
            headless=True,
            args=list(FLAGS),
        )
        yield context
        context.close()


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A fresh tab."""
    tab = browser.new_page()
    yield tab
    tab.close()


@pytest.fixture(scope="session", params=papers.names())
def chapter(
    request: pytest.FixtureRequest, browser: BrowserContext, address: str
) -> Iterator[Page]:
    """A chapter, loaded once for all that is asked of it; who changes its media changes it back."""
    tab = browser.new_page()
    tab.goto(f"{address}notebooks/{request.param}.html")
    yield tab
    tab.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core at the version of package-lock.json; "" where npm cannot install."""
    place = ROOT
    if not (place / "node_modules" / "axe-core").is_dir():
        place = tmp_path_factory.mktemp("axe")
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(ROOT / name, place / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if (
            shutil.which("npm") is None
            or subprocess.run(
                command, cwd=place, capture_output=True, check=False, timeout=120
            ).returncode
        ):
            return ""
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def visits(built_book: Path, address: str, browser: BrowserContext, axe: str) -> list[Visit]:
    """Every page, loaded once; axe reads every page but one of each kind that a script writes."""
    names = sorted(
        path.relative_to(built_book).as_posix()
        for path in built_book.rglob("*.html")
        if "_static" not in path.parts and path.name != "index.html"  # which only leads on
    )
    alike = [[name for name in names if name.startswith(kind)] for kind in ("api/", "numbers/")]
    passed = {name for some in alike for name in some[1:]}
    return [_visit(browser, address, one, "" if one in passed else axe) for one in names]


def _visit(browser: BrowserContext, address: str, name: str, axe: str) -> Visit:
    seen = Visit(name)
    tab = browser.new_page()
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size({"width": WIDTHS[0], "height": 900})
    tab.on("pageerror", lambda error: seen.errors.append(str(error)))
    tab.on("console", lambda line: seen.errors.append(line.text) if line.type == "error" else None)
    tab.on("requestfailed", lambda request: seen.requests.append(f"failed: {request.url}"))

    def watch(url: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            seen.requests.append(f"outside: {url}")

    tab.on("request", lambda request: watch(request.url))
    tab.goto(address + name, wait_until="load")
    tab.evaluate("window.MathJax?.startup?.promise.then(() => document.fonts.ready)")
    seen.broken_pictures = tab.evaluate(
        "async () => (await Promise.all([...document.images].map(picture => {"
        "  picture.loading = 'eager';"
        "  return picture.decode().then(() => null, () => picture.src);"
        "}))).filter(Boolean)"
    )
    if axe:
        tab.evaluate(axe)
        seen.axe = tab.evaluate(AXE, {}) + _in_the_dark(tab)
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        seen.overflow[width] = tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    tab.set_viewport_size({"width": WIDTHS[0], "height": 900})
    seen.cut["screen"] = tab.evaluate(CUT, 0)
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": PAPER, "height": 1000})
    seen.cut["paper"] = tab.evaluate(CUT, PAPER)
    tab.close()
    return seen


def _in_the_dark(tab: Page) -> list[Any]:
    """What axe finds where only the colours are others."""
    tab.add_style_tag(content="* { transition: none !important }")  # half-way colours are no fault
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    found: list[Any] = tab.evaluate(AXE, {"runOnly": ["color-contrast"]})
    return found

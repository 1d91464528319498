"""What a reader sees first, what a table keeps on any screen and on paper, and who can use it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from deblur_lib import papers

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
FIRST = papers.names()[0]
SCREENS = {390: 844, 1300: 800, 1920: 1080}
PAPER = 718  # pixels between the margins of A4
CUT = """() => [...document.querySelectorAll('article .dl-scroll')]
  .filter(box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .map(box => `${box.getAttribute('aria-label')}: ${box.scrollWidth} in ${box.clientWidth}`)"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core at the version of package-lock.json."""
    place = ROOT
    if not (place / "node_modules" / "axe-core").is_dir():
        if shutil.which("npm") is None:
            pytest.skip("needs npm for axe-core")
        place = tmp_path_factory.mktemp("axe")
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(ROOT / name, place / name)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=place,
            capture_output=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            pytest.skip("needs axe-core, which npm could not install (no network)")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def names(built_book: Path) -> list[str]:
    return sorted(
        path.relative_to(built_book).as_posix()
        for path in built_book.rglob("*.html")
        if "_static" not in path.parts and path.name != "index.html"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    page: Page, address: str, built_book: Path, axe: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found: dict[str, Any] = {}
    for name in names(built_book):
        page.goto(address + name)
        page.evaluate("window.MathJax?.startup?.promise")
        page.evaluate(axe)
        told = page.evaluate(
            "axe.run({resultTypes: ['violations']}).then(told => told.violations.map("
            "one => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 160)]))"
        )
        if told:
            found[name] = told
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("width", SCREENS)
@pytest.mark.parametrize("paper", papers.names())
def test_the_first_screen_of_a_chapter_holds_its_answer(
    page: Page, address: str, paper: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": SCREENS[width]})
    page.goto(f"{address}notebooks/{paper}.html")
    box = page.locator(".answer p").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= SCREENS[width]
    assert (
        page.locator("article .cell_input:visible").count() == 0
        or page.locator("article details:not([open]) .cell_input").count()
        == page.locator("article .cell_input").count()
    )


@pytest.mark.parametrize("paper", papers.names())
def test_no_table_of_a_chapter_is_cut_at_1300_pixels(page: Page, address: str, paper: str) -> None:
    page.set_viewport_size({"width": 1300, "height": 800})
    page.goto(f"{address}notebooks/{paper}.html")
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("paper", papers.names())
def test_on_paper_everything_is_shown_and_no_column_is_lost(
    page: Page, address: str, paper: str
) -> None:
    page.goto(f"{address}notebooks/{paper}.html")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 1000})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article details:not([open])").count() == 0
    wide = page.evaluate(
        "width => [...document.querySelectorAll('article table')]"
        ".filter(one => one.getBoundingClientRect().right > width + 1)"
        ".map(one => one.id || one.textContent.slice(0, 40))",
        PAPER,
    )
    assert wide == []
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("article details:not([open])").count() > 0


def test_the_first_column_stays_in_sight_on_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}notebooks/{FIRST}.html")
    box = page.locator(".dl-scroll:has(.dl-table[data-dataset])").first
    box.evaluate("one => { one.scrollLeft = 500 }")
    head = box.locator("tbody th").first.bounding_box()
    around = box.bounding_box()
    assert head is not None
    assert around is not None
    assert abs(head["x"] - around["x"]) < 2


def test_folded_parts_open_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}notebooks/{FIRST}.html")
    fold = page.locator("article details.dl-fold").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None


def test_a_number_leads_to_the_scores_behind_it(page: Page, address: str) -> None:
    page.goto(f"{address}notebooks/{FIRST}.html")
    page.locator("a.behind").first.click()
    page.wait_for_url("**/numbers/**")
    assert page.locator("h2:target, section:target, span:target").count() == 1


def test_printed_numbers_are_found_and_chapters_come_before_the_library(
    page: Page, address: str
) -> None:
    printed = papers.printed_cells(FIRST)[0].printed.strip().replace("dB", "").strip()
    page.goto(f"{address}search.html?q={printed}")
    page.wait_for_selector(".number-results li a")
    assert FIRST in page.locator(".number-results").inner_text()
    page.goto(f"{address}search.html?q=verdict")
    page.wait_for_selector("#search-results li a")
    pages = page.locator("#search-results li a").evaluate_all("all => all.map(one => one.href)")
    library = [number for number, one in enumerate(pages) if "/api" in one]
    assert not library or min(library) > 0


def test_the_ledger_shows_only_what_is_asked_for(page: Page, address: str) -> None:
    page.goto(f"{address}coverage.html")
    height = page.evaluate("document.querySelector('article').scrollHeight")
    assert height < 6000
    page.locator(".ledger-filter input").fill(FIRST)
    assert page.locator("details.ledger:visible").count() > 0
    assert page.locator("details.ledger:visible").count() < page.locator("details.ledger").count()

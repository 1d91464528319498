"""What a reader sees first, what a table keeps on any screen and on paper, and who can use it."""

import pytest
from playwright.sync_api import Page

from deblur_lib import papers

pytestmark = pytest.mark.browser
FIRST = papers.names()[0]
SCREENS = {390: 844, 1300: 800, 1920: 1080}


@pytest.mark.parametrize("width", SCREENS)
def test_the_first_screen_of_a_chapter_holds_its_answer(chapter: Page, width: int) -> None:
    chapter.set_viewport_size({"width": width, "height": SCREENS[width]})
    box = chapter.locator(".answer p").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= SCREENS[width]
    code = chapter.locator("article .cell_input")
    assert chapter.locator("article details:not([open]) .cell_input").count() == code.count()


def test_a_link_in_an_answer_has_the_colour_of_its_text(chapter: Page) -> None:
    """The blue of links has too little contrast on the ground of an answer."""
    own, linked = chapter.locator(".answer p").first.evaluate(
        """text => {
          text.insertAdjacentHTML('beforeend', '<a class="reference" href="#">a link</a>');
          const link = text.lastElementChild;
          const found = [text, link].map(one => getComputedStyle(one).color);
          link.remove();
          return found;
        }"""
    )
    assert own == linked


def test_on_paper_everything_is_shown(chapter: Page) -> None:
    chapter.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    folded = chapter.locator("article details:not([open])").count()
    chapter.emulate_media(media="print")
    fading = chapter.evaluate(
        "[...document.querySelectorAll('article details > *')]"
        ".filter(one => getComputedStyle(one).animationName !== 'none').length"
    )
    chapter.emulate_media(media="screen")
    chapter.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert (folded, fading) == (0, 0)
    assert chapter.locator("article details:not([open])").count() > 0


def test_what_was_found_takes_two_screens(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(f"{address}found.html")
    box = page.locator("article").bounding_box()
    assert box is not None
    assert box["height"] <= 2 * 900
    assert page.evaluate("document.documentElement.scrollWidth") == 1300


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

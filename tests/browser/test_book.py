"""The built book in a real browser, on a desktop and on a phone, without any network."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from deblur_lib import papers
from deblur_lib.book import NOTICE

pytestmark = pytest.mark.browser


def test_every_paper_has_a_page_without_a_browser_at_hand(built_book: Path) -> None:
    assert (built_book / "index.html").is_file()
    for name in papers.names():
        text = (built_book / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        assert papers.load(name).tables[0].number in text
        assert "compare-slider" in text
        assert NOTICE in text or "DEBLUR_BOOK" in os.environ


def test_no_page_has_a_script_error(visits) -> None:  # type: ignore[no-untyped-def]
    assert {one.page: one.errors for one in visits if one.errors} == {}


def test_no_page_asks_for_anything_outside_or_missing(visits) -> None:  # type: ignore[no-untyped-def]
    assert {one.page: one.requests for one in visits if one.requests} == {}


def test_no_page_scrolls_sideways(visits) -> None:  # type: ignore[no-untyped-def]
    assert {one.page: one.overflow for one in visits if any(one.overflow.values())} == {}


def test_every_picture_is_shown(visits) -> None:  # type: ignore[no-untyped-def]
    assert {one.page: one.broken_pictures for one in visits if one.broken_pictures} == {}
    assert len(visits) > 2 * len(papers.names())


def test_no_table_is_cut_at_1300_pixels_or_on_paper(visits) -> None:  # type: ignore[no-untyped-def]
    assert {one.page: one.cut for one in visits if any(one.cut.values())} == {}


def test_axe_finds_nothing_on_any_page(visits, axe: str) -> None:  # type: ignore[no-untyped-def]
    if not axe:
        pytest.skip("needs axe-core, which npm could not install")
    found = {one.page: one.axe for one in visits if one.axe}
    assert not found, json.dumps(found, indent=1)


def test_the_address_without_a_page_leads_to_the_front_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_url("**/intro.html")


def test_formulas_are_typeset(chapter: Page) -> None:
    chapter.wait_for_selector("mjx-container", state="attached")
    assert chapter.locator("mjx-merror").count() == 0
    fonts = chapter.evaluate(
        "document.fonts.ready.then(fonts => [...fonts].map(one => one.status))"
    )
    assert "loaded" in fonts


@pytest.mark.parametrize("width", [1920, 390])
def test_the_divider_moves_by_keyboard(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}intro.html")
    box = page.locator(".compare-slider").first
    handle = box.locator("input[type=range]")
    before = box.locator(".compare-over").evaluate("one => getComputedStyle(one).clipPath")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    after = box.locator(".compare-over").evaluate("one => getComputedStyle(one).clipPath")
    assert handle.input_value() == "55"
    assert after != before
    assert box.evaluate("one => one.offsetWidth") <= 36 * 16  # pictures of 128 pixels, not a wall


def test_a_menu_changes_the_picture_it_stands_for(page: Page, address: str) -> None:
    page.goto(f"{address}notebooks/{papers.names()[0]}.html")
    box = page.locator(".compare-slider").first
    left = box.locator(".compare-over")
    before = left.get_attribute("src")
    box.get_by_label("Left").select_option(label="sharp truth")
    assert left.get_attribute("alt") == "sharp truth"
    chosen = left.get_attribute("src")
    assert chosen != before
    box.get_by_label("Photograph").select_option(index=1)
    assert left.get_attribute("alt") == "sharp truth"
    assert left.get_attribute("src") != chosen


def test_pictures_stand_side_by_side_without_scripts(browser, address: str) -> None:  # type: ignore[no-untyped-def]
    tab = browser.new_page()
    tab.route("**/compare-slider.js*", lambda route: route.abort())
    tab.goto(f"{address}intro.html")
    assert tab.locator(".compare-slider p img").count() >= 3
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_reader(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{address}intro.html")
    assert page.locator("html").get_attribute("data-theme") == scheme


def test_search_works_without_a_server(page: Page, address: str) -> None:
    page.goto(f"{address}search.html?q=verdicts")
    page.wait_for_selector("#search-results li a")


def test_a_heading_sorts_the_table_of_networks(page: Page, address: str) -> None:
    page.goto(f"{address}networks.html")
    table = page.locator("table.sortable")
    head = table.locator("th", has_text="parameters").first
    place = head.evaluate("head => head.cellIndex")
    column = (
        f"rows => rows.map(row => row.cells[{place}].dataset.value).filter(Boolean).map(Number)"
    )
    orders = [("descending", -1), ("ascending", 1)]
    if not table.locator("tbody tr").evaluate_all(column):
        orders.reverse()  # nothing is published beside the smoke run: texts begin at their first
    for order, sign in orders:
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        values = table.locator("tbody tr").evaluate_all(column)
        assert values == sorted(values, key=lambda value: sign * value)
    assert table.locator("th[aria-sort]").count() == 1

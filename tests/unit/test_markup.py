"""Tables as HTML: headers for screen readers, notes at cells, parts on demand."""

import pandas as pd
from bs4 import BeautifulSoup

from deblur_lib.report.markup import View, listing, marked


def view(**more: object) -> View:
    table = pd.DataFrame(
        {"ours": ["1.00", "–"], "what": [marked("text", [2, 1]), "b"]}, ["x", "<y>"]
    )
    given = {"footnotes": ["first", "second"], "rows": {"x": "row_x"}, "sources": {"head": "data"}}
    return View("Title", "", [("head", table)], ["a note"], "key", **(given | more))  # type: ignore[arg-type]


def soup(shown: View) -> BeautifulSoup:
    return BeautifulSoup(shown._repr_html_(), "html.parser")


def test_every_header_has_a_text_and_a_scope() -> None:
    for shown in (view(), listing(pd.DataFrame({"a": [1]}, index=["r"]), key="k")):
        heads = soup(shown).find_all("th")
        assert heads
        assert all(one.get_text(strip=True) and one["scope"] in ("col", "row") for one in heads)


def test_a_table_that_may_scroll_is_reached_by_keyboard_and_has_a_name() -> None:
    box = soup(view()).select_one(".dl-scroll")
    assert box is not None
    assert (box["tabindex"], box["role"], box["aria-label"]) == ("0", "group", "head")


def test_marks_lead_to_their_notes() -> None:
    made = soup(view())
    links = [str(one["href"]) for one in made.select("sup a")]
    assert links == ["#key-n1", "#key-n2"]
    assert [made.select_one(link).get_text() for link in links] == ["first", "second"]  # type: ignore[union-attr]
    assert "text \u00b9 \u00b2" in view().markdown()
    assert not soup(view(footnotes=[])).select("sup")


def test_a_folded_block_opens_on_demand_and_keeps_its_table() -> None:
    fold = soup(view(folded=frozenset({"head"}))).select_one("details")
    assert fold is not None
    assert fold.select_one("summary").get_text() == "head"  # type: ignore[union-attr]
    assert fold.select_one("table") is not None


def test_rows_name_what_is_stored_behind_them() -> None:
    made = soup(view())
    assert [row.get("data-row") for row in made.select("tbody tr")] == ["row_x", None]
    assert made.select_one("table")["data-dataset"] == "data"  # type: ignore[index]


def test_what_all_rows_of_a_listing_share_is_said_once() -> None:
    frame = pd.DataFrame({"steps": [5, 6], "commit": ["abc", "abc"]}, index=["a", "b"])
    made = listing(frame, key="k", shared="all runs")
    assert list(made.blocks[0][1].columns) == ["steps"]
    assert made.notes == ["all runs: commit abc"]
    assert listing(frame, key="k").notes == []

"""The book's own pages: portable Markdown, no typed-in number, addresses that stay."""

import re
from pathlib import Path

import pytest
import yaml
from tree import ROOT

from deblur_lib import papers
from deblur_lib.book.costs import BLOCK, costs
from deblur_lib.report import cells

BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
DIRECTIVES = {"include", "bibliography", "container", "figure", "math", "note", "tip"}
FOREVER = (
    "intro",
    "reading",
    "try",
    "verdicts",
    "networks",
    "data",
    "coverage",
    "repeats",
    "checklist",
    "study",
    "budgets",
    "made",
    "api",
    "references",
    "notebooks/wan2023",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_portable_directives_only(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    used = set(re.findall(r"^(?:`{3,}|:{3,})\{([\w:-]+)\}", text, re.MULTILINE))
    assert used <= DIRECTIVES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_no_typed_in_result(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert not [row for row in rows if re.search(r"\d+\.\d", row)]
    assert not re.search(r"\d+\.\d+\s*dB", text)


def test_addresses_of_pages_stay() -> None:
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [one for part in contents["parts"] for one in part["chapters"]]
    addresses = {contents["root"], *(one["file"] for one in chapters if "file" in one)}
    assert {"glob": "notebooks/*"} in chapters
    addresses |= {f"notebooks/{name}" for name in papers.names()}
    assert set(FOREVER) <= addresses


def test_both_configurations_agree_but_for_the_source_of_mathjax() -> None:
    local = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    online = yaml.safe_load((BOOK / "_config_online.yml").read_text(encoding="utf-8"))
    assert local["sphinx"]["config"].pop("mathjax_path").startswith("../vendor/")
    assert local == online


def test_every_paper_is_in_the_bibliography() -> None:
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    for name in papers.names():
        assert f"{{{papers.load(name).bibkey}," in text


def test_the_costs_in_the_readme_come_from_stored_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = BLOCK.search(text)
    assert found
    assert found.group() == found[1] + costs(ROOT / "results") + found[2]


def test_the_page_on_reading_explains_every_kind_of_cell() -> None:
    terms = re.findall(
        r"^(.+)\n: ", (BOOK / "reading.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {word for one in terms for word in one.split(", ")} | set(terms)
    kinds = {*cells.BESIDE, cells.ADOPTED, cells.INPUT, cells.PRINTED_ONLY, cells.NOT_RUN}
    assert kinds <= told


@pytest.mark.parametrize("name", papers.names())
def test_every_caption_stands_by_itself(name: str) -> None:
    for figure in papers.load(name).figures:
        assert not figure.caption.startswith("The same"), figure.id

"""Every equation of a paper leads to a documented function that names it."""

import ast
import re
from pathlib import Path

import pytest
from tree import LIBRARY

from deblur_lib import papers
from deblur_lib.report import lines
from deblur_lib.spec import Statement

EQUATIONS = {
    "li2026": 23,
    "lu2025": 14,
    "sang2018": 6,
    "wan2023": 6,
    "zhao2020": 8,
}  # as in print, or counted
CITED = re.compile(
    r"(?:\b(?P<paper>[a-z]+\d{4}), (?:Sec\. [\d.]+, )?)?"
    r"Eqs?\. \((?P<first>\d+)\)(?: to \((?P<last>\d+)\))?"
)
ALL = [(paper, one) for paper in papers.names() for one in papers.statements(paper)]


def source(code: str) -> tuple[str, str]:
    """Text and docstring of the object that a dotted name below `deblur_lib` leads to."""
    parts = code.split(".")
    path, inner = LIBRARY, list[str]()
    while parts and not (file := Path(f"{path / parts[0]}.py")).is_file():
        path = path / parts.pop(0)
    text = file.read_text(encoding="utf-8")
    scope: ast.AST = ast.parse(text)
    inner = parts[1:]
    for name in inner:
        named = [
            node
            for node in ast.iter_child_nodes(scope)
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
        ]
        assert named, f"{code}: {file} has no {name}"
        scope = named[0]
    assert isinstance(scope, ast.ClassDef | ast.FunctionDef), f"{code} is no function or class"
    return ast.get_source_segment(text, scope) or "", ast.get_docstring(scope) or ""


def cited(text: str, paper: str, code: str) -> set[int]:
    """Numbers of a paper's equations that code names; its own room need not name the paper."""
    own = code.startswith(f"papers.{paper}.")
    return {
        number
        for found in CITED.finditer(text)
        if found["paper"] == paper or (own and not found["paper"])
        for number in range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    }


@pytest.mark.parametrize("paper", EQUATIONS)
def test_no_printed_equation_is_left_out(paper: str) -> None:
    told = [one.id for one in papers.statements(paper)]
    assert len(told) == len(set(told))
    numbered = [one for one in told if one.startswith("(")]
    assert numbered == [f"({number})" for number in range(1, EQUATIONS[paper] + 1)]


@pytest.mark.parametrize(("paper", "one"), ALL, ids=[f"{paper}-{one.id}" for paper, one in ALL])
def test_it_leads_to_documented_code_that_names_it(paper: str, one: Statement) -> None:
    texts = [source(code) for code in one.code]
    for code, (_, documentation) in zip(one.code, texts, strict=True):
        assert documentation, f"{code} has no docstring, so the reference does not show it"
        assert not any(part.startswith("_") for part in code.split(".")), f"{code} is private"
    if one.id.startswith("(") and one.code:
        named = set[int]()
        for code, (text, _) in zip(one.code, texts, strict=True):
            named |= cited(text, paper, code)
        assert int(one.id[1:-1]) in named, f"none of {one.code} names Eq. {one.id}"
    known = {departure.id for departure in papers.load(paper).departures}
    assert set(one.departures) <= known


def test_ranges_and_the_papers_they_belong_to_are_understood() -> None:
    text = "wan2023, Eqs. (4) to (6); zhao2020, Sec. 2.3, Eq. (7); Eq. (2)"
    assert cited(text, "wan2023", "losses.pixel.l1") == {4, 5, 6}
    assert cited(text, "wan2023", "papers.wan2023.blocks.MSRM") == {2, 4, 5, 6}
    assert cited(text, "zhao2020", "losses.pixel.l1") == {7}


def test_the_table_links_to_the_reference_and_sets_mathematics() -> None:
    shown = lines.view(papers.load("wan2023"))._repr_html_()
    anchor = "../api/papers.html#papers-wan2023-blocks-msrm-ladder"
    cut = "papers.<wbr>wan2023.<wbr>blocks.<wbr>MSRM.<wbr>ladder"  # a narrow column breaks there
    assert f'<a href="{anchor}">{cut}</a>' in shown
    assert "departs: W2" in shown
    assert r"\(y_1 = \mathrm{conv}" in shown
    assert "$" not in re.sub(r"<style.*?</style>", "", shown, flags=re.S)

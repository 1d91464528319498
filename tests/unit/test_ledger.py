"""The ledger of contradictions, the table of modules, and rows that stand for printed ones."""

import dataclasses
import re
from pathlib import Path

import fake_results

from deblur_lib import papers
from deblur_lib.report import guards, ledger, verdicts
from deblur_lib.report.rules import CONTRADICTED
from deblur_lib.spec import Check, Claim

PAPER = papers.load("wan2023")


def test_the_ledger_holds_each_contradiction_of_the_paper_once() -> None:
    paper = papers.load("li2026")
    shown = ledger.view(paper).markdown()
    marked = [one.id for one in paper.departures if one.against]
    refuted = [
        one.claim.id[-3:]
        for one in verdicts.judge(None, paper)
        if one.printed.verdict == CONTRADICTED
    ]
    assert re.findall(r"^\| ([LC]\d\d) \|", shown, re.MULTILINE) == [*marked, *refuted]
    assert {"L03", "L08", "L26", "L40", "C05", "C08", "C16", "C41"} <= {*marked, *refuted}
    assert "0.8597 in T1; 0.8537 in T5, T7" in shown
    assert "| 2 of 2 | −0.1218; −0.0077 |" in shown
    assert "| 1 of 1 | 2.4506, stated is 1.1299 |" in shown  # as many digits as the print has


def test_a_paper_without_contradictions_has_an_empty_ledger() -> None:
    bare = dataclasses.replace(PAPER, departures=())
    assert "in two ways" not in ledger.view(bare).markdown()
    assert ledger.view(papers.load("sang2018")).blocks == []


def test_a_blank_inside_a_printed_score_is_no_second_number() -> None:
    shown = ledger.view(PAPER).markdown()
    assert "two numbers" not in shown  # wan2023 prints "31.95 dB" and "31. 95 dB"
    assert "| C11 | Sec. 2.2 |" in shown


def test_a_place_without_a_section_is_told_as_it_is() -> None:
    places = [one.place for one in papers.claims("lu2025")]
    assert {"abstract", "section 3.3", "section 1 and 2.1"} < set(places)
    assert not [one for one in places if one.startswith("section 0")]


def test_the_table_of_modules_tells_idle_from_works(tmp_path: Path) -> None:
    results = fake_results.made(tmp_path, "study")
    one = {"start": 0.5, "value": 0.5, "moved": 0.01, "least": 0.05}
    modules = {"DFFM": {"wan2023": one, "wan2023_dffm": one | {"moved": 0.2}}}
    found = guards.modules(dataclasses.replace(results, probes={"modules": modules}), PAPER)
    assert found["found"].tolist() == ["idle", "works"]
    assert found["row"].tolist() == ["wan2023 (DFFM + MSRM)", "Baseline + DFFM"]


def test_our_rows_may_take_another_row_than_the_print() -> None:
    checks = (
        Check("T1.a.psnr_db.net - T1.a.psnr_db.base", "gt"),
        Check("T1.a.psnr_db.base_wide - T1.a.psnr_db.base", "gt", scope="ours"),
        Check("T1.a.psnr_db.base", "gt", scope="printed"),
    )
    claim = Claim("x", "1", "It is better.", "ordering", checks, stand_ins={"base": "control"})
    assert [one.expr for one in claim.our_checks] == [
        "T1.a.psnr_db.net - T1.a.psnr_db.control",
        "T1.a.psnr_db.base_wide - T1.a.psnr_db.control",
    ]
    assert [one.expr for one in claim.checks] == [one.expr for one in checks]


def test_readers_are_told_which_row_stands_in() -> None:
    shown = verdicts.styled(verdicts.judge(None, papers.load("li2026"))).markdown()
    assert re.search(
        r"^\d+\. C03: In our rows “no module, the paper's losses” takes the place of the printed "
        r"row “.*”\.$",
        shown,
        re.MULTILINE,
    )
    assert re.search(r"^\d+\. C04: Alone.* In our rows “no mod", shown, re.MULTILINE)

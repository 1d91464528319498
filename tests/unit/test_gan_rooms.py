"""Printed cells and claims of li2026 and zhao2020: complete, readable, decided by arithmetic."""

from collections import Counter

import pytest
import yaml

from deblur_lib import papers
from deblur_lib.report.expressions import evaluate, keys
from deblur_lib.spec import Check, Claim, PrintedCell, parse

COUNTS = {
    "li2026": {"T1": 20, "T2": 20, "T3": 16, "T4": 16, "T5": 12, "T6": 12, "T7": 16, "T8": 16},
    "zhao2020": {"T1": 12},
}
REFUTED = {  # claims that the paper's own tables do not bear out
    "li2026": {4, 5, 8, 9, 16, 23, 29, 30, 32, 34, 37, 38, 41, 43},
    "zhao2020": {10},
}


def cells(paper: str) -> tuple[PrintedCell, ...]:
    text = (papers.ROOT / paper / "printed.yaml").read_text(encoding="utf-8")
    return parse(tuple[PrintedCell, ...], yaml.safe_load(text), source=paper)


def claims(paper: str) -> tuple[Claim, ...]:
    text = (papers.ROOT / paper / "claims.yaml").read_text(encoding="utf-8")
    return parse(tuple[Claim, ...], yaml.safe_load(text), source=paper)


def holds(check: Check, values: dict[str, float]) -> bool:
    found, slack = float(evaluate(check.expr, values)), 1e-9
    return {
        "eq": abs(found - check.stated) <= check.tol + slack,
        "gt": found > check.stated + slack,
        "lt": found < check.stated - slack,
        "ge": found >= check.stated - slack,
        "le": found <= check.stated + slack,
    }[check.relation]


@pytest.mark.parametrize("paper", COUNTS)
def test_every_printed_cell_is_there_once_with_the_number_it_shows(paper: str) -> None:
    found = cells(paper)
    assert Counter(cell.table for cell in found) == COUNTS[paper]
    assert len({cell.key for cell in found}) == len(found)
    assert all(float(cell.printed) == cell.value for cell in found)


def test_one_model_is_printed_alike_in_all_tables_but_for_one_cell() -> None:
    seen: dict[tuple[str, str, str], set[float]] = {}
    for cell in cells("li2026"):
        seen.setdefault((cell.method, cell.dataset, cell.metric), set()).add(cell.value)
    assert {key for key, values in seen.items() if len(values) > 1} == {
        ("li2026", "hide_test", "ssim")
    }


@pytest.mark.parametrize(("paper", "count"), [("li2026", 51), ("zhao2020", 25)])
def test_claims_are_numbered_and_their_keys_resolve(paper: str, count: int) -> None:
    found, known = claims(paper), {cell.key for cell in cells(paper)}
    assert [claim.id for claim in found] == [f"{paper}-C{i:02d}" for i in range(1, count + 1)]
    for claim in found:
        for check in claim.checks:
            named = keys(check.expr)
            assert check.scope == "ours" or set(named) <= known, check.expr
            assert len({key.split(".")[2] for key in named}) <= 1, "one metric in a check"


@pytest.mark.parametrize("paper", COUNTS)
def test_the_printed_tables_bear_out_all_claims_but_these(paper: str) -> None:
    values = {cell.key: cell.value for cell in cells(paper)}
    refuted = {
        int(claim.id[-2:])
        for claim in claims(paper)
        if not all(holds(check, values) for check in claim.checks if check.scope != "ours")
    }
    assert refuted == REFUTED[paper]

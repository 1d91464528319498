"""Printed cells and claims of two rooms: whole, well formed, judged by the print as computed."""

import operator
from typing import Any

import pytest
import yaml

from deblur_lib import papers
from deblur_lib.report.expressions import evaluate, keys
from deblur_lib.spec import Check, Claim, PrintedCell, parse

CELLS = {"sang2018": 16, "lu2025": 24}
CLAIMS = {"sang2018": 26, "lu2025": 26}
RELATIONS = {"gt": operator.gt, "lt": operator.lt, "ge": operator.ge, "le": operator.le}
# rows that the papers do not print (or the source lost) but the rooms train
CONTROLS = {
    "sang2018": {
        "sang2018_content",
        "sang2018_relu_after_sum",
        "sang2018_batch_norm",
        "sang2018_kernel3",
        "sang2018_weight_10",
        "sang2018_weight_100",
        "sang2018_weight_1000",
        "sang2018_no_augment",
        "sang2018_far",
        "sang2018_far_kernel3",
        "true_blur",
        "identity",
    },
    "lu2025": {
        "dsgformer_dfgb_relu",
        "dsgformer_dfgb_relu2",
        "dsgformer_dfgb_softmax",
        "dsgformer_mdta_gdfn",
        "dsgformer_mdta_gdfn_equal",
    },
}


def read(paper: str, name: str, kind: Any) -> Any:
    text = (papers.ROOT / paper / f"{name}.yaml").read_text(encoding="utf-8")
    return parse(kind, yaml.safe_load(text), source=f"{paper}/{name}.yaml")


def printed(paper: str) -> dict[str, PrintedCell]:
    cells = read(paper, "printed", tuple[PrintedCell, ...])
    found = {cell.key: cell for cell in cells}
    assert len(found) == len(cells), "a cell stands twice"
    return found


def holds(check: Check, values: dict[str, float]) -> bool:
    value = float(evaluate(check.expr, values))
    if check.relation == "eq":
        return abs(value - check.stated) <= check.tol
    return bool(RELATIONS[check.relation](value, check.stated))


@pytest.mark.parametrize("paper", sorted(CELLS))
def test_every_printed_cell_is_there_and_means_its_text(paper: str) -> None:
    cells = printed(paper)
    assert len(cells) == CELLS[paper]
    for cell in cells.values():
        assert float(cell.printed) == cell.value


@pytest.mark.parametrize("paper", sorted(CELLS))
def test_claims_name_printed_cells_or_declared_controls(paper: str) -> None:
    claims, cells = read(paper, "claims", tuple[Claim, ...]), printed(paper)
    assert [claim.id for claim in claims] == [
        f"{paper}-C{n:02d}" for n in range(1, CLAIMS[paper] + 1)
    ]
    methods = {cell.method for cell in cells.values()} | CONTROLS[paper]
    columns = {key.rpartition(".")[0] for key in cells}
    ours = [
        one for one in papers.load(paper).tables if one.id not in {c.table for c in cells.values()}
    ]
    for claim in claims:
        for check in claim.checks:
            for key in keys(check.expr):
                if key.startswith("cost."):
                    assert check.scope == "ours", f"{claim.id}: no cost is printed"
                elif key.split(".")[0] in {one.id for one in ours}:
                    assert check.scope == "ours", f"{claim.id}: {key} is not printed"
                elif check.scope == "ours":
                    column, _, method = key.rpartition(".")
                    assert column in columns, key
                    assert method in methods, key
                else:
                    assert key in cells, f"{claim.id}: {key} is not printed"


@pytest.mark.parametrize(
    ("paper", "failing"),
    [("sang2018", set()), ("lu2025", {"lu2025-C15"})],  # C15: ConvIR is above three transformers
)
def test_the_print_agrees_with_itself_but_where_known(paper: str, failing: set[str]) -> None:
    values = {key: cell.value for key, cell in printed(paper).items()}
    wrong = {
        claim.id
        for claim in read(paper, "claims", tuple[Claim, ...])
        for check in claim.checks
        if check.scope != "ours" and not holds(check, values)
    }
    assert wrong == failing

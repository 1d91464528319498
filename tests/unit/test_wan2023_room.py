from collections import Counter

import pytest

from deblur_lib import papers
from deblur_lib.errors import DeclarationError, UsageError
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.report import verdicts
from deblur_lib.report.columns import is_beside, is_cost
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.spec import Claim, PrintedCell, override, parse

PAPER = papers.load("wan2023")
CELLS = papers.printed_cells("wan2023")
CLAIMS = papers.claims("wan2023")


def test_all_printed_cells_are_there() -> None:
    assert len({one.key for one in CELLS}) == len(CELLS) == 38
    assert Counter(one.table for one in CELLS) == {"T1": 32, "T2": 6}
    assert Counter(one.dataset for one in CELLS) == {"gopro_test": 22, "realblur_j": 16}


def test_each_printed_text_reads_as_its_number() -> None:
    for one in CELLS:
        text = "".join(one.printed.split())
        assert float(text.removesuffix("dB")) == one.value, one.key
        assert text.endswith("dB") == (one.metric == "psnr_db"), one.key
        blanks = one.printed.replace(" dB", "dB") != text or one.printed.endswith(("3dB",))
        assert blanks == any("blank" in flag for flag in one.flags), one.key


def test_the_full_model_repeats_its_cells() -> None:
    values = {one.key: one.value for one in CELLS}
    for metric in ("psnr_db", "ssim"):
        first, second = (values[f"{table}.gopro_test.{metric}.wan2023"] for table in ("T1", "T2"))
        assert first == second


def test_cells_rows_and_columns_belong_together() -> None:
    tables = {one.id: one for one in PAPER.tables}
    controls = {one.id for one in PAPER.methods if one.control}
    for table in PAPER.tables:
        printed = {one.method for one in CELLS if one.table == table.id}
        assert not printed or set(table.methods) - controls == printed
        assert "identity" in table.methods
    for one in CELLS:
        columns = {(column.dataset, column.metric) for column in tables[one.table].columns}
        assert (one.dataset, one.metric) in columns


def test_columns_name_scored_conventions() -> None:
    for table in PAPER.tables:
        for column in table.columns:
            assert is_cost(column) or column.convention in CONVENTIONS
        main = {
            (column.dataset, column.metric): column.convention
            for column in table.columns
            if not is_beside(table, column)
        }
        assert main["gopro_test", "psnr_db"] == "psnr-rgb"
        assert main["gopro_test", "ssim"] == "vol3d-rgb"
        assert main.get(("realblur_j", "psnr_db"), "realblur-ecc-psnr") == "realblur-ecc-psnr"


def test_every_claim_is_checked_or_says_why_not() -> None:
    assert [one.id for one in CLAIMS] == [f"wan2023-C{n:02d}" for n in range(1, 31)]
    for claim in CLAIMS:
        assert (claim.kind == "visual") == bool(claim.untestable)
        for check in claim.checks:
            verdicts.check_keys(check, PAPER)


def test_every_open_point_has_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids[:17] == [f"W{n}" for n in range(1, 18)]
    assert len(ids) == len(set(ids))
    for one in PAPER.departures:
        assert all((one.where, one.says, one.does, one.why))


def test_profiles_override_fields_that_exist() -> None:
    for profile in PAPER.profiles:
        recipe = override(PAPER.recipe, profile.train)
        assert recipe.loss == {"l1": 1.0, "spectrum": 0.1}
        assert recipe.scales
        assert set(profile.test_on) == {"gopro_test", "realblur_j"}
        networks = {one.network for one in PAPER.methods}
        assert set(profile.options) <= networks
    assert PAPER.recipe.steps == 3000 * -(-2103 // 4)


def test_rows_of_loss_and_width_differ_in_that_alone() -> None:
    of = {run.method.id: run for run in make_plan(Request("wan2023", "study", seeds=(0,))).runs}
    own = of["wan2023"]
    for name, loss in (
        ("wan2023_l1", {"l1": 1.0}),
        ("wan2023_l2", {"mse": 1.0, "spectrum": 0.1}),
    ):
        assert of[name].train == override(own.train, {"loss": loss})
        assert of[name].options == own.options
    assert own.train.loss == {"l1": 1.0, "spectrum": 0.1}
    assert of["wan2023_wide"].options == {**own.options, "msrm_expand": 2}
    assert of["wan2023_wide"].train == own.train


def test_numbered_figures_are_those_of_the_paper() -> None:
    settings = {one.id: one.settings for one in PAPER.figures}
    assert settings["F1"] == {"name": "wan2023"}
    assert settings["F2"] == {"diagram": "msrm"}
    assert settings["F3"] == {"name": "dffm"}


def test_methods_differ_in_block_and_skip_alone() -> None:
    declared = {one.id: one for one in PAPER.methods}
    pairs = {
        "wan2023_baseline": ("residual", "plain"),
        "wan2023_dffm": ("residual", "dffm"),
        "wan2023": ("msrm", "dffm"),
        "wan2023_aff": ("residual", "aff"),
        "wan2023_msrm_plain": ("msrm", "plain"),
        "wan2023_msrm_aff": ("msrm", "aff"),
    }
    for name, (block, skip) in pairs.items():
        assert declared[name].options == {"block": block, "skip": skip}
        assert not declared[name].train
    assert declared["mimo_unet"].train["schedule"] == "step"
    assert all(one.not_run for one in PAPER.methods if one.network is None)


@pytest.mark.parametrize(
    ("kind", "record", "message"),
    [
        (PrintedCell, {"colour": "red"}, "colour"),
        (PrintedCell, {"value": "29.08"}, "valid number"),
        (Claim, {"checks": [{"expr": "a", "relation": "gt", "stated": "0"}]}, "valid number"),
        (Claim, {"checks": [{"expr": "a", "relation": "more"}]}, "relation"),
        (Claim, {"checks": []}, "give checks, or say in `untestable`"),
    ],
)
def test_unknown_keys_and_wrong_types_are_refused(kind: type, record: dict, message: str) -> None:
    cell = {"table": "T1", "method": "srn", "dataset": "gopro_test", "metric": "ssim",
            "printed": "0.934", "value": 0.934}  # fmt: skip
    claim = {"id": "x", "section": "1", "statement": "s", "kind": "ordering",
             "checks": [{"expr": "a", "relation": "gt"}]}  # fmt: skip
    whole = (cell if kind is PrintedCell else claim) | record
    with pytest.raises(DeclarationError, match=message):
        parse(tuple[kind, ...], [whole], source="printed.yaml")  # type: ignore[valid-type]


def test_a_misspelt_paper_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'wan2023'"):
        papers.load("wan2032")

import json
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.report import coverage

PAPER = papers.load("wan2023")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fake_results.write_results(tmp_path / "wan2023" / "demo", seeds=(0,), pictures=False)
    return tmp_path


def of_paper(found: dict) -> list[dict]:
    return [one for one in found["cells"] if one["paper"] == "wan2023"]


def test_nothing_stored_still_lists_every_cell(tmp_path: Path) -> None:
    found = coverage.ledger(tmp_path)
    cells = of_paper(found)
    assert len(cells) == 38
    assert {one["kind"] for one in cells} == {"not run"}
    others = {one["kind"] for one in found["cells"] if one["paper"] == "sang2018"}
    assert others == {"not run"}
    assert all(one["why"] for one in cells)
    assert found["summary"]["papers"]["wan2023"]["cells"] == 38
    assert set(found["summary"]["papers"]) == set(papers.names())


def test_every_cell_says_kind_value_place_or_reason(root: Path) -> None:
    found = coverage.ledger(root)
    cells = of_paper(found)
    assert [one["key"] for one in cells] == [one.key for one in papers.printed_cells("wan2023")]
    counts = found["summary"]["papers"]["wan2023"]
    assert counts["retrained here"] == 10
    assert counts["printed only"] == 16  # four rows run at larger budgets only
    assert counts["not run"] == 12  # three rows of this budget that the made-up results lack
    for one in cells:
        ours = one["kind"] == "retrained here"
        assert (one["ours"] is not None) == ours
        assert (one["where"] == "wan2023/demo/rows.csv") == ours
        assert one["gap_reason"] if ours else one["why"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_largest_stored_profile_is_taken_unless_one_is_named(root: Path) -> None:
    fake_results.write_results(
        root / "wan2023" / "gpu", profile="gpu", seeds=(0,), gains={"wan2023": 2.0}, pictures=False
    )
    assert of_paper(coverage.ledger(root))[-1]["profile"] == "gpu"
    named = coverage.ledger(root, profile="demo")
    assert named["summary"]["papers"]["wan2023"]["retrained here"] == 10
    assert coverage.stored(root, "wan2023", "smoke") is None


def test_rows_that_should_have_run_are_counted_apart(tmp_path: Path) -> None:
    found = coverage.entries(PAPER, fake_results.made(tmp_path, gains={"wan2023": 1.0}))
    assert coverage.summarise(found)["all"] == {
        "cells": 38,
        "retrained here": 6,
        "re-run with released weights": 0,
        "run here, nothing to train": 0,
        "network at its published size": 0,
        "printed only": 16,
        "not run": 16,
    }


def test_markdown_has_a_line_per_cell(root: Path) -> None:
    found = coverage.ledger(root)
    text = coverage.to_markdown(found)
    assert text.count("\n| T") == len(found["cells"])
    (line,) = [one for one in text.splitlines() if "T2 gopro\\_test psnr\\_db wan2023 |" in one]
    assert line.startswith("| T2 gopro\\_test psnr\\_db wan2023 | 31. 95 dB | 2")
    assert " | retrained here (demo) | differs in data, training data, size, steps |" in line

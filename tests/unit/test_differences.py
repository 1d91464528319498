"""In what a run differs from the printed training, and what a table says of it."""

import dataclasses
import json

import fake_results
import numpy as np
import pandas as pd
import pytest

from deblur_lib import papers
from deblur_lib.report import budget, columns, differences, tables
from deblur_lib.report.results import Results
from deblur_lib.runs.plan import published_options
from deblur_lib.spec import Adversarial

PAPER = papers.load("wan2023")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return fake_results.made(tmp_path_factory.mktemp("demo"))


def row_of(frame: pd.DataFrame, method: str) -> pd.Series:
    return frame[(frame["method"] == method) & (frame["metric"] == "psnr_db")].iloc[0]


def as_printed(results: Results) -> Results:
    """The same rows as if they came of the paper's pictures, sizes and recipes."""
    names = {"synth-gopro-linear/test": "gopro-linear/test", "synth-shake/test": "realblur-j/test"}
    rows = results.rows.replace({"data": names}).assign(profile="paper")
    manifests = []
    for one in results.manifests:
        method = columns.method_of(PAPER, one.method)
        recipe = json.loads(json.dumps(differences.published_recipe(PAPER, one.method)))
        manifests.append(
            dataclasses.replace(
                one, profile="paper", options=published_options(PAPER, method), train=recipe,
                steps=recipe["steps"], pictures_meant=dict.fromkeys(names.values(), 24),
                data={"gopro-linear/train": "0" * 64, **dict.fromkeys(names.values(), "1" * 64)},
            )
        )  # fmt: skip
    return dataclasses.replace(results, rows=rows, manifests=tuple(manifests))


def test_a_gap_is_told_where_data_size_and_steps_are_the_papers(results: Results) -> None:
    printed = as_printed(results)
    frame = tables.compare(printed, PAPER, "T2")
    found = row_of(frame, "wan2023_dffm")
    assert found["gap"] == pytest.approx(found["ours"] - 31.78, abs=1e-9)
    assert found["gap_reason"] == differences.NONE
    text = tables.styled(frame).markdown()
    assert " gap |" in text
    assert "no gap to the printed scores" not in text
    assert "differs in" not in text


@pytest.mark.parametrize(
    ("options", "train", "apart", "text"),
    [
        ({"base_channels": 8}, {}, True, "size: base_channels 8 (full: 32)"),
        ({}, {"steps": 1000}, True, "steps: 1,000 of 4 crops of 256 px instead of 1,578,000 of 4"),
        ({}, {"lr": 4e-3, "schedule": "constant"}, False,
         "rate: 0.004 constant instead of 1e−4 cosine to 1e−6"),
        ({}, {"loss": {"l1": 1.0}}, False,
         "loss: 1 l1 at every scale instead of 1 l1 + 0.1 spectrum at every scale"),
        ({}, {"augment": []}, False, "augmentation: none instead of hflip"),
        ({}, {"ema": 0.999, "init": "xavier"}, False,
         "optimiser: init xavier (full: default), ema 0.999 (full: 0)"),
        ({}, {"adversarial": dataclasses.asdict(Adversarial("patchgan", weight=0.01))}, False,
         "adversarial: 0.01 bce by patchgan instead of none"),
    ],
)  # fmt: skip
def test_each_kind_of_difference_is_named(
    results: Results, options: dict, train: dict, apart: bool, text: str
) -> None:
    printed = as_printed(results)
    manifests = tuple(
        dataclasses.replace(one, options=one.options | options, train=one.train | train)
        for one in printed.manifests
    )
    changed = dataclasses.replace(printed, manifests=manifests)
    found = row_of(tables.compare(changed, PAPER, "T2"), "wan2023")
    assert found["gap_reason"].startswith(text)
    assert np.isnan(found["gap"]) == apart


def test_a_backbone_that_starts_at_random_is_named(results: Results) -> None:
    one = fake_results.manifest("wan2023", "demo", "deblurgan_v2", 0, network="deblurgan_v2")
    fresh = dataclasses.replace(results, manifests=(*results.manifests, one))
    column = columns.table_of(PAPER, "T1").columns[0]
    told = differences.differences(fresh, PAPER, "deblurgan_v2", column)
    named = "weights: random at the start instead of ImageNet weights of the backbone"
    assert named in told
    own = dataclasses.replace(one, options={**one.options, "backbone_weights": "own.pth"})
    fresh = dataclasses.replace(results, manifests=(*results.manifests, own))
    assert named not in differences.differences(fresh, PAPER, "deblurgan_v2", column)


def test_a_title_lists_few_changes_of_size_and_the_gaps_tell_all(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "TITLED", 2)
    table = next(one for one in PAPER.tables if one.id == "T2")
    told = budget.title(results, PAPER, table)
    assert told.startswith("Table 2, demo: networks of reduced size (told below) trained")
    reasons = differences.differences(results, PAPER, "mimo_unet", table.columns[0])
    assert "size: base_channels 8 (full: 32), blocks 2 (full: 8)" in reasons


def test_each_cause_of_a_gap_is_told_once_at_its_rows(results: Results) -> None:
    second = tables.compare(results, PAPER, "T2")
    made = "synth-gopro-linear (blur 0.25 of its length, 128 px)"
    shared = (
        f"training data: {made} instead of gopro-linear; size: base_channels 8 (full: 32), "
        "blocks_per_stage 2 (full: 8); steps: 600 of 4 crops of 64 px instead of 1,578,000 of 4 "
        "crops of 256 px, 0.0024 % of the pixels"
    )
    told = tables.styled(second).footnotes
    assert [one for one in told if "differ" in one] == [
        f"all rows differ from profile paper in data: {made} stands for gopro-linear; {shared}"
    ]
    other = second.copy()
    other.attrs = second.attrs
    one = (other["title"] == "Baseline") & (other["gap_reason"] != "")
    other.loc[one, "gap_reason"] = "data: mine stands for gopro-linear; size: blocks 1"
    told = tables.styled(other).footnotes
    assert told[:2] == [
        "differs from profile paper in data: mine stands for gopro-linear; size: blocks 1",
        f"differs from profile paper in data: {made} stands for gopro-linear; {shared}",
    ]

"""Rows spoilt on purpose: each mutation changes or stops the verdict as the rules declare."""

import dataclasses
import json
from pathlib import Path

import fake_results
import numpy as np
import pytest

from deblur_lib import papers
from deblur_lib.errors import RecordError
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    INSEPARABLE,
    NOT_JUDGED,
    OTHER,
    SUPPORTED,
    Verdict,
)
from deblur_lib.report.weighing import on_rows
from deblur_lib.spec import Check

PAPER = papers.load("wan2023")
FIRST, SECOND = "wan2023", "wan2023_dffm"
CHECK = Check(f"T2.gopro_test.psnr_db.{FIRST} - T2.gopro_test.psnr_db.{SECOND}", "gt")
MIRRORED = {SUPPORTED: CONTRADICTED, DIRECTION: OTHER, INSEPARABLE: INSEPARABLE}
MIRRORED |= {other: one for one, other in MIRRORED.items()}
STRENGTH = {SUPPORTED: 2, CONTRADICTED: 2, DIRECTION: 1, OTHER: 1, INSEPARABLE: 0, NOT_JUDGED: 0}


def results(folder: Path, *, lead: float = 0.4, seeds: int = 5, **settings: object) -> Results:
    made = {"profile": "study", "seeds": range(seeds), "gains": {FIRST: 1 + lead, SECOND: 1.0}}
    return fake_results.made(folder, **made | settings)


def weighed(stored: Results) -> Verdict:
    return on_rows(CHECK, stored, PAPER)


def exchanged(stored: Results) -> Results:
    names = {FIRST: SECOND, SECOND: FIRST}
    rows = stored.rows.assign(method=stored.rows["method"].replace(names))
    swapped = [dataclasses.replace(one, method=names[one.method]) for one in stored.manifests]
    return dataclasses.replace(stored, rows=rows, manifests=tuple(swapped))


@pytest.mark.parametrize("lead", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("profile", ["demo", "study"])
@pytest.mark.parametrize("seeds", [2, 5])
def test_exchanged_rows_give_the_mirrored_word(
    tmp_path: Path, lead: float, profile: str, seeds: int
) -> None:
    stored = results(tmp_path, lead=lead, profile=profile, seeds=seeds, by_seed=0.03, by_scene=0.1)
    assert weighed(exchanged(stored)).verdict == MIRRORED[weighed(stored).verdict]


@pytest.mark.parametrize("lead", [0.1, 0.2, 0.4])
def test_dropped_seeds_never_make_a_verdict_stronger(tmp_path: Path, lead: float) -> None:
    stored = results(tmp_path, lead=lead, by_seed=0.05)
    before = STRENGTH[weighed(stored).verdict]
    for kept in (4, 3, 2, 1):
        rows = stored.rows[stored.rows["seed"] < kept]
        now = STRENGTH[weighed(dataclasses.replace(stored, rows=rows)).verdict]
        assert now <= before
        before = now


def test_two_seeds_of_one_row_weaken_the_word(tmp_path: Path) -> None:
    stored = results(tmp_path)
    assert weighed(stored).verdict == SUPPORTED
    gone = (stored.rows["method"] == SECOND) & (stored.rows["seed"] > 1)
    assert weighed(dataclasses.replace(stored, rows=stored.rows[~gone])).verdict == DIRECTION


def test_a_picture_that_stands_twice_is_refused(tmp_path: Path) -> None:
    results(tmp_path)
    rows = tmp_path / "rows.csv"
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(RecordError, match="stand twice"):
        Results.load(tmp_path)


def test_a_mislabelled_budget_is_refused_or_capped(tmp_path: Path) -> None:
    stored = results(tmp_path, profile="demo")
    with pytest.raises(RecordError, match=r"rows are of wan2023 at study, run .* at demo"):
        dataclasses.replace(stored, rows=stored.rows.assign(profile="study"))
    some = np.where(stored.rows["seed"] == 1, "study", "demo")
    with pytest.raises(RecordError, match="needs one profile"):
        dataclasses.replace(stored, rows=stored.rows.assign(profile=some))
    assert weighed(stored).verdict == DIRECTION
    manifests = tmp_path / "manifests.json"
    told = json.loads(manifests.read_text())
    manifests.write_text(json.dumps([one | {"profile": "grand"} for one in told]))
    with pytest.raises(RecordError):
        Results.load(tmp_path)


def test_photographs_merged_into_one_stop_the_verdict(tmp_path: Path) -> None:
    stored = results(tmp_path)
    merged = dataclasses.replace(stored, rows=stored.rows.assign(scene="only"))
    found = weighed(merged)
    assert found.verdict == NOT_JUDGED
    assert found.reason.startswith("1 photograph cannot")


def test_noise_hides_the_effect(tmp_path: Path) -> None:
    stored = results(tmp_path)
    trained = stored.rows["seed"] >= 0
    luck = np.random.RandomState(0).standard_normal((2, 5))
    luck -= luck.mean(axis=1, keepdims=True)  # the effect stays as it is
    rows = stored.rows.copy()
    for method, by_seed in zip((FIRST, SECOND), luck, strict=True):
        for seed, noise in enumerate(by_seed):
            rows.loc[trained & (rows["method"] == method) & (rows["seed"] == seed), "value"] += (
                noise
            )
    found = weighed(dataclasses.replace(stored, rows=rows))
    assert found.verdict == INSEPARABLE
    assert float(found.reason.rpartition(" ")[2]) > 0.4
    noisy = results(tmp_path / "pictures", lead=0.05, by_scene=0.5)
    assert weighed(noisy).verdict == INSEPARABLE


@pytest.mark.parametrize("shift", [0.2, 0.4])
def test_a_planted_effect_comes_out(tmp_path: Path, shift: float) -> None:
    stored = results(tmp_path, lead=0.0, by_scene=0.0)
    assert weighed(stored).verdict == INSEPARABLE
    mine = (stored.rows["method"] == FIRST) & (stored.rows["convention"] == "psnr-rgb")
    rows = stored.rows.assign(value=stored.rows["value"] + shift * mine)
    assert weighed(dataclasses.replace(stored, rows=rows)).verdict == SUPPORTED

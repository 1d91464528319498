"""What is not judged, and why: rows that learnt nothing, idle modules, unequal losses and steps."""

import dataclasses
import re
from pathlib import Path

from test_verdicts import made, weighed, with_probes

from deblur_lib import catalogue, papers
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.report import guards, verdicts
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    NOT_JUDGED,
    SUPPORTED,
)
from deblur_lib.runs import store
from deblur_lib.spec import Check


def test_a_row_below_the_input_is_named_with_numbers(tmp_path: Path) -> None:
    results = made(tmp_path, gains={"wan2023": 0.5, "wan2023_dffm": -0.4})
    found = weighed(results)
    assert found.verdict == NOT_JUDGED
    assert "“Baseline + DFFM” (24.17 dB) is no better" in found.reason
    assert "the blurred input (24.58 dB)" in found.reason
    against = "T2.gopro_test.psnr_db.wan2023_dffm - T2.gopro_test.psnr_db.identity"
    assert weighed(results, against).verdict == CONTRADICTED


def test_a_row_that_gains_where_it_learnt_is_judged_below_the_input_elsewhere(
    tmp_path: Path,
) -> None:
    """The made-up networks learn from the stand-in of GoPro; on the other they carry over."""
    results = made(tmp_path, gains={"wan2023": 1.0, "mimo_unet": 0.8})
    rows = results.rows.copy()
    rows.loc[rows["dataset"].eq("realblur_j") & rows["method"].isin(["wan2023", "mimo_unet"]),
             "value"] -= 2.0  # fmt: skip
    lost = dataclasses.replace(results, rows=rows)
    compared = "T1.realblur_j.psnr_db.wan2023 - T1.realblur_j.psnr_db.mimo_unet"
    found = weighed(lost, compared)
    assert found.verdict != NOT_JUDGED
    assert re.search(
        r"below the blurred input: “wan2023 .* −1\.\d\d dB on realblur_j, “MIMO-UNet.* dB",
        found.reason,
    )
    rows.loc[rows["dataset"].eq("gopro_test") & rows["method"].eq("mimo_unet"), "value"] -= 2.0
    nowhere = weighed(dataclasses.replace(results, rows=rows), compared)
    assert nowhere.verdict == NOT_JUDGED
    assert "“MIMO-UNet, its stepped rate” (22.01 dB) is no better" in nowhere.reason


def test_a_row_that_its_loss_ruined_is_judged_where_a_check_is_about_the_loss(
    tmp_path: Path,
) -> None:
    results = made(tmp_path, gains={"wan2023": 0.5, "wan2023_dffm": -4.0})
    assert weighed(results).verdict == NOT_JUDGED
    found = weighed(results, about=("loss",))
    assert found.verdict == SUPPORTED
    assert "below the blurred input: “Baseline + DFFM” −4.0" in found.reason


def test_an_idle_module_is_not_judged(tmp_path: Path) -> None:
    results = made(tmp_path)
    assert weighed(results, module="DFFM").verdict == SUPPORTED
    idle = {"start": 0.5, "value": 0.51, "moved": 0.01, "least": 0.05}
    found = weighed(with_probes(results, modules={"DFFM": {"wan2023": idle}}), module="DFFM")
    assert found.verdict == NOT_JUDGED
    told = (
        "DFFM is idle in “wan2023 (DFFM + MSRM)”: at 0.5 it changes nothing, it is 0.01 away, and"
    )
    assert told in found.reason
    at_work = {"wan2023": idle, "wan2023_dffm": idle | {"moved": 0.3}}
    found = weighed(with_probes(results, modules={"DFFM": at_work}), module="DFFM")
    assert found.verdict == SUPPORTED  # in one row it does nothing, in the other it does
    unknown = weighed(with_probes(results, modules={}), module="DFFM")
    assert "nothing stored says whether DFFM left its start" in unknown.reason


def test_rows_of_an_ablation_must_have_one_loss(tmp_path: Path) -> None:
    results = made(tmp_path)
    trains = {"wan2023": {"l1": 1.0}, "wan2023_dffm": {"l1": 1.0, "spectrum": 0.1}}
    manifests = tuple(
        dataclasses.replace(one, train=one.train | {"loss": trains.get(one.method, {"l1": 1.0})})
        for one in results.manifests
    )
    results = dataclasses.replace(results, manifests=manifests)
    found = weighed(results)
    assert found.verdict == NOT_JUDGED
    told = "“wan2023 (DFFM + MSRM)” with no spectrum, “Baseline + DFFM” with spectrum 0.1"
    assert f"the rows differ in loss: {told}" in found.reason
    assert weighed(results, about=("loss",)).verdict == SUPPORTED
    compared = "T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.psnr_db.mimo_unet"
    assert weighed(results, compared).verdict == SUPPORTED


def test_a_row_does_not_lead_by_giving_back_its_input_at_first(tmp_path: Path) -> None:
    results = made(tmp_path)
    manifests = tuple(
        dataclasses.replace(one, options=one.options | {"start": "identity"})
        if one.method == "wan2023"
        else one
        for one in results.manifests
    )
    found = weighed(dataclasses.replace(results, manifests=manifests))
    assert found.verdict == NOT_JUDGED
    told = (
        "“wan2023 (DFFM + MSRM)” leads and began by giving back its input, “Baseline + DFFM” began"
    )
    assert told in found.reason


def with_steps(results: Results, **steps: int) -> Results:
    manifests = tuple(
        dataclasses.replace(one, steps=steps.get(one.method, one.steps))
        for one in results.manifests
    )
    return dataclasses.replace(results, manifests=manifests)


def test_a_row_does_not_lead_by_more_steps_of_training(tmp_path: Path) -> None:
    results = made(tmp_path)
    steps = results.of_method("wan2023")[0].steps
    found = weighed(with_steps(results, wan2023_dffm=steps - 1))
    assert found.verdict == NOT_JUDGED
    assert f"MSRM)” leads after {steps:,} steps of training, “Baseline + DFFM” had" in found.reason
    assert weighed(with_steps(results, wan2023_dffm=steps + 1)).verdict == SUPPORTED
    backwards = "T2.gopro_test.psnr_db.wan2023_dffm - T2.gopro_test.psnr_db.wan2023"
    assert weighed(with_steps(results, wan2023_dffm=1), backwards).verdict == NOT_JUDGED
    assert weighed(with_steps(results, wan2023=1), backwards).verdict == CONTRADICTED


def test_rows_of_an_ablation_must_have_one_size(tmp_path: Path) -> None:
    results = made(tmp_path)
    mine = (results.costs["method"] == "wan2023") & (results.costs["name"] == "parameters_here")
    results.costs.loc[mine, "value"] = 4455
    found = weighed(results)
    assert found.verdict == NOT_JUDGED
    assert "size: “Baseline + DFFM” has 2.02 times the parameters of “wan2023 (" in found.reason
    assert weighed(results, about=("size",)).verdict == SUPPORTED
    compared = "T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.psnr_db.mimo_unet"
    assert weighed(results, compared).verdict == SUPPORTED


def test_methods_that_estimate_blur_are_known_and_judged_below_the_input() -> None:
    found = {
        name
        for name in catalogue.networks()
        if issubclass(catalogue.network_class(name), EstimatingDeblurrer)
    }
    assert found == guards.ESTIMATING
    paper = papers.load("sang2018")
    study = Results.load(store.published_folder("sang2018", "study"))
    keys = ("T3.gopro_test.psnr_db.sang2018", "T3.gopro_test.psnr_db.whyte2012")
    check = Check(expr=" - ".join(keys), relation="gt")
    assert guards.no_better(check, keys, study, paper) == ""
    assert guards.below_input(keys, study, paper).startswith("“Whyte et al. 2012” −")


def test_a_row_with_nothing_to_train_has_no_luck_of_training() -> None:
    study = Results.load(store.published_folder("sang2018", "study"))
    judged = {one.claim.id: one for one in verdicts.judge(study, papers.load("sang2018"))}
    assert " over 3 seeds" in judged["sang2018-C23"].ours.reason  # true_blur was run once
    assert "1 to 3 seeds" not in judged["sang2018-C01"].ours.reason  # so was Whyte


def test_below_the_input_is_told_by_the_measure_of_the_check(tmp_path: Path) -> None:
    """A row may lie below the input in PSNR and above it in SSIM."""
    results = made(tmp_path, gains={"wan2023": 0.5, "wan2023_dffm": -0.4})
    psnr, ssim = ([f"T2.gopro_test.{metric}.wan2023_dffm"] for metric in ("psnr_db", "ssim"))
    paper = papers.load("wan2023")
    assert " dB on gopro_test" in guards.below_input(psnr, results, paper)
    assert " dB" not in guards.below_input(ssim, results, paper)
    beside = [*psnr, "T2.gopro_test.psnr_db.identity"]
    assert guards.below_input(beside, results, paper) == ""

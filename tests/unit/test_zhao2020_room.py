"""The room of zhao2020: everything printed is declared, run or explained, and its probes draw."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deblur_lib import papers
from deblur_lib.catalogue import build
from deblur_lib.evaluation.cost import count_macs
from deblur_lib.papers.zhao2020 import probes
from deblur_lib.report import verdicts
from deblur_lib.report.columns import is_cost, main_column
from deblur_lib.report.figures import diagram
from deblur_lib.runs import costing
from deblur_lib.runs.plan import Request, Run, make_plan
from deblur_lib.spec import PROFILES, ProfileName

PAPER = papers.load("zhao2020")
CELLS = papers.printed_cells("zhao2020")
CLAIMS = papers.claims("zhao2020")
DATASET = "zhao2020_synthetic_test"


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_RUNS", str(tmp_path_factory.mktemp("runs")))
        return costing.published(PAPER)


@pytest.fixture(scope="module")
def structure(costs: dict[str, dict[str, int]]) -> dict[str, Any]:
    return probes.structure(costs, count_macs)


def runs(profile: ProfileName) -> dict[str, Run]:
    plan = make_plan(Request("zhao2020", profile=profile))
    return {run.method.id: run for run in plan.runs}


def test_all_printed_cells_are_there_and_have_their_column() -> None:
    assert len({one.key for one in CELLS}) == len(CELLS) == 12
    assert Counter(one.metric for one in CELLS) == {"psnr_db": 4, "ssim": 4, "time_s": 4}
    table = PAPER.tables[0]
    controls = {one.id for one in PAPER.methods if one.control}
    assert set(table.methods) - controls == {one.method for one in CELLS}
    for one in CELLS:
        assert main_column(table, one.dataset, one.metric) is not None
    time = main_column(table, DATASET, "time_s")
    assert time is not None
    assert is_cost(time)


def test_every_claim_is_checked_or_says_why_not() -> None:
    assert [one.id for one in CLAIMS] == [f"zhao2020-C{n:02d}" for n in range(1, 26)]
    for claim in CLAIMS:
        for check in claim.checks:
            verdicts.check_keys(check, PAPER)


def test_the_print_contradicts_its_own_sum() -> None:
    judged = {one.claim.id: one.printed.verdict for one in verdicts.judge(None, PAPER)}
    assert judged["zhao2020-C10"] == "contradicted"
    assert judged["zhao2020-C01"] == "supported"


def test_every_open_point_has_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids[:18] == [f"Z{n}" for n in range(1, 19)]
    assert len(ids) == len(set(ids))
    rdn = next(one for one in PAPER.departures if one.id == "Z18")
    assert "Wieschollek" in rdn.does


@pytest.mark.parametrize("profile", PROFILES)
def test_controls_differ_in_one_option_alone(profile: ProfileName) -> None:
    found = runs(profile)
    base = found["zhao2020"]
    changed = {
        "zhao2020_stage1": {"stages": 1},
        "zhao2020_no_skips": {"skips": False},
        "zhao2020_no_global": {"stage2_residual": False},
        "zhao2020_no_flow": {"flow_levels": []},
        "zhao2020_flow_everywhere": {"flow_levels": [1, 2, 3]},
        "zhao2020_one_frame": {"neighbours": "middle"},
        "zhao2020_whole_p0": {"stage1_residual": False},
        "zhao2020_p0": {"stages": 1},
        "zhao2020_middle": {"neighbours": "middle"},
        "zhao2020_exchanged": {"neighbours": "exchanged"},
    }
    for name, options in changed.items():
        if name in found:
            assert found[name].options == {**base.options, **options}
            assert found[name].train == base.train


def test_the_claims_controls_run_at_demo() -> None:
    assert {"zhao2020_stage1", "zhao2020_no_skips", "zhao2020_no_global"} <= set(runs("demo"))


def test_rows_of_the_trained_network_share_its_seeds_at_every_profile() -> None:
    for profile in PROFILES:
        plan = make_plan(Request("zhao2020", profile=profile))
        seeds = {
            run.method.id: {one.seed for one in plan.runs if one.method == run.method}
            for run in plan.runs
        }
        for run in plan.runs:
            if run.source:
                assert run.source.method.id == "zhao2020"
                assert seeds[run.method.id] == seeds["zhao2020"]


def test_trained_controls_of_the_title_run_from_study_on() -> None:
    trained = {"zhao2020_no_flow", "zhao2020_one_frame", "zhao2020_whole_p0"}
    for profile in ("study", "gpu", "paper"):
        assert trained | {"zhao2020_flow_everywhere"} <= set(runs(profile))
    assert not trained & set(runs("demo"))
    assert "time_reverse" not in runs("study")["zhao2020"].train.augment  # see Z27


def test_the_paper_profile_is_the_printed_protocol() -> None:
    run = runs("paper")["zhao2020"]
    assert (run.train.batch, run.train.crop, run.train.lr) == (1, 256, 1e-5)
    assert run.train.steps == 300 * 5710
    assert run.train.loss == {"mse": 40.0, "perceptual_l1": 5.0}  # 10 in the range of Tanh
    assert run.train.scales
    game = run.train.adversarial
    assert game is not None
    assert (game.loss, game.weight, game.options["norm"]) == ("lsgan", 1.0, "layer")
    assert run.train_on == "dvd-flow"
    assert run.options == {}


@pytest.mark.parametrize("profile", ["smoke", "demo", "gpu"])
def test_small_budgets_need_no_weights_of_others(profile: ProfileName) -> None:
    for run in runs(profile).values():
        assert not [name for name in run.train.loss if name.startswith("perceptual")]
        assert run.train_on == "synth-clip"


def test_competitors_keep_their_own_kind_of_training() -> None:
    found = runs("demo")
    assert found["nah2017"].train.adversarial is None
    assert found["rdn"].train.adversarial is None
    game = found["deblurgan"].train.adversarial
    assert game is not None
    assert game.loss == "wgan_gp"


def test_costs_are_those_of_the_printed_widths(
    costs: dict[str, dict[str, int]], structure: dict[str, Any]
) -> None:
    assert costs["zhao2020"]["parameters"] == 17_547_014
    assert costs["rdn"]["parameters"] == 3_671_517
    ratio = costs["nah2017"]["macs"] / costs["zhao2020"]["macs"]
    assert ratio == pytest.approx(2.09, abs=0.01)
    printed = {one["network"]: one["printed time over zhao2020's"] for one in structure["networks"]}
    assert printed["nah2017"] == pytest.approx(81.57)


def test_diagrams_hold_every_parameter_once(structure: dict[str, Any]) -> None:
    plans = structure["architecture"]
    counted = {
        name: sum(block.get("parameters", 0) for block in plan["blocks"])
        for name, plan in plans.items()
    }
    assert counted["principle"] == 17_547_014
    assert counted["stage1"] + counted["stage2"] == 17_547_014
    skips = [one[:2] for one in plans["stage2"]["arrows"] if one[2:] == ["skip"]]
    assert sorted(skips) == [["E1+", "D2"], ["E1-", "D2"], ["E2+", "D3"], ["E2-", "D3"]]
    for plan in plans.values():
        assert len(set(diagram.places(plan).values())) == len(plan["blocks"])


def test_panels_show_what_they_name(structure: dict[str, Any]) -> None:
    panel = structure["panels"]["blur"]
    named = [one["label"] for row in panel["rows"] for one in row]
    assert set(named) == set(panel["pictures"])
    assert {one.shape for one in panel["pictures"].values()} == {(112, 112, 3)}
    error = np.abs(
        panel["pictures"]["made"].astype(float) - panel["pictures"]["exact"].astype(float)
    )
    assert error.mean() < 3
    assert panel["pictures"]["literal"].mean() > 1.2 * panel["pictures"]["made"].mean()


def test_the_first_estimate_is_the_networks_own() -> None:
    torch.manual_seed(0)
    network = build("zhao2020", channels=[4, 4, 4], blocks=1).eval()
    clip = torch.rand(1, 3, 3, 16, 16)
    found = probes.trained({"zhao2020": network}, {"data/one": clip})["pictures"]["data/one"]["P0"]
    first = network.forward_all(clip)[0][0].detach()
    wanted = (first.permute(1, 2, 0).numpy() * 255).round()
    assert np.abs(found - wanted).max() <= 1
    assert probes.trained({}, {"data/one": clip}) == {}


def test_a_start_from_zeros_gives_the_blurred_frame_back() -> None:
    network = build("zhao2020", channels=[4, 4, 4], blocks=1, start="identity")
    clip = torch.rand(1, 3, 3, 16, 16)
    for output in network.forward_all(clip):
        torch.testing.assert_close(output, clip[:, 1])
    tails = [one for name, one in network.named_parameters() if "tail" in name]
    assert len(tails) == 4


def test_every_row_can_be_built_at_every_profile() -> None:
    for profile in PROFILES:
        for run in runs(profile).values():
            with torch.device("meta"):
                network: nn.Module = build(str(run.method.network), **run.options)
            assert isinstance(next(network.parameters()), Tensor)

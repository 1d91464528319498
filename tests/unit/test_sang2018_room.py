"""The room of sang2018: rows, columns, departures, plan, and what its structure is read from."""

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch

from deblur_lib import papers
from deblur_lib.errors import UsageError
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.evaluation.cost import count_macs
from deblur_lib.papers.sang2018.network import SangGenerator
from deblur_lib.papers.sang2018.probes import edge_strength, spectrum, structure, trained
from deblur_lib.report import verdicts
from deblur_lib.report.columns import is_beside
from deblur_lib.report.coverage import entries
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import scored_on
from deblur_lib.spec import PROFILES, override

PAPER = papers.load("sang2018")
CELLS = papers.printed_cells("sang2018")
MORE = {"lai_first", "lai_full", "lai_first_full", "linear_light", "long_paths"}
CHANGES = {
    "sang2018": {},
    "sang2018_content": {},
    "sang2018_relu_after_sum": {"relu_after_sum": True},
    "sang2018_batch_norm": {"norm": "batch"},
    "sang2018_kernel3": {"kernel": 3},
}


def test_all_printed_cells_have_a_row_and_a_column() -> None:
    assert len(CELLS) == 16
    assert Counter(one.dataset for one in CELLS) == {"gopro_test": 8, "lai": 8}
    table = PAPER.tables[0]
    controls = {one.id for one in PAPER.methods if one.control}
    assert set(table.methods) - controls == {one.method for one in CELLS}
    columns = {(column.dataset, column.metric) for column in table.columns}
    assert {(one.dataset, one.metric) for one in CELLS} == columns
    assert {one["kind"] for one in entries(PAPER, None)} == {"not run"}
    reasons = {one.not_run for one in PAPER.methods}
    assert not any("no implementation" in one for one in reasons)
    assert all(one.network for one in PAPER.methods)


def test_lai_is_compared_unaligned_with_the_aligned_score_beside() -> None:
    table = PAPER.tables[0]
    assert all(column.convention in CONVENTIONS for column in table.columns)
    lai = {one.convention: is_beside(table, one) for one in table.columns if one.dataset == "lai"}
    assert lai == {"psnr-rgb": False, "wang-rgb": False, "shift-y-psnr": True, "shift-y-ssim": True}


def test_rows_differ_by_the_declared_choice_alone() -> None:
    declared = {
        one.id: one
        for one in PAPER.methods
        if one.network == "sang2018" and set(one.profiles) == set(PROFILES)
    }
    assert {name: one.options for name, one in declared.items()} == CHANGES
    assert {name for name, one in declared.items() if one.train} == {"sang2018_content"}
    for profile in PROFILES:
        runs = {one.method.id: one for one in make_plan(Request("sang2018", profile)).runs}
        base = runs["sang2018"]
        assert base.train.adversarial is not None
        assert runs["sang2018_content"].train == replace(base.train, adversarial=None)
        for name, change in CHANGES.items():
            assert runs[name].options == base.options | change
            assert name == "sang2018_content" or runs[name].train == base.train


def test_plans_have_a_run_for_every_row_and_seed() -> None:
    sizes = {name: len(make_plan(Request("sang2018", name)).runs) for name in PROFILES}
    assert sizes == {"smoke": 9, "demo": 16, "study": 58, "gpu": 25, "paper": 24}


def test_profiles_crop_what_the_discriminator_judges() -> None:
    for profile in PAPER.profiles:
        recipe = override(PAPER.recipe, profile.train)
        assert recipe.adversarial is not None
        assert recipe.adversarial.options["patch"] == recipe.crop
        assert recipe.adversarial.loss == "log2"
        assert {"gopro_test", "lai"} <= set(profile.test_on) <= {"gopro_test", "lai", *MORE}
        for rows in PAPER.scored_for.values():
            assert set(rows) < {one.id for one in PAPER.methods}
    assert (PAPER.recipe.steps, PAPER.recipe.batch, PAPER.recipe.crop) == (600_000, 6, 128)


def test_the_print_supports_its_orderings() -> None:
    judged = {one.claim.id[-3:]: one.printed.verdict for one in verdicts.judge(None, PAPER)}
    supported = {"C01", "C02", "C03", "C04", "C08", "C12", "C13"}
    assert {name for name, verdict in judged.items() if verdict == "supported"} == supported
    assert "contradicted" not in judged.values()


def test_every_open_point_has_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids[:16] == [f"S{n}" for n in range(1, 17)]
    assert len(ids) == len(set(ids))
    assert all(one.where and one.says and one.does and one.why for one in PAPER.departures)


def test_the_architecture_tables_are_the_printed_ones() -> None:
    found = structure({}, count_macs)
    assert [one["layers"] for one in found["generator"]] == ["1", "2 to 20", "21"]
    assert sum(one["parameters"] for one in found["generator"]) == 3_903_299
    printed = [
        "128x128x32", "64x64x32", "64x64x64", "32x32x64", "32x32x128", "16x16x128", "16x16x256",
        "8x8x256", "8x8x512", "4x4x512", "8192", "1024", "1",
    ]  # fmt: skip
    assert [one["output"] for one in found["discriminator"]] == printed
    assert [one["stride"] for one in found["discriminator"][:10]] == [1, 2] * 5
    assert found["costs"]["generator_printed"]["receptive_field"] == 161
    assert [one["field [px]"] for one in found["sizes"]] == [161, 81, 128]
    assert found["sizes"][2]["parameters"] > 3 * found["sizes"][0]["parameters"]
    assert set(found["architecture"]) == {"blocks", "generator", "discriminator"}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_network_started_as_the_identity_returns_its_input_and_learns(change: dict) -> None:
    network = SangGenerator(features=5, blocks=2, start="identity", **change).eval()
    blurred = torch.rand(2, 3, 9, 11, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(blurred), blurred)
    network.train()(blurred).square().mean().backward()
    moved = [one.grad for one in network.tail.parameters()]
    assert all(one is not None and one.abs().sum() > 0 for one in moved)


@pytest.mark.parametrize("options", [{"global_skip": True}, {"features": 2}])
def test_an_identity_that_cannot_start_is_refused(options: dict) -> None:
    with pytest.raises(UsageError, match="start='identity' needs three features"):
        SangGenerator(blocks=1, start="identity", **options)


def test_probes_tell_kept_edges_and_frequencies() -> None:
    ramp = torch.linspace(0, 1, 33).expand(1, 3, 33, 33)
    assert math.isclose(edge_strength(ramp), 1 / 32, rel_tol=1e-5)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    board = ((rows + columns) % 2).float().expand(1, 3, 64, 64)
    peak = int(spectrum(board, bins=32).argmax())
    assert (peak // 32, peak % 32) == (0, 0)  # the highest frequency of both directions
    networks = {"sang2018": SangGenerator(features=3, blocks=1, start="identity").eval()}
    found = trained(networks, {"lai/a": board}, {"lai/a": board})
    assert [one["row"] for one in found["edges"]] == ["sharp", "blurred", "sang2018"]
    assert found["edges"][0]["edges, blurred input = 1"] == 1.0
    assert found["edges"][2]["black values [%]"] == 50.0
    assert [one["title"] for one in found["spectra"]["panels"]] == ["blurred input", "sang2018"]


def test_probes_tell_black_that_is_wrong_and_how_far_below_zero_it_was_drawn() -> None:
    network = SangGenerator(features=3, blocks=1, start="identity").eval()
    with torch.no_grad():
        network.tail.bias -= 51 / 255
    sharp = torch.tensor([0.0, 0.1, 0.4, 0.4]).repeat(4, 1).expand(1, 3, 4, 4)
    found = trained({"sang2018": network}, {"lai/a": sharp + 0}, {"lai/a": sharp})
    made = found["edges"][2]
    assert made["black values [%]"] == 50.0
    assert made["black where the sharp picture is not [%]"] == 25.0
    assert made["sharp value there [of 255]"] == 25.5
    assert made["below zero by [of 255]"] == pytest.approx((51 + 25.5) / 2, abs=0.01)


def test_weights_of_the_adversarial_loss_are_powers_of_ten_times_the_usual_one() -> None:
    for profile in ("study", "gpu", "paper"):
        runs = {one.method.id: one.train for one in make_plan(Request("sang2018", profile)).runs}
        usual = runs["sang2018"].adversarial
        assert usual is not None
        for times in (10, 100, 1000):
            game = runs[f"sang2018_weight_{times}"].adversarial
            assert game is not None
            assert game.weight == pytest.approx(times * usual.weight)
            assert replace(game, weight=usual.weight) == usual


def test_extra_sets_are_scored_for_some_rows_only() -> None:
    (run,) = make_plan(Request("sang2018", "smoke", methods=("sang2018_kernel3",))).runs
    (own,) = make_plan(Request("sang2018", "smoke", methods=("sang2018",))).runs
    sets = dict.fromkeys(("gopro_test", "lai", "lai_full"))
    assert set(scored_on(run, sets)) == {"gopro_test", "lai"}  # type: ignore[arg-type]
    assert set(scored_on(own, sets)) == set(sets)  # type: ignore[arg-type]


def test_sets_for_some_rows_name_rows_of_the_paper() -> None:
    with pytest.raises(ValueError, match="lai: no method is called"):
        replace(PAPER, scored_for={"lai": ("nobody",)})

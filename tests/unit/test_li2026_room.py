import dataclasses
import json
from collections import Counter
from pathlib import Path

import fake_results
import pytest
import torch

from deblur_lib import papers
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.evaluation.cost import count_macs
from deblur_lib.losses import FEATURE_LOSSES
from deblur_lib.papers.li2026 import diagrams, probes, structure
from deblur_lib.papers.li2026.blocks import MSFM
from deblur_lib.papers.li2026.network import MultiAttentionGenerator
from deblur_lib.report import budget, figures, verdicts
from deblur_lib.report.columns import is_beside
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare
from deblur_lib.runs.plan import Request, Run, make_plan
from deblur_lib.spec import Figure, override
from deblur_lib.training.seeding import fresh_network

PAPER = papers.load("li2026")
CELLS = papers.printed_cells("li2026")
CLAIMS = papers.claims("li2026")
METHODS = {one.id: one for one in PAPER.methods}
PROFILES = {one.name: one for one in PAPER.profiles}
PRINTED = {one.method for one in CELLS}
LEVEL_STEP = {level: 2 ** (level + 1) for level in range(5)}  # pixels of the picture in a map's


def runs(profile: str) -> dict[str, Run]:
    return {one.method.id: one for one in make_plan(Request("li2026", profile)).runs}


# --- the declaration ---------------------------------------------------------------------------


def test_every_printed_cell_has_its_row_and_column() -> None:
    assert len(CELLS) == 128
    tables = {one.id: one for one in PAPER.tables}
    assert [*tables] == [f"T{number}" for number in range(1, 9)] + ["apart"]
    for one in CELLS:
        columns = {(column.dataset, column.metric) for column in tables[one.table].columns}
        assert (one.dataset, one.metric) in columns, one.key
    for table in PAPER.tables:
        printed = {one.method for one in CELLS if one.table == table.id}
        if printed:
            assert {one for one in table.methods if not METHODS[one].control} == printed
            assert "li2026_none" in table.methods
        assert "identity" in table.methods


def test_printed_columns_are_plain_scores_and_others_stand_beside() -> None:
    for table in PAPER.tables:
        main = Counter(one.convention for one in table.columns if not is_beside(table, one))
        assert main == {"psnr-rgb": 2, "wang-rgb": 2}, table.id
        beside = {one.convention for one in table.columns if is_beside(table, one)}
        real = {one.dataset for one in table.columns} == {"realblur_j", "realblur_r"}
        aligned = {"realblur-ecc-psnr", "realblur-ecc-ssim"}
        assert beside == (aligned if real else {"vol3d-rgb", "uniform7-rgb"})
        assert all(one.convention in CONVENTIONS for one in table.columns)


def test_every_claim_names_cells_of_the_room() -> None:
    assert len(CLAIMS) == 51
    for claim in CLAIMS:
        for check in (*claim.checks, *claim.our_checks):
            verdicts.check_keys(check, PAPER)


def test_claims_about_modules_hold_no_row_against_other_losses() -> None:
    """The baseline learns from other losses, so what a module is worth is not read off it."""
    told = {
        claim.id[-2:]
        for claim in CLAIMS
        for check in claim.our_checks
        if "deblurgan_v2" in check.expr and "loss" not in check.about and ".li2026" in check.expr
    }
    compared = {"01", "13", "14", "15"}  # networks of other people as they are
    assert told == compared | {"49"}  # both under the baseline's losses
    stand_ins = {one.id[-2:] for one in CLAIMS if one.stand_ins}
    assert stand_ins >= {"02", "03", "04", "11", "24", "25", "26", "29", "30", "31", "32", "45"}
    assert all(one.stand_ins in ({}, {"deblurgan_v2": "li2026_none"}) for one in CLAIMS)


def test_every_open_point_is_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids[:37] == [f"L{number:02d}" for number in range(1, 38)]
    assert len(ids) == len(set(ids))
    assert all((one.where, one.says, one.does, one.why) for one in PAPER.departures)


@pytest.mark.parametrize(
    ("method", "msfm", "afem", "eca"),
    [
        ("li2026", True, True, True),
        ("li2026_afem", False, True, False),
        ("li2026_msfm", True, False, False),
        ("li2026_msfm_afem", True, True, False),
        ("li2026_no_afem", True, False, True),
        ("li2026_loss_content", True, True, True),
        ("li2026_loss_adv", True, True, True),
        ("li2026_eca", False, False, True),
        ("li2026_afem_eca", False, True, True),
        ("li2026_none", False, False, False),
        ("li2026_v2_losses", True, True, True),
    ],
)
def test_ablations_switch_what_the_matrix_says_and_nothing_else(
    method: str, msfm: bool, afem: bool, eca: bool
) -> None:
    declared = METHODS[method]
    assert declared.network == "li2026"
    assert declared.options == {"msfm": msfm, "afem": afem, "eca": eca}
    changed = {"li2026_loss_content": {"adversarial"}, "li2026_loss_adv": {"loss"},
               "li2026_v2_losses": {"loss", "adversarial"}}  # fmt: skip
    assert set(declared.train) == changed.get(method, set())


def test_the_two_losses_are_taken_out_of_the_compound_one() -> None:
    full, content, alone = (
        override(PAPER.recipe, METHODS[name].train)
        for name in ("li2026", "li2026_loss_content", "li2026_loss_adv")
    )
    assert full.loss == {"l1": 0.5, "perceptual": 0.006}
    assert full.adversarial is not None
    assert (full.adversarial.loss, full.adversarial.weight) == ("bce", 0.01)
    assert (content.loss, content.adversarial) == (full.loss, None)
    assert (alone.loss, alone.adversarial) == ({}, full.adversarial)


@pytest.mark.parametrize("profile", PROFILES)
def test_eleven_printed_trainings_differ_from_each_other(profile: str) -> None:
    made = runs(profile)
    assert {name for name in made if name in PRINTED} == PRINTED
    own = {json.dumps(made[name].settings, sort_keys=True, default=str) for name in sorted(PRINTED)}
    assert len(own) == len(PRINTED) == 11
    controls = {"li2026_gates_mean"} | ({"li2026_none"} if profile != "smoke" else set())
    if profile in ("study", "gpu", "paper"):
        controls |= {"li2026_eca", "li2026_afem_eca", "li2026_v2_losses", "attention_group"}
    controls |= {"li2026_print"} if profile in ("study", "gpu") else set()
    controls |= {"li2026_long"} if profile == "study" else set()
    assert set(made) - PRINTED == controls


@pytest.mark.parametrize("profile", PROFILES)
def test_the_two_steps_from_the_baseline_are_losses_and_modules(profile: str) -> None:
    made = runs(profile)
    full, none = made["li2026"], made.get("li2026_none", made["li2026"])
    assert none.train == full.train
    if "li2026_v2_losses" in made:
        base, other = made["deblurgan_v2"], made["li2026_v2_losses"]
        assert (other.train, other.options) == (base.train, full.options)
        attends, constant = made["attention_group"].train, made["attention_se"].train
        assert (attends.loss, attends.adversarial) == (constant.loss, constant.adversarial)


def test_the_paper_profile_is_wired_and_fed_as_printed() -> None:
    wired = {"upsample": "mixed", "smooth_merge": "concat"}
    for name, one in runs("paper").items():
        assert one.data == {"every": 2}, name
        if one.method.network == "li2026":
            assert one.options | wired == one.options, name
    assert runs("study")["li2026_print"].options == runs("study")["li2026"].options | wired


@pytest.mark.parametrize("profile", PROFILES)
def test_features_of_vgg19_are_asked_for_by_the_paper_profile_alone(profile: str) -> None:
    asked = {name for name, one in runs(profile).items() if one.train.loss.keys() & FEATURE_LOSSES}
    without = {"multiscale_dpl", "li2026_loss_adv"}
    assert asked == (set(runs(profile)) - without if profile == "paper" else set())


@pytest.mark.parametrize("profile", PROFILES)
def test_no_dilation_reaches_the_side_of_its_training_map(profile: str) -> None:
    for one in runs(profile).values():
        if one.method.options.get("msfm"):
            levels = one.options.get("msfm_levels", [4])
            assert isinstance(levels, list)
            side = min(one.train.crop // LEVEL_STEP[level] for level in levels)
            assert side == 8  # the map of the paper's crop at its coarsest level
            assert max(one.options.get("msfm_dilations", (1, 2, 4))) < side  # type: ignore[arg-type]


# --- what figures and listings show --------------------------------------------------------------


@pytest.fixture(scope="module")
def counted() -> dict:  # type: ignore[type-arg]
    return probes.structure({}, count_macs)


def test_diagrams_tell_the_shapes_and_sizes_of_the_specification(counted: dict) -> None:  # type: ignore[type-arg]
    blocks = {one["name"]: one for one in counted["architecture"]["generator"]["blocks"]}
    shapes = {"enc 0": [32, 127, 127], "enc 4": [2080, 6, 6], "MSFM": [256, 8, 8],
              "map 1": [256, 64, 64], "map 0": [128, 128, 128], "joined": [512, 64, 64],
              "smooth 2": [64, 128, 128], "final": [3, 256, 256]}  # fmt: skip
    assert {name: blocks[name]["shape"] for name in shapes} == shapes
    assert blocks["MSFM"]["parameters"] == counted["costs"]["msfm"]["parameters"] == 2_231_296
    assert counted["costs"]["afem"]["parameters"] == 2_048
    assert counted["costs"]["eca"]["parameters"] == 3
    with torch.device("meta"):
        whole = diagrams.parameters(MultiAttentionGenerator(**diagrams.AS_PRINTED))
    assert sum(one.get("parameters", 0) for one in blocks.values()) == whole
    critics = counted["architecture"]["discriminators"]["blocks"]
    assert [one["note"] for one in critics if "note" in one] == ["sees 70 px", "sees 286 px"]
    assert [one["shape"] for one in critics if one["title"] == "logits"] == [
        [1, 35, 35], [1, 11, 11],
    ]  # fmt: skip


def test_the_listing_of_trainings_holds_every_row_once(counted: dict) -> None:  # type: ignore[type-arg]
    rows = counted["trainings"]
    assert len(rows) == len({tuple(one.values()) for one in rows}) == 16
    full = next(one for one in rows if one["row"] == METHODS["li2026"].title)
    assert [full[name.upper()] for name in structure.SWITCHES] == ["yes"] * 3
    assert full["content and perceptual"] == "0.5 l1 + 0.006 perceptual"


def test_branches_of_msfm_see_what_their_dilation_says() -> None:
    torch.manual_seed(0)
    maps = probes.receptive_fields(MSFM(8).eval(), size=11, samples=4)
    assert sorted(maps) == ["1x1", "3x3 step 1", "3x3 step 2", "3x3 step 4", "pooled"]
    for step in (1, 2, 4):
        field = torch.tensor(maps[f"3x3 step {step}"])
        places = {(int(row) - 5, int(column) - 5) for row, column in field.nonzero()}
        assert places == {(step * i, step * j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert torch.tensor(maps["pooled"]).min() > 0.99
    assert torch.tensor(maps["1x1"])[5, 5] == 1


def test_weights_of_trained_networks_become_histograms(tmp_path: Path) -> None:
    own = fresh_network("li2026", runs("smoke")["li2026"].options, seed=0).eval()
    other = fresh_network("li2026", runs("smoke")["li2026_no_afem"].options, seed=0).eval()
    pictures = {"gopro_test/a": torch.rand(1, 3, 70, 100), "hide_test/b": torch.rand(1, 3, 64, 64)}
    found = probes.trained({"li2026": own, "li2026_no_afem": other}, pictures)
    assert sorted(found["eca_weights"]["panels"]) == ["encoder 0", "encoder 1"]
    assert sorted(found["afem_gates"]["panels"]) == ["head 1", "head 2", "head 3", "head 4"]
    assert set(found["afem_gates"]["panels"]["head 1"]) == {"li2026"}
    one = found["eca_weights"]["panels"]["encoder 0"]["li2026_no_afem"]
    assert sum(one["shares"]) == pytest.approx(1, abs=1e-3)
    assert 0 < one["mean"] < 1
    assert set(found["modules"]["AFEM"]) == {"li2026"}
    gates = found["modules"]["AFEM"]["li2026"]
    assert gates["moved"] < gates["least"]  # nothing was trained
    assert gates["value"] == pytest.approx(0.5, abs=gates["least"])
    torch.nn.init.constant_(own.get_submodule("head1.gate.squeeze").weight, 1.0)
    torch.nn.init.constant_(own.get_submodule("head1.gate.excite").weight, 1e3)
    moved = probes.trained({"li2026": own}, pictures)["modules"]["AFEM"]["li2026"]
    assert moved["moved"] > gates["moved"] + 0.02
    json.dumps(found)
    fixed = fresh_network("li2026", runs("smoke")["li2026_gates_mean"].options, seed=0).eval()
    assert probes.trained({"li2026_gates_mean": fixed}, pictures)["modules"]["ECA"] == {}
    folder = fake_results.write_results(tmp_path, paper="li2026")
    stored = dataclasses.replace(Results.load(folder), probes=found)
    figure = Figure(id="x", title="Gates", kind="histograms", caption="", settings={
        "probe": "afem_gates", "diagram": "afem", "methods": ["li2026"], "xlabel": "gate",
    })  # fmt: skip
    data, alt = figures.render(stored, PAPER, figure)
    assert data.startswith(b"\x89PNG")
    assert "head 4: li2026: MSFM, AFEM, ECA 0." in alt


def test_gates_that_attend_to_nothing_are_told_from_those_that_do() -> None:
    small = {"features": 4, "planes": 16, "depths": [1, 1, 1, 1]}
    networks = {
        norm: fresh_network("unet_seresnext", small | {"norm": norm}, seed=0).eval()
        for norm in ("instance", "group")
    }
    noise = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    pictures = {"gopro_test/a": noise, "gopro_test/b": (noise > 0.99).float()}
    found = probes.trained(networks, pictures)["modules"]["SE over pictures"]
    assert found["instance"]["moved"] == 0
    assert found["group"]["moved"] > 0.001  # before any training


def test_a_caution_stands_in_cells_captions_and_figures(tmp_path: Path) -> None:
    folder = fake_results.write_results(tmp_path)
    stored = Results.load(folder)
    told = "VGG19 features with random weights"
    marked = tuple(
        dataclasses.replace(one, cautions=[told]) if one.method == "wan2023" else one
        for one in stored.manifests
    )
    stored = dataclasses.replace(stored, manifests=marked)
    paper = papers.load("wan2023")
    frame = compare(stored, paper, "T2")
    mine = frame[frame["method"] == "wan2023"]
    assert mine["flags"].str.contains(told).all()
    assert not frame[frame["method"] == "wan2023_dffm"]["flags"].str.contains(told).any()
    assert frame.attrs["caption"].endswith(f"wan2023 (DFFM + MSRM): {told}.")
    assert budget.caption(stored, paper, "Text.", ["wan2023_dffm"]) == "Text."
    shown = {one.id: one for one in paper.figures}
    assert told in figures.render(stored, paper, shown["bars"])[1]
    assert told not in figures.render(stored, paper, shown["data"])[1]

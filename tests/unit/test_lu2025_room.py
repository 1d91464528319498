"""The room of lu2025: rows, columns, departures, plan, and what its structure is read from."""

from collections import Counter
from itertools import product

import pytest
import torch

from deblur_lib import papers
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.evaluation.cost import count_macs
from deblur_lib.networks.restormer import Restormer, TransformerBlock
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.counting import training_gib
from deblur_lib.papers.lu2025.gates import DFGB
from deblur_lib.papers.lu2025.network import DSGformer
from deblur_lib.papers.lu2025.options import BlockOptions
from deblur_lib.papers.lu2025.probes import structure, trained
from deblur_lib.report import columns, verdicts
from deblur_lib.report.coverage import entries
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.spec import PROFILES, override

PAPER = papers.load("lu2025")
CELLS = papers.printed_cells("lu2025")
METHODS = {one.id: one for one in PAPER.methods}
GATES = {"sg": "simple_gate", "gelu": "gelu", "dfgb": "dfgb"}
SCORES = ("relu", "relu2", "softmax")


def test_all_printed_cells_have_a_row_and_a_column() -> None:
    assert Counter(one.table for one in CELLS) == {"T1": 18, "T2": 6}
    tables = {one.id: one for one in PAPER.tables}
    for one in CELLS:
        table = tables[one.table]
        assert one.method in table.methods
        assert columns.main_column(table, one.dataset, one.metric) is not None
    kinds = Counter(one["kind"] for one in entries(PAPER, None))
    assert kinds == {"not run": 24}


def test_columns_name_scored_conventions_or_costs() -> None:
    for table in PAPER.tables:
        for column in table.columns:
            assert columns.is_cost(column) or column.convention in CONVENTIONS
    main = columns.main_column(PAPER.tables[1], "realblur_j", "psnr_db")
    assert main is not None
    assert main.convention == "realblur-ecc-psnr"


def test_the_grid_crosses_gate_and_score_and_nothing_else() -> None:
    grid = {f"dsgformer_{name}_{score}": (name, score) for name, score in product(GATES, SCORES)}
    for method, (name, score) in grid.items():
        assert METHODS[method].options == {"gate": GATES[name], "score": score}
    full = METHODS["dsgformer_dfgb_relu2"]
    assert METHODS["dsgformer"].options == full.options
    second = set(PAPER.tables[1].methods) - {"dsgformer", "identity"}
    assert second == {*grid}
    assert all(METHODS[one].train_on == "realblur_j" for one in second)
    assert METHODS["dsgformer"].train_on == ""
    assert not any(METHODS[one].train for one in (*second, "dsgformer"))


def test_controls_of_the_selection_start_at_one_scale_and_change_nothing_else() -> None:
    full = METHODS["dsgformer_dfgb_relu2"].options
    ratios = {name: one.options.get("topk_ratios") for name, one in METHODS.items()}
    for name in ("no_topk", "single_k", "equal_all", "equal_half", "equal_eighth", "equal_spread"):
        one = METHODS[f"dsgformer_{name}"]
        started = {"branch_start": "shared"} if name.startswith("equal") else {}
        assert one.options == full | started | {"topk_ratios": ratios[one.id]}
        assert one.train_on == "realblur_j"
    for name in ("all", "eighth", "ones"):
        assert METHODS[f"dsgformer_after_{name}"].weights_of == "dsgformer_dfgb_relu2"


def test_plans_train_each_table_on_its_own_data() -> None:
    sizes = {}
    for name in PROFILES:
        plan = make_plan(Request("lu2025", name))
        sizes[name] = len(plan.runs)
        for run in plan.runs:
            on_gopro = run.method.apart or run.method.id in PAPER.tables[0].methods
            on_jpeg = run.method.id.startswith("dsgformer_jpeg")
            wanted = "gopro_test" if on_gopro else "jpeg_test" if on_jpeg else "realblur_j"
            assert run.train_on == plan.profile.test_on[wanted]
            assert columns.meant_for(PAPER, run.method.id, name) == run.train_on
    assert sizes == {"smoke": 16, "demo": 31, "study": 125, "gpu": 87, "paper": 78}


def test_profiles_keep_the_recipe_and_crop_whole_blocks() -> None:
    for profile in PAPER.profiles:
        recipe = override(PAPER.recipe, profile.train)
        assert (recipe.loss, recipe.optimiser, recipe.schedule) == ({"l1": 1.0}, "adamw", "cosine")
        assert recipe.crop % 64 == 0
        assert recipe.warmup < recipe.steps
        assert set(profile.test_on) == {"gopro_test", "realblur_j", "jpeg_test"}
    per_epoch = -(-2103 // 8)
    assert (PAPER.recipe.steps, PAPER.recipe.warmup) == (3000 * per_epoch, 10 * per_epoch)


def test_the_print_contradicts_one_claim() -> None:
    judged = {one.claim.id[-3:]: one.printed.verdict for one in verdicts.judge(None, PAPER)}
    assert {name for name, verdict in judged.items() if verdict == "contradicted"} == {"C15"}
    supported = {name for name, verdict in judged.items() if verdict == "supported"}
    assert supported == {"C01", "C02", "C03", "C06", "C09", "C10", "C11", "C17"}


def test_every_open_point_has_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids == [f"D{n:02d}" for n in range(1, 39)]
    assert len(ids) == len(set(ids))
    assert all(one.where and one.says and one.does and one.why for one in PAPER.departures)


@pytest.fixture(scope="module")
def found() -> dict:
    sizes = {one.id: {"parameters": 20_127_073, "macs": 1} for one in PAPER.methods}
    return structure(sizes, count_macs)


def test_the_printed_counts_stand_beside_the_size_they_belong_to(found: dict) -> None:
    assert found["costs"]["mb_taylorformer_v2_l"]["parameters"] == 7_295_572
    listed = {one["network"]: one["printed [M]"] for one in found["networks"]}
    assert listed["MB-TaylorFormer-V2, size L"] == "7.29"
    assert listed["MB-TaylorFormer-V2, size XL"] == "–"
    assert listed["MPRNet"] == "20.1"


def test_the_drawn_network_is_the_printed_one(found: dict) -> None:
    assert sum(row["parameters"] for row in found["shapes"]) == 15_567_504
    boxes = {one["name"]: one for one in found["architecture"]["dsgformer"]["blocks"]}
    assert sum(one.get("parameters", 0) for one in boxes.values()) == 15_567_504
    shapes = {name: one["shape"] for name, one in boxes.items()}
    assert shapes["E1"] == [64, 128, 128]  # H/2 x W/2 x 2C
    assert shapes["E2"] == [128, 64, 64]
    assert shapes["E3"] == shapes["E4"] == [256, 32, 32]
    assert shapes["D"] == [64, 256, 256]  # H x W x 2C
    block = found["architecture"]["dsga"]["blocks"]
    assert sum(one["parameters"] for one in block) == 25_478


def test_a_step_of_eight_crops_does_not_fit_the_printed_card(found: dict) -> None:
    assert found["costs"]["dsgformer"]["batch8_gib"] == pytest.approx(23.536, abs=1e-3)
    assert 12 < found["costs"]["dsgformer"]["batch8_gib_bfloat16"] < 15
    assert [row["precision"] for row in found["memory"]] == ["float32", "bfloat16"]
    small = {"dim": 4, "blocks": 1, "side": 64}
    one, two, half = (
        training_gib(batch=n, half=h, **small) for n, h in ((1, False), (2, False), (1, True))
    )
    with torch.device("meta"):
        weights = 16 * sum(p.numel() for p in DSGformer(dim=4, blocks=1).parameters()) / 2**30
    assert two - weights == pytest.approx(2 * (one - weights), rel=1e-2)
    assert half < one


def test_one_uniform_network_of_many_has_the_printed_count(found: dict) -> None:
    met = [
        (row["channels C"], layout, text)
        for row in found["enumeration"]
        for layout, text in row.items()
        if "met" in str(text)
    ]
    assert met == [(32, "symmetric", "8 deep: 15.57 M, met")]
    assert [row["channels C"] for row in found["enumeration"]] == [*range(24, 65, 4)]


def test_the_block_is_counted_against_the_two_parts_it_replaces(found: dict) -> None:
    costs = found["costs"]
    assert costs["dsga64"]["parameters"] == 25_478
    with torch.device("meta"):
        block = TransformerBlock(128, 4, 2.66)
    assert costs["mdta_gdfn128"]["parameters"] == sum(one.numel() for one in block.parameters())
    assert costs["dsga64"]["macs"] == count_macs(
        DSGA(64, 2, BlockOptions()), torch.rand(1, 64, 128, 128)
    )
    for width in (64, 128, 256):
        for name in ("parameters", "macs", "kept"):
            assert 1.5 < costs[f"mdta_gdfn{width}"][name] / costs[f"dsga{width}"][name] < 2.5
    assert [len(row["times DSGA's"].split(", ")) for row in found["blocks"]] == [3] * 6


def test_probes_of_trained_networks_fill_the_figures() -> None:
    torch.manual_seed(0)
    blurred = torch.rand(1, 3, 70, 64)  # six rows more than whole blocks
    networks = {
        "dsgformer": DSGformer(dim=4, blocks=1).eval(),
        "dsgformer_sg_softmax": DSGformer(
            dim=4, blocks=1, gate="simple_gate", score="softmax"
        ).eval(),
        "dsgformer_mdta_gdfn": DSGformer(dim=4, blocks=1, block="mdta_gdfn").eval(),
        "restormer": Restormer(dim=8, blocks=(1, 1, 1, 1), refinement=1).eval(),  # no selection
    }
    found = trained(networks, {"realblur_j/a": blurred})
    assert set(found["costs"]) == {"dsgformer", "dsgformer_sg_softmax"}
    assert found["costs"]["dsgformer_sg_softmax"]["attention_zeros"] == 0
    assert 0 < found["costs"]["dsgformer"]["attention_zeros"] < 1
    still = found["modules"]["DFGB"]
    assert set(still) == {"dsgformer"}
    assert (still["dsgformer"]["value"], still["dsgformer"]["moved"]) == (1.0, 0.0)
    dropped = found["modules"]["top-k"]["dsgformer"]["moved"]
    assert 0 <= dropped < 1
    changed = DSGformer(dim=4, blocks=1, topk_ratios=(1.0,)).eval()
    for gate in changed.modules():
        if isinstance(gate, DFGB):
            torch.nn.init.constant_(gate.matrix, 1.2)
    moved = trained({"dsgformer_no_topk": changed}, {"realblur_j/a": blurred})["modules"]
    assert moved["DFGB"]["dsgformer_no_topk"]["moved"] == pytest.approx(0.2, abs=1e-3)
    assert moved["top-k"] == {}  # a branch that keeps everything is no selection
    layers = [f"encoder {n}" for n in (1, 2, 3, 4)] + [f"decoder {n}" for n in (4, 3, 2, 1)]
    assert [row["layer"] for row in found["selection"]] == layers
    assert [one["title"] for one in found["matrices"]["panels"]] == layers
    panels = found["scores"]["panels"]
    assert [one["title"] for one in panels[:4]] == layers[:4]
    assert all(min(map(min, one["map"])) >= 0 for one in panels[4:])

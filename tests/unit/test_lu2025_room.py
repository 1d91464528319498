"""The room of lu2025: rows, columns, departures, plan, and what its structure is read from."""

from collections import Counter
from itertools import product

import pytest
import torch

from deblur_lib import papers
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.evaluation.cost import count_macs
from deblur_lib.networks.restormer import Restormer
from deblur_lib.papers.lu2025.counting import training_gib
from deblur_lib.papers.lu2025.gates import DFGB
from deblur_lib.papers.lu2025.network import DSGformer
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
    assert METHODS["dsgformer_no_topk"].options == full.options | {"topk_ratios": [1.0]}
    assert METHODS["dsgformer_single_k"].options == full.options | {"topk_ratios": [0.5]}
    second = set(PAPER.tables[1].methods) - {"dsgformer", "identity"}
    assert second == {*grid, "dsgformer_no_topk", "dsgformer_single_k"}
    assert all(METHODS[one].train_on == "realblur_j" for one in second)
    assert METHODS["dsgformer"].train_on == ""
    assert not any(METHODS[one].train for one in (*second, "dsgformer"))


def test_plans_train_each_table_on_its_own_data() -> None:
    sizes = {}
    for name in PROFILES:
        plan = make_plan(Request("lu2025", name))
        sizes[name] = len(plan.runs)
        for run in plan.runs:
            on_gopro = run.method.apart or run.method.id in PAPER.tables[0].methods
            wanted = "gopro_test" if on_gopro else "realblur_j"
            assert run.train_on == plan.profile.test_on[wanted]
            assert columns.meant_for(PAPER, run.method.id, name) == run.train_on
    assert sizes == {"smoke": 12, "demo": 20, "study": 76, "gpu": 51, "paper": 51}


def test_profiles_keep_the_recipe_and_crop_whole_blocks() -> None:
    for profile in PAPER.profiles:
        recipe = override(PAPER.recipe, profile.train)
        assert (recipe.loss, recipe.optimiser, recipe.schedule) == ({"l1": 1.0}, "adamw", "cosine")
        assert recipe.crop % 64 == 0
        assert recipe.warmup < recipe.steps
        assert set(profile.test_on) == {"gopro_test", "realblur_j"}
    per_epoch = -(-2103 // 8)
    assert (PAPER.recipe.steps, PAPER.recipe.warmup) == (3000 * per_epoch, 10 * per_epoch)


def test_the_print_contradicts_one_claim() -> None:
    judged = {one.claim.id[-3:]: one.printed.verdict for one in verdicts.judge(None, PAPER)}
    assert {name for name, verdict in judged.items() if verdict == "contradicted"} == {"C15"}
    supported = {name for name, verdict in judged.items() if verdict == "supported"}
    assert supported == {"C01", "C02", "C03", "C06", "C09", "C10", "C11", "C17"}


def test_every_open_point_has_a_departure() -> None:
    ids = [one.id for one in PAPER.departures]
    assert ids[:30] == [f"D{n:02d}" for n in range(1, 31)]
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
    assert 20 < found["costs"]["dsgformer"]["batch8_gib"] < 30
    with torch.device("meta"):
        network = DSGformer(dim=4, blocks=1)
    one, two = (training_gib(network, batch=batch, side=64) for batch in (1, 2))
    weights = 4 * 4 * sum(p.numel() for p in network.parameters()) / 2**30
    assert two - weights == pytest.approx(2 * (one - weights), rel=1e-2)


def test_probes_of_trained_networks_fill_the_figures() -> None:
    torch.manual_seed(0)
    blurred = torch.rand(1, 3, 70, 64)  # six rows more than whole blocks
    networks = {
        "dsgformer": DSGformer(dim=4, blocks=1).eval(),
        "dsgformer_sg_softmax": DSGformer(
            dim=4, blocks=1, gate="simple_gate", score="softmax"
        ).eval(),
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

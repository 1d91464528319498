"""Costs: published size for comparisons, as run beside them, each network looked at once."""

from pathlib import Path

import pytest
import torch

from deblur_lib import papers
from deblur_lib.records import read_json, write_text
from deblur_lib.report import columns
from deblur_lib.report.results import Results
from deblur_lib.runs import collecting, costing, store
from deblur_lib.runs.plan import Request, make_plan, published_options


@pytest.fixture(autouse=True)
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    return tmp_path


def stored(folder: Path, request: Request) -> Results:
    plan = make_plan(request)
    while jobs := costing.missing(plan):
        for job in jobs:
            costing.tell(*job)
    write_text(folder / "costs.csv", collecting._costs(plan, plan.runs))
    return Results.load(folder, partial=True)


def test_costs_are_those_of_the_published_network_and_of_the_one_that_ran(tmp_path: Path) -> None:
    found = stored(tmp_path, Request("sang2018", "demo", methods=("sang2018_kernel3",)))
    assert found.cost("sang2018_kernel3", "parameters") == 1_406_787
    macs = found.cost("sang2018_kernel3", "macs")
    assert macs == pytest.approx(92.03e9, rel=1e-3)
    here = found.cost("sang2018_kernel3", "parameters_here")
    assert here is not None
    assert here < 50_000
    assert found.cost("sang2018_kernel3", "macs_here") < macs / 50  # type: ignore[operator]
    units = set(found.costs["unit"])
    assert "count, published size" in units
    assert "count, as run" in units
    assert any("Fourier transforms counted" in one for one in units)


def test_parts_and_controls_are_counted_and_only_compared_networks_timed(tmp_path: Path) -> None:
    found = stored(tmp_path, Request("sang2018", "demo", methods=("sang2018_kernel3",)))
    assert found.cost("sang2018_kernel3", "seconds") is None
    compared = {one.id for one in columns.compared(papers.load("lu2025"))}
    assert compared >= {"mprnet", "dsgformer"}
    assert "dsgformer_no_topk" not in compared


def test_a_table_of_costs_alone_times_its_controls_too() -> None:
    timed = costing._costs_alone(papers.load("lu2025"))
    assert {"dsgformer", "dsgformer_mdta_gdfn"} <= timed
    assert "mprnet" not in timed
    assert not costing._costs_alone(papers.load("zhao2020"))  # its times stand beside scores


def test_smoke_measures_its_own_networks_and_says_so(tmp_path: Path) -> None:
    found = stored(tmp_path, Request("sang2018", "smoke", methods=("sang2018",)))
    assert found.cost("sang2018", "parameters") == found.cost("sang2018", "parameters_here")
    assert found.cost("sang2018", "seconds") is not None
    assert all(one.endswith("as run") for one in found.costs["unit"])


def test_times_are_taken_in_rounds_once_for_all_rooms_and_spread_over_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes: list[str] = []

    def cost(network: torch.nn.Module, **_: object) -> dict[str, object]:
        passes.append(type(network).__name__)
        took = float(len(passes))
        return {
            "macs": 2, "macs_counter": costing.COUNTER, "device": "cpu",
            "seconds": took, "seconds_low": took - 0.1, "seconds_high": took + 0.1,
        }  # fmt: skip

    monkeypatch.setattr(costing, "cost", cost)
    methods = ("convir", "dsgformer")
    plan = make_plan(Request("lu2025", "study", seeds=(0,), methods=methods))
    seen = []
    while jobs := costing.missing(plan):
        seen.append(sum(where is not None for *_, where in jobs))
        for job in jobs:
            costing.tell(*job)
    assert seen == [2] * costing.MOST_ROUNDS
    assert passes == ["ConvIR", "DSGformer"] * costing.MOST_ROUNDS
    row = plan.runs[1].method
    told = read_json(store.costs_file("dsgformer", published_options(plan.paper, row)))
    assert told["rounds"] == [2.0, 4.0, 6.0]
    assert (told["seconds_low"], told["seconds"], told["seconds_high"]) == (1.9, 4.0, 6.1)
    smaller = make_plan(Request("lu2025", "demo", seeds=(0,), methods=methods))
    assert all(where is None for *_, where in costing.missing(smaller))


def test_another_counter_counts_again() -> None:
    small = {"features": 4, "blocks": 1}
    path = store.costs_file("deepdeblur", small)
    store_macs = costing.counted("deepdeblur", small)["macs"]
    path.write_text('{"macs": 1, "macs_counter": "of old"}')
    assert costing.counted("deepdeblur", small)["macs"] == store_macs
    assert read_json(path)["macs_counter"] == costing.COUNTER


def test_published_options_are_those_of_the_paper_profile() -> None:
    room = papers.load("wan2023")
    row = next(one for one in room.methods if one.id == "wan2023_dffm")
    full = {"base_channels": 32, "blocks_per_stage": 8, "block": "residual", "skip": "dffm"}
    assert published_options(room, row) == full


def test_a_row_that_was_not_run_has_the_counts_of_the_probes(tmp_path: Path) -> None:
    plan = make_plan(Request("sang2018", "demo"))
    collecting.structure_probes(plan, tmp_path)
    found = Results.load(tmp_path, partial=True)
    assert found.cost("sang2018", "parameters") == 3_903_299
    assert found.cost("generator_printed", "parameters") == 3_903_299

"""The true motion of generated pairs, the control that is told it, and the figure that shows it."""

import pickle
from pathlib import Path
from typing import Any

import fake_results
import numpy as np
import pytest
import torch
from test_runner import Pairs

from deblur_lib import catalogue, papers
from deblur_lib.data.generated import truth
from deblur_lib.data.generated.benchmark import GeneratedPairs, build_benchmark, make_pair
from deblur_lib.data.generated.settings import Settings
from deblur_lib.data.generated.synthesis import Cutout, Motion
from deblur_lib.data.pairs import true_motion
from deblur_lib.errors import EvaluationError, MissingRowsError, UsageError
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.kernels.line import line_blur
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import write_json
from deblur_lib.report import figures
from deblur_lib.report.figures import choosing
from deblur_lib.report.figures import motion as drawing
from deblur_lib.report.results import Results
from deblur_lib.runs.checking import can_score
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import sampled
from deblur_lib.weights.fingerprint import fingerprint_of

EASY = {"size": 64, "test": 2, "blur": 0.5}
TOLD = ("synth-gopro-linear", "synth-lai-uniform", "synth-lai-nonuniform")


def pairs(data_id: str, cache: Path) -> GeneratedPairs:
    return build_benchmark(data_id, "test", EASY, cache=cache, progress=False)


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other)[..., 8:-8, 8:-8].square().mean())


@pytest.mark.parametrize("data_id", TOLD)
def test_the_true_motion_blurs_the_sharp_picture_into_the_blurred_one(
    data_id: str, tmp_path: Path
) -> None:
    source = pickle.loads(pickle.dumps(pairs(data_id, tmp_path)))
    for index in range(len(source)):
        pair, motion = source.pair(index), true_motion(source, index)
        assert motion is not None
        again = line_blur(motion).apply(pair.sharp)
        assert apart(again, pair.blurred) < apart(pair.sharp, pair.blurred) / 2


def test_real_pictures_and_clips_tell_no_motion(tmp_path: Path) -> None:
    assert true_motion(Pairs(), 0) is None
    assert true_motion(pairs("synth-clip", tmp_path), 0) is None


def test_a_straight_path_is_its_own_line_and_an_object_has_its_own() -> None:
    camera, own = Motion(12.0, 0.0), Motion(16.0, np.pi / 2)
    mask = np.ones((20, 20), np.float32)
    still = Motion(0.0, 0.0)
    cut = Cutout(np.zeros((20, 20, 3), np.float32), mask, 30.0, 30.0, own)
    field = truth.moving(64, camera)
    torch.testing.assert_close(field[1], torch.zeros(64, 64), rtol=0, atol=1e-4)
    assert field[0].mean() == pytest.approx(12 * 1.118, abs=0.1)  # nine instants, ends included
    both = truth.moving(64, still, [cut])
    assert both[:, 40, 40].abs()[1] > 16
    assert both[:, 10, 10].norm() == 0
    edge = Cutout(np.zeros((20, 20, 3), np.float32), mask, -10.0, 55.0, own)
    seen = truth.moving(64, still, [edge]).norm(dim=0) > 0
    assert seen.nonzero().amin(0).tolist() == [0, 55]
    assert seen.sum() == 10 * 9


def test_long_paths_and_full_strength_do_not_follow_the_budget() -> None:
    short = Settings(size=64, blur=0.25, spread=0.4)
    lengths = [make_pair("synth-gopro-far", "train", n, short).record["length"] for n in range(4)]
    assert 26 <= min(lengths) <= max(lengths) <= 44
    weak = make_pair("synth-lai-nonuniform", "test", 0, short).record["length"]
    for anchor in ("", "-first"):
        full = make_pair(f"synth-lai-nonuniform{anchor}-full", "test", 0, short)
        assert full.record["length"] > 2 * weak


def small() -> EstimatingDeblurrer:
    network = catalogue.build(
        "true_blur", components=4, patches=400, rounds=3, betas=[50.0, 200.0, 800.0]
    )
    assert isinstance(network, EstimatingDeblurrer)
    return network


def test_the_control_restores_generated_pictures_and_no_others(tmp_path: Path) -> None:
    network, source = small(), pairs("synth-lai-nonuniform", tmp_path)
    network.prepare(torch.stack([source.pair(n).sharp for n in range(2)]), seed=0)
    told = evaluate(network, source, progress=False)
    blurred = evaluate(None, source, progress=False)
    gains = [
        a.scores["psnr-rgb"] - b.scores["psnr-rgb"] for a, b in zip(told, blurred, strict=True)
    ]
    assert np.mean(gains) > 0.5
    assert fingerprint_of(network) == []
    with pytest.raises(EvaluationError, match="needs the true motion, which only generated"):
        evaluate(network, Pairs(), progress=False)
    with pytest.raises(UsageError, match="take a network that estimates it"):
        network(torch.rand(1, 3, 16, 16))


def test_the_control_is_left_out_where_nobody_knows_the_motion(tmp_path: Path) -> None:
    runs = {one.method.id: one for one in make_plan(Request("sang2018", "smoke")).runs}
    real, made = Pairs(), pairs("synth-gopro-linear", tmp_path)
    can = [can_score(runs[name], one) for name in ("true_blur", "sang2018") for one in (real, made)]
    assert can == [False, True, True, True]


def test_a_field_is_stored_at_the_middles_of_equal_cells_of_the_window() -> None:
    motion = torch.stack(torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="xy"))
    found = sampled(motion, (slice(0, 24), slice(12, 48)))
    assert found["side"] == [24, 36]
    assert np.shape(found["motion"]) == (2, 12, 12)
    assert found["motion"][0][0][:3] == [13.0, 16.0, 19.0]
    assert [row[0] for row in found["motion"][1]][:3] == [1.0, 3.0, 5.0]


def field(right: float, down: float) -> dict[str, Any]:
    return {"side": [32, 32], "motion": [[[right] * 4] * 4, [[down] * 4] * 4]}


def test_the_figure_shows_the_true_motion_and_how_far_off_others_are(tmp_path: Path) -> None:
    paper = papers.load("sang2018")
    declared = figures.declared(paper, "F2-motion")
    results = Results.load(
        fake_results.write_results(tmp_path, paper="sang2018", gains={"gong2017": 1.0})
    )
    with pytest.raises(MissingRowsError, match="no motion in gopro_test is stored"):
        figures.draw(results, paper, declared)
    names = choosing.chosen(results, "gopro_test")
    for name in names.values():
        place = tmp_path / "pictures" / "gopro_test" / name
        write_json(place / "motion.json", field(5.0, 1.0))
        write_json(place / "gong2017.json", field(-5.0, 2.0))
    shown = figures.draw(results, paper, declared)
    assert "median blur, Gong et al. 2017: 3.0 px" in str(shown.get_label())
    assert len(shown.axes) == 2 * len(names)
    assert drawing.error(field(3.0, 4.0), field(0.0, 0.0)) == 5.0

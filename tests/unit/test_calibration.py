import json
from collections.abc import Iterator
from pathlib import Path

import fake_results
import numpy as np
import pytest

from deblur_lib import papers, seals
from deblur_lib.errors import MissingRowsError
from deblur_lib.report import calibration, judged
from deblur_lib.report.calibration import bounds, clear_before, drawn_sides
from deblur_lib.report.rules import INSEPARABLE
from deblur_lib.report.scores import NO_SEED, scores
from deblur_lib.report.weighing import on_rows
from deblur_lib.runs import publishing
from deblur_lib.spec import Check

PHOTOGRAPHS = tuple(f"s{number // 4}" for number in range(40))
SEEDS = 12
Array = np.ndarray


def simulated(number: int) -> Iterator[Array]:
    """Scores of one row by seed and picture, with the deviations that a small budget has."""
    for key in range(number):
        state = np.random.RandomState(key)
        pictures = 2 * state.standard_normal((1, 40))
        seeds = 0.09 * state.standard_normal((SEEDS, 1))
        photographs = 0.15 * state.standard_normal((SEEDS, 10)).repeat(4, axis=1)
        yield pictures + seeds + photographs + 0.1 * state.standard_normal((SEEDS, 40))


@pytest.mark.parametrize("size", [3, 5])
def test_the_rule_errs_in_at_most_a_twentieth_and_the_old_one_in_more(size: int) -> None:
    false, before = [], []
    for number, values in enumerate(simulated(12)):
        sides = drawn_sides(SEEDS, size, key=str(number), number=300)
        low, high = bounds(values, PHOTOGRAPHS, sides, key="a")
        false.append(((low > 0) | (high < 0)).mean())
        before.append(clear_before(values, sides).mean())
    assert np.mean(false) <= 0.05
    assert np.mean(before) > (0.15 if size == 3 else np.mean(false))


def test_sides_share_no_seed_where_there_are_enough() -> None:
    sides = drawn_sides(12, 5, key="a", number=50)
    assert sides.shape == (50, 2, 5)
    assert all(len(set(one.ravel())) == 10 for one in sides)
    assert not np.array_equal(sides, drawn_sides(12, 5, key="b", number=50))


def test_a_draw_is_judged_as_a_check_would_be(tmp_path: Path) -> None:
    """The same two sides as two methods of a results folder: the ends are those of the verdict."""
    gains = {"wan2023": 1.0, "wan2023_dffm": 1.0}
    results = fake_results.made(tmp_path, "study", seeds=range(6), gains=gains, by_seed=0.2)
    rows = results.rows
    one = scores(results, "wan2023", "gopro_test", "psnr-rgb")
    assert one is not None
    sides = np.array([[[0, 1, 2], [3, 4, 5]]])
    low, high = bounds(one.values, one.scenes, sides, key="gopro_test")
    mine = rows[rows["method"] == "wan2023"]
    other = mine[mine["seed"] >= 3].assign(method="wan2023_dffm")
    other["seed"] -= 3
    other["run"] = other["run"].map(lambda run: f"wan2023_dffm{run.removeprefix('wan2023')}")
    other["run"] = other["run"].str.replace("s3", "s0").str.replace("s4", "s1")
    other["run"] = other["run"].str.replace("s5", "s2")
    kept = rows[rows["seed"] == NO_SEED], mine[mine["seed"] < 3], other
    judged = fake_results.with_rows(results, *kept)
    expr = "T2.gopro_test.psnr_db.wan2023 - T2.gopro_test.psnr_db.wan2023_dffm"
    found = on_rows(Check(expr, "gt"), judged, papers.load("wan2023"))
    assert found.verdict == INSEPARABLE
    told = found.reason.replace("−", "-")
    ends = [float(text) for text in told.split("]")[1].split("[")[1].split(",")]
    assert ends == pytest.approx([low[0], high[0]], abs=6e-3)  # it is told with two decimals


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "DRAWS", 400)


def study(root: Path, *, by_seed: float = 0.09, seeds: int = SEEDS) -> Path:
    fake_results.write_results(
        root / "wan2023", seeds=range(seeds), gains={"wan2023_baseline": 1.0}, by_seed=by_seed,
        pictures=False,
    )  # fmt: skip
    return root


@pytest.mark.usefixtures("few_draws")
def test_derived_files_hold_rates_power_and_a_picture(tmp_path: Path) -> None:
    root = study(tmp_path / "judge")
    names = [path.name for path in judged.write(root)]
    assert names == ["calibration.json", "calibration.md", "power.png"]
    stored = json.loads((root / "derived" / "calibration.json").read_text())
    assert [one["size"] for one in stored["pooled"]] == [3, 5, 10]
    assert stored["pooled"][0]["false"] < 0.06
    rates = [one for one in stored["rates"] if one["convention"] == "psnr-rgb"]
    assert [one["false"] is None for one in rates[:3]] == [False, False, True]
    for one in rates:
        assert list(one["power"]) == sorted(one["power"])
        seen = np.interp(one["smallest"], stored["shifts"], one["power"])
        assert seen == pytest.approx(stored["seen"], abs=0.1)
    smallest = {one["size"]: one["smallest"] for one in rates[:3]}
    assert smallest[3] > smallest[5] > smallest[10]
    told = (root / "derived" / "calibration.md").read_text()
    assert "wan2023\\_baseline, 12 seeds of 600 steps at demo, as that budget was" in told
    assert "10 seeds a side in" not in told


@pytest.mark.usefixtures("few_draws")
def test_a_changed_file_is_found_by_verify(tmp_path: Path) -> None:
    root = study(tmp_path / "judge")
    judged.write(root)
    rows = root / "wan2023" / "rows.csv"
    stored = len(list(rows.parent.iterdir()))
    assert publishing.verify_all(tmp_path) == ([rows.with_name("digests.json")], 3 + stored)
    seals.seal(rows.parent)
    assert publishing.verify_all(tmp_path) == ([], 3 + stored)
    path = tmp_path / "judge" / "derived" / "calibration.md"
    path.write_text(path.read_text().replace("1", "2"))
    assert publishing.verify_all(tmp_path) == ([path], 3 + stored)
    rows.write_text(rows.read_text().replace("1", "2", 1))
    assert publishing.verify_all(tmp_path) == ([rows], 3 + stored)  # nothing is derived of it


def test_sharing_seeds_is_measured(tmp_path: Path) -> None:
    gains = {"wan2023": 1.0, "wan2023_dffm": 1.1}
    results = fake_results.made(tmp_path, seeds=range(SEEDS), gains=gains, by_seed=0.1)
    found = calibration.shared_seeds(results)
    one = next(one for one in found if one.convention == "psnr-rgb")
    assert (one.first, one.second, one.seeds) == ("wan2023", "wan2023_dffm", SEEDS)
    assert abs(one.correlation) < 0.7
    spread = one.unpaired**2 - one.paired**2
    assert np.sign(spread) == np.sign(one.correlation)


def test_too_few_seeds_are_no_study(tmp_path: Path) -> None:
    with pytest.raises(MissingRowsError, match="6 seeds or more"):
        judged.write(study(tmp_path / "judge", seeds=5))
    assert publishing.verify_all(tmp_path / "nothing") == ([], 0)

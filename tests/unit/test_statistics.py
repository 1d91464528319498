import math

import numpy as np
import pytest

from deblur_lib.report.statistics import (
    bootstrap,
    draws,
    finite_mean,
    random_state,
    resampled_means,
    seed_spread,
)

SCENES = [f"s{i // 4}" for i in range(24)]


def test_draws_take_whole_scenes_and_depend_on_the_key_alone() -> None:
    counts, unit = draws(SCENES, key="gopro_test", resamples=50)
    assert unit == "scene"
    assert counts.shape == (50, 24)
    assert (counts.sum(axis=1) == 24).all()
    assert (counts.reshape(50, 6, 4) == counts.reshape(50, 6, 4)[:, :, :1]).all()
    again, _ = draws(SCENES, key="gopro_test", resamples=50)
    other, _ = draws(SCENES, key="realblur_j", resamples=50)
    assert np.array_equal(counts, again)
    assert not np.array_equal(counts, other)


def test_the_generator_is_frozen() -> None:
    assert random_state("a").randint(0, 1000, 4).tolist() == [490, 364, 122, 14]


def test_global_randomness_is_left_alone() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr]
    draws(SCENES, key="x")
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[arg-type]


def test_one_scene_is_resampled_by_pictures() -> None:
    values = np.linspace(0.0, 1.0, 10)
    found = bootstrap(values, ["only"] * 10, key="k")
    assert (found.unit, found.units) == ("picture", 10)
    assert 0.2 < found.low < 0.5 < found.high < 0.8


def test_interval_agrees_with_the_normal_one() -> None:
    values = random_state("normal").standard_normal(400) + 1.0
    found = bootstrap(values, [str(i) for i in range(400)], key="k")
    half = 1.96 * values.std() / math.sqrt(400)
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_scenes_that_agree_within_themselves_widen_the_interval() -> None:
    values = np.repeat(random_state("scenes").standard_normal(6), 4)
    by_scene = bootstrap(values, SCENES, key="k")
    by_picture = bootstrap(values, [str(i) for i in range(24)], key="k")
    assert by_scene.high - by_scene.low > 1.5 * (by_picture.high - by_picture.low)


def test_one_picture_has_no_interval() -> None:
    found = bootstrap(np.array([1.0]), ["a"], key="k")
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_no_picture_has_no_mean() -> None:
    counts, _ = draws([], key="k", resamples=3)
    assert np.isnan(resampled_means(np.empty(0), counts)).all()


def test_infinite_pictures_are_left_out_and_counted() -> None:
    assert finite_mean(np.array([1.0, 3.0, math.inf])) == (2.0, 1)
    assert finite_mean(np.array([[1.0, 3.0, 5.0], [1.0, math.inf, 7.0]])) == (3.5, 1)
    mean, left_out = finite_mean(np.array([math.inf]))
    assert math.isnan(mean)
    assert left_out == 1


def test_spread_is_the_sample_deviation_of_seed_means() -> None:
    assert seed_spread([1.0, 2.0, 3.0]) == 1.0
    assert math.isnan(seed_spread([1.0]))

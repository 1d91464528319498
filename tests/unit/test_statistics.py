import math

import numpy as np
import pytest

from deblur_lib.report.statistics import (
    Share,
    bootstrap,
    draws,
    finite_mean,
    random_state,
    resampled_means,
    seed_spread,
    trainings,
    welch,
)

SCENES = [f"s{i // 4}" for i in range(24)]


def test_draws_take_photographs_then_crops_and_depend_on_the_key_alone() -> None:
    counts = draws(SCENES, key="gopro_test", resamples=50)
    assert counts.shape == (50, 24)
    assert (counts.sum(axis=1) == 24).all()
    by_photograph = counts.reshape(50, 6, 4).sum(axis=2)
    assert (by_photograph % 4 == 0).all()  # a photograph comes with as many crops as it has
    assert (by_photograph == 0).any()
    assert (counts.reshape(50, 6, 4).std(axis=2) > 0).any()  # but not with each crop once
    again = draws(SCENES, key="gopro_test", resamples=50)
    other = draws(SCENES, key="realblur_j", resamples=50)
    assert np.array_equal(counts, again)
    assert not np.array_equal(counts, other)


def test_the_generator_is_frozen() -> None:
    assert random_state("a").randint(0, 1000, 4).tolist() == [490, 364, 122, 14]


def test_global_randomness_is_left_alone() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr]
    draws(SCENES, key="x")
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[arg-type]


def test_photographs_with_more_crops_weigh_more() -> None:
    names = ["a"] * 3 + ["b"]
    counts = draws(names, key="k", resamples=4000)
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    assert shares[:3] == pytest.approx([shares[:3].mean()] * 3, abs=0.02)
    assert set(counts.sum(axis=1)) == {2.0, 4.0, 6.0}


def test_one_photograph_has_no_interval() -> None:
    found = bootstrap(np.linspace(0.0, 1.0, 10), ["only"] * 10, key="k")
    assert found.units == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_interval_agrees_with_the_normal_one() -> None:
    values = random_state("normal").standard_normal(400) + 1.0
    found = bootstrap(values, [str(i) for i in range(400)], key="k")
    half = 1.96 * values.std() / math.sqrt(400)
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_photographs_whose_crops_agree_widen_the_interval() -> None:
    values = np.repeat(random_state("scenes").standard_normal(6), 4)
    by_scene = bootstrap(values, SCENES, key="k")
    by_picture = bootstrap(values, [str(i) for i in range(24)], key="k")
    assert by_scene.high - by_scene.low > 1.5 * (by_picture.high - by_picture.low)


def test_no_picture_has_no_mean() -> None:
    counts = draws([], key="k", resamples=3)
    assert np.isnan(resampled_means(np.empty(0), counts)).all()


def test_infinite_pictures_are_left_out_and_counted() -> None:
    assert finite_mean(np.array([1.0, 3.0, math.inf])) == 2.0
    assert finite_mean(np.array([[1.0, 3.0, 5.0], [1.0, math.inf, 7.0]])) == 3.5
    assert math.isnan(finite_mean(np.array([math.inf])))


def test_spread_is_the_sample_deviation_of_seed_means() -> None:
    assert seed_spread([1.0, 2.0, 3.0]) == 1.0
    assert math.isnan(seed_spread([1.0]))


def test_trainings_give_a_student_interval() -> None:
    # four seeds each with variance 0.04: se^2 = 0.02, Welch's degrees of freedom 6, t = 2.4469
    found = trainings(1.0, [Share(0.01, 3), Share(0.01, 3)], seeds=4)
    assert found.half == pytest.approx(2.446912 * math.sqrt(0.02), rel=1e-5)
    assert found.low + found.high == pytest.approx(2.0)
    # of one row alone, five seeds: t = 2.7764
    assert trainings(0.0, [Share(0.04, 4)], seeds=5).high == pytest.approx(0.555289, rel=1e-5)


def test_nothing_trained_leaves_nothing_to_chance() -> None:
    assert trainings(0.5, [], seeds=0)[:2] == (0.5, 0.5)
    assert trainings(0.5, [Share(0.0, 2)], seeds=3)[:2] == (0.5, 0.5)


def test_a_deviation_without_freedom_gives_no_interval() -> None:
    assert math.isnan(trainings(0.5, [Share(float("nan"), 0)], seeds=1).half)


def test_freedom_lies_between_the_smallest_part_and_the_sum() -> None:
    parts = np.array([[0.01, 1.0, 1e-9], [0.01, 1e-9, 1.0]])
    found = welch(parts, np.full((2, 3), 4.0))
    assert found == pytest.approx([8.0, 4.0, 4.0], rel=1e-6)

"""Augmentations keep a pair a pair."""

import colorsys

import numpy as np
import pytest
from data_pictures import blurred_picture, sharp_picture

from deblur_lib.data.augment import AUGMENTATIONS, chosen
from deblur_lib.errors import UsageError

SHARP = sharp_picture(0, 32, 32)
BLURRED = blurred_picture(SHARP)


def outcomes(name: str, first: np.ndarray, second: np.ndarray) -> list[tuple]:
    return [AUGMENTATIONS[name](first, second, np.random.default_rng(seed)) for seed in range(40)]


@pytest.mark.parametrize("name", ["hflip", "vflip", "rot90", "shuffle_rgb", "saturation"])
def test_both_pictures_change_alike(name: str) -> None:
    for blurred, sharp in outcomes(name, SHARP, SHARP):
        np.testing.assert_array_equal(blurred, sharp)
        assert sharp.shape == SHARP.shape
        assert sharp.dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "count"), [("hflip", 2), ("vflip", 2), ("rot90", 4), ("shuffle_rgb", 6)]
)
def test_every_outcome_occurs_and_rearranges_only(name: str, count: int) -> None:
    seen = {sharp.tobytes() for _, sharp in outcomes(name, BLURRED, SHARP)}
    assert len(seen) == count
    assert all(sorted(one) == sorted(SHARP.tobytes()) for one in seen)


def test_flips_turn_the_right_way() -> None:
    assert any(
        np.array_equal(sharp, SHARP[:, ::-1]) for _, sharp in outcomes("hflip", BLURRED, SHARP)
    )
    assert any(np.array_equal(sharp, SHARP[::-1]) for _, sharp in outcomes("vflip", BLURRED, SHARP))


def test_saturation_agrees_with_hsv() -> None:
    rng = np.random.default_rng(5)
    factor = np.random.default_rng(5).uniform(0.5, 1.5)
    _, sharp = AUGMENTATIONS["saturation"](BLURRED, SHARP, rng)
    for row, column in [(0, 0), (7, 20), (31, 31), (15, 3)]:
        h, s, v = colorsys.rgb_to_hsv(*(SHARP[row, column] / 255))
        wanted = np.array(colorsys.hsv_to_rgb(h, min(1, s * factor), v)) * 255
        np.testing.assert_allclose(sharp[row, column], wanted, atol=0.51)


def test_saturation_leaves_gray_and_black_alone() -> None:
    for value in (0, 90, 255):
        gray = np.full((4, 4, 3), value, np.uint8)
        for blurred, sharp in outcomes("saturation", gray, gray):
            np.testing.assert_array_equal(blurred, gray)
            np.testing.assert_array_equal(sharp, gray)


def test_noise_hits_the_blurred_picture_only() -> None:
    gray = np.full((32, 32, 3), 128, np.uint8)
    spreads = []
    for blurred, sharp in outcomes("noise", gray, gray):
        np.testing.assert_array_equal(sharp, gray)
        spreads.append((blurred.astype(float) - 128).std())
    assert 1.0 < np.mean(spreads) < 2.3  # mean of |N(0, 2)| is 1.6
    assert max(spreads) < 8


def test_unknown_augmentation_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'hflip'"):
        chosen(("hflp",))

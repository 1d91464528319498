"""Augmentations keep a pair a pair."""

import colorsys

import numpy as np
import pytest
from data_pictures import blurred_picture, sharp_picture

from deblur_lib.data.augment import AUGMENTATIONS, chosen, rotate, side_to_draw, turned
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


def ramp(side: int) -> np.ndarray:
    """Red rises with the columns, green with the rows, blue with both."""
    rows, columns = np.mgrid[:side, :side]
    return np.stack([40 + 3 * columns, 250 - 2 * rows, rows + columns], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("size", [15, 16, 40])
def test_quarter_turns_agree_with_rot90_to_the_grey_level(size: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (side_to_draw(("rotate",), size),) * 2 + (3,))
    picture = noise.astype(np.uint8)
    margin = (len(picture) - size) // 2
    middle = picture[margin:-margin, margin:-margin]
    for turns in range(-1, 5):
        np.testing.assert_array_equal(turned(picture, 90 * turns), np.rot90(middle, turns))


@pytest.mark.parametrize("degrees", [1.0, 30.0, 45.0, 135.0, 200.0, 359.5])
def test_a_turned_ramp_is_the_ramp_of_turned_coordinates(degrees: float) -> None:
    size = 32
    picture = ramp(side_to_draw(("rotate",), size))
    got = turned(picture, degrees)
    assert got.shape == (size, size, 3)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    angle = np.radians(degrees)
    rows = y * np.cos(angle) + x * np.sin(angle) + (len(picture) - 1) / 2
    columns = x * np.cos(angle) - y * np.sin(angle) + (len(picture) - 1) / 2
    wanted = np.stack([40 + 3 * columns, 250 - 2 * rows, rows + columns], axis=-1)
    np.testing.assert_allclose(got, wanted, atol=0.501)


def test_rings_stay_where_they_are_at_any_angle() -> None:
    side = side_to_draw(("rotate",), 48)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    rings = np.repeat((128 + 100 * np.cos(np.hypot(x, y) / 5))[..., None], 3, axis=2)
    picture = rings.round().astype(np.uint8)
    upright = turned(picture, 0).astype(int)
    for degrees in np.random.default_rng(1).uniform(0, 360, 12):
        assert np.abs(turned(picture, degrees) - upright).max() <= 3


def test_no_turn_reaches_beyond_what_was_drawn() -> None:
    for size in (2, 3, 16, 33, 128):
        white = np.full((side_to_draw(("rotate",), size),) * 2 + (3,), 255, np.uint8)
        for degrees in range(0, 360, 5):
            got = turned(white, degrees)
            assert got.shape == (size, size, 3)
            assert got.min() == 255
    sides = {size: side_to_draw(("rotate",), size) for size in range(1, 400)}
    for size, side in sides.items():
        assert (size - 1) * 2**0.5 <= side - 1 < (size - 1) * 2**0.5 + 2
    assert (sides[64], sides[128], sides[256]) == (92, 182, 362)


def test_rotation_turns_blurred_sharp_and_all_frames_alike() -> None:
    sharp = ramp(side_to_draw(("rotate",), 16))
    clip = np.stack([sharp, sharp[::-1], sharp])
    frames, single = rotate(clip, sharp, np.random.default_rng(2))
    assert (frames.shape, single.shape) == ((3, 16, 16, 3), (16, 16, 3))
    degrees = np.random.default_rng(2).uniform(0, 360)
    np.testing.assert_array_equal(single, turned(sharp, degrees))
    np.testing.assert_array_equal(frames[0], single)
    np.testing.assert_array_equal(frames[1], turned(sharp[::-1], degrees))
    angles = {rotate(sharp, sharp, np.random.default_rng(k))[1].tobytes() for k in range(20)}
    assert len(angles) == 20


def test_two_rotations_draw_for_both() -> None:
    names = ("rotate", "hflip", "rotate")
    assert side_to_draw(names, 32) == side_to_draw(("rotate",), side_to_draw(("rotate",), 32))
    assert side_to_draw(("rot90", "noise"), 32) == 32


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

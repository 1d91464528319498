"""Aligned scores agree with stored values, undo what they should, and say when they cannot."""

import math

import numpy as np
import pytest
from box_blur import box_blurred
from skimage import data

from deblur_lib.evaluation import alignment, ecc
from deblur_lib.evaluation.conventions import ALIGNED
from deblur_lib.evaluation.metrics import score

Picture = np.ndarray
# The box-blurred pictures of test_metrics, rolled by (+2 rows, -3 columns). Köhler and the shift
# search come from independent scripts, ECC from OpenCV 5.0 (given to two and three digits).
ROLLED = {
    "astronaut": {
        "kohler": (24.655475, 0.811712),
        "shift-y": (25.928673, 0.823571),
        "realblur-ecc": (24.33, 0.797),
    },
    "chelsea": {
        "kohler": (29.932315, 0.812389),
        "shift-y": (30.913960, 0.818789),
        "realblur-ecc": (29.77, 0.808),
    },
}
TOLERANCE = {"kohler": (6e-7, 6e-7), "shift-y": (6e-7, 6e-7), "realblur-ecc": (0.01, 0.0008)}
GRAY = np.array([0.299, 0.587, 0.114])


def warped(picture: Picture, matrix: Picture) -> Picture:
    return ecc.warp_cubic(picture.astype(np.float64), matrix)[0]


def rounded(picture: Picture) -> Picture:
    return np.floor(np.clip(picture, 0, 255) + 0.5).astype(np.uint8)


@pytest.mark.parametrize("protocol", TOLERANCE)
@pytest.mark.parametrize("name", ROLLED)
def test_aligned_scores_agree_with_stored_values(name: str, protocol: str) -> None:
    sharp = getattr(data, name)()
    rolled = np.roll(box_blurred(sharp), (2, -3), axis=(0, 1))
    notes: list[str] = []
    found = score(rolled, sharp, (f"{protocol}-psnr", f"{protocol}-ssim"), say=notes.append)
    for value, stated, gap in zip(
        found.values(), ROLLED[name][protocol], TOLERANCE[protocol], strict=True
    ):
        assert value == pytest.approx(stated, abs=gap)
    assert notes == []


def test_alignment_undoes_a_small_displacement_and_a_gain() -> None:
    sharp = data.chelsea()[40:240, 100:340]
    blurred = box_blurred(sharp)
    straight = score(blurred, sharp, ("psnr-rgb", "realblur-ecc-psnr"))
    matrix = np.array([[1.002, -0.004, 2.3], [0.004, 1.002, -1.6], [1e-6, 0, 1.0]])
    bent = rounded(0.9 * warped(blurred, matrix))
    found = score(bent, sharp, ("psnr-rgb", "realblur-ecc-psnr"))
    assert found["psnr-rgb"] < straight["psnr-rgb"] - 4
    assert found["realblur-ecc-psnr"] > 0.95 * straight["realblur-ecc-psnr"]


def test_the_homography_of_a_warped_picture_is_found() -> None:
    gray = data.chelsea()[40:240, 100:340] @ GRAY
    matrix = np.array([[1.001, -0.003, 1.2], [0.003, 0.999, -0.7], [2e-6, -1e-6, 1.0]])
    moved = warped(gray[..., None], np.linalg.inv(matrix))[..., 0]
    found = ecc.find_homography(gray, moved)
    assert ecc._corner_motion(matrix, found, gray.shape) < 0.1  # px; cubic interpolation blurs


def test_aligning_equal_pictures_changes_nothing() -> None:
    sharp = data.chelsea()[:90, :100]
    for name, value in score(sharp, sharp, ALIGNED).items():
        assert value == (math.inf if name.endswith("psnr") else pytest.approx(1.0, abs=1e-12)), name


@pytest.mark.parametrize("what", ["flipped", "black", "one colour"])
def test_an_alignment_that_does_not_converge_is_told_and_scored_unaligned(what: str) -> None:
    sharp = data.chelsea()[:100, :120]
    restored = {
        "flipped": sharp[::-1].copy(),
        "black": np.zeros_like(sharp),
        "one colour": np.full_like(sharp, 120),
    }[what]
    notes: list[str] = []
    found = score(restored, sharp, ("realblur-ecc-psnr", "realblur-ecc-ssim"), say=notes.append)
    assert notes == ["realblur-ecc did not converge; scored with a gain and no alignment"]
    x, z = sharp / 255.0, restored / 255.0
    z = z * (np.vdot(x, z) / np.vdot(z, z)) if z.any() else z
    expected = -10 * math.log10(np.square(x - z).mean())
    assert found["realblur-ecc-psnr"] == pytest.approx(expected, abs=1e-9)


def test_the_shift_search_finds_a_quarter_pixel() -> None:
    sharp = data.chelsea()[:120, :140]
    moving = alignment.luma(sharp)
    truth = alignment._window(moving, (90, 110), -2.75, 6.25)
    assert alignment._whole_shift(moving, truth) in {(-3, 6), (-2, 6), (-3, 7)}
    np.testing.assert_array_equal(
        alignment._window(moving, (90, 110), 3, -4), moving[18:108, 11:121]
    )


def test_the_shift_search_stops_ten_pixels_away() -> None:
    sharp = data.chelsea()
    near, far = (np.roll(sharp, (0, by), axis=(0, 1)) for by in (10, 12))
    names = ("shift-y-psnr",)
    assert score(near, sharp, names)["shift-y-psnr"] > 80
    assert score(far, sharp, names)["shift-y-psnr"] < 35


def test_what_a_whole_pixel_shift_uncovers_counts_as_equal() -> None:
    sharp = data.chelsea()
    moved = np.zeros_like(sharp)
    moved[7:, :-5] = sharp[:-7, 5:]
    plain = score(moved, sharp, ("psnr-rgb", "kohler-psnr"))
    assert plain["kohler-psnr"] > plain["psnr-rgb"] + 10


def test_a_cubic_warp_by_nothing_returns_the_picture_and_by_whole_pixels_rolls_it() -> None:
    picture = data.chelsea()[:30, :40].astype(np.float64)
    same, seen = ecc.warp_cubic(picture, np.eye(3))
    np.testing.assert_allclose(same, picture, atol=1e-9)
    assert seen.all()
    shifted, seen = ecc.warp_cubic(picture, np.array([[1.0, 0, 3], [0, 1.0, -2], [0, 0, 1.0]]))
    np.testing.assert_allclose(shifted[2:, :-3], picture[:-2, 3:], atol=1e-9)
    np.testing.assert_allclose(shifted[:2, :-3], picture[1::-1, 3:], atol=1e-9)  # mirrored
    assert seen.sum() == 28 * 37


def test_ecc_scores_agree_with_opencv_where_it_is_installed() -> None:
    cv2 = pytest.importorskip("cv2")
    sharp = data.chelsea()[40:240, 100:340]
    matrix = np.array([[1.002, -0.004, 2.3], [0.004, 1.002, -1.6], [1e-6, 0, 1.0]])
    restored = rounded(warped(box_blurred(sharp), matrix))
    x, z = (one.astype(np.float32) / 255 for one in (sharp, restored))
    z = np.float32(np.vdot(x, z) / np.vdot(z, z)) * z
    rule = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 0)
    gray = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (x, z)]
    start = np.eye(3, dtype=np.float32)
    _, found = cv2.findTransformECC(
        *gray, start, cv2.MOTION_HOMOGRAPHY, rule, inputMask=None, gaussFiltSize=5
    )
    ours = ecc.find_homography(x.astype(np.float64) @ GRAY, z.astype(np.float64) @ GRAY)
    assert ecc._corner_motion(found.astype(np.float64), ours, gray[0].shape) < 1 / 32

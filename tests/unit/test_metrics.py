"""Scores agree with stored values, with scikit-image, and with what each convention says."""

import math
import subprocess
import sys

import numpy as np
import pytest
from box_blur import box_blurred, box_sum
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from deblur_lib.errors import DataError, UsageError
from deblur_lib.evaluation.conventions import ALIGNED, CONVENTIONS
from deblur_lib.evaluation.metrics import DEFAULT, score
from deblur_lib.evaluation.ssim import MIX

Picture = np.ndarray
WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
# A photograph of scikit-image and its 1x9 horizontal box mean (edge values repeated, rounded half
# up), as scored by the programs that the conventions come from.
GOLDEN = {
    "astronaut": (24.526403, 0.799524, 0.896183, 0.810156, 26.079970, 0.831144),
    "chelsea": (29.921999, 0.809269, 0.966790, 0.821023, 31.298276, 0.830131),
}
ROLLED = {"astronaut": 18.060602, "chelsea": 23.481254}
TRUNCATED = {"astronaut": 24.523168, "chelsea": 29.909202}
UNROUNDED = {"astronaut": 24.527915, "chelsea": 29.927116}


def noisy_pair(height: int, width: int, seed: int) -> tuple[Picture, Picture]:
    rng = np.random.default_rng(seed)
    sharp = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    noise = rng.integers(-30, 31, sharp.shape)
    return np.clip(sharp + noise, 0, 255).astype(np.uint8), sharp


def volume_ssim(restored: Picture, sharp: Picture) -> float:
    """scikit-image on the padded H x W x 3 block: the full map with repeated edges."""
    x, y = (np.pad(one, 5, mode="edge") for one in (restored, sharp))
    return float(structural_similarity(x, y, data_range=255, **WINDOW))


@pytest.mark.parametrize("name", GOLDEN)
def test_scores_agree_with_stored_values(name: str) -> None:
    sharp = getattr(data, name)()
    found = score(box_blurred(sharp), sharp)
    assert list(found) == list(DEFAULT)
    assert list(found.values()) == pytest.approx(GOLDEN[name], abs=6e-7)


@pytest.mark.parametrize("name", GOLDEN)
def test_displacing_truncating_and_not_rounding_agree_with_stored_values(name: str) -> None:
    sharp = getattr(data, name)()
    total = box_sum(sharp)
    only = ("psnr-rgb",)
    rolled = score(np.roll(box_blurred(sharp), (2, -3), axis=(0, 1)), sharp, only)
    truncated = score((total // 9).astype(np.uint8), sharp, only)
    unrounded = score(box_blurred(sharp), sharp, ("psnr-float",), restored_float=total / (9 * 255))
    assert rolled["psnr-rgb"] == pytest.approx(ROLLED[name], abs=6e-7)
    assert truncated["psnr-rgb"] == pytest.approx(TRUNCATED[name], abs=6e-7)
    assert unrounded["psnr-float"] == pytest.approx(UNROUNDED[name], abs=6e-7)


@pytest.mark.parametrize("size", [(11, 11), (16, 32), (37, 53), (65, 90), (64, 48)])
def test_scores_agree_with_scikit_image_at_any_size(size: tuple[int, int]) -> None:
    restored, sharp = noisy_pair(*size, seed=size[0])
    luma = [one @ np.array([65.481, 128.553, 24.966]) / 255 + 16 for one in (restored, sharp)]
    expected = {
        "psnr-rgb": peak_signal_noise_ratio(sharp, restored, data_range=255),
        "wang-rgb": structural_similarity(
            restored, sharp, channel_axis=2, data_range=255, **WINDOW
        ),
        "vol3d-rgb": volume_ssim(restored, sharp),
        "uniform7-rgb": structural_similarity(restored, sharp, channel_axis=2, data_range=255),
        "psnr-y": peak_signal_noise_ratio(luma[1], luma[0], data_range=255),
        "ssim-y": structural_similarity(*luma, data_range=255, **WINDOW),
    }
    found = score(restored, sharp)
    assert found == pytest.approx(expected, abs=1e-9)


def test_each_convention_alone_gives_what_it_gives_among_others() -> None:
    restored, sharp = noisy_pair(50, 70, seed=3)
    together = score(restored, sharp)
    for name in DEFAULT:
        assert score(restored, sharp, (name,)) == {name: together[name]}


def test_channels_mix_as_eleven_taps_with_repeated_ends_do() -> None:
    stated = [[0.633006, 0.213006, 0.153989], [0.366994, 0.266012, 0.366994]]
    np.testing.assert_allclose(MIX[:2], stated, atol=6e-7)
    np.testing.assert_array_equal(MIX[2], MIX[0][::-1])
    np.testing.assert_allclose(MIX.sum(axis=1), 1, rtol=1e-15)


def test_one_grey_level_is_48_13_db() -> None:
    sharp = np.full((12, 12, 3), 100, np.uint8)
    assert score(sharp + 1, sharp, ("psnr-rgb",))["psnr-rgb"] == pytest.approx(20 * math.log10(255))


def test_equal_pictures_have_infinite_psnr_and_ssim_one() -> None:
    sharp = noisy_pair(40, 33, seed=1)[1]
    names = ("psnr-float", *DEFAULT)
    found = score(sharp, sharp, names, restored_float=sharp / 255.0)
    for name, value in found.items():
        assert value == (math.inf if CONVENTIONS[name].metric == "psnr" else 1.0), name


def test_the_volume_convention_is_the_kindest_to_photographs() -> None:
    sharp = data.chelsea()
    found = score(box_blurred(sharp), sharp)
    assert found["vol3d-rgb"] > found["ssim-y"] > found["wang-rgb"]


def test_edges_are_told_in_parts_of_the_sharp_pictures() -> None:
    sharp = np.zeros((8, 8, 3), np.uint8)
    sharp[:, 4:] = 200
    soft = sharp.copy()
    soft[:, 4:] = 100
    assert score(soft, sharp, ("edges-rgb",)) == {"edges-rgb": 0.5}
    assert score(sharp, soft, ("edges-rgb",)) == {"edges-rgb": 2.0}
    flat = np.full_like(sharp, 7)
    assert score(flat, flat + 1, ("edges-rgb",)) == {"edges-rgb": 1.0}
    assert score(sharp, flat, ("edges-rgb",)) == {"edges-rgb": math.inf}


def test_black_is_counted_where_the_sharp_picture_is_not() -> None:
    restored = np.zeros((4, 4, 3), np.uint8)
    sharp = restored.copy()
    sharp[:2] = 1
    restored[0] = 1
    assert score(restored, sharp, ("black-rgb",)) == {"black-rgb": 25.0}


def test_every_declared_convention_can_be_computed() -> None:
    restored, sharp = (one[60:160, 80:180] for one in (box_blurred(data.chelsea()), data.chelsea()))
    found = score(restored, sharp, tuple(CONVENTIONS), restored_float=restored / 255.0)
    assert set(found) == set(CONVENTIONS)
    assert all(math.isfinite(value) for value in found.values())
    assert set(ALIGNED) < set(CONVENTIONS)


def test_unrounded_floats_are_clipped_before_they_are_compared() -> None:
    sharp = np.full((8, 8, 3), 255, np.uint8)
    found = score(sharp, sharp, ("psnr-float",), restored_float=np.full((8, 8, 3), 1.7))
    assert found["psnr-float"] == math.inf


def test_a_misspelt_convention_is_refused_with_the_nearest_names() -> None:
    _, sharp = noisy_pair(12, 12, seed=0)
    with pytest.raises(UsageError, match="metric convention is called 'psnr-rgp'; did you mean"):
        score(sharp, sharp, ("psnr-rgp",))


def test_floats_before_rounding_are_asked_for_by_name() -> None:
    restored, sharp = noisy_pair(12, 12, seed=0)
    with pytest.raises(UsageError, match="restored_float"):
        score(restored, sharp, ("psnr-float",))
    with pytest.raises(DataError, match=r"\(12, 12, 3\), got \(16, 12, 3\)"):
        score(restored, sharp, ("psnr-float",), restored_float=np.zeros((16, 12, 3)))


@pytest.mark.parametrize(
    ("restored", "text"),
    [
        (np.zeros((12, 12, 3), np.float32), "restored is float32; round it with"),
        (np.zeros((12, 12), np.uint8), r"restored is \(12, 12\)"),
        (np.zeros((12, 12, 4), np.uint8), r"restored is \(12, 12, 4\)"),
        (np.zeros((12, 13, 3), np.uint8), r"restored is \(12, 13, 3\), sharp is \(12, 12, 3\)"),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(restored: Picture, text: str) -> None:
    with pytest.raises(DataError, match=text):
        score(restored, np.zeros((12, 12, 3), np.uint8))


def test_a_picture_smaller_than_the_window_is_refused() -> None:
    restored, sharp = noisy_pair(10, 40, seed=0)
    with pytest.raises(DataError, match="wang-rgb needs at least 11x11 pixels, got 10x40"):
        score(restored, sharp)
    assert set(score(restored, sharp, ("psnr-rgb", "uniform7-rgb"))) == {"psnr-rgb", "uniform7-rgb"}


def test_scoring_loads_no_torch() -> None:
    code = "import sys, deblur_lib.evaluation.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_rounded_down_score_as_the_floor_does() -> None:
    rng = np.random.default_rng(3)
    sharp = rng.integers(0, 256, (12, 13, 3), dtype=np.uint8)
    restored = rng.random((12, 13, 3))
    down = np.floor(255 * restored).astype(np.uint8)
    names = ("psnr-rgb", "psnr-rgb-down")
    found = score(down, sharp, names, restored_float=restored)
    assert found["psnr-rgb-down"] == pytest.approx(found["psnr-rgb"], rel=1e-12)
    with pytest.raises(UsageError, match="psnr-rgb-down needs the restored picture"):
        score(down, sharp, names)


def test_the_wavelet_ssim_is_the_sum_over_its_definition() -> None:
    rng = np.random.default_rng(4)
    one, other = (rng.integers(0, 256, (9, 11, 3), dtype=np.uint8) for _ in range(2))
    a, b = (np.asarray(Image.fromarray(x).convert("L"), dtype=float).ravel() for x in (one, other))
    parts = []
    for width in range(1, 31):
        points = min(10 * width, a.size)
        t = np.arange(points) - (points - 1) / 2
        wave = 2 / (np.sqrt(3 * width) * np.pi**0.25) * (1 - (t / width) ** 2)
        wave = wave * np.exp(-(t**2) / (2 * width**2))
        parts.append([np.convolve(x, wave, mode="same") for x in (a, b)])
    x, y = np.moveaxis(np.array(parts), 1, 0)
    first = (2 * (abs(x) * abs(y)).sum(0) + 0.01) / ((x**2).sum(0) + (y**2).sum(0) + 0.01)
    second = (2 * abs((x * y).sum(0)) + 0.01) / (2 * abs(x * y).sum(0) + 0.01)
    assert score(one, other, ["cw-ssim"])["cw-ssim"] == pytest.approx((first * second).mean())

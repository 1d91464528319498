"""Richardson-Lucy deconvolution with known rotations, and the other deconvolutions beside it."""

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation
from shaken import MARGIN, benchmark_path, path, photograph, psnr, shaken
from torch import Tensor

from deblur_lib.kernels.filter_flow import FilterFlow
from deblur_lib.kernels.gradient_priors import direct, krishnan_fergus, least_squares, shrunk
from deblur_lib.kernels.richardson_lucy import Build, richardson_lucy, saturate
from deblur_lib.kernels.rotation import Camera, RotationBlur

CAMERA = Camera.of((64, 64))
RICH = (0, 1)  # crops with some texture
SMOOTH = 4


def gain(
    number: int, blur: float, iterations: int, noise: float = 0, build: Build = RotationBlur
) -> float:
    """In dB, of one test photograph at 128 px under a path of the benchmark's."""
    camera, shake = benchmark_path(number % 4, blur)
    blurred, sharp = shaken(photograph(128, number), camera, shake, noise=noise)
    restored = richardson_lucy(blurred, camera, shake, build, iterations=iterations)
    return psnr(restored, sharp) - psnr(blurred, sharp)


@pytest.mark.parametrize("blur", [0.25, 1.0])
def test_known_rotations_without_noise_bring_six_decibels(blur: float) -> None:
    assert np.mean([gain(number, blur, 50) for number in RICH]) >= 6


def test_the_approximation_brings_nearly_as_much() -> None:
    exact, near = (gain(0, 1.0, 10, build=build) for build in (RotationBlur, FilterFlow))
    assert near > exact - 0.3


def test_few_iterations_bring_two_and_a_half_under_noise() -> None:
    assert np.mean([gain(number, 1.0, 10, noise=0.01) for number in RICH]) >= 2.5


def test_many_iterations_amplify_noise_where_the_blur_is_small() -> None:
    few, many = (gain(SMOOTH, 0.25, iterations, noise=0.01) for iterations in (5, 50))
    assert many < 0
    assert many < few


def test_the_sensor_clips_smoothly_and_its_slope_fits() -> None:
    light = torch.tensor([0.2, 0.9, 1.0, 1.1, 3.0], dtype=torch.float64)
    seen, slope = saturate(light)
    step = 1e-6
    measured = (saturate(light + step)[0] - saturate(light - step)[0]) / (2 * step)
    assert torch.allclose(slope, measured, atol=1e-6)
    assert torch.allclose(seen, light.clamp(max=1), atol=0.02)
    assert float(seen.max()) <= 1
    assert saturate(torch.tensor(300.0))[0].isfinite()


def lamps() -> tuple[Tensor, Tensor]:
    """A picture with lamps far beyond white, clipped after the blur; the sharp picture, clipped."""
    canvas = 0.6 * photograph(64, 2)
    for row, column in ((40, 45), (60, 70), (75, 50)):
        canvas[:, row : row + 3, column : column + 3] = 8.0
    return shaken(canvas, CAMERA, path(CAMERA, 6.0, 2))


def test_saturation_and_split_updates_stop_the_ringing_of_lamps() -> None:
    blurred, sharp = lamps()
    shake = path(CAMERA, 6.0, 2)
    grown = binary_dilation(sharp.amax(dim=0).numpy() > 0.95, iterations=5)
    near = torch.from_numpy(
        grown & ~binary_dilation(sharp.amax(dim=0).numpy() > 0.95, iterations=2)
    )

    def error(saturation: bool, prevent_ringing: bool) -> float:
        restored = richardson_lucy(
            blurred,
            CAMERA,
            shake,
            RotationBlur,
            iterations=30,
            saturation=saturation,
            prevent_ringing=prevent_ringing,
        )
        return float((restored - sharp)[:, near].square().mean())

    assert error(True, False) < 0.7 * error(False, False)
    assert error(True, True) < error(True, False)


def test_nothing_happens_to_a_picture_of_a_still_camera() -> None:
    sharp = photograph(64, 0)[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    still = path(CAMERA, 1e-6, 0)
    restored = richardson_lucy(sharp, CAMERA, still, RotationBlur, iterations=3, saturation=False)
    assert torch.allclose(restored, sharp, atol=1e-4)


def test_weak_rotations_are_left_out_and_progress_is_told() -> None:
    blurred, _ = shaken(photograph(64, 0), CAMERA, path(CAMERA, 4.0, 0))
    told: list[float] = []
    counts: list[int] = []

    def build(camera: Camera, shake):  # type: ignore[no-untyped-def]
        counts.append(len(shake.weights))
        return RotationBlur(camera, shake)

    shake = path(CAMERA, 4.0, 0)
    shake.weights[3] = 1e-5
    richardson_lucy(blurred, CAMERA, shake, build, iterations=4, progress=told.append)
    assert counts == [24]
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("solver", "least"),
    [(direct, 2.0), (krishnan_fergus, 2.0), (least_squares, 5.0)],
    ids=["direct", "krishnan-fergus", "least squares"],
)
def test_priors_on_differences_restore_too(solver, least: float) -> None:  # type: ignore[no-untyped-def]
    camera, shake = benchmark_path(0, 1.0)
    blurred, sharp = shaken(photograph(128, 0), camera, shake)
    known = {"mask": torch.ones(128, 128)} if solver is least_squares else {}
    restored = solver(blurred, camera=camera, shake=shake, **known)
    assert psnr(restored, sharp) - psnr(blurred, sharp) >= least


def test_pixels_outside_the_mask_do_not_matter() -> None:
    blurred, sharp = shaken(photograph(64, 0), CAMERA, path(CAMERA, 4.0, 0))
    mask = torch.ones(64, 64)
    mask[20:24, 30:34] = 0
    spoilt = blurred + (1 - mask)
    shake = path(CAMERA, 4.0, 0)
    clean, filled = (least_squares(one, mask, CAMERA, shake) for one in (blurred, spoilt))
    unmasked = least_squares(spoilt, torch.ones(64, 64), CAMERA, shake)
    assert psnr(filled, clean) > psnr(unmasked, clean) + 10
    assert psnr(filled, sharp) > psnr(blurred, sharp)


@pytest.mark.parametrize("exponent", [0.5, 2 / 3, 0.8])
def test_shrinking_finds_the_minimum(exponent: float) -> None:
    values = torch.tensor([-1.2, -0.4, -0.02, 0.0, 0.01, 0.3, 2.5], dtype=torch.float64)
    tried = torch.linspace(-3, 3, 600_001, dtype=torch.float64)
    for coupling in (1.0, 22.6, 181.0):
        cost = tried.abs() ** exponent + coupling / 2 * (tried - values[:, None]) ** 2
        best = tried[cost.argmin(dim=1)]
        assert torch.allclose(shrunk(values, coupling, exponent), best, atol=2e-3)

"""Blur of a turning camera, exact and locally uniform."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from shaken import even, path, photograph, shaken
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.kernels.filter_flow import FilterFlow, Patches, bartlett_hann
from deblur_lib.kernels.rotation import (
    Camera,
    RotationBlur,
    Shake,
    homographies,
    motion_field,
    pixel_grid,
    places,
    reach,
    warp,
)

CAMERA = Camera.of((40, 56))
SHAKE = path(CAMERA, 6.0, 0)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def apart(one: Tensor, other: Tensor, third: Tensor, fourth: Tensor) -> float:
    """<Ax, y> less <x, A'y>, as a part of the norms of Ax and y."""
    gap = (one * other).double().sum() - (third * fourth).double().sum()
    return float(gap.abs() / (one.norm() * other.norm()))


def test_a_homography_turns_the_rays_of_a_calibrated_camera() -> None:
    camera = Camera.of((40, 56), f35=50.0)
    assert camera.focal == pytest.approx(56 * 50 / 36)
    vectors = torch.tensor([[0.01, -0.02, 0.03], [0.3, 0.1, -0.2]], dtype=torch.float64)
    calibration = np.array([[camera.focal, 0, 27.5], [0, camera.focal, 19.5], [0, 0, 1]])
    found = homographies(camera, vectors).numpy()
    for vector, homography in zip(vectors.numpy(), found, strict=True):
        turned = Rotation.from_rotvec(vector).as_matrix()
        wanted = calibration @ turned @ np.linalg.inv(calibration)
        assert np.allclose(homography, wanted, atol=1e-12)
        moved = homography @ [3, 5, 1]
        point = torch.tensor([[3 - 27.5, 5 - 19.5]], dtype=torch.float64)
        seen = places(camera, torch.from_numpy(vector)[None], point)[0, 0] + torch.tensor(
            [27.5, 19.5]
        )
        assert np.allclose(seen, moved[:2] / moved[2], atol=1e-9)


def test_one_step_of_the_grid_moves_the_border_by_a_pixel() -> None:
    (x, y, z), (right, down) = CAMERA.steps(), CAMERA.corner
    ends = torch.tensor([[right, 0.0], [right, down]], dtype=torch.float64)
    tilted = places(CAMERA, torch.tensor([[0, y, 0]], dtype=torch.float64), ends)[0] - ends
    rolled = places(CAMERA, torch.tensor([[0, 0, z]], dtype=torch.float64), ends)[0] - ends
    assert x == y
    assert float(tilted[0, 0]) == pytest.approx(1, rel=0.02)
    assert float(rolled[1].norm()) == pytest.approx(1, rel=1e-3)


def test_no_displacement_is_larger_than_the_reach() -> None:
    pixels = pixel_grid(CAMERA).double()
    moved = places(CAMERA, SHAKE.rotations, pixels) - pixels
    assert (
        reach(CAMERA, SHAKE.rotations) - 1
        < float(moved.abs().max())
        <= reach(CAMERA, SHAKE.rotations)
    )


def test_a_camera_at_rest_changes_nothing_and_a_plain_picture_stays_plain() -> None:
    x = noise(3, 40, 56)
    still = even([[0.0, 0.0, 0.0]])
    for kind in (RotationBlur, FilterFlow):
        assert torch.allclose(kind(CAMERA, still).forward(x), x, atol=1e-4)
        plain = torch.full((1, 40, 56), 0.7)
        assert torch.allclose(kind(CAMERA, SHAKE).forward(plain), plain, atol=1e-6)


def test_the_blur_is_the_weighted_mean_of_warps() -> None:
    x = noise(2, 40, 56)
    weights = torch.arange(1.0, 26.0, dtype=torch.float64)
    shake = Shake(SHAKE.rotations, weights / weights.sum())
    frames = warp(x, CAMERA, shake.rotations, pixel_grid(CAMERA))  # (K, 2, H W)
    mean = torch.einsum("k,kcn->cn", shake.weights.float(), frames).reshape(x.shape)
    assert torch.allclose(RotationBlur(CAMERA, shake).forward(x), mean, atol=1e-5)


def test_the_transpose_is_exact_and_inverse_rotations_come_near_it() -> None:
    blur = RotationBlur(CAMERA, SHAKE)
    x, y = noise(3, 40, 56), noise(3, 40, 56, seed=1).square()
    blurred = blur.forward(x)
    assert apart(blurred, y, x, blur.back(y)) < 1e-6
    picture, other = (photograph(64, number)[:, :40, :56] for number in (0, 2))
    assert 0 < apart(blur.forward(picture), other, picture, blur.inverse().forward(other)) < 0.02


def test_the_transpose_of_the_approximation_is_exact_inside() -> None:
    blur = FilterFlow(CAMERA, SHAKE)
    border = reach(CAMERA, SHAKE.rotations) + 1
    x, y = noise(3, 40, 56), torch.zeros(3, 40, 56)
    y[:, border:-border, border:-border] = noise(3, 40 - 2 * border, 56 - 2 * border, seed=1)
    assert apart(blur.forward(x), y, x, blur.back(y)) < 1e-6


@pytest.mark.parametrize("turned", [False, True])
def test_the_approximation_comes_near_the_exact_blur(turned: bool) -> None:
    canvas = photograph(96, 0)
    canvas = canvas[:, :, :120] if turned else canvas[:, :120]  # more patches along the longer side
    camera = Camera.of((canvas.shape[1], canvas.shape[2]))
    shake = path(camera, 8.0, 1)
    exact, near = (kind(camera, shake).forward(canvas) for kind in (RotationBlur, FilterFlow))
    assert float((near - exact).norm()) < 0.1 * float((canvas - exact).norm())


def test_windows_sum_to_one_and_so_do_the_columns_of_the_local_kernels() -> None:
    window = bartlett_hann(20)
    assert torch.allclose(window[:10] + window[10:], torch.ones(10, dtype=torch.float64))
    patches = Patches(CAMERA, SHAKE.rotations)
    inside = patches.cropped(patches.overlap)
    assert torch.allclose(inside, torch.ones_like(inside), atol=1e-5)
    assert len(patches.places) == 48
    offsets, shares = patches.splats(11)
    assert torch.allclose(shares.sum(dim=1), torch.ones(25, dtype=torch.float64))
    assert torch.allclose((offsets * shares[..., None]).sum(dim=1), patches.moves[:, 11])
    assert all(side & (side - 1) == 0 for side in patches.size)


@pytest.mark.parametrize("kind", [RotationBlur, FilterFlow])
def test_a_point_spreads_as_far_as_the_rotations_take_it(kind: type[RotationBlur]) -> None:
    x = torch.zeros(1, 40, 56)
    x[0, 20, 28] = 1
    blur = kind(CAMERA, SHAKE)
    seen = blur.spread(x)
    assert float(seen.max()) <= 1
    assert torch.equal(seen > 1e-4, blur.forward(x) > 1e-4 / 25)


def test_the_motion_of_a_pan_is_level_and_that_of_a_roll_runs_around_the_middle() -> None:
    line = np.linspace(-0.02, 0.02, 101)
    pan = motion_field(CAMERA, even([[0, angle, 0] for angle in line]))
    assert float(pan[0, 20, 28]) == pytest.approx(0.04 * CAMERA.focal, rel=0.02)
    assert float(pan[1, 20].abs().max()) < 0.02
    roll = motion_field(CAMERA, even([[0, 0, angle] for angle in line]))
    assert float(roll[0, 39, 28]) == pytest.approx(0.04 * 19.5, rel=0.02)  # below: level
    assert float(roll[1, 20, 55].abs()) == pytest.approx(0.04 * 27.5, rel=0.02)  # right: upright
    corner = roll[:, 39, 55]
    assert math.degrees(math.atan2(float(corner[1]), float(corner[0]))) == pytest.approx(
        -54.7, abs=0.5
    )


def test_weak_rotations_are_dropped_and_the_rest_sums_to_one() -> None:
    shake = Shake(SHAKE.rotations[:3], torch.tensor([1.0, 0.004, 3.0]))
    strong = shake.strongest(1 / 100)
    assert strong.weights.tolist() == [0.25, 0.75]
    assert torch.equal(strong.rotations, SHAKE.rotations[[0, 2]])


@pytest.mark.parametrize(
    ("rotations", "weights", "said"),
    [
        (torch.zeros(2, 2), torch.ones(2), r"rotations \(K, 3\)"),
        (torch.zeros(2, 3), torch.ones(3), r"rotations \(K, 3\)"),
        (torch.zeros(2, 3), torch.tensor([1.0, -1.0]), "at least 0"),
        (torch.zeros(2, 3), torch.zeros(2), "sum above 0"),
    ],
)
def test_what_is_no_shake_is_refused(rotations: Tensor, weights: Tensor, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Shake(rotations, weights)


def test_a_turned_picture_comes_back_by_the_inverse_rotation() -> None:
    camera = Camera.of((96, 96))
    smooth = F.avg_pool2d(photograph(96, 1), 5, 1, 2)  # what bilinear steps blur little
    blurred, sharp = shaken(smooth, camera, even([[0.004, -0.003, 0.01]]))
    back = RotationBlur(camera, even([[-0.004, 0.003, -0.01]])).forward(blurred)
    gap = (back - sharp)[:, 4:-4, 4:-4].abs().mean()
    assert float(gap) < 0.3 * float((blurred - sharp)[:, 4:-4, 4:-4].abs().mean())

"""Guessing strong edges, and the weights of rotations that blur them."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls
from shaken import blocks, path, photograph, psnr, shaken
from torch import Tensor

from deblur_lib.kernels.camera_shake import Level
from deblur_lib.kernels.edges import (
    bilateral,
    gradients,
    select,
    shock,
    thresholds,
    with_second,
)
from deblur_lib.kernels.rotation import Camera, RotationBlur, Shake
from deblur_lib.kernels.weights import exact_gram, flow_gram, nonnegative


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_the_bilateral_filter_is_what_its_formula_says() -> None:
    x = noise(7, 9)
    found = bilateral(x, 1.4, 0.3)
    for row, column in ((0, 0), (3, 4), (6, 2)):
        total = weights = 0.0
        for y in range(max(row - 2, 0), min(row + 3, 7)):
            for z in range(max(column - 2, 0), min(column + 3, 9)):
                apart = (y - row) ** 2 + (z - column) ** 2
                alike = (x[y, z] - x[row, column]) ** 2
                weight = float(torch.exp(-apart / (2 * 1.4**2) - alike / (2 * 0.3**2)))
                total, weights = total + weight * float(x[y, z]), weights + weight
        assert float(found[row, column]) == pytest.approx(total / weights, abs=1e-6)


def test_the_bilateral_filter_keeps_an_edge_and_takes_the_noise() -> None:
    x = torch.zeros(20, 20)
    x[:, 10:] = 1
    smooth = bilateral(x + 0.05 * noise(20, 20), 1.4, 0.2)
    assert float(smooth[:, 10:].mean() - smooth[:, :10].mean()) > 0.97
    assert float(smooth[:, :10].std()) < 0.5 * 0.05 * float(noise(20, 10).std())


@pytest.mark.parametrize("turned", [False, True])
def test_a_shock_makes_a_ramp_steeper_and_adds_no_overshoot(turned: bool) -> None:
    ramp = torch.tensor([0.0, 0, 0, 0.1, 0.3, 0.7, 0.9, 1, 1, 1]).expand(8, 10)
    x = ramp.T if turned else ramp
    sharper = shock(x, 1.0)
    line = sharper[:, 4] if turned else sharper[4]
    assert float(line.diff().max()) > 0.6
    assert (line.diff() >= 0).all()
    assert float(line.min()) >= 0
    assert float(line.max()) <= 1
    assert torch.equal(shock(torch.full((5, 6), 0.4), 1.0), torch.full((5, 6), 0.4))


def test_differences_look_backward_and_second_ones_are_differences_of_the_first() -> None:
    x = noise(6, 7)
    across, along = gradients(x)
    assert torch.equal(across[:, 1:], x[:, 1:] - x[:, :-1])
    assert torch.equal(along[1:], x[1:] - x[:-1])
    assert not across[:, 0].any()
    assert not along[0].any()
    both = with_second(gradients(x))
    assert both.shape == (5, 6, 7)
    assert torch.allclose(both[2, :, 2:], 0.5 * (x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]), atol=1e-6)
    mixed = x[1:, 1:] - x[1:, :-1] - x[:-1, 1:] + x[:-1, :-1]
    assert torch.allclose(both[4, 1:, 1:], 0.5 * mixed, atol=1e-6)


def test_a_region_keeps_enough_pixels_of_each_direction() -> None:
    first = gradients(noise(60, 60))
    mask = torch.zeros(60, 60, dtype=torch.bool)
    mask[5:-5, 5:-5] = True
    least = thresholds(first, mask, 9)  # at least 18 of each direction and region
    kept = select(first, mask, least)
    assert not kept[:, ~mask].any()
    steep = torch.hypot(*first)
    direction = (torch.atan2(first[1], first[0]).remainder(np.pi) * 4 / np.pi).long()
    window = (slice(20, 40), slice(20, 40))
    counts = [int(((steep >= least[1, 1]) & (direction == one))[window].sum()) for one in range(4)]
    assert min(counts) == 18
    assert 0 < int((kept[0] != 0).sum()) < int(mask.sum())


def test_pixels_alone_are_dropped() -> None:
    first = torch.zeros(2, 12, 12)
    first[0, 3, 3] = first[0, 8, 8] = first[1, 9, 8] = 1
    kept = select(first, torch.ones(12, 12, dtype=torch.bool), torch.full((3, 3), 0.5))
    assert kept.nonzero().tolist() == [[0, 8, 8], [1, 9, 8]]


def test_nothing_is_selected_where_nothing_is_seen() -> None:
    flat, nowhere = torch.zeros(2, 30, 30), torch.zeros(30, 30, dtype=torch.bool)
    for first, mask in ((flat, ~nowhere), (gradients(noise(30, 30)), nowhere)):
        least = thresholds(first, mask, 5)
        assert not select(first, mask, least).any()


@pytest.mark.parametrize("l1", [0.0, 0.5])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weights_meet_the_conditions_of_the_minimum(seed: int, l1: float) -> None:
    rng = np.random.RandomState(seed)
    columns, seen = rng.normal(size=(60, 40)), rng.normal(size=60)
    gram, target = columns.T @ columns, columns.T @ seen
    weights = nonnegative(gram, target, l1=l1)
    slope = 2 * (gram @ weights - target) + l1
    assert (weights >= 0).all()
    assert np.abs(slope[weights > 0]).max() < 1e-6
    assert slope[weights == 0].min() > -1e-6
    if not l1:
        assert np.allclose(weights, nnls(columns, seen)[0], atol=1e-7)


def test_like_rotations_share_and_the_limit_holds() -> None:
    rng = np.random.RandomState(0)
    columns = rng.uniform(size=(50, 10))
    twins = np.concatenate([columns, columns], axis=1)
    wanted = twins @ rng.uniform(size=20)
    weights = nonnegative(twins.T @ twins, twins.T @ wanted)
    assert np.allclose(twins @ weights, wanted, atol=1e-5)
    assert (nonnegative(columns.T @ columns, columns.T @ wanted, limit=4) > 0).sum() == 4
    assert not nonnegative(np.eye(3), -np.ones(3)).any()


CAMERA = Camera.of((96, 96))
GRID = Level(CAMERA, 3, 7, True).grid().reshape(-1, 3)
INSIDE = torch.zeros(96, 96, dtype=torch.bool)
INSIDE[8:-8, 8:-8] = True


def test_the_gram_matrix_is_that_of_the_warped_edges() -> None:
    edges, seen = noise(2, 5, 96, 96) - 0.5
    edges = edges * (noise(96, 96) > 0.9)
    some = GRID[::40]
    gram, target = exact_gram(edges, seen, INSIDE, CAMERA, some)
    columns = []
    for one in some:
        warped = RotationBlur(CAMERA, Shake(one[None], torch.ones(1))).forward(edges)
        columns.append((warped * INSIDE).flatten().double().numpy())
    stacked = np.stack(columns)
    assert np.allclose(gram, stacked @ stacked.T, rtol=1e-3, atol=1e-3)
    assert np.allclose(target, stacked @ seen.flatten().double().numpy(), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("number", [0, -1], ids=["photograph", "blocks"])
@pytest.mark.parametrize("gram", [exact_gram, flow_gram])
def test_the_edges_of_the_sharp_picture_tell_the_blur(gram, number: int) -> None:  # type: ignore[no-untyped-def]
    canvas = blocks(96) if number < 0 else photograph(96, number)
    blurred, sharp = shaken(canvas, CAMERA, path(CAMERA, 4.0, 1))
    edges, seen = (with_second(gradients(one.mean(dim=0))) for one in (sharp, blurred))

    def again(moved: int) -> float:
        """Blur the sharp picture with the weights found from edges moved by some pixels."""
        product, target = gram(edges.roll(moved, 2), seen, INSIDE, CAMERA, GRID)
        weights = torch.from_numpy(nonnegative(product, target, l1=0.01))
        blur = RotationBlur(CAMERA, Shake(GRID, weights / weights.sum()))
        return psnr(blur.forward(sharp), blurred, 8)

    assert again(0) >= 36
    assert again(1) < 36

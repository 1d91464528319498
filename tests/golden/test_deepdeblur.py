"""The three-scale CNN gives what the published code gives, its inner pyramid included."""

import numpy as np
import pytest
import torch
from skimage.transform import pyramid_gaussian

from deblur_lib.catalogue import build
from deblur_lib.errors import UsageError
from deblur_lib.networks.deepdeblur import halve
from golden import goldens

PARAMETERS = 11_721_321


@pytest.fixture(scope="module")
def golden() -> goldens.Golden:
    return goldens.load("deepdeblur")


def test_every_scale_agrees(golden: goldens.Golden) -> None:
    network = build("deepdeblur").eval()
    goldens.fill(network, golden)
    assert sum(one.numel() for one in network.parameters()) == PARAMETERS
    levels = [golden.array(key) for key in ("input", "input_1", "input_2")]
    with torch.no_grad():
        restored = network.restore_levels(levels)
        whole = network.forward_all(golden.blurred / 255)
    goldens.assert_all_agree(restored[::-1], golden)
    goldens.assert_all_agree([255 * one for one in whole[::-1]], golden)


def test_the_levels_of_the_golden_come_from_the_inner_pyramid(golden: goldens.Golden) -> None:
    half = halve(golden.blurred)
    goldens.assert_agrees(half, golden, "input_1")
    goldens.assert_agrees(halve(half), golden, "input_2")


@pytest.mark.parametrize("shape", [(4, 4), (4, 12), (20, 8), (64, 48)])
def test_pyramid_equals_scikit_image(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).random((*shape, 3), dtype=np.float32)
    reference = list(pyramid_gaussian(picture, max_layer=2, downscale=2, channel_axis=-1))[1:]
    ours = torch.from_numpy(picture).movedim(-1, 0)[None]
    for level in reference:
        ours = halve(ours)
        gap = goldens.difference(ours[0].movedim(0, -1), torch.from_numpy(level))
        assert gap < goldens.USUAL


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    network = build("deepdeblur", features=8, blocks=2)
    outputs = network.forward_all(torch.rand(1, 3, 16, 24))
    sum(one.square().mean() for one in outputs).backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in network.parameters())
    assert [tuple(one.shape[-2:]) for one in outputs] == [(4, 6), (8, 12), (16, 24)]


@pytest.mark.parametrize(("scales", "parameters"), [(1, 7_643), (2, 16_798)])
def test_fewer_scales_have_fewer_networks(scales: int, parameters: int) -> None:
    network = build("deepdeblur", features=8, blocks=2, scales=scales)
    assert sum(one.numel() for one in network.parameters()) == parameters
    assert network.multiple_of == 2 ** (scales - 1)


def test_sizes_it_cannot_halve_twice_are_refused() -> None:
    with pytest.raises(UsageError, match="divisible by 4, got 30x48"):
        build("deepdeblur", features=4, blocks=1)(torch.rand(1, 3, 30, 48))


def test_bad_kernel_is_refused() -> None:
    with pytest.raises(UsageError, match="kernel must be odd"):
        build("deepdeblur", kernel=4)

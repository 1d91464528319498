"""Whyte et al. (2012): the search for a camera's rotations, and the network around it."""

import itertools
import math

import pytest
import torch
from shaken import blocks, even, path, photograph, psnr, shaken

from deblur_lib.catalogue import build
from deblur_lib.errors import UsageError
from deblur_lib.evaluation.restore import restore
from deblur_lib.kernels.camera_shake import (
    Search,
    centred,
    dilated,
    filled,
    find_shake,
    pyramid,
    refined,
)
from deblur_lib.kernels.rotation import Camera, RotationBlur
from deblur_lib.networks.whyte2012 import Whyte2012

SMALL = {"side": 5, "levels": 2, "iterations": 5}


def small(number: int = 0, height: int = 64, width: int = 64) -> torch.Tensor:
    """A blurred picture, (3, height, width)."""
    camera = Camera.of((64, 64))
    blurred, _ = shaken(photograph(64, number), camera, path(camera, 4.0, number))
    return blurred[:, :height, :width]


def test_levels_shrink_by_the_root_of_two_until_the_kernel_or_the_picture_is_small() -> None:
    levels = pyramid(Camera.of((192, 144)), Search(15))
    sizes = [(level.camera.height, level.camera.width) for level in levels]
    assert sizes[-1] == (192, 144)
    assert all(
        math.isclose(a[0] * math.sqrt(2), b[0], rel_tol=0.03) for a, b in itertools.pairwise(sizes)
    )
    assert [level.half for level in levels] == [1, 2, 3, 4, 5, 7][-len(levels) :]
    assert [level.last for level in levels] == [False] * (len(levels) - 1) + [True]
    assert levels[-1].side == 15
    assert len(pyramid(Camera.of((192, 144)), Search(15, levels=2))) == 2
    assert max(pyramid(Camera.of((40, 30)), Search(31))[0].camera.height, 30) >= 25
    assert len(pyramid(Camera.of((16, 16)), Search(3))) == 1


def test_steps_of_a_coarser_level_are_wider() -> None:
    coarse, fine = pyramid(Camera.of((256, 256)), Search(31))[-2:]
    ratio = coarse.camera.steps()[0] / fine.camera.steps()[0]
    assert ratio == pytest.approx(math.sqrt(2), rel=0.01)
    assert coarse.grid().shape == (2 * coarse.half + 1,) * 3 + (3,)
    assert torch.equal(fine.grid()[fine.half, fine.half, fine.half], torch.zeros(3).double())


def test_a_grid_is_moved_by_whole_nodes_to_its_centroid() -> None:
    weights = torch.zeros(7, 7, 7, dtype=torch.float64)
    weights[5, 1, 3], weights[5, 2, 3] = 0.75, 0.25
    moved = centred(weights)
    assert moved.nonzero().tolist() == [[3, 3, 3], [3, 4, 3]]
    assert float(moved[3, 3, 3]) == 0.75
    edge = torch.zeros(5, 5, 5, dtype=torch.float64)
    edge[0, 2, 2], edge[4, 2, 2], edge[3, 2, 2] = 0.1, 0.5, 0.4
    assert centred(edge).nonzero().tolist() == [[2, 2, 2], [3, 2, 2]]  # what leaves is lost
    assert float(centred(edge).sum()) == pytest.approx(1)


def test_active_nodes_grow_by_one_in_all_directions() -> None:
    active = torch.zeros(5, 5, 5, dtype=torch.bool)
    active[1, 2, 4] = True
    grown = dilated(active)
    assert int(grown.sum()) == 3 * 3 * 2
    assert grown[0:3, 1:4, 3:5].all()


def test_weights_are_interpolated_between_the_nodes_of_the_coarser_grid() -> None:
    coarse, fine = pyramid(Camera.of((192, 192)), Search(15))[-2:]
    line = coarse.grid()[..., 0]
    weights = 0.1 + line / line.max() * 0.05  # linear in the angle
    found = refined(weights, coarse, fine)
    inside = (fine.grid().abs() <= coarse.grid().amax()).all(dim=-1)
    assert torch.allclose(found[inside], (0.1 + fine.grid()[..., 0] / line.max() * 0.05)[inside])
    point = torch.zeros_like(weights)
    point[(coarse.half,) * 3] = 1
    assert int((refined(point, coarse, fine) > 0).sum()) == 27


def test_holes_are_filled_smoothly() -> None:
    slope = torch.linspace(0, 1, 32).expand(24, 32)
    known = torch.ones(24, 32, dtype=torch.bool)
    known[8:14, 10:18] = False
    full = filled(torch.where(known, slope, 9.0), known)
    assert torch.equal(full[known], slope[known])
    assert float((full - slope).abs().max()) < 0.15
    assert torch.equal(filled(slope, known | True), slope)
    assert torch.equal(filled(slope, known & False), slope)


def test_the_blur_of_plain_blocks_is_found_blindly() -> None:
    camera = Camera.of((192, 192))
    blurred, sharp = shaken(blocks(192), camera, path(camera, 12.0, 0))
    told: list[float] = []
    found = find_shake(
        blurred, torch.zeros(192, 192, dtype=torch.bool), camera, Search(15), told.append
    )
    again = RotationBlur(camera, found).forward(sharp)
    assert psnr(again, blurred, 16) >= psnr(sharp, blurred, 16) + 3
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)
    assert len(found.weights) <= 200
    assert float(found.weights.sum()) == pytest.approx(1)


def test_saturated_pixels_are_kept_out_of_the_search() -> None:
    camera = Camera.of((96, 96))
    shake = path(camera, 5.0, 0)
    blurred, sharp = shaken(photograph(96, 0), camera, shake)
    spoilt, saturated = blurred.clone(), torch.zeros(96, 96, dtype=torch.bool)
    for row, column in ((30, 30), (50, 62), (66, 40)):  # stars that no shake can explain
        spoilt[:, row : row + 4, column : column + 4] = 3.0
        saturated[row : row + 4, column : column + 4] = True

    def again(mask: torch.Tensor) -> float:
        found = find_shake(spoilt, mask, camera, Search(7, levels=2))
        return psnr(RotationBlur(camera, found).forward(sharp), blurred, 12)

    assert again(saturated) > again(torch.zeros_like(saturated))


def test_a_picture_is_restored_at_its_own_size_in_a_batch() -> None:
    network = build("whyte2012", **SMALL)
    batch = torch.stack([small(0, 64, 50), small(1, 64, 50)])
    with torch.inference_mode():
        restored = network(batch)
    assert restored.shape == batch.shape
    assert 0 <= float(restored.min()) <= float(restored.max()) <= 1
    assert torch.equal(restored[1], network(batch[1:])[0])  # one by one, nothing drawn
    assert not list(network.parameters())
    assert not network.state_dict()
    assert network.learns == "nothing"
    with pytest.raises(TypeError, match="whyte2012 learns nothing"):
        network.judge(batch, torch.Generator())


@pytest.mark.parametrize("size", [(17, 33), (9, 64)])
def test_odd_and_small_sizes_are_restored(size: tuple[int, int]) -> None:
    restored = restore(Whyte2012(side=5, levels=2, iterations=2), small(0, *size)[None])
    assert restored.shape == (1, 3, *size)


@pytest.mark.parametrize("response", ["gamma", "stored"])
@pytest.mark.parametrize("approximation", ["exact", "eff"])
def test_the_true_rotations_restore_light_as_the_response_says(
    response: str, approximation: str
) -> None:
    network = Whyte2012(response=response, approximation=approximation)
    power = 2.2 if response == "gamma" else 1.0
    camera = Camera.of((96, 96))
    shake = path(camera, 6.0, 0)
    light, sharp = shaken(photograph(96, 0) ** power, camera, shake)
    blurred, sharp = light ** (1 / power), sharp ** (1 / power)
    assert psnr(network.deconvolve(blurred, shake), sharp) > psnr(blurred, sharp) + 4


@pytest.mark.parametrize("final", ["direct", "krishnan-fergus", "rl"])
def test_each_last_deconvolution_restores_with_the_true_rotations(final: str) -> None:
    camera = Camera.of((96, 96))
    shake = path(camera, 6.0, 0)
    blurred, sharp = shaken(photograph(96, 0), camera, shake)
    restored = Whyte2012(response="stored", final=final).deconvolve(blurred, shake)
    assert psnr(restored, sharp) > psnr(blurred, sharp) + 2


def test_a_large_picture_is_searched_small_and_its_rotations_fit_any_size() -> None:
    network = Whyte2012(side=3, levels=1)
    blurred = torch.nn.functional.interpolate(small()[None], (32, 1500), mode="bilinear")[0]
    found = network.estimate(blurred)
    step = Camera.of((22, 1024)).steps()[0]
    assert float(found.rotations[:, :2].abs().max()) == pytest.approx(step)
    field = network.motion(found, (32, 1500))
    assert field.shape == (2, 32, 1500)
    assert (field[0] >= 0).all()


def test_the_motion_of_a_path_is_as_long_as_the_path() -> None:
    network = Whyte2012()
    focal = Camera.of((48, 64)).focal
    pan = even([[0.0, number / 500 - 0.01, 0.0] for number in range(11)])
    field = network.motion(pan, (48, 64))
    assert float(field[0, 24, 32]) == pytest.approx(focal * 0.02 * 1.1, rel=0.01)


def test_a_picture_without_edges_is_left_alone() -> None:
    plain = torch.full((3, 40, 40), 0.5)
    network = Whyte2012(**SMALL)
    found = network.estimate(plain)
    assert found.weights.tolist() == [1.0]
    assert not found.rotations.any()
    assert torch.allclose(network.deconvolve(plain, found), plain, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side": 6}, "odd side"),
        ({"side": 1}, "odd side"),
        ({"response": "srgb"}, "choice of response"),
        ({"approximation": "fast"}, "choice of approximation"),
        ({"final": "wiener"}, "choice of final"),
        ({"alpha": 0}, "option alpha"),
        ({"kernel": 7}, "no option"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build("whyte2012", **options)


def test_bars_are_shown_where_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    network = Whyte2012(**SMALL)
    network(small()[None])
    assert capsys.readouterr().err == ""
    network.shows_bar = True
    network(small()[None])
    shown = capsys.readouterr().err
    assert "whyte2012: rotations" in shown
    assert "whyte2012: deconvolution" in shown

"""Any size comes back at its size, tiles leave no trace, and lack of memory is told."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from networks import Coarse, Fixed, Hungry, Local, Mean, Middle, Same
from torch import Tensor, nn

from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation import appetite
from deblur_lib.evaluation.appetite import PROBE, ROOM, SIDES, affordable_tile, bytes_per_pixel
from deblur_lib.evaluation.restore import (
    from_8bit,
    from_levels,
    restore,
    tile_deviation,
    to_8bit,
    to_levels,
)
from deblur_lib.evaluation.tiling import FEATHER, weights, windows

LEVEL = 1 / 255
quick = settings(deadline=None, database=None, max_examples=60, derandomize=True)
sides = st.integers(1, 97)
COARSE = Coarse()


def picture(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@quick
@example(height=1, width=1)
@example(height=2, width=97)
@example(height=16, width=15)
@given(height=sides, width=sides)
def test_any_size_comes_back_at_its_size(height: int, width: int) -> None:
    restored = restore(COARSE, picture(1, 3, height, width))
    assert restored.shape == (1, 3, height, width)
    assert restored.dtype == torch.float32
    assert bool(torch.isfinite(restored).all())


@quick
@given(height=st.integers(2, 12), width=st.integers(2, 12))
def test_sizes_that_need_no_padding_give_the_networks_own_output(height: int, width: int) -> None:
    blurred = picture(2, 3, 8 * height, 8 * width)
    with torch.no_grad():
        native = Coarse().eval()(blurred)
    assert torch.equal(restore(COARSE, blurred), native)


def test_padding_mirrors_the_picture_as_often_as_it_takes() -> None:
    seen: list[Tensor] = []
    network = Coarse()
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    restore(network, torch.tensor([1.0, 2.0, 3.0]).expand(1, 3, 1, 3))
    row = [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]
    assert seen[0].shape == (1, 3, 16, 16)
    assert seen[0][0, 0, 7].tolist() == row
    seen.clear()
    restore(network, picture(1, 3, 20, 33))
    torch.testing.assert_close(seen[0][..., :20, 33:], seen[0][..., :20, 25:32].flip(-1))


def test_every_part_of_the_network_is_in_its_former_mode_afterwards() -> None:
    network = Coarse().train()
    network.look.eval()
    blurred = picture(1, 3, 16, 16)
    first = restore(network, blurred)
    assert torch.equal(first, restore(network, blurred))  # no dropout
    assert network.training
    assert network.drop.training
    assert not network.look.training
    with pytest.raises(EvaluationError):
        restore(Fixed(math.nan).train(), blurred)


def test_the_result_takes_part_in_later_work_but_carries_no_gradient() -> None:
    restored = restore(Local(), picture(1, 3, 9, 9))
    assert not restored.requires_grad
    (restored * torch.ones(1, requires_grad=True)).sum().backward()
    restored += 1


def test_lower_precision_around_the_call_does_not_reach_the_network() -> None:
    blurred = picture(1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = restore(Local(), blurred)
    assert torch.equal(inside, restore(Local(), blurred))


@pytest.mark.parametrize("size", [(150, 201), (64, 300), (97, 97)])
@pytest.mark.parametrize("tile", [64, 80, 128])
def test_tiles_leave_no_trace_when_the_overlap_spans_the_receptive_field(
    size: tuple[int, int], tile: int
) -> None:
    network = Local()
    blurred = picture(1, 3, *size)
    deviation = tile_deviation(network, blurred, tile=tile, overlap=network.receptive_field)
    assert deviation < 1e-5


def test_tiles_show_when_the_overlap_is_too_small() -> None:
    blurred = picture(1, 3, 64, 300)
    assert tile_deviation(Local(), blurred, tile=64, overlap=0) > LEVEL


@quick
@given(
    blocks=st.integers(1, 60), tile=st.integers(6, 30), overlap=st.integers(0, 80), step=st.just(4)
)
def test_the_weights_of_tiles_add_up_to_one_and_leave_context_out(
    blocks: int, tile: int, overlap: int, step: int
) -> None:
    length, side = blocks * step, tile * step
    overlap = min(overlap, side - FEATHER - step)
    spans = windows(length, min(side, length), overlap, step=step)
    total = torch.zeros(length)
    for (start, stop), weight in zip(spans, weights(spans), strict=True):
        assert start % step == 0
        assert bool((weight >= 0).all())
        context = overlap // 2
        assert start == 0 or not weight[:context].any()
        assert stop == length or context == 0 or not weight[-context:].any()
        total[start:stop] += weight
    torch.testing.assert_close(total, torch.ones(length))


def test_only_large_pictures_are_tiled_by_themselves() -> None:
    network = Hungry(10**9)
    restore(network, picture(1, 3, 720, 64), tile="auto")
    assert network.given == [(720, 64)]
    network.given.clear()
    restore(network, torch.zeros(1, 3, 40, 50_004), tile="auto")
    assert network.given[0] == (PROBE, PROBE)
    assert len(network.given) > 40
    assert max(network.given[1:]) == (40, 1024)


def test_a_network_that_needs_more_memory_gets_smaller_tiles() -> None:
    network = Local()
    floats = 48 / 16  # a pixel, of a tensor between two convolutions
    assert 2 * 4 * floats <= bytes_per_pixel(network) <= 6 * 4 * floats
    assert affordable_tile(network) == SIDES[1]
    appetite._known[network] = ROOM / 500**2
    assert affordable_tile(network) == 448
    appetite._known[network] = ROOM
    assert affordable_tile(network) == SIDES[0]


def test_a_picture_larger_than_memory_is_restored_in_smaller_tiles_and_says_so() -> None:
    network, said = Hungry(101 * 101), []
    blurred = picture(1, 3, 150, 200)
    restored = restore(network, blurred, say=said.append)
    assert network.given[0] == (152, 200)
    assert set(network.given[1:]) == {(100, 100)}
    assert said == [
        "Hungry ran out of memory at 200 px; restored again in tiles of 100 px that overlap by "
        "32 px"
    ]
    assert (restored - restore(Local(), blurred)).abs().max() < 1e-5


def test_tiles_halve_until_they_fit() -> None:
    network, said = Hungry(65 * 65), []
    restore(network, picture(1, 3, 150, 200), say=said.append)
    assert list(dict.fromkeys(network.given)) == [(152, 200), (100, 100), (64, 64)]
    assert len(said) == 2


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("MPS backend out of memory (MPS allocated: 17 GiB)"),
        MemoryError(),
    ],
)
def test_lack_of_memory_is_known_on_every_device(error: Exception) -> None:
    said: list[str] = []
    restored = restore(Hungry(70 * 70, error), picture(1, 3, 128, 128), say=said.append)
    assert restored.shape == (1, 3, 128, 128)
    assert len(said) == 1


def test_lack_of_memory_with_the_smallest_tiles_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="Hungry ran out of memory on 100x90 even in tiles"):
        restore(Hungry(100), picture(1, 3, 100, 90), say=lambda _: None)


def test_other_failures_are_not_taken_for_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        restore(Hungry(1, RuntimeError("shapes cannot be multiplied")), picture(1, 3, 8, 8))


def test_networks_that_tiles_change_are_told_and_measured() -> None:
    said: list[str] = []
    blurred = picture(1, 3, 96, 96)
    blurred[..., 48:] += 1
    deviation = tile_deviation(Mean(), blurred, tile=48, overlap=16, say=said.append)
    assert deviation > 0.2
    assert len(said) == 1
    assert said[0].startswith("mean_taker looks further than tiles of 48 px overlap, so they")


def test_clips_give_one_picture_of_their_size() -> None:
    clip = picture(2, 3, 3, 21, 70)
    for tile in (None, 40):
        restored = restore(Middle(), clip, tile=tile)
        torch.testing.assert_close(restored, clip.mean(dim=1))
    with pytest.raises(UsageError, match=r"Middle restores batches \(B, 3, 3, H, W\), got shape"):
        restore(Middle(), clip[:, :2])


def test_values_that_are_not_finite_are_counted() -> None:
    with pytest.raises(EvaluationError, match="Fixed returned 2 of 192 values that are NaN"):
        restore(Fixed(math.nan), picture(1, 3, 8, 8))
    with pytest.raises(EvaluationError, match="2 of 192 are not"):
        to_8bit(Fixed(math.inf)(picture(1, 3, 8, 8)))


def test_an_output_of_another_size_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"must return \(1, 3, 8, 9\) .* \(1, 3, 8, 8\)"):
        restore(Fixed(0, crop=1), picture(1, 3, 8, 9))


@pytest.mark.parametrize(
    ("blurred", "text"),
    [
        (torch.zeros(3, 8, 8), r"got shape \(3, 8, 8\)"),
        (torch.zeros(1, 1, 8, 8), r"got shape \(1, 1, 8, 8\)"),
        (torch.zeros(1, 3, 0, 8), r"got shape \(1, 3, 0, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "got torch.uint8"),
    ],
)
def test_batches_that_are_no_pictures_are_refused(blurred: Tensor, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        restore(Same(), blurred)


@pytest.mark.parametrize(
    ("tile", "overlap", "text"),
    [(0, None, "tile 0"), (64, -1, "overlap -1"), (64, 60, "take a tile of at least 80 px")],
)
def test_tiles_that_cannot_be_are_refused(tile: int, overlap: int | None, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        restore(Local(), picture(1, 3, 100, 100), tile=tile, overlap=overlap)


def test_rounding_is_half_up_after_clipping() -> None:
    values = torch.tensor([-0.3, 0.0, 0.499 / 255, 0.501 / 255, 254.4 / 255, 1.0, 7.0])
    rounded = to_8bit(values.expand(2, 3, 1, 7))
    assert rounded.shape == (2, 1, 7, 3)
    assert rounded.dtype == np.uint8
    assert rounded[1, 0, :, 2].tolist() == [0, 0, 0, 1, 254, 255, 255]
    assert to_8bit(torch.full((3, 1, 1), 0.5)).tolist() == [[[128, 128, 128]]]


def test_every_grey_level_survives_the_way_to_floats_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    tensor = from_8bit(levels)
    assert tensor.shape == (3, 16, 16)
    np.testing.assert_array_equal(to_8bit(tensor), levels)


def test_sixteen_bits_survive_the_way_to_floats_and_back() -> None:
    levels = np.arange(65536, dtype=np.uint16).repeat(3).reshape(256, 256, 3)
    np.testing.assert_array_equal(to_levels(from_levels(levels), levels.dtype), levels)


def test_tiles_show_a_bar_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    restore(Local(), picture(1, 3, 100, 200), tile=128, bar="photo.jpg")
    assert re.search(r"photo\.jpg: .*0/3", capsys.readouterr().err)
    restore(Local(), picture(1, 3, 100, 200), bar="photo.jpg")
    restore(Local(), picture(1, 3, 100, 200), tile=128)
    assert capsys.readouterr().err == ""


def test_a_network_without_weights_runs_where_the_picture_is() -> None:
    blurred = picture(1, 3, 5, 6)
    assert not any(True for _ in Same().parameters())
    assert isinstance(Same(), nn.Module)
    assert torch.equal(restore(Same(), blurred), blurred)

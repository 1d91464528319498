"""Motion fields from confidences: candidates, belief propagation, enlargement."""

from itertools import product

import pytest
import torch
from torch import Tensor

from deblur_lib.kernels.field import (
    candidate_ranks,
    choose_motion,
    enlarge,
    grid,
    propagate,
)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def total(unary: Tensor, points: Tensor, chosen: Tensor, signless: bool) -> float:
    """Cost of a choice (H, W) of candidates, one pixel and one pair after the other."""
    height, width = chosen.shape
    cost = 0.0
    for y, x in product(range(height), range(width)):
        cost += float(unary[y, x, chosen[y, x]])
        here = points[y, x, chosen[y, x]]
        for b, a in ((y + 1, x), (y, x + 1)):
            if b < height and a < width:
                there = points[b, a, chosen[b, a]]
                apart = [float((here - there).square().sum()), float((here + there).square().sum())]
                cost += min(apart) if signless else apart[0]
    return cost


def brute_force(unary: Tensor, points: Tensor, signless: bool) -> Tensor:
    height, width, count = unary.shape
    choices = (
        torch.tensor(one).view(height, width)
        for one in product(range(count), repeat=height * width)
    )
    return min(choices, key=lambda one: total(unary, points, one, signless))


@pytest.mark.parametrize("signless", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_min_sum_finds_the_cheapest_field_of_2x2_pixels(seed: int, signless: bool) -> None:
    unary, points = drawn(seed, 2, 2, 3), drawn(seed + 100, 2, 2, 3, 2) - 0.5
    found = propagate(unary, points, 30, signless=signless)
    assert torch.equal(found, brute_force(unary, points, signless))


@pytest.mark.parametrize("size", [(1, 5), (5, 1)])
def test_min_sum_is_exact_on_a_chain(size: tuple[int, int]) -> None:
    unary, points = drawn(0, *size, 3), drawn(1, *size, 3, 2)
    assert torch.equal(propagate(unary, points, 30), brute_force(unary, points, False))


@pytest.mark.parametrize("signless", [False, True])
def test_without_smoothness_the_most_confident_label_wins(signless: bool) -> None:
    confidence, motions = drawn(2, 5, 7, 60), drawn(3, 60, 2)
    field = choose_motion(confidence, motions, smoothness=0, signless=signless)
    assert torch.equal(field, motions[confidence.argmax(-1)].permute(2, 0, 1))
    still = torch.zeros(5, 7, 60, 2)  # no pair costs anything: the same by messages
    assert torch.equal(propagate(-confidence, still, 3, signless=signless), confidence.argmax(-1))


def test_smoothness_outvotes_a_lonely_label() -> None:
    motions = torch.tensor([[0.0, 0.0], [5.0, 0.0], [-5.0, 0.0]])
    confidence = torch.tensor([0.1, 0.8, 0.0]).repeat(5, 5, 1)
    confidence[2, 2] = torch.tensor([0.2, 0.3, 0.4])
    assert choose_motion(confidence, motions, smoothness=0)[0, 2, 2] == -5
    assert choose_motion(confidence, motions, smoothness=0.1)[0, 2, 2] == 5
    alike = choose_motion(confidence, motions, smoothness=0.1, signless=True)
    assert alike[0, 2, 2] == -5  # it blurs as its neighbours do


def test_many_sweeps_do_not_drift() -> None:
    confidence, motions = drawn(4, 4, 4, 30), 25 * drawn(5, 30, 2)
    few, many = (choose_motion(confidence, motions, smoothness=1e4, sweeps=n) for n in (40, 200))
    assert torch.equal(few, many)


def test_a_message_counts_half_at_first_and_more_with_every_sweep() -> None:
    unary = torch.tensor([[[0.0, 0.7], [1.0, 0.0]]])  # two pixels, (1, 2, 2)
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0]]).expand(1, 2, 2, 2)  # a difference costs 1
    assert [int(propagate(unary, points, sweeps)[0, 0]) for sweeps in (0, 1, 2)] == [0, 0, 1]


def test_progress_is_told_to_the_end() -> None:
    told = list[float]()
    propagate(drawn(0, 2, 3, 4), drawn(1, 2, 3, 4, 2), 5, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_candidates_are_the_best_and_some_of_every_rank() -> None:
    ranks = candidate_ranks(361).tolist()
    assert ranks[:20] == list(range(20))
    assert len(set(ranks)) == 50
    assert ranks[20:23] == [20, 31, 43]
    assert ranks[-1] == 350
    assert sorted(ranks) == ranks
    assert candidate_ranks(49).tolist() == list(range(49))
    assert len(set(candidate_ranks(51).tolist())) == 50
    assert max(candidate_ranks(51).tolist()) <= 50


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 10), (97, 3)])
def test_every_pixel_takes_the_nearest_of_the_grid(size: tuple[int, int]) -> None:
    rows, columns = (grid(length, 3) for length in size)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))  # (2, h, w)
    found = enlarge(places, size, 3)
    assert found.shape == (2, *size)
    for y, x in product(*map(range, size)):
        assert found[0, y, x] == min(rows.tolist(), key=lambda row: abs(row - y))
        assert found[1, y, x] == min(columns.tolist(), key=lambda column: abs(column - x))

import pytest
import torch
from torch import nn

from deblur_lib import catalogue
from deblur_lib.training.seeding import (
    derive,
    fresh_network,
    generators,
    seeded,
    set_generators,
    xavier,
)

CPU = torch.device("cpu")


def test_seeds_differ_by_concern_and_stay_the_same_forever() -> None:
    assert derive(0, "weights") == 133441691874178746  # sha256sum of "0/weights"
    assert len({derive(seed, what) for seed in range(3) for what in ("weights", "noise")}) == 6
    assert 0 <= derive(-1, "x") < 2**63


def test_block_draws_from_its_seed_and_leaves_the_global_state() -> None:
    before = torch.random.get_rng_state()
    with seeded(3, "weights"):
        first = torch.rand(4)
    with seeded(3, "weights"):
        torch.testing.assert_close(torch.rand(4), first, rtol=0, atol=0)
    with seeded(3, "noise"):
        assert not torch.equal(torch.rand(4), first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_state_of_the_generators_goes_round() -> None:
    with seeded(0, "noise"):
        states = generators(CPU)
        first = torch.rand(3)
        torch.rand(9)
        set_generators(states, CPU)
        assert torch.equal(torch.rand(3), first)


def test_fresh_networks_are_equal_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "build", lambda name, **options: nn.Conv2d(3, 4, 3, **options))
    one, same = (fresh_network("conv", {"bias": True}, seed=1) for _ in range(2))
    other = fresh_network("conv", {"bias": True}, seed=2)
    glorot = fresh_network("conv", {"bias": True}, seed=1, init="xavier")
    assert torch.equal(one.weight, same.weight)
    assert not torch.equal(one.weight, other.weight)
    assert not torch.equal(one.weight, glorot.weight)


def test_xavier_has_the_spread_of_its_formula() -> None:
    layer = nn.Conv2d(64, 64, 3)
    with seeded(0, "weights"):
        xavier(layer)
    assert layer.weight.std().item() == pytest.approx((2 / (2 * 64 * 9)) ** 0.5, rel=0.02)
    assert not layer.bias.any()

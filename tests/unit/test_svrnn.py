"""The spatially variant RNN: recurrence, size, gradients, any picture size, refusals, training."""

import network_checks as checks
import pytest
import torch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.evaluation.restore import restore
from deblur_lib.networks.svrnn import SVRNN, recur, sweep


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small() -> SVRNN:
    return SVRNN(features=4, gates=4)


def slowly(x: Tensor, gate: Tensor) -> Tensor:
    """The recurrence as it is written down."""
    h, all_of_them = torch.zeros_like(x[0]), []
    for value, g in zip(x, gate, strict=True):
        h = (1 - g) * value + g * h
        all_of_them.append(h)
    return torch.stack(all_of_them)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 12, 16, 17, 37])
def test_runs_side_by_side_give_the_recurrence_and_its_gradient(length: int) -> None:
    x = torch.rand(length, 2, 3, dtype=torch.float64, requires_grad=True)
    gate = (2 * torch.rand(length, 2, 3, dtype=torch.float64) - 1).requires_grad_()
    seen = torch.rand(length, 2, 3, dtype=torch.float64)
    ours, theirs = recur(x, gate), slowly(x, gate)
    torch.testing.assert_close(ours, theirs)
    for one, other in zip(
        torch.autograd.grad((ours * seen).sum(), (x, gate)),
        torch.autograd.grad((theirs * seen).sum(), (x, gate)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_a_long_recurrence_in_half_precision_is_summed_in_float32() -> None:
    x, gate = torch.rand(300, 4).bfloat16(), torch.full((300, 4), 0.996).bfloat16()
    h = recur(x, gate)
    assert h.dtype == torch.bfloat16
    torch.testing.assert_close(h, slowly(x.float(), gate.float()).bfloat16())


def test_each_direction_has_its_gate_and_its_place() -> None:
    x, wide = torch.zeros(1, 1, 3, 4), torch.full((1, 1, 3, 4), 0.5)
    x[..., 1, 1] = 1.0
    shut = torch.zeros_like(x)  # h = x
    tail = torch.tensor([0.5, 0.25, 0.125])  # from the bright pixel on
    expected = {
        0: (0, (1, slice(1, None)), tail),  # gate -> channel of the result, where, what
        1: (2, (slice(1, None), 1), tail[:2]),
        2: (1, (1, slice(None, 2)), tail[:2].flip(0)),
        3: (3, (slice(None, 2), 1), tail[:2].flip(0)),
    }
    for index, (channel, where, values) in expected.items():
        gates = [shut] * 4
        gates[index] = wide
        result = sweep(x, tuple(gates))[0]
        torch.testing.assert_close(result[channel][where], values)
        assert result[channel].sum() == values.sum()
        assert all(torch.equal(result[k], x[0, 0]) for k in range(4) if k != channel)


def test_parameter_count_is_the_published_one() -> None:
    assert checks.parameter_count(SVRNN) == 9_227_027


def test_every_weight_receives_a_gradient() -> None:
    network = small()
    network(torch.rand(2, 3, 24, 16)).square().mean().backward()
    assert checks.idle(network) == []


def test_any_size_is_kept() -> None:
    checks.keeps_any_size(small())


def test_nothing_is_padded_that_fits_and_tiles_are_told_to_differ() -> None:
    network, blurred = small(), torch.rand(1, 3, 64, 96)
    checks.needs_no_padding(network, blurred)
    said: list[str] = []
    restore(network, blurred, tile=64, overlap=16, say=said.append)
    assert len(said) == 1
    assert "svrnn looks further than tiles" in said[0]


def test_a_transposed_network_works_on_columns() -> None:
    plain, blurred = small(), torch.rand(1, 3, 16, 24)
    turned = SVRNN(features=4, gates=4, transposed=True)
    turned.load_state_dict(plain.state_dict())
    assert torch.equal(turned(blurred), plain(blurred.mT).mT)
    assert not torch.equal(turned(blurred), plain(blurred))


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), checks.batch(), atol=2e-2)


def test_a_few_steps_lower_the_loss() -> None:
    checks.learns(small(), *checks.pair(), to=0.8, steps=30, lr=5e-3)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"svrnn needs .* divisible by 8, got 12x8; use evaluation"
    ):
        small()(torch.zeros(1, 3, 12, 8))
    with pytest.raises(UsageError, match=r"svrnn needs a batch \(B, 3, H, W\)"):
        small()(torch.zeros(1, 1, 8, 8))

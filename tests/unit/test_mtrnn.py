"""MT-RNN: size, gradients, memory, any picture size, tiles, start, refusals, training."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.mtrnn import MTRNN


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small(iterations: int = 2, start: str = "random") -> MTRNN:
    return MTRNN(base_channels=4, blocks=1, iterations=iterations, start=start)


def test_parameter_count_is_the_published_one() -> None:
    with torch.device("meta"):
        network = MTRNN()
    sizes = {
        one: sum(p.numel() for p in network.parameters() if p.requires_grad is one)
        for one in (True, False)
    }
    assert sizes == {True: 2_635_523, False: 24}


def test_every_learnt_weight_receives_a_gradient_and_the_fixed_ones_none() -> None:
    network = small()
    estimates = network.forward_all(torch.rand(2, 3, 12, 8))
    assert [tuple(one.shape) for one in estimates] == [(2, 3, 12, 8)] * 2
    estimates[-1].square().mean().backward()
    assert all(name.startswith(("sub_mean", "add_mean")) for name in checks.idle(network))
    assert all(one.grad is None for one in network.sub_mean.parameters())
    assert all(one.grad is None for one in network.add_mean.parameters())


def test_passes_share_their_weights_and_remember_the_pass_before() -> None:
    network, blurred = small(iterations=3).eval(), torch.rand(1, 3, 16, 8)
    estimates, memory = network.forward_memory(blurred)
    assert [tuple(one.shape[1:]) for one in memory] == [(8, 8, 4), (16, 4, 2)]
    fewer = small(iterations=2)
    fewer.load_state_dict(network.state_dict())
    assert all(map(torch.equal, fewer.forward_all(blurred), estimates))
    x = network.sub_mean(255 * blurred)
    plain, first = network.step(x, x, None)
    assert not torch.equal(network.step(x, x, first)[0], plain)


def test_half_precision_keeps_the_colours() -> None:
    network, blurred = small(start="identity").eval(), torch.rand(1, 3, 8, 8)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        restored = network(blurred)
    assert restored.dtype == torch.float32
    torch.testing.assert_close(restored, blurred, rtol=0, atol=1e-6)


def test_any_size_is_kept() -> None:
    checks.keeps_any_size(small())


def test_nothing_is_padded_that_fits_and_tiles_leave_no_trace() -> None:
    network, blurred = small(iterations=1), torch.rand(1, 3, 132, 72)
    checks.needs_no_padding(network, blurred)
    checks.leaves_no_trace_of_tiles(network, blurred, tile=104)


@pytest.mark.parametrize("iterations", [1, 2])
def test_one_pixel_looks_at_its_receptive_field_and_no_further(iterations: int) -> None:
    network = small(iterations=iterations).double()
    side = network.receptive_field
    middle = 4 * (side // 4)
    blurred = torch.rand(1, 3, 8, 2 * middle, requires_grad=True, dtype=torch.float64)
    seen = []
    for phase in range(4):
        pixel = network(blurred)[..., 4, middle + phase].sum()
        (gradient,) = torch.autograd.grad(pixel, blurred)
        columns = gradient.abs().sum(dim=(0, 1, 2)).nonzero()
        seen.append(int(columns.max() - columns.min()) + 1)
    assert max(seen) == side


def test_a_start_at_the_identity_gives_the_blurred_picture() -> None:
    blurred = torch.rand(2, 3, 8, 8)
    for estimate in small(start="identity").forward_all(blurred):
        torch.testing.assert_close(estimate, blurred, rtol=0, atol=1e-6)


def test_a_few_steps_lower_the_loss() -> None:
    checks.learns(small(start="identity"), *checks.pair(), to=0.95, steps=30, lr=2e-3)


def test_what_it_cannot_do_is_refused() -> None:
    for options, found in (({"blocks": 0}, "0 and 6"), ({"iterations": 0}, "3 and 0")):
        with pytest.raises(UsageError, match=f"one block and one iteration, got {found}"):
            MTRNN(**options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="choice of start is called 'zero'"):
        small(start="zero")
    with pytest.raises(
        UsageError, match=r"mtrnn needs .* divisible by 4, got 10x8; use evaluation"
    ):
        small()(torch.zeros(1, 3, 10, 8))

"""DBGAN's generator: size, gradients, any picture size, tiles, start, refusals, training."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.dbgan import DBGAN


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small(**options: str) -> DBGAN:
    return DBGAN(features=6, growth=4, blocks=1, **options)  # type: ignore[arg-type]


def test_parameter_count_is_the_published_one() -> None:
    with torch.device("meta"):
        network = DBGAN()
    assert sum(one.numel() for one in network.parameters()) == 11_588_163
    assert network.receptive_field == 489


def test_every_weight_receives_a_gradient() -> None:
    network = small()
    network(torch.rand(2, 3, 12, 9)).square().mean().backward()
    assert checks.idle(network) == []


def test_any_size_is_kept() -> None:
    checks.keeps_any_size(small())


def test_nothing_is_padded_and_tiles_leave_no_trace() -> None:
    network, blurred = small(), torch.rand(1, 3, 93, 71)
    checks.needs_no_padding(network, blurred)
    checks.leaves_no_trace_of_tiles(network, blurred, tile=64)


def test_one_pixel_looks_at_its_receptive_field_and_no_further() -> None:
    network = small()
    side = network.receptive_field
    blurred = torch.rand(1, 3, side + 4, side + 4, requires_grad=True)
    network.unclamped(blurred)[..., side // 2 + 2, side // 2 + 2].sum().backward()
    assert blurred.grad is not None
    seen = blurred.grad.abs().sum(dim=(0, 1)) > 0  # (H, W)
    edge = [seen[2].any(), seen[-3].any(), seen[:, 2].any(), seen[:, -3].any()]
    assert all(edge)
    seen[2:-2, 2:-2] = False
    assert not seen.any()


def test_the_result_is_clamped() -> None:
    network, blurred = small(), torch.rand(1, 3, 8, 8)
    torch.nn.init.constant_(network.model[4].bias, 0.5)
    before = network.unclamped(blurred)
    assert before.max() > 1
    assert torch.equal(network(blurred), before.clamp(0, 1))


def test_a_start_at_the_identity_gives_the_blurred_picture() -> None:
    blurred = torch.rand(2, 3, 8, 8)
    assert torch.equal(small(start="identity")(blurred), blurred)
    assert not torch.equal(small()(blurred), blurred)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), checks.batch(), atol=3e-2)


def test_a_few_steps_lower_the_loss() -> None:
    checks.learns(small(start="identity"), *checks.pair(), to=0.95, steps=30, lr=2e-3)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(UsageError, match="dbgan needs at least one block, got 0"):
        DBGAN(blocks=0)
    with pytest.raises(UsageError, match="choice of start is called 'zero'"):
        small(start="zero")
    with pytest.raises(UsageError, match=r"dbgan needs a batch \(B, 3, H, W\)"):
        small()(torch.zeros(3, 8, 8))

"""NAFNet: sizes, gradients, local means, what it refuses. Its numbers: tests/golden."""

from typing import Any

import network_checks as checks
import pytest
import torch
import torch.nn.functional as F
from network_checks import batch

from deblur_lib.errors import UsageError
from deblur_lib.networks.nafnet import BoxMean, NAFNet, Pointwise

NARROW: dict[str, Any] = {"width": 8, "enc_blk_nums": [1, 2], "dec_blk_nums": [1, 1]}


def small(**options: Any) -> NAFNet:
    torch.manual_seed(0)
    network = NAFNet(**(NARROW | options))
    for name, one in network.named_parameters():
        if name.endswith(("beta", "gamma")):
            torch.nn.init.normal_(one)  # zeros at first, which hide the blocks
    return network


@pytest.mark.parametrize(("width", "count"), [(32, 17_111_907), (64, 67_888_835)])
def test_parameter_count_is_the_published_one(width: int, count: int) -> None:
    assert checks.parameter_count(NAFNet, width=width) == count


def test_every_parameter_gets_a_gradient() -> None:
    network = small()
    network(batch()).square().mean().backward()
    assert checks.idle(network) == []


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    network, blurred = NAFNet(**NARROW), batch(32, 48)
    found = checks.losses(network, blurred, F.avg_pool2d(blurred, 3, 1, 1), steps=6, lr=1e-3)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.9 * found[0]


def test_started_at_the_identity_it_gives_its_input() -> None:
    blurred = batch(17, 9)
    assert torch.equal(small(start="identity")(blurred), blurred)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


def test_any_size_is_kept_and_restored_as_it_is() -> None:
    network = small()
    assert (network.multiple_of, network.minimum_size) == (1, 1)
    checks.keeps_any_size(network)
    for height in (32, 64, 96):
        checks.needs_no_padding(network, batch(height, 98 - height, 1))


def test_the_border_it_fills_is_zero() -> None:
    network, blurred = small().eval(), batch(14, 23)
    filled = F.pad(blurred, (0, 1, 0, 2))
    assert torch.equal(network(blurred), network(filled)[..., :14, :23])


@pytest.mark.parametrize("side", [1, 2, 5, 8, 9])
def test_box_mean_is_a_pooling_with_repeated_borders(side: int) -> None:
    x = batch(8, 11)
    kernel = (min(side, 8), side)
    means = F.avg_pool2d(x, kernel, stride=1)
    down, across = kernel[0] - 1, kernel[1] - 1
    pads = (across // 2, across - across // 2, down // 2, down - down // 2)
    torch.testing.assert_close(BoxMean(side)(x), F.pad(means, pads, mode="replicate"))


def test_box_mean_of_a_long_picture_stays_precise() -> None:
    x = 100 + torch.rand((1, 1, 64, 4096), generator=torch.Generator().manual_seed(0))
    exact = BoxMean(64)(x.double()).float()
    torch.testing.assert_close(BoxMean(64)(x), exact, rtol=1e-5, atol=0)


def test_windows_that_cover_the_picture_change_nothing() -> None:
    blurred = batch(24, 32)
    whole = small(pool_window=None).eval()(blurred)
    assert torch.equal(small(pool_window=32).eval()(blurred), whole)
    assert not torch.allclose(small(pool_window=28).eval()(blurred), whole)


def test_product_is_a_convolution_in_every_memory_format() -> None:
    torch.manual_seed(0)
    layer, x = Pointwise(4, 6), torch.rand(2, 4, 5, 7)
    wanted = F.conv2d(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), wanted)
    torch.testing.assert_close(layer(x.contiguous(memory_format=torch.channels_last)), wanted)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(pool_window=16), batch(32, 48), atol=3e-2)


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"width": 0}, r"a width of at least 1 .* got 0, \[1, 2\], 1 and \[1, 1\]"),
        ({"dec_blk_nums": [1]}, r"as many numbers of blocks .* got 8, \[1, 2\], 1 and \[1\]"),
        ({"middle_blk_num": -1}, r"none below 0, got 8, \[1, 2\], -1 and \[1, 1\]"),
        ({"pool_window": 3}, "pool_window of at least 4 px, one pixel at its lowest size, got 3"),
        ({"start": "identty"}, "no choice of start is called 'identty'; did you mean 'identity'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        small(**options)


def test_batches_it_cannot_take_are_refused() -> None:
    with pytest.raises(UsageError, match=r"nafnet needs a batch \(B, 3, H, W\) .* got shape"):
        small()(torch.zeros(1, 1, 8, 8))

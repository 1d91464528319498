"""MIMO-UNet: size, gradients, odd sizes, dropout, refusals. Its numbers: tests/golden."""

import network_checks as checks
import pytest
import torch
from network_checks import batch

from deblur_lib.errors import UsageError
from deblur_lib.networks.mimo_unet import MIMOUNet, MIMOUNetPlus


def small(cls: type[MIMOUNet] = MIMOUNet, **options: float) -> MIMOUNet:
    torch.manual_seed(0)
    return cls(base_channels=8, blocks=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("cls", "count"), [(MIMOUNet, 6_807_171), (MIMOUNetPlus, 16_107_651)])
def test_parameter_count_is_the_published_one(cls: type[MIMOUNet], count: int) -> None:
    assert checks.parameter_count(cls) == count


def test_outputs_are_coarse_to_fine_and_the_last_is_the_result() -> None:
    network, blurred = small(), batch()
    outputs = network.forward_all(blurred)
    assert [tuple(one.shape) for one in outputs] == [
        (2, 3, 4, 6),
        (2, 3, 8, 12),
        (2, 3, 16, 24),
    ]
    assert torch.equal(network(blurred), outputs[-1])


def test_every_parameter_gets_a_gradient() -> None:
    network = small()
    sum(one.square().mean() for one in network.forward_all(batch())).backward()  # type: ignore[union-attr]
    assert checks.idle(network) == []


def test_each_scale_corrects_the_nearest_pixels_of_the_blurred_picture() -> None:
    network, blurred = small(), batch()
    for last in (*network.ConvsOut, network.feat_extract[5]):
        for one in last.parameters():
            torch.nn.init.zeros_(one)
    small_one, middle, full = network.forward_all(blurred)
    assert torch.equal(full, blurred)
    assert torch.equal(middle, blurred[..., ::2, ::2])
    assert torch.equal(small_one, blurred[..., ::4, ::4])


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=2e-2)


def test_only_the_larger_network_drops_fused_channels_and_only_in_training() -> None:
    blurred = batch()
    for cls, changes in ((MIMOUNet, False), (MIMOUNetPlus, True)):
        network = small(cls)
        torch.manual_seed(1)
        first, second = network(blurred), network(blurred)
        assert torch.equal(first, second) is not changes
        network.eval()
        assert torch.equal(network(blurred), network(blurred))


@pytest.mark.parametrize(("height", "width"), [(5, 7), (17, 30), (1, 1)])
def test_odd_sizes_pass_after_padding(height: int, width: int) -> None:
    checks.keeps_size(small(), batch(height, width))


def test_sizes_and_shapes_it_cannot_take_are_refused() -> None:
    message = "mimo_unet needs height and width divisible by 4, got 250x333; use evaluation.restore"
    with pytest.raises(UsageError, match=message):
        small()(torch.zeros(1, 3, 250, 333))
    with pytest.raises(UsageError, match=r"mimo_unet_plus needs .* divisible by 4, got 8x6"):
        small(MIMOUNetPlus)(torch.zeros(1, 3, 8, 6))
    for shape in ((3, 8, 8), (1, 1, 8, 8), (1, 2, 3, 8, 8)):
        with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\) .* got shape"):
            small()(torch.zeros(shape))

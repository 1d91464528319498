"""U-Net of SE-ResNeXt blocks: sizes, gradients, narrow options, what it refuses."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.unet_seresnext import SEModule, UNetSEResNeXt

NARROW = {"features": 4, "planes": 16, "depths": [1, 1, 2, 1]}


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(("tail", "count"), [(False, 51_285_971), (True, 53_334_971)])
def test_parameter_count(tail: bool, count: int) -> None:
    assert checks.parameter_count(UNetSEResNeXt, tail=tail) == count
    assert checks.parameter_count(UNetSEResNeXt, tail=tail, norm="group") == count


def test_behind_group_norms_the_gates_see_the_picture() -> None:
    network = UNetSEResNeXt(**NARROW, norm="group")
    restored = network(torch.rand(1, 3, 64, 96))
    restored.square().mean().backward()
    assert checks.idle(network, cancelled="bias$") == []


def test_every_weight_receives_a_gradient() -> None:
    network = UNetSEResNeXt(**NARROW)
    for name, one in network.named_parameters():
        if name.endswith("fc1.bias"):
            torch.nn.init.constant_(one, 0.1)  # the gates see nothing else, see the next test
    blurred = torch.rand(1, 3, 64, 96)
    restored = network(blurred)
    assert restored.shape == blurred.shape
    restored.square().mean().backward()
    # the gates look at means that the norms make constant, so fc1 gets only rounding
    assert checks.idle(network, cancelled=r"(bias|fc1\.weight)$") == []


def test_the_gates_see_nothing_behind_norms_without_scale_and_shift() -> None:
    network = UNetSEResNeXt(**NARROW).eval()
    blurred = torch.rand(1, 3, 64, 96)
    before = network(blurred)
    for name, one in network.named_parameters():
        if name.endswith("fc1.weight"):
            torch.nn.init.zeros_(one)
    torch.testing.assert_close(network(blurred), before)


def test_the_gates_tell_their_factors() -> None:
    gate, x = SEModule(32), torch.rand(2, 32, 5, 7)
    assert gate.weights(x).shape == (2, 32)
    torch.testing.assert_close(gate(x), x * gate.weights(x)[:, :, None, None])


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(UNetSEResNeXt(**NARROW), torch.rand(2, 3, 64, 64))


def test_wrong_options_and_batches_are_refused() -> None:
    with pytest.raises(UsageError, match="multiples of 16 and four depths, got 24"):
        UNetSEResNeXt(planes=24)
    with pytest.raises(UsageError, match=r"got 64 and \[3, 4\]"):
        UNetSEResNeXt(depths=[3, 4])
    with pytest.raises(UsageError, match="known: group, instance"):
        UNetSEResNeXt(norm="batch")
    with pytest.raises(UsageError, match="unet_seresnext needs height and width of at least 64"):
        UNetSEResNeXt(**NARROW)(torch.rand(1, 3, 32, 64))

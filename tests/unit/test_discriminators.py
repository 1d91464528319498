"""Discriminators: sizes as published, what one logit sees, gradients, what they refuse."""

import network_checks as checks
import pytest
import torch
from torch import nn

from deblur_lib import catalogue
from deblur_lib.errors import UsageError
from deblur_lib.networks.discriminators import DoubleGAN, PatchGAN, receptive_field


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("layers", "field", "count", "side"), [(3, 70, 2_764_737, 35), (5, 286, 11_154_369, 11)]
)
def test_sizes_of_deblurgan_v2(layers: int, field: int, count: int, side: int) -> None:
    with torch.device("meta"):
        network = PatchGAN(n_layers=layers, norm="instance")
        logits = network(torch.rand(1, 3, 256, 256))
    assert sum(one.numel() for one in network.parameters()) == count
    assert receptive_field(network) == field
    assert logits.shape == (1, 1, side, side)


def test_a_logit_sees_its_field_and_no_more() -> None:
    network = PatchGAN(n_layers=2, norm="none", features=4)
    picture = torch.rand(1, 3, 96, 96, requires_grad=True)
    logits = network(picture)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    assert picture.grad is not None
    touched = picture.grad.abs().sum((0, 1)).nonzero()
    sides = touched.max(0).values - touched.min(0).values + 1
    assert sides.tolist() == [receptive_field(network)] * 2


def test_zhao2020_normalises_whole_maps_of_the_three_middle_layers() -> None:
    network = PatchGAN(norm="layer", padding=1)
    norms = [one for one in network.model if isinstance(one, nn.GroupNorm)]
    assert [one.num_channels for one in norms] == [128, 256, 512]
    assert {one.num_groups for one in norms} == {1}
    convolutions = [one for one in network.model if isinstance(one, nn.Conv2d)]
    assert [one.stride[0] for one in convolutions] == [2, 2, 2, 1, 1]


@pytest.mark.parametrize("name", ["patchgan", "double", "deblurgan_critic"])
def test_every_weight_receives_a_gradient(name: str) -> None:
    network = catalogue.build_discriminator(name, features=4)
    logits = network(torch.rand(2, 3, 64, 48))
    for one in logits if isinstance(logits, tuple) else (logits,):
        one.square().mean().backward()
    assert checks.idle(network, cancelled="bias$") == []


def test_double_gives_the_logits_of_both() -> None:
    network = DoubleGAN(features=4)
    picture = torch.rand(1, 3, 64, 64)
    patch, full = network(picture)
    assert torch.equal(patch, network.patch(picture))
    assert torch.equal(full, network.full(picture))
    assert (receptive_field(network.patch), receptive_field(network.full)) == (70, 286)


def test_wrong_pictures_and_norms_are_refused() -> None:
    with pytest.raises(UsageError, match="known: batch, instance, layer, none"):
        PatchGAN(norm="spectral")
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\), got shape \(3, 8, 8\)"):
        PatchGAN(features=4)(torch.rand(3, 8, 8))
    with pytest.raises(UsageError, match=r"\(B, 6, H, W\), got shape \(1, 3, 32, 32\)"):
        PatchGAN(features=4, channels=6)(torch.rand(1, 3, 32, 32))

"""Discriminators: sizes as published, what one logit sees, gradients, what they refuse."""

import network_checks as checks
import pytest
import torch
from torch import nn

from deblur_lib import catalogue
from deblur_lib.errors import UsageError
from deblur_lib.networks.discriminators import ConvDense, DoubleGAN, PatchGAN, receptive_field


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


@pytest.mark.parametrize("name", ["patchgan", "double", "deblurgan_critic", "conv_dense"])
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


def test_dense_end_halves_256_pixels_to_8_and_gives_one_logit() -> None:
    with torch.device("meta"):
        network = ConvDense()
        picture = torch.rand(1, 3, 256, 256)
        assert network.look(picture).shape == (1, 512, 8, 8)
        assert network(picture).shape == (1, 1)
    widths = [one.out_channels for one in network.look if isinstance(one, nn.Conv2d)]
    assert widths == [64, 128, 256, 512, 512]
    assert [one.num_groups for one in network.look if isinstance(one, nn.GroupNorm)] == [1] * 4
    assert {one.negative_slope for one in network.look if isinstance(one, nn.LeakyReLU)} == {0.2}
    assert network.judge[-1].in_features == 512 * 4 * 4
    assert sum(one.numel() for one in network.parameters()) == 6_962_369


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 16), (33, 64), (40, 100), (97, 130)])
def test_dense_end_takes_crops_of_any_size(size: tuple[int, int]) -> None:
    network = ConvDense(features=4)
    picture = torch.rand(2, 3, *size, requires_grad=True)
    logits = network(picture)
    assert logits.shape == (2, 1)
    logits.square().mean().backward()
    assert picture.grad is not None
    assert (picture.grad.abs().sum(1) > 0).all()  # every pixel counts
    assert checks.idle(network) == []


@pytest.mark.parametrize("norm", ["layer", "none", "instance"])
def test_dense_end_judges_each_picture_by_itself(norm: str) -> None:
    network = ConvDense(features=4, n_layers=3, norm=norm)
    pictures = torch.rand(3, 3, 32, 40)
    with torch.no_grad():
        together = network(pictures)
        alone = torch.cat([network(one[None]) for one in pictures])
    torch.testing.assert_close(together, alone)
    assert together.std() > 0


def test_wrong_pictures_and_norms_are_refused() -> None:
    with pytest.raises(UsageError, match="known: batch, instance, layer, none"):
        PatchGAN(norm="spectral")
    with pytest.raises(UsageError, match="known: batch, instance, layer, none"):
        ConvDense(norm="spectral")
    with pytest.raises(UsageError, match=r"ConvDense needs a batch \(B, 6, H, W\)"):
        ConvDense(features=4, channels=6)(torch.rand(1, 3, 32, 32))
    with pytest.raises(UsageError, match=r"norm='batch' needs a side of at least 9 px, got \(8, 8"):
        ConvDense(features=4, n_layers=3, norm="batch")(torch.rand(1, 3, 8, 8))
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\), got shape \(3, 8, 8\)"):
        PatchGAN(features=4)(torch.rand(3, 8, 8))
    with pytest.raises(UsageError, match=r"\(B, 6, H, W\), got shape \(1, 3, 32, 32\)"):
        PatchGAN(features=4, channels=6)(torch.rand(1, 3, 32, 32))

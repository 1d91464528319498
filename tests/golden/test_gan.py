"""DeblurGAN and DeblurGAN-v2 return what the published networks return, in each of their modes."""

import pytest
import torch
from torch import Tensor

from deblur_lib.networks.deblurgan import DeblurGAN
from deblur_lib.networks.deblurgan_v2 import DeblurGANv2
from deblur_lib.networks.discriminators import DeblurGANCritic
from deblur_lib.networks.unet_seresnext import UNetSEResNeXt
from deblur_lib.nn.norms import set_statistics
from golden import goldens


def to_unit(picture: Tensor) -> Tensor:
    return (picture + 1) / 2


def from_unit(picture: Tensor) -> Tensor:
    return 2 * picture - 1


@pytest.mark.parametrize(
    ("name", "block"), [("deblurgan", "paper"), ("deblurgan_head", "as_released")]
)
def test_deblurgan(name: str, block: str) -> None:
    golden = goldens.load(name)
    network = DeblurGAN(block=block, statistics="stored").eval()
    goldens.fill(network, golden)
    with torch.no_grad():
        goldens.assert_agrees(from_unit(network(to_unit(golden.blurred))), golden)
        network.learn_residual = False
        goldens.assert_agrees(from_unit(network(to_unit(golden.blurred))), golden, "output_1")
        network.learn_residual = True
        for statistics in ("image", "batch"):  # the network holds no batch norm
            set_statistics(network, statistics)
            ours = from_unit(network(to_unit(golden.blurred)))
            goldens.assert_agrees(ours, golden, "output_2")


def test_deblurgan_critic() -> None:
    golden = goldens.load("deblurgan_d")
    network = DeblurGANCritic().eval()
    goldens.fill(network, golden)
    with torch.no_grad():
        goldens.assert_agrees(network(to_unit(golden.blurred)), golden)
        network.train()
        goldens.assert_agrees(network(to_unit(golden.blurred)), golden, "output_1")


@pytest.mark.parametrize("backbone", ["mobilenet", "inception"])
def test_deblurgan_v2(backbone: str) -> None:
    golden = goldens.load(f"deblurgan_v2_{backbone}")
    network = DeblurGANv2(backbone=backbone, tail=True, statistics="stored").eval()
    assert sum(one.numel() for one in network.parameters()) == golden.about["parameter_count"]
    goldens.fill(network, golden)
    with torch.no_grad():
        goldens.assert_agrees(from_unit(network(to_unit(golden.blurred))), golden)
        goldens.assert_agrees(network.correction(golden.blurred), golden, "output_1")
        set_statistics(network, "batch")
        ours = network.correction(golden.blurred)
        goldens.assert_agrees(ours, golden, "output_2")


@pytest.mark.parametrize("backbone", ["mobilenet", "inception"])
def test_deblurgan_v2_takes_a_published_file_without_its_unused_tail(backbone: str) -> None:
    golden = goldens.load(f"deblurgan_v2_{backbone}")
    published = goldens.weights(golden)
    network = DeblurGANv2(backbone=backbone, statistics="stored").eval()
    network.load_state_dict(published, strict=True)
    with torch.no_grad():
        goldens.assert_agrees(network.correction(golden.blurred), golden, "output_1")
    first_names = {key: one for key, one in published.items() if not key.startswith("fpn.enc")}
    network.load_state_dict(first_names, strict=True)
    with pytest.raises(RuntimeError, match=r"Missing key.*fpn\.enc0"):
        network.load_state_dict({"final.bias": published["final.bias"]}, strict=True)


@pytest.mark.parametrize("tail", [True, False])
def test_unet_seresnext(tail: bool) -> None:
    golden = goldens.load("unet_seresnext")
    network = UNetSEResNeXt(tail=tail).eval()
    network.load_state_dict(goldens.weights(golden), strict=True)
    with torch.no_grad():
        ours = from_unit(network(to_unit(golden.blurred)))
    goldens.assert_agrees(ours, golden)

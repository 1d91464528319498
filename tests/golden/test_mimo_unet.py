"""MIMO-UNet and MIMO-UNet+ against the published code."""

import pytest
import torch

from deblur_lib import catalogue
from golden import goldens

NAMES = ("mimo_unet", "mimo_unet_plus")


@pytest.mark.parametrize("name", NAMES)
def test_every_output_agrees_with_the_reference(name: str) -> None:
    golden = goldens.load(name)
    network = catalogue.build(name).eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred)
        whole = network(golden.blurred)
    goldens.assert_all_agree(outputs, golden)
    assert torch.equal(whole, outputs[-1])


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_is_the_published_one(name: str) -> None:
    listed = [(key, tuple(shape)) for key, shape, _ in goldens.load(name).about["state_dict"]]
    with torch.device("meta"):
        ours = catalogue.build(name).state_dict()
    assert [(key, tuple(value.shape)) for key, value in ours.items()] == listed

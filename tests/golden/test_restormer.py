"""Restormer, and its attention alone, against the published code."""

import torch

from deblur_lib import catalogue
from deblur_lib.networks.restormer import MDTA
from golden import goldens


def test_output_agrees_with_the_reference() -> None:
    golden = goldens.load("restormer")
    network = catalogue.build("restormer").eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred)
    goldens.assert_all_agree(outputs, golden)


def test_attention_alone_agrees_with_the_reference() -> None:
    golden = goldens.load("restormer_mdta")
    attention = MDTA(96, 4).eval()
    goldens.fill(attention, golden)
    with torch.inference_mode():
        goldens.assert_agrees(attention(golden.blurred), golden)


def test_state_dict_is_the_published_one() -> None:
    listed = [
        (key, tuple(shape)) for key, shape, _ in goldens.load("restormer").about["state_dict"]
    ]
    with torch.device("meta"):
        ours = catalogue.build("restormer").state_dict()
    assert [(key, tuple(value.shape)) for key, value in ours.items()] == listed

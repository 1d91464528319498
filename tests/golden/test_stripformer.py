"""Stripformer against the published code, which works on pictures less 0.5."""

import torch

from deblur_lib import catalogue
from golden import goldens


def test_output_agrees_with_the_reference() -> None:
    golden = goldens.load("stripformer")
    network = catalogue.build("stripformer").eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred + 0.5)
    goldens.assert_all_agree([one - 0.5 for one in outputs], golden)


def test_state_dict_holds_the_published_names_and_shapes() -> None:
    listed = {
        key: tuple(shape) for key, shape, _ in goldens.load("stripformer").about["state_dict"]
    }
    with torch.device("meta"):
        ours = catalogue.build("stripformer").state_dict()
    assert {key: tuple(value.shape) for key, value in ours.items()} == listed

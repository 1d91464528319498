"""ConvIR against the published code."""

import torch

from deblur_lib import catalogue
from golden import goldens


def test_every_output_agrees_with_the_reference() -> None:
    golden = goldens.load("convir")
    network = catalogue.build("convir").eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred)
    goldens.assert_all_agree(outputs, golden)


def test_state_dict_is_the_published_one() -> None:
    listed = {key: tuple(shape) for key, shape, _ in goldens.load("convir").about["state_dict"]}
    with torch.device("meta"):
        ours = catalogue.build("convir").state_dict()
    assert {key: tuple(value.shape) for key, value in ours.items()} == listed

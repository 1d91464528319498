"""DBGAN's generator against the published code, before and after its clamp."""

import torch

from deblur_lib.networks.dbgan import DBGAN
from golden import goldens


def test_both_outputs_agree_with_the_reference() -> None:
    golden = goldens.load("dbgan")
    network = DBGAN().eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        sum_of_both = network.unclamped(golden.blurred)
        (restored,) = network.forward_all(golden.blurred)
        whole = network(golden.blurred)
    goldens.assert_all_agree((restored, sum_of_both), golden)
    assert torch.equal(whole, restored)


def test_state_dict_is_the_published_one() -> None:
    listed = [(key, tuple(shape)) for key, shape, _ in goldens.load("dbgan").about["state_dict"]]
    with torch.device("meta"):
        ours = DBGAN().state_dict()
    assert [(key, tuple(value.shape)) for key, value in ours.items()] == listed

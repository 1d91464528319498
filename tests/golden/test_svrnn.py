"""The spatially variant RNN against the published Caffe graph, also in the middle."""

import torch

from deblur_lib.networks.svrnn import SVRNN
from golden import goldens


def test_restored_picture_and_recurrent_features_agree_with_the_reference() -> None:
    golden = goldens.load("svrnn")
    network = SVRNN().eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        (restored,) = network.forward_all(golden.blurred)
        *_, swept = network.encode(golden.blurred)
        network.transposed = True
        turned = network(golden.blurred.mT)
    goldens.assert_all_agree((restored, swept), golden)
    assert torch.equal(turned.mT, restored)


def test_state_dict_is_the_published_one() -> None:
    listed = [(key, tuple(shape)) for key, shape, _ in goldens.load("svrnn").about["state_dict"]]
    with torch.device("meta"):
        ours = SVRNN().state_dict()
    assert [(key, tuple(value.shape)) for key, value in ours.items()] == listed

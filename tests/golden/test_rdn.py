"""The recurrent network returns what the published TensorFlow graph returns, step by step."""

import torch

from deblur_lib.networks.rdn import RDN, SCALE
from golden import goldens


def test_rdn() -> None:
    golden = goldens.load("rdn")
    network = RDN(order=(2, 1, 0)).eval()  # as published: the last frame, then backwards
    goldens.fill(network, golden)
    with torch.no_grad():
        estimates = network.forward_all((golden.blurred + 1) / SCALE)
    goldens.assert_all_agree([one * SCALE - 1 for one in estimates], golden)

"""MT-RNN against the published code: three estimates and the memory after the third."""

import pytest
import torch

from deblur_lib.networks.mtrnn import MTRNN, PEAK
from golden import goldens

FIXED = ("sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias")


def test_estimates_and_memory_agree_with_the_reference() -> None:
    golden = goldens.load("mt_rnn")
    network = MTRNN(iterations=3).eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        estimates, memory = network.forward_memory(golden.blurred / PEAK)
        whole = network(golden.blurred / PEAK)
    ours = (*(PEAK * one for one in estimates), *memory)
    goldens.assert_all_agree(ours, golden)
    assert torch.equal(whole, estimates[-1])


def test_state_dict_is_the_published_one() -> None:
    listed = [(key, tuple(shape)) for key, shape, _ in goldens.load("mt_rnn").about["state_dict"]]
    with torch.device("meta"):
        ours = MTRNN().state_dict()
    assert [(key, tuple(value.shape)) for key, value in ours.items()] == listed


@pytest.mark.parametrize("name", FIXED)
def test_fixed_layers_begin_as_published(name: str) -> None:
    published = goldens.load("mt_rnn").about["exceptions"][name]
    ours = MTRNN(base_channels=4, blocks=1).state_dict()[name]
    torch.testing.assert_close(ours.flatten(), torch.tensor(published))

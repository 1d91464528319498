"""SRN-DeblurNet against the published TensorFlow graphs, with memory and without."""

import pytest
import torch

from deblur_lib.networks.srn import SRN
from golden import goldens

FORMS = ("lstm", "color")


def ours_for(published: str) -> str:
    """Our name of a TensorFlow variable."""
    path, _, kind = published.removeprefix("g_net/").rpartition("/")
    return f"{path.replace('/', '.')}.{kind.removesuffix('s').replace('biase', 'bias')}"


@pytest.mark.parametrize("form", FORMS)
def test_every_scale_agrees_with_the_reference(form: str) -> None:
    golden = goldens.load(f"srn_{form}")
    network = SRN(form=form).eval()
    goldens.fill(network, golden, rename=ours_for)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred)
        whole = network(golden.blurred)
    goldens.assert_all_agree(outputs, golden)
    assert torch.equal(whole, outputs[-1])


@pytest.mark.parametrize("form", FORMS)
def test_state_dict_is_the_published_one_and_its_spelling_loads(form: str) -> None:
    golden = goldens.load(f"srn_{form}")
    listed = [(ours_for(key), tuple(shape)) for key, shape, _ in golden.about["state_dict"]]
    with torch.device("meta"):
        network = SRN(form=form)
    assert [(key, tuple(value.shape)) for key, value in network.state_dict().items()] == listed
    weights = goldens.weights(golden)
    network.load_state_dict(weights, strict=True, assign=True)
    assert all(torch.equal(network.state_dict()[ours_for(key)], weights[key]) for key in weights)

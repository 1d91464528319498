"""MPRNet against the published code: the pictures of all three stages."""

import torch

from deblur_lib import catalogue
from golden import goldens


def test_every_stage_agrees_with_the_reference() -> None:
    golden = goldens.load("mprnet")
    network = catalogue.build("mprnet").eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        outputs = network.forward_all(golden.blurred)
    goldens.assert_all_agree(outputs[::-1], golden)


def test_state_dict_is_the_published_one() -> None:
    about = goldens.load("mprnet").about
    listed = {key: tuple(shape) for key, shape, _ in about["state_dict"]}
    with torch.device("meta"):
        network = catalogue.build("mprnet")
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == listed
    slopes = [key for key in listed if key.endswith("body.1.weight")]
    assert sorted([*about["aliases"], *set(about["aliases"].values())]) == sorted(slopes)
    assert len({id(network.get_submodule(key.removesuffix(".weight"))) for key in slopes}) == 1

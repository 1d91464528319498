"""MB-TaylorFormer V2, L and XL, and its attention against the published code."""

from typing import Any

import pytest
import torch

from deblur_lib import catalogue
from deblur_lib.networks.taylor_attention import Attention
from golden import goldens

VARIANTS: dict[str, dict[str, Any]] = {
    "mb_taylorformer_v2_l": {},
    "mb_taylorformer_v2_xl": {"dim": (28, 56, 112, 160)},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_network_agrees_with_the_reference(name: str) -> None:
    golden = goldens.load(name)
    network = catalogue.build("mb_taylorformer_v2", **VARIANTS[name]).eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        goldens.assert_agrees(network(golden.blurred), golden)


@pytest.mark.parametrize("name", VARIANTS)
def test_state_dict_is_the_published_one(name: str) -> None:
    listed = {key: tuple(shape) for key, shape, _ in goldens.load(name).about["state_dict"]}
    with torch.device("meta"):
        ours = catalogue.build("mb_taylorformer_v2", **VARIANTS[name]).state_dict()
    assert {key: tuple(value.shape) for key, value in ours.items()} == listed


def test_attention_agrees_with_the_reference() -> None:
    """Its terms hardly show in a whole network of random weights; here the map is small."""
    golden = goldens.load("mb_taylorformer_v2_attention")
    attend = Attention(channels=96, heads=8, branches=3)
    goldens.fill(attend, golden)
    x, reference = (  # the reference has the branches first: (P B, C, H, W)
        one.unflatten(0, (3, 2)).transpose(0, 1).flatten(1, 2)
        for one in (golden.blurred, golden.outputs[0])
    )
    tolerance = golden.tolerance("output_0")
    with torch.no_grad():
        assert goldens.difference(attend(x), reference) < tolerance
        for term in (attend.scale, attend.temperature, attend.one_M):
            term += 0.1
            assert goldens.difference(attend(x), reference) > tolerance
            term -= 0.1

"""What networks declare about tiles is measured: as deep as published, with the usual overlap."""

from typing import Any

import pytest
import torch

from deblur_lib import catalogue
from deblur_lib.evaluation.restore import tile_deviation
from deblur_lib.evaluation.tiling import OVERLAP
from deblur_lib.nn import Deblurrer

LEVEL = 1 / 255
NARROW = {"features": 4, "base_channels": 8, "growth": 4}
# every network that declares itself safe, see test_catalogue
SAFE: dict[str, dict[str, Any]] = {
    "dbgan": {"blocks": 4},  # looks 129 px far; all 16 blocks take half a minute
    "deepdeblur": {},
    "mimo_unet": {},
    "mimo_unet_plus": {},
    "mtrnn": {},
    "sang2018": {},
}
IN_PART = ("wan2023", {"block": "residual", "skip": "aff"})  # without its two modules


def built(name: str, options: dict[str, Any], device: str) -> Deblurrer:
    """A network as deep as published, with no part of it at zero."""
    defaults = catalogue.signature(name)
    narrow = {key: one for key, one in NARROW.items() if type(defaults.get(key)) is int}
    draw = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        network = catalogue.build(name, **narrow, **options).eval()
    with torch.no_grad():
        for one in network.parameters():
            if device == "cpu" and (one.dim() < 2 or not one.any()):
                one.add_(0.1 * torch.randn(one.shape, generator=draw))
    return network


def deviation(name: str, options: dict[str, Any]) -> float:
    network = built(name, options, "cpu")
    clip = (network.clip_length,) if network.clip_length > 1 else ()
    blurred = torch.rand(1, *clip, 3, 64, 224, generator=torch.Generator().manual_seed(1))
    return tile_deviation(network, blurred, tile=144, overlap=OVERLAP, say=lambda _: None)


@pytest.mark.parametrize(("name", "options"), [*SAFE.items(), IN_PART])
def test_tiles_change_less_than_half_a_grey_level_where_they_are_declared_safe(
    name: str, options: dict[str, Any]
) -> None:
    assert built(name, options, "meta").tile_safe
    assert deviation(name, options) < LEVEL / 2


@pytest.mark.parametrize("name", ["dmphn", "srn"])
def test_the_measure_finds_those_that_look_too_far_without_statistics(name: str) -> None:
    assert deviation(name, {}) > LEVEL

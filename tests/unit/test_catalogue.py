"""Networks by name: listing costs nothing, building is strict, misspellings are explained."""

import inspect
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
import torch
from test_tile_safety import SAFE

from deblur_lib import catalogue
from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer

LISTING = """
import sys
from deblur_lib import catalogue
assert "mimo_unet" in catalogue.networks()
catalogue.discriminators()
heavy = sorted({"torch", "torchvision", "skimage", "matplotlib"} & set(sys.modules))
sys.exit(f"listing names loaded {heavy}" if heavy else 0)
"""


def test_listing_names_loads_neither_torch_nor_other_heavy_packages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_build_passes_options_on() -> None:
    network = catalogue.build("mimo_unet", base_channels=8, blocks=2)
    assert isinstance(network, Deblurrer)
    assert network.state_dict()["feat_extract.0.main.0.weight"].shape[0] == 8


@pytest.mark.parametrize("name", catalogue.networks())
def test_every_network_builds_by_its_defaults_and_answers_for_its_own_options(name: str) -> None:
    options = catalogue.signature(name)
    assert inspect.Parameter.empty not in options.values()
    with torch.device("meta"):
        network = catalogue.build(name, **options)
    assert isinstance(network, Deblurrer)
    assert network.name in ("", name)
    assert network.tile_safe == (name in SAFE), "measure it in test_tile_safety"


@pytest.mark.parametrize("name", catalogue.networks())
def test_a_count_below_what_makes_sense_is_refused_by_name(name: str) -> None:
    counts = {key: one for key, one in catalogue.signature(name).items() if type(one) is int}
    for option in counts:
        with pytest.raises(UsageError, match=r"got .*-1"), torch.device("meta"):
            catalogue.build(name, **{option: -1})
        with suppress(UsageError), torch.device("meta"):
            catalogue.build(name, **{option: 0})  # no block at all: some networks allow it


NARROW: dict[str, Any] = {"features": 4, "base_channels": 8, "dim": 8, "width": 8, "blocks": 1}
NARROW_BY_NAME: dict[str, dict[str, Any]] = {
    "deblurgan_v2": {"backbone": "mobilenet"},
    "li2026": {"backbone": "mobilenet"},
    "mb_taylorformer_v2": {"dim": [8, 16, 16, 16], "num_blocks": [1] * 4, "num_path": [1] * 4},
    "stripformer": {"bottleneck": 16, "decoder": 8, "heads": [2, 1], "blocks": [2, 2]},
    "unet_seresnext": {"planes": 16},
}


def narrow(name: str, **more: Any) -> Deblurrer:
    defaults = catalogue.signature(name)
    options = {key: one for key, one in NARROW.items() if type(defaults.get(key)) is int}
    return catalogue.build(name, **(options | NARROW_BY_NAME.get(name, {}) | more)).eval()


def outputs(network: Deblurrer) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    frames = (network.clip_length,) if network.clip_length > 1 else ()
    side = max(64, network.minimum_size)
    blurred = torch.rand(1, *frames, 3, side, side)
    with torch.inference_mode():
        return blurred, network.forward_all(blurred)


def from_pairs(name: str) -> bool:
    """False for methods that estimate a blur: they begin as nothing, and their tests lie apart."""
    module, _, found = catalogue.networks()[name].partition(":")
    return not issubclass(getattr(import_module(module), found), EstimatingDeblurrer)


TRAINED = sorted(filter(from_pairs, set(catalogue.networks()) - {"identity"}))


@pytest.mark.parametrize("name", TRAINED)
def test_pictures_are_float32_under_autocast(name: str) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, restored = outputs(narrow(name))
    assert {one.dtype for one in restored} == {torch.float32}


@pytest.mark.parametrize("name", TRAINED)
def test_every_network_can_begin_as_its_input(name: str) -> None:
    blurred, restored = outputs(narrow(name, start="identity"))
    wanted = blurred[:, blurred.shape[1] // 2] if blurred.dim() == 5 else blurred
    torch.testing.assert_close(restored[-1], wanted, rtol=0, atol=1e-5)


def test_misspelt_names_get_a_suggestion() -> None:
    with pytest.raises(UsageError, match="no network is called 'mimo_unett'; did you mean 'mimo_"):
        catalogue.build("mimo_unett")
    with pytest.raises(UsageError, match="did you mean 'base_channels'"):
        catalogue.build("mimo_unet", base_channel=8)
    with pytest.raises(UsageError, match="no discriminator is called 'nobody'"):
        catalogue.build_discriminator("nobody")


def test_signature_lists_options_with_defaults() -> None:
    expected = {"base_channels": 32, "blocks": 20, "dropout": 0.1, "start": "random"}
    assert catalogue.signature("mimo_unet_plus") == expected
    with pytest.raises(UsageError, match="no network is called"):
        catalogue.signature("mimo")


def test_options_of_the_wrong_type_are_refused_before_anything_is_built() -> None:
    with pytest.raises(UsageError, match=r"option base_channels of mimo_unet: .* integer, got '8'"):
        catalogue.build("mimo_unet", base_channels="8")
    with pytest.raises(UsageError, match=r"option blocks of mimo_unet: .*integer.* True"):
        catalogue.build("mimo_unet", blocks=True)

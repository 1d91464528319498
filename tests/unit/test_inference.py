"""A forward pass for evaluation: the layout that convolutions are fastest in, the same numbers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from deblur_lib import catalogue
from deblur_lib.devices import laid, picture_layout
from deblur_lib.evaluation.cost import cost
from deblur_lib.evaluation.inference import forward
from deblur_lib.nn import Deblurrer

LAST = torch.channels_last
SMALL = {
    "mimo_unet": {"base_channels": 8, "blocks": 1},
    "wan2023": {"base_channels": 8, "blocks_per_stage": 1},
    "nafnet": {"width": 8},
}


def flat(network: Deblurrer) -> list[Tensor]:
    return [one for one in network.parameters() if one.ndim == 4]


@pytest.mark.parametrize("name", SMALL)
def test_pictures_and_weights_go_in_channels_last_and_give_the_same_numbers(name: str) -> None:
    network = catalogue.build(name, **SMALL[name]).eval()
    names, blurred = list(network.state_dict()), torch.rand(2, 3, 32, 48)
    with torch.inference_mode():
        plain = network(blurred)
    seen: list[Tensor] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    restored = forward(network, blurred)
    assert all(one.is_contiguous(memory_format=LAST) for one in [*seen, *flat(network)])
    assert list(network.state_dict()) == names
    torch.testing.assert_close(restored, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mb_taylorformer_v2", "unet_seresnext"])
def test_networks_of_grouped_layers_stay_channels_first(name: str) -> None:
    with torch.device("meta"):
        network = catalogue.build(name)
    network.to(memory_format=LAST)  # type: ignore[call-overload]
    assert all(one.is_contiguous() for one in flat(network))
    seen: list[Tensor] = []
    first = next(part for part in network.modules() if isinstance(part, nn.Conv2d))
    first.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    blurred = torch.rand(2, 3, 64, 64, device="meta").contiguous(memory_format=LAST)
    network(blurred)
    assert not blurred.is_contiguous()
    assert seen
    assert all(one.is_contiguous() for one in seen)


def test_weights_are_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, blurred, calls = catalogue.build("nafnet", width=8), torch.rand(1, 3, 32, 32), []
    own = network.to
    monkeypatch.setattr(network, "to", lambda *a, **k: (calls.append(k), own(*a, **k))[1])
    for _ in range(2):
        forward(network, blurred)
    assert calls == [{"memory_format": LAST}]


def test_cost_measures_what_is_run() -> None:
    network = catalogue.build("nafnet", width=8)
    seen: list[Any] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    cost(network, size=(32, 32), repeats=1)
    assert all(one.is_contiguous(memory_format=LAST) for one in flat(network))
    assert all(one.is_contiguous(memory_format=LAST) for one in seen if one.device.type == "cpu")


def test_apple_and_clips_keep_theirs() -> None:
    assert picture_layout(torch.device("mps")) == torch.contiguous_format
    clip = torch.rand(1, 3, 3, 8, 8)
    assert laid(clip, torch.device("cpu")) is clip

"""Counts agree with counts by hand, and every number says how it came about."""

import json
import math
from typing import Any

import pytest
import torch
from networks import Coarse, Hungry, Middle
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib import catalogue
from deblur_lib.devices import processor_threads
from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation import cost as costs
from deblur_lib.evaluation import timing
from deblur_lib.evaluation.cost import cost, count_macs, count_parameters

PICTURE = torch.zeros(1, 3, 32, 48)


class Attention(nn.Module):
    """Attention among the pixels of an 8-channel map."""

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.flatten(2).transpose(1, 2)
        return F.scaled_dot_product_attention(pixels, pixels, pixels)


class Heads(nn.Module):
    """The same with two heads of 4 channels, for which processors have a fused operation."""

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.flatten(2).unflatten(1, (2, 4)).transpose(2, 3)
        return F.scaled_dot_product_attention(pixels, pixels, pixels)


class Packaged(nn.Module):
    """The same in the layer that torch brings along, which has a fused path in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.flatten(2).transpose(1, 2)
        return self.attend(pixels, pixels, pixels, need_weights=False)[0]


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (nn.Conv2d(3, 16, 5, padding=2), (1, 3, 32, 48), 32 * 48 * 16 * 3 * 25),
        (nn.Conv2d(8, 24, 3, stride=2, padding=1, groups=4), (2, 8, 16, 16), 2 * 8 * 8 * 24 * 18),
        (nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1), (1, 8, 10, 12), 10 * 12 * 8 * 4 * 16),
        (nn.Linear(20, 7), (3, 5, 20), 15 * 20 * 7),
        (Attention(), (1, 8, 8, 8), 2 * 64 * 64 * 8),
        (Heads(), (1, 8, 8, 8), 2 * 64 * 64 * 8),
        (Packaged(), (1, 8, 8, 8), 2 * 64 * 64 * 8 + 4 * 64 * 8 * 8),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3)), (1, 3, 8, 8), 0),
    ],
)
def test_multiplications_agree_with_a_count_by_hand(
    layer: nn.Module, shape: tuple[int, ...], macs: int
) -> None:
    assert count_macs(layer, torch.zeros(shape)) == macs


@pytest.mark.parametrize(
    ("name", "options", "gmacs"),
    [
        ("mimo_unet", {}, 63.73),
        ("deepdeblur", {}, 335.9),
        ("dbgan", {}, 758.8),
        ("mtrnn", {}, 144.8),
        ("svrnn", {}, 53.8),
        ("srn", {"form": "lstm"}, 268.3),
        ("srn", {"form": "color"}, 83.5),
        ("dmphn", {"stages": 4}, 195.4),
        ("mprnet", {}, 759.4),
        ("restormer", {}, 154.9),
        ("stripformer", {}, 154.7),
        ("convir", {}, 125.7),
        ("nafnet", {"width": 32}, 15.96),
        ("rdn", {}, 35.5),
    ],
)  # at 256x256, counted from the published code
def test_multiplications_of_networks_agree_with_published_counts(
    name: str, options: dict[str, Any], gmacs: float
) -> None:
    with torch.device("meta"):
        network = catalogue.build(name, **options)
        frames = (network.clip_length,) if network.clip_length > 1 else ()
        found = count_macs(network, torch.zeros(1, *frames, 3, 256, 256))
    assert found / 1e9 == pytest.approx(gmacs, rel=1e-3)


def test_shared_weights_count_once() -> None:
    layer = nn.Conv2d(3, 3, 3)
    assert count_parameters(nn.Sequential(layer, layer)) == 3 * 27 + 3


def test_peak_memory_is_that_of_all_tensors_alive_at_once() -> None:
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(16, 3, 3, padding=1)]
    network = nn.Sequential(*layers)
    found = cost(network, size=(32, 48), repeats=1)
    own = 4 * (count_parameters(network) + PICTURE.numel())
    assert found["peak_memory"] == own + 4 * 32 * 48 * (16 + 3)
    assert "traced" in found["peak_memory_method"]


def test_memory_given_back_during_the_pass_is_not_counted_twice() -> None:
    network = nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(9)))
    own = 4 * (count_parameters(network) + PICTURE.numel())
    assert cost(network, size=(32, 48), repeats=1)["peak_memory"] == own + 2 * PICTURE.nbytes


def test_a_cost_says_how_it_was_measured_and_is_plain_json() -> None:
    network = Coarse().train()
    found = cost(network, size=(32, 48), repeats=4)
    assert json.loads(json.dumps(found)) == found
    assert found["parameters"] == 84
    assert found["macs"] == 32 * 48 * 3 * 27
    assert 0 < found["seconds"] < 5
    assert found["seconds_low"] <= found["seconds"] <= found["seconds_high"]
    assert (found["size"], found["batch"], found["repeats"]) == ([32, 48], 1, 4)
    assert (found["dtype"], found["device"]) == ("float32", "cpu")
    assert found["threads"] == 1
    assert "FlopCounterMode" in found["macs_counter"]
    assert network.training


@pytest.mark.parametrize("before", [1, 2])
def test_a_processor_is_timed_with_one_thread_and_has_its_threads_back(before: int) -> None:
    seen = []

    class Asking(Coarse):
        def forward(self, blurred: torch.Tensor) -> torch.Tensor:
            seen.append(torch.get_num_threads())
            return super().forward(blurred)

    with processor_threads(before):
        cost(Asking(), size=(16, 16), repeats=1)
        assert torch.get_num_threads() == before
    assert set(seen) == {1}


def test_networks_are_timed_less_often_the_slower_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = cost(Coarse(), size=(16, 16), repeats=50, longest=0.0)
    assert found["repeats"] == 1
    assert (
        found["seconds_low"] < found["seconds_high"]
    )  # how far the pass and the one before lie apart
    monkeypatch.setattr(timing, "SLOW", 0.0)
    passes: list[str] = []
    network = Coarse()
    network.register_forward_hook(lambda *given: passes.append(given[2].device.type))
    found = cost(network, size=(16, 16))
    assert found["repeats"] == 1
    assert passes == ["meta", "cpu"]  # counted, then timed while memory is traced
    assert found["seconds_low"] == found["seconds_high"]


class Transforms(nn.Module):
    """Fourier transforms there and back."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "complex":
            return torch.fft.fft2(torch.complex(x, x)).real
        spectrum = torch.fft.rfft2(x)
        return spectrum.abs() if self.kind == "real" else torch.fft.irfft2(spectrum, x.shape[-2:])


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(("kind", "half"), [("complex", 2), ("real", 1), ("there and back", 2)])
def test_fourier_transforms_are_counted_by_the_formula(kind: str, half: int, device: str) -> None:
    points = 16 * 8
    operations = 3 * half * 5 * points * math.log2(points) / 2  # 3 channels
    found = count_macs(Transforms(kind), torch.zeros(1, 3, 16, 8, device=device))
    assert found == operations / 2
    assert "5 N log2 N" in costs.COUNTER


def test_clips_are_measured_at_their_length() -> None:
    found = cost(Middle(), size=(16, 16), repeats=1)
    assert found["peak_memory"] == 4 * (3 * 3 + 3) * 16 * 16


def test_requests_that_cannot_be_measured_are_refused() -> None:
    with pytest.raises(UsageError, match=r"Coarse needs .* divisible by 8, got 32x30"):
        cost(Coarse(), size=(32, 30))
    with pytest.raises(UsageError, match="at least 1, got"):
        cost(Coarse(), size=(32, 32), repeats=0)
    with pytest.raises(EvaluationError, match="Hungry could not run on 32x32: CUDA out of memory"):
        cost(Hungry(100), size=(32, 32))


def test_a_part_that_returns_a_bare_view_of_its_weights_is_counted() -> None:
    class View(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self) -> Tensor:
            return self.weight[:, None, None]

    class Weighed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weigh, self.conv = View(), nn.Conv2d(3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x * self.weigh())

    network = Weighed()
    assert count_macs(network, torch.zeros(1, 3, 4, 5)) == 4 * 5 * 3 * 2
    assert all(one.requires_grad for one in network.parameters())

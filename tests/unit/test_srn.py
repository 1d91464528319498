"""SRN-DeblurNet: scales, forms, gradients, any picture size, tiles, refusals, training."""

from typing import Any

import network_checks as checks
import pytest
import torch
from torch import nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.srn import FORMS, SRN
from deblur_lib.nn.resize import double


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small(form: str = "lstm", scales: int = 3) -> SRN:
    return SRN(form=form, features=4, blocks=1, scales=scales)


@pytest.mark.parametrize(("form", "count"), [("lstm", 8_056_609), ("color", 6_881_251)])
def test_parameter_count_is_the_published_one(form: str, count: int) -> None:
    assert checks.parameter_count(SRN, form=form) == count


@pytest.mark.parametrize("form", FORMS)
def test_every_weight_receives_a_gradient(form: str) -> None:
    network = small(form)
    outputs = network.forward_all(torch.rand(2, 3, 32, 16))
    assert [tuple(one.shape) for one in outputs] == [(2, 3, 8, 4), (2, 3, 16, 8), (2, 3, 32, 16)]
    outputs[-1].square().mean().backward()
    assert checks.idle(network) == []


def test_scales_pass_their_estimate_without_its_gradient() -> None:
    network, blurred = small("color"), torch.rand(1, 3, 16, 16)
    *_, coarse, full = network.forward_all(blurred)
    full.sum().backward()
    whole = network.dec1_0.weight.grad
    network.zero_grad()
    estimate, _ = network.scale(torch.cat((blurred, double(coarse)), dim=1).detach(), None)
    estimate.sum().backward()
    assert torch.equal(estimate, full)
    assert torch.equal(network.dec1_0.weight.grad, whole)


def test_planes_of_a_picture_are_restored_by_themselves() -> None:
    blurred = torch.rand(2, 3, 16, 16)
    swapped = blurred[:, [2, 0, 1]]
    plane_wise, colour = small("lstm").eval(), small("color").eval()
    torch.testing.assert_close(plane_wise(swapped), plane_wise(blurred)[:, [2, 0, 1]])
    assert not torch.allclose(colour(swapped), colour(blurred)[:, [2, 0, 1]])


def test_memory_and_estimate_of_a_smaller_scale_reach_the_next() -> None:
    network = small("lstm").eval()
    x = torch.rand(1, 2, 16, 16)
    plain, state = network.scale(x, None)
    assert state is not None
    assert [tuple(one.shape) for one in state] == [(1, 16, 4, 4)] * 2
    assert not torch.equal(network.scale(x, state)[0], plain)
    assert small("color").scale(torch.rand(1, 6, 16, 16), None)[1] is None


@pytest.mark.parametrize("form", FORMS)
def test_any_size_is_kept(form: str) -> None:
    checks.keeps_any_size(small(form))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_padded_that_fits_and_tiles_leave_no_trace(form: str) -> None:
    network, blurred = small(form, scales=1), torch.rand(1, 3, 204, 144)
    checks.needs_no_padding(network, blurred)
    checks.leaves_no_trace_of_tiles(network, blurred, tile=network.receptive_field + 24)


@pytest.mark.parametrize("scales", [1, 2])
@pytest.mark.parametrize("form", FORMS)
def test_one_pixel_looks_at_its_receptive_field_and_no_further(
    form: str, scales: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.Tensor, "detach", lambda x: x)  # the estimate counts here
    network = small(form, scales=scales).double().apply(_average)
    side, step = network.receptive_field, network.multiple_of
    middle = step * (side // step)
    blurred = torch.rand(1, 3, step, 2 * middle, requires_grad=True, dtype=torch.float64)
    restored = network(blurred)
    seen = []
    for phase in range(step):
        pixel = restored[..., 0, middle + phase].sum()
        (gradient,) = torch.autograd.grad(pixel, blurred, retain_graph=True)
        columns = gradient.abs().sum(dim=(0, 1, 2)).nonzero()
        seen.append(int(columns.max() - columns.min()) + 1)
    assert max(seen) == side


def _average(layer: nn.Module) -> None:
    """Weights that close no ReLU and saturate no gate, so that whatever is seen counts."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.constant_(layer.weight, 1e-9 if layer.kernel_size == (3, 3) else 1e-2)


@pytest.mark.parametrize("form", FORMS)
def test_channels_last_and_bfloat16_keep_the_result(form: str) -> None:
    checks.keeps_result_in_other_formats(small(form), checks.batch(32, 48), atol=0.15)


@pytest.mark.parametrize("form", FORMS)
def test_a_few_steps_lower_the_loss(form: str) -> None:
    checks.learns(small(form), *checks.pair(), to=0.8, steps=30, lr=5e-3)


def test_it_begins_as_the_published_training_does() -> None:
    network = small()
    weight = network.dec1_0.weight.detach()
    bound = (6 / (25 * (4 + 1))) ** 0.5
    assert 0.9 * bound < float(weight.abs().max()) <= bound
    assert not network.dec1_0.bias.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "lstmm"}, "choice of form is called 'lstmm'; did you mean 'lstm'"),
        ({"blocks": 0}, "srn needs at least one block and 1 to 8 scales, got 0 and 3"),
        ({"scales": 0}, "srn needs at least one block and 1 to 8 scales, got 3 and 0"),
        ({"scales": 30}, "1 to 8 scales, got 3 and 30"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SRN(**options)


def test_pictures_it_cannot_take_are_refused() -> None:
    with pytest.raises(
        UsageError, match=r"srn needs .* divisible by 16, got 24x16; use evaluation"
    ):
        small()(torch.zeros(1, 3, 24, 16))
    assert small(scales=1).multiple_of == 4

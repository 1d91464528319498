"""The plain U-Net: sizes, gradients, what it begins as, what it refuses."""

from typing import Any

import network_checks as checks
import pytest
import torch
from network_checks import batch

from deblur_lib import papers
from deblur_lib.errors import UsageError
from deblur_lib.networks.plain_unet import PlainUNet
from deblur_lib.training import recipes

NARROW: dict[str, Any] = {"channels": 8, "outer": 1, "inner": 3}


def small(**options: Any) -> PlainUNet:
    torch.manual_seed(0)
    return PlainUNet(**(NARROW | {"start": "random"} | options))


def test_the_shipped_size_stays_below_three_million_weights() -> None:
    photo = recipes.read("photo")
    assert photo.network == PlainUNet.name
    assert checks.parameter_count(PlainUNet, **photo.options) == 2_229_868


def test_no_table_of_a_paper_holds_it() -> None:
    for name in papers.names():
        assert PlainUNet.name not in {one.network for one in papers.load(name).methods}


@pytest.mark.parametrize("shrink", [2, 4])
def test_every_parameter_gets_a_gradient(shrink: int) -> None:
    network = small(shrink=shrink)
    network(batch(32, 48)).square().mean().backward()
    assert checks.idle(network) == []


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    checks.learns(PlainUNet(**NARROW), *checks.pair(), to=0.9, steps=20, lr=3e-3)


def test_untrained_it_gives_its_input() -> None:
    blurred = batch(16, 24)
    assert torch.equal(PlainUNet(**NARROW)(blurred), blurred)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


@pytest.mark.parametrize(("shrink", "step"), [(2, 8), (4, 16)])
def test_any_size_is_kept(shrink: int, step: int) -> None:
    network = small(shrink=shrink)
    assert network.multiple_of == step
    for height in (1, 7, 8, 33):
        checks.keeps_size(network, batch(height, 40 - height, 1))
    checks.needs_no_padding(network, batch(32, 48, 1))


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(32, 48), atol=3e-2)


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"start": "identty"}, "no choice of start is called 'identty'; did you mean 'identity'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        small(**options)


def test_batches_it_cannot_take_are_refused() -> None:
    with pytest.raises(UsageError, match=r"plain_unet needs height and width divisible by 8"):
        small()(torch.zeros(1, 3, 12, 8))

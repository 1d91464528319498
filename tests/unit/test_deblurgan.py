"""DeblurGAN: size of both blocks, gradients, where the norms look, what it refuses."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.deblurgan import DeblurGAN
from deblur_lib.nn.norms import set_statistics


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(("block", "count"), [("paper", 11_378_179), ("as_released", 6_067_459)])
def test_parameter_count(block: str, count: int) -> None:
    assert checks.parameter_count(DeblurGAN, block=block) == count


def test_every_weight_receives_a_gradient() -> None:
    network = DeblurGAN(features=4, blocks=2)
    network(torch.rand(2, 3, 16, 20)).square().mean().backward()
    assert checks.idle(network, above=1e-8, cancelled="bias$") == []


@pytest.mark.parametrize("size", [(8, 8), (8, 12), (20, 16)])
def test_restores_at_the_size_of_the_input(size: tuple[int, int]) -> None:
    blurred = torch.rand(1, 3, *size)
    restored = DeblurGAN(features=4, blocks=1).eval()(blurred)
    assert restored.shape == blurred.shape
    assert 0 <= restored.min() <= restored.max() <= 1


def test_an_untrained_last_layer_returns_the_input() -> None:
    network = DeblurGAN(features=4, blocks=1).eval()
    torch.nn.init.zeros_(network.model[-2].weight)
    torch.nn.init.zeros_(network.model[-2].bias)
    blurred = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(network(blurred), blurred)


def test_evaluation_repeats_itself_and_leaves_the_stored_statistics_alone() -> None:
    network = DeblurGAN(features=4, blocks=1).eval()
    before = {key: one.clone() for key, one in network.state_dict().items()}
    blurred = torch.rand(2, 3, 16, 16)
    for statistics in ("stored", "image", "batch"):
        set_statistics(network, statistics)
        together = network(blurred)
        assert torch.equal(together, network(blurred))
        torch.testing.assert_close(together[1:], network(blurred[1:]))  # batch plays no part
    for key, one in network.state_dict().items():
        assert torch.equal(one, before[key]), key


def test_weights_from_before_batches_were_counted_load() -> None:
    network = DeblurGAN(features=4, blocks=1)
    old = {key: one for key, one in network.state_dict().items() if "tracked" not in key}
    DeblurGAN(features=4, blocks=1).load_state_dict(dict(old), strict=True)


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"block": "papr"}, "did you mean 'paper'"),
        ({"statistics": "picture"}, "known: batch, image, stored"),
    ],
)
def test_an_unknown_option_is_refused(options: dict[str, str], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        DeblurGAN(features=4, blocks=1, **options)


@pytest.mark.parametrize("shape", [(1, 3, 10, 8), (1, 3, 4, 8), (1, 1, 8, 8), (3, 8, 8)])
def test_a_wrong_batch_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="deblurgan needs"):
        DeblurGAN(features=4, blocks=1)(torch.rand(shape))

"""DeblurGAN: size of its blocks, the gate, gradients, where the norms look, what it refuses."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.deblurgan import DeblurGAN, GatedNorm, ResnetBlock
from deblur_lib.nn.norms import set_statistics


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("block", "count"), [("paper", 11_378_179), ("as_released", 6_067_459), ("se", 11_454_355)]
)
def test_parameter_count(block: str, count: int) -> None:
    assert checks.parameter_count(DeblurGAN, block=block) == count


@pytest.mark.parametrize("block", ["paper", "as_released", "se"])
def test_every_weight_receives_a_gradient(block: str) -> None:
    network = DeblurGAN(features=4, blocks=2, block=block)
    network(torch.rand(2, 3, 16, 20)).square().mean().backward()
    assert checks.idle(network, above=1e-8, cancelled="bias$") == []


def test_gate_by_hand() -> None:
    gated = GatedNorm(32)
    assert gated.fc1.weight.shape == (4, 32, 1, 1)  # at least four, above a sixteenth
    assert GatedNorm(128).fc1.weight.shape == (8, 128, 1, 1)
    x = torch.rand(2, 32, 6, 5) * torch.rand(2, 32, 1, 1)
    mean = x.mean((2, 3))
    hidden = (mean @ gated.fc1.weight[:, :, 0, 0].T + gated.fc1.bias).clamp(min=0)
    gate = 1 / (1 + torch.exp(-(hidden @ gated.fc2.weight[:, :, 0, 0].T + gated.fc2.bias)))
    apart = x - mean[:, :, None, None]
    normed = apart / (apart.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(gated(x), normed * gate[:, :, None, None])


def test_gated_block_is_the_papers_with_a_factor_on_its_result() -> None:
    plain, gated = (ResnetBlock(16, block, dropout=0.0) for block in ("paper", "se"))
    gated.load_state_dict(plain.state_dict(), strict=False)
    last = gated.conv_block[-1]
    torch.nn.init.zeros_(last.fc2.weight)
    torch.nn.init.constant_(last.fc2.bias, 30.0)  # gates wide open
    x = torch.rand(2, 16, 8, 8)
    torch.testing.assert_close(gated(x), plain(x))
    torch.nn.init.zeros_(last.fc2.bias)  # half open
    torch.testing.assert_close(gated(x), x + (plain(x) - x) / 2)


def test_gates_differ_from_picture_to_picture() -> None:
    network = DeblurGAN(features=8, blocks=2, block="se").eval()
    seen = []
    for block in network.model:
        if isinstance(block, ResnetBlock):
            block.conv_block[-1].fc2.register_forward_hook(lambda *three: seen.append(three[2]))
    blurred = torch.stack((torch.rand(3, 16, 16), torch.rand(3, 16, 16) ** 4))
    network(blurred)
    for gate in seen:  # behind the norm they would differ by rounding
        assert (gate[0] - gate[1]).abs().max() > 1e-3


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
        ({"block": "squeeze"}, "known: as_released, paper, se"),
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

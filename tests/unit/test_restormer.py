"""Restormer: size, gradients, odd sizes, start, refusals. Its numbers: tests/golden."""

import network_checks as checks
import pytest
import torch
from network_checks import batch
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.networks.restormer import MDTA, Restormer


def small(start: str = "random") -> Restormer:
    torch.manual_seed(0)
    return Restormer(dim=8, blocks=[1, 1, 1, 1], refinement=1, start=start)


def test_parameter_count_is_the_published_one() -> None:
    assert checks.parameter_count(Restormer) == 26_126_644


def test_every_weight_receives_a_gradient() -> None:
    network, blurred = small(), batch()
    (restored,) = network.forward_all(blurred)
    assert torch.equal(network(blurred), restored)
    restored.square().mean().backward()
    assert checks.idle(network) == []


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_attention_is_the_softmax_of_channel_cosines(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    attention, x = MDTA(12, 3), torch.rand(2, 12, 5, 7).contiguous(memory_format=layout)
    torch.nn.init.uniform_(attention.temperature, 1, 5)
    q, k, v = attention.qkv_dwconv(attention.qkv(x)).reshape(2, 3, 3, 4, 35).unbind(1)
    cosines = F.cosine_similarity(q[:, :, :, None], k[:, :, None], dim=-1)
    expected = (cosines * attention.temperature).softmax(-1) @ v
    expected = attention.project_out(expected.reshape(2, 12, 5, 7))
    torch.testing.assert_close(attention(x), expected, rtol=1e-4, atol=1e-6)


def test_a_black_picture_leaves_finite_gradients() -> None:
    network = small()
    network(torch.zeros(1, 3, 8, 8)).square().mean().backward()
    for key, one in network.named_parameters():
        assert one.grad is not None, key
        assert torch.isfinite(one.grad).all(), key


def test_a_start_at_the_identity_gives_the_input_back_and_learns() -> None:
    network, blurred = small("identity"), batch()
    assert torch.equal(network(blurred), blurred)
    checks.learns(network, blurred, blurred.flip(-1), to=0.95, steps=8, lr=2e-3)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=2e-2)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


def test_any_size_from_1_to_97_is_kept() -> None:
    torch.manual_seed(0)
    network = Restormer(dim=2, blocks=[1, 1, 1, 1], refinement=0, heads=[1, 1, 1, 1])
    checks.keeps_any_size(network)
    assert not network.tile_safe


def test_padding_changes_nothing_where_none_is_needed() -> None:
    checks.needs_no_padding(small(), batch(32, 48))


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"blocks": [4, 6, 6]}, r"blocks and heads for 4 levels.* got blocks \[4, 6, 6\]"),
        ({"blocks": [1, 1, 0, 1]}, r"at least one block each, got blocks \[1, 1, 0, 1\]"),
        ({"refinement": -1}, "refinement -1"),
        ({"heads": [1, 2, 4]}, r"heads \[1, 2, 4\]"),
        ({"heads": [1, 2, 4, 7]}, r"\[48, 96, 192, 384\] the heads divide.* heads \[1, 2, 4, 7\]"),
        ({"heads": [1, 2, 0, 8]}, r"heads \[1, 2, 0, 8\]"),
        ({"dim": 7}, "an even dim .* got dim 7"),
        ({"dim": 2, "heads": [1, 1, 1, 1], "expansion": 0.4}, "got expansion 0.4 of 2"),
        ({"start": "identiti"}, "did you mean 'identity'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle), torch.device("meta"):
        Restormer(**options)  # type: ignore[arg-type]


def test_sizes_it_cannot_take_are_refused() -> None:
    with pytest.raises(UsageError, match="restormer needs height and width divisible by 8, got 12"):
        small()(torch.zeros(1, 3, 12, 16))
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\) .* got shape"):
        small()(torch.zeros(3, 16, 16))

"""Stripformer: strips, gradients, odd sizes, start, refusals. Its numbers: tests/golden."""

import network_checks as checks
import pytest
import torch
from network_checks import batch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.networks.stripformer import InterSA, IntraSA, Stripformer


def small(start: str = "random") -> Stripformer:
    torch.manual_seed(0)
    return Stripformer(
        features=8, bottleneck=16, decoder=8, heads=[2, 1], blocks=[2, 2], start=start
    )


def test_parameter_count_is_the_published_one() -> None:
    assert checks.parameter_count(Stripformer) == 19_708_611


def test_every_weight_receives_a_gradient() -> None:
    network, blurred = small(), batch()
    (restored,) = network.forward_all(blurred)
    assert torch.equal(network(blurred), restored)
    restored.square().mean().backward()
    assert checks.idle(network) == []


def test_blocks_attend_inside_strips_and_among_them_in_turn() -> None:
    with torch.device("meta"):
        network = Stripformer()
    for chain, count in ((network, 12), (network.decoder, 6)):
        kinds = [
            type(one)
            for name, one in chain.named_children()
            if name.startswith(("Trans_block", "de_block"))
        ]
        assert kinds == [IntraSA, InterSA] * (count // 2)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_attention_inside_strips_is_attention_among_the_pixels_of_each(name: str) -> None:
    torch.manual_seed(0)
    block, x = IntraSA(24, 2), torch.rand(2, 5, 7, 12)  # strips of 7 pixels
    attend, linear = {
        "rows": (block.among_rows, block.qkv_local_h),
        "columns": (block.among_columns, block.qkv_local_v),
    }[name]
    expected = torch.empty(2, 5, 7, 12)
    for strip in range(5):
        q, k, v = linear(x[:, strip]).chunk(3, dim=-1)  # (B, 7, 12)
        for head in (slice(0, 6), slice(6, 12)):
            expected[:, strip, :, head] = attention(q[..., head], k[..., head], v[..., head])
    torch.testing.assert_close(attend(x), expected)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_attention_among_strips_compares_whole_strips(name: str) -> None:
    torch.manual_seed(0)
    block, x = InterSA(24, 2), torch.rand(2, 5, 7, 12)  # 5 strips
    attend, pointwise = {
        "rows": (block.among_rows, block.conv_h),
        "columns": (block.among_columns, block.conv_v),
    }[name]
    q, k, v = pointwise(x.movedim(-1, 1)).chunk(3, dim=1)  # (B, 12, 5, 7)
    expected = torch.empty(2, 5, 7, 12)
    for head in (slice(0, 6), slice(6, 12)):
        tokens = [one[:, head].transpose(1, 2).flatten(2) for one in (q, k, v)]  # (B, 5, 6*7)
        whole = attention(*tokens).unflatten(-1, (6, 7))  # (B, 5, 6, 7)
        expected[..., head] = whole.transpose(2, 3)
    torch.testing.assert_close(attend(x), expected)


@pytest.mark.parametrize("kind", [IntraSA, InterSA])
def test_blocks_keep_squares_and_other_sizes_alike(kind: type[IntraSA] | type[InterSA]) -> None:
    torch.manual_seed(0)
    block, x = kind(16, 2), torch.rand(1, 16, 6, 4)
    halves = {"qkv_local_h": "qkv_local_v", "conv_h": "conv_v"}
    for rows, columns in halves.items():
        if hasattr(block, rows):
            getattr(block, columns).load_state_dict(getattr(block, rows).state_dict())
    with torch.no_grad():  # with both halves alike the block turns with its input
        block.conv_input.weight[8:] = block.conv_input.weight[:8]
        block.conv_input.bias[8:] = block.conv_input.bias[:8]  # type: ignore[index]
        block.fuse_out.weight[:, 8:] = block.fuse_out.weight[:, :8]
        block.PEG.PEG.weight.copy_(block.PEG.PEG.weight + block.PEG.PEG.weight.mT)
        torch.testing.assert_close(block(x.mT), block(x).mT)


def test_a_start_at_the_identity_gives_the_input_back_and_learns() -> None:
    network, blurred = small("identity"), batch()
    assert torch.equal(network(blurred), blurred)
    sharp = (1 + blurred) / 2  # brighter: the activation behind the last layer weakens darkening
    checks.learns(network, blurred, sharp, to=0.8, steps=8, lr=5e-3)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=2e-2)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


def test_any_size_from_1_to_97_is_kept() -> None:
    torch.manual_seed(0)
    network = Stripformer(features=2, bottleneck=4, decoder=4, heads=[1, 1], blocks=[2, 2])
    checks.keeps_any_size(network)
    assert not network.tile_safe


def test_padding_changes_nothing_where_none_is_needed() -> None:
    checks.needs_no_padding(small(), batch(32, 48))


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"features": 0}, "got features 0"),
        ({"heads": [5]}, r"heads and blocks for two sizes.* heads \[5\]"),
        ({"blocks": [12, -1]}, r"blocks \[12, -1\]"),
        ({"heads": [5, 5]}, "5 heads share half of 192 channels"),
        ({"bottleneck": 15, "heads": [3, 3]}, "3 heads share half of 15 channels"),
        ({"heads": [0, 3]}, "0 heads share half of 320 channels"),
        ({"start": "identiti"}, "did you mean 'identity'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle), torch.device("meta"):
        Stripformer(**options)  # type: ignore[arg-type]


def test_sizes_it_cannot_take_are_refused() -> None:
    with pytest.raises(
        UsageError, match="stripformer needs height and width divisible by 4, got 6"
    ):
        small()(torch.zeros(1, 3, 6, 8))
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\) .* got shape"):
        small()(torch.zeros(3, 16, 16))

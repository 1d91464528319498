"""MB-TaylorFormer V2: sizes, gradients, moved taps, what it refuses. Its numbers: tests/golden."""

import re
from typing import Any

import network_checks as checks
import pytest
import torch
import torch.nn.functional as F
from network_checks import batch

from deblur_lib.errors import UsageError
from deblur_lib.networks.mb_taylorformer_v2 import DeformConv, MBTaylorFormerV2
from deblur_lib.networks.taylor_attention import Branchwise, LayerNorm, focused, unit

NARROW: dict[str, Any] = {
    "dim": [8, 16, 16, 16],
    "num_blocks": [1, 1, 1, 1],
    "num_path": [1, 2, 1, 2],
}


def small(**options: Any) -> MBTaylorFormerV2:
    torch.manual_seed(0)
    return MBTaylorFormerV2(**(NARROW | options))


@pytest.mark.parametrize(
    ("dim", "count"), [((24, 48, 72, 96), 7_295_572), ((28, 56, 112, 160), 16_257_900)]
)
def test_parameter_count_is_the_published_one(dim: tuple[int, ...], count: int) -> None:
    with torch.device("meta"):
        network = MBTaylorFormerV2(dim=dim)
    assert sum(one.numel() for one in network.parameters()) == count
    constants = [one.numel() for one in network.parameters() if not one.requires_grad]
    assert constants == [1] * 44


def test_every_parameter_gets_a_gradient() -> None:
    network = small()
    for name, one in network.named_parameters():
        if "conv_du.0" in name:  # both sides of the PReLU behind it, whatever the map
            with torch.no_grad():
                one[0].abs_()
                one[1] = -one[0]
    network(batch()).square().mean().backward()
    # with one branch there is nothing to choose
    unused = re.compile(r".*one_M$|(encoder_level[13]|decoder_level[13]|refinement)\.aggregate")
    assert checks.idle(network) == [
        name for name, _ in network.named_parameters() if unused.match(name)
    ]


def test_training_lowers_the_loss() -> None:
    blurred = batch(32, 48)
    checks.learns(small(), blurred, F.avg_pool2d(blurred, 3, 1, 1), to=0.9, steps=6, lr=1e-3)


def test_started_at_the_identity_it_gives_its_input() -> None:
    blurred = batch()
    assert torch.equal(small(start="identity")(blurred), blurred)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


def test_unmoved_taps_make_a_plain_convolution() -> None:
    torch.manual_seed(0)
    deform, x = DeformConv(4), torch.rand(2, 4, 5, 7)
    plain = F.conv2d(x, deform.weight, padding=1, groups=4)
    torch.testing.assert_close(deform(x, torch.zeros(2, 18, 5, 7)), plain)


def test_taps_move_down_and_right_by_fractions_of_a_pixel() -> None:
    torch.manual_seed(0)
    deform, x = DeformConv(4), torch.rand(1, 4, 8, 9)
    offsets = torch.zeros(1, 9, 2, 8, 9)
    offsets[:, :, 0], offsets[:, :, 1] = 1.0, 2.25  # down, right
    there, beyond = (F.pad(x, (0, 4, 0, 1))[..., 1:, shift : shift + 9] for shift in (2, 3))
    moved = 0.75 * there + 0.25 * beyond
    wanted = F.conv2d(moved, deform.weight, padding=1, groups=4)
    inside = (..., slice(1, -1), slice(1, -1))  # at the border taps come from outside the cut
    torch.testing.assert_close(deform(x, offsets.flatten(1, 2))[inside], wanted[inside])


def test_moves_are_bounded() -> None:
    network = small(offset_limit=0.0).eval()
    blurred = batch()
    before = network(blurred)
    for name, one in network.named_parameters():
        if "offset_generator" in name:
            torch.nn.init.constant_(one, 1.0)
    assert torch.equal(network(blurred), before)
    assert not torch.equal(small().eval()(blurred), before)


def test_norm_divides_by_the_deviation_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    norm, x = LayerNorm(6, 2), 5 + torch.rand(2, 12, 3, 4)
    torch.nn.init.normal_(norm.body["weight"])
    parts = x.view(2, 2, 6, 3, 4)
    deviation = (parts.var(2, keepdim=True, correction=0) + 1e-5).sqrt()
    wanted = parts / deviation * norm.body["weight"][..., None, None]
    torch.testing.assert_close(norm(x), wanted.flatten(1, 2))


def test_product_of_branches_is_a_grouped_convolution() -> None:
    torch.manual_seed(0)
    layer, x = Branchwise(4, 6, 3), torch.rand(2, 12, 5, 7)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, groups=3))


def test_vectors_of_length_zero_have_a_gradient() -> None:
    x = torch.zeros(1, 3, 2, requires_grad=True)
    (unit(x) + focused(x)).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=3e-2)


def test_any_size_is_kept() -> None:
    checks.keeps_any_size(small())


def test_padding_changes_nothing_where_none_is_needed() -> None:
    checks.needs_no_padding(small(), batch())


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"dim": [8, 16, 16]}, r"4 numbers of at least 1 as dim, got \[8, 16, 16\]"),
        ({"num_path": [1, 0, 1, 1]}, r"at least 1 as num_path, got \[1, 0, 1, 1\]"),
        ({"heads": [1, 2, 3, 8]}, r"heads among 1, 2, 4, 8, got \[1, 2, 3, 8\]"),
        ({"dim": [8, 12, 16, 16]}, r"the second twice the first .* got \[8, 12, 16, 16\]"),
        ({"dim": [8, 16, 16, 20]}, r"whole heads .* for heads \[1, 2, 4, 8\]"),
        ({"dim": [8, 16, 16, 8]}, r"at least two channels, .* got \[8, 16, 16, 8\]"),
        ({"start": "identty"}, "no choice of start is called 'identty'; did you mean 'identity'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        small(**options)


def test_sizes_it_cannot_halve_three_times_are_refused() -> None:
    with pytest.raises(UsageError, match=r"mb_taylorformer_v2 needs .* divisible by 8, got 20x24"):
        small()(batch(20, 24))

"""The residual GAN's two networks: printed tables, counts, options, learning, refusals."""

from typing import Any

import network_checks as checks
import pytest
import torch
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.describe import layer_table, receptive_field
from deblur_lib.papers.sang2018.network import ResidualBlock, SangDiscriminator, SangGenerator
from deblur_lib.papers.sang2018.structure import block_variants

TINY: dict[str, Any] = {"features": 8, "blocks": 2}


def pictures(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(4))


# --- the two architecture tables of the paper, read off the built networks ------------------------


def test_table_1_is_the_built_generator() -> None:
    with torch.device("meta"):
        network = SangGenerator()
        rows = layer_table(network, torch.empty(1, 3, 128, 128), whole=(ResidualBlock,))
    kinds = [row["kind"] for row in rows]
    assert kinds == ["Conv2d + ReLU", *["ResidualBlock"] * 19, "Conv2d + ReLU"]
    assert [row["output"] for row in rows] == [[64, 128, 128]] * 20 + [[3, 128, 128]]
    assert [rows[0]["kernel"], rows[0]["stride"]] == [[5, 5], [1, 1]]
    assert rows[1]["parameters"] == 2 * (64 * 64 * 25 + 64)
    assert sum(row["parameters"] for row in rows) == 3_903_299
    assert checks.parameter_count(SangGenerator) == 3_903_299


def test_table_2_is_the_built_discriminator() -> None:
    with torch.device("meta"):
        network = SangDiscriminator()
        rows = layer_table(network, torch.empty(6, 3, 128, 128))
    convolutions, rest = rows[:10], rows[10:]
    sides, widths = [128, 64, 64, 32, 32, 16, 16, 8, 8, 4], [32, 64, 128, 256, 512]
    assert [row["output"] for row in convolutions] == [
        [widths[index // 2], side, side] for index, side in enumerate(sides)
    ]
    assert all(row["kind"] == "Conv2d + LeakyReLU" for row in convolutions)
    assert [row["stride"][0] for row in convolutions] == [1, 2] * 5
    assert all(row["kernel"] == [3, 3] for row in convolutions)
    assert [row["kind"] for row in rest] == ["Flatten", "Linear + LeakyReLU", "Linear"]
    assert [row["output"] for row in rest] == [[8192], [1024], [1]]
    assert sum(row["parameters"] for row in rows) == 13_102_881
    assert checks.parameter_count(SangDiscriminator) == 13_102_881
    slopes = {one.negative_slope for one in network.modules() if isinstance(one, nn.LeakyReLU)}
    assert slopes == {0.2}


@pytest.mark.parametrize(("kernel", "field"), [(5, 161), (3, 81)])
def test_receptive_field_covers_the_patch_with_kernel_5_only(kernel: int, field: int) -> None:
    with torch.device("meta"):
        rows = layer_table(SangGenerator(kernel=kernel), torch.empty(1, 3, 128, 128))
    assert receptive_field(rows) == field
    assert (field >= 128) == (kernel == 5)


def test_the_receptive_field_is_what_one_pixel_feels() -> None:
    torch.manual_seed(0)
    network = SangGenerator(features=4, blocks=2)
    picture = pictures(1, 3, 41, 41).requires_grad_()
    network(picture)[0, :, 20, 20].sum().backward()
    felt = picture.grad[0].abs().sum(dim=0).nonzero()
    assert felt.min().item() == 20 - 12  # six convolutions of 5x5: 25 pixels
    assert felt.max().item() == 20 + 12


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        ({}, 0),
        ({"norm": "batch"}, 19 * 2 * 2 * 64),
        ({"relu_after_sum": True}, 0),
        ({"output_activation": "none"}, 0),
        ({"output_activation": "clamp"}, 0),
        ({"global_skip": True}, 0),
        ({"kernel": 3}, -16 * (2 * 3 * 64 + 38 * 64 * 64)),
    ],
)
def test_options_change_only_what_they_say(options: dict[str, Any], extra: int) -> None:
    assert checks.parameter_count(SangGenerator, **options) - 3_903_299 == extra


def test_a_block_adds_its_input_and_may_close_with_a_relu() -> None:
    x = pictures(1, 4, 6, 6) - 0.5
    for options in ({}, {"norm": "batch"}):
        block = ResidualBlock(4, **options).eval()
        torch.testing.assert_close(block(x), x + block.body(x))
    closed = ResidualBlock(4, relu_after_sum=True)
    torch.testing.assert_close(closed(x), torch.relu(x + closed.body(x)))


@pytest.mark.parametrize(
    ("options", "start", "low", "high"),
    [
        ({}, 0.5, 0.0, 2.0),
        ({"output_activation": "clamp"}, 0.5, 0.0, 1.0),
        ({"output_activation": "none"}, 0.5, -2.0, 2.0),
        ({"global_skip": True}, 0.0, 0.0, 2.0),
    ],
)
def test_output_activations(options: dict[str, Any], start: float, low: float, high: float) -> None:
    network = SangGenerator(**TINY, **options)
    assert network.tail.bias.tolist() == [start] * 3
    network.tail.weight.data.zero_()
    picture = pictures(1, 3, 8, 8)
    expected = picture if options.get("global_skip") else torch.full_like(picture, 0.5)
    torch.testing.assert_close(network(picture), expected)
    for bias, bound in ((-2.0, low), (2.0, high)):
        network.tail.bias.data.fill_(bias)
        if not options.get("global_skip"):
            assert network(picture).unique().tolist() == [bound]


def test_the_output_is_alive_at_the_start() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        made = SangGenerator(features=16, blocks=3)(pictures(1, 3, 32, 32))
        assert float((made == 0).float().mean()) < 0.01


def test_block_variants_of_figure_1() -> None:
    variants = block_variants()
    kinds = {title: [row["kind"] for row in rows] for title, rows in variants.items()}
    norm, plain = ["Conv2d", "BatchNorm2d", "ReLU"] * 2, ["Conv2d", "ReLU", "Conv2d"]
    assert kinds == {
        "original": norm,
        "batch norm": norm[:-1],
        "ReLU after the sum": [*plain, "ReLU"],
        "sang2018": plain,
    }


# --- learning -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"norm": "batch", "relu_after_sum": True}, {"global_skip": True}]
)
def test_every_parameter_of_the_generator_learns(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = SangGenerator(**TINY, **options)
    (network(pictures(2, 3, 12, 15)) - 1).square().mean().backward()
    assert checks.idle(network, cancelled="bias$" if "norm" in options else "^$") == []


def test_every_parameter_of_the_discriminator_learns() -> None:
    torch.manual_seed(0)
    network = SangDiscriminator(patch=32, widths=[4, 4, 8, 8, 8], hidden=16)
    logits = network(pictures(2, 3, 32, 32))
    assert logits.shape == (2, 1)
    logits.square().mean().backward()
    assert checks.idle(network) == []


def test_the_discriminator_gives_logits() -> None:
    network = SangDiscriminator(patch=32, widths=[4, 4, 8, 8, 8], hidden=16)
    network.judge[-1].weight.data.zero_()
    network.judge[-1].bias.data.fill_(3.0)
    assert network(pictures(1, 3, 32, 32)).item() == 3.0


@pytest.mark.parametrize(("patch", "flat"), [(32, 512), (64, 2048), (128, 8192)])
def test_smaller_patches_shrink_the_fully_connected_layer(patch: int, flat: int) -> None:
    with torch.device("meta"):
        network = SangDiscriminator(patch=patch)
        assert network.judge[1].in_features == flat
        assert network(torch.empty(2, 3, patch, patch)).shape == (2, 1)


def test_evaluation_is_deterministic_and_any_size_fits() -> None:
    torch.manual_seed(0)
    network = SangGenerator(**TINY, norm="batch").eval()
    with torch.no_grad():
        for height, width in ((1, 1), (1, 7), (13, 2), (33, 40)):
            picture = pictures(2, 3, height, width)
            assert network(picture).shape == picture.shape
            assert torch.equal(network(picture), network(picture))


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "bach"}, "no choice of norm is called 'bach'; did you mean 'batch'"),
        ({"output_activation": "sigmoid"}, "choice of output_activation"),
        ({"kernel": 4}, "kernel must be odd"),
    ],
)
def test_generator_options_that_do_not_fit_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        SangGenerator(**TINY, **options)


@pytest.mark.parametrize("patch", [0, 16, 100])
def test_patches_that_cannot_be_halved_are_refused(patch: int) -> None:
    with pytest.raises(UsageError, match=f"multiple of 32 .* got {patch}"):
        SangDiscriminator(patch=patch)


def test_bad_input_is_refused() -> None:
    with pytest.raises(UsageError, match=r"sang2018 needs a batch .*\(1, 1, 8, 8\)"):
        SangGenerator(**TINY)(pictures(1, 1, 8, 8))
    judge = SangDiscriminator(patch=32, widths=[4] * 5, hidden=4)
    for shape in ((1, 3, 64, 64), (1, 1, 32, 32), (3, 32, 32)):
        with pytest.raises(UsageError, match=r"judges \(B, 3, 32, 32\), got"):
            judge(pictures(*shape))

"""li2026's generator: sizes, agreement with its baseline, and every option that moves a module."""

import network_checks as checks
import pytest
import torch
from torch import nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.deblurgan_v2 import DeblurGANv2
from deblur_lib.papers.li2026.blocks import AFEM, ECA, MSFM, eca_kernel_size, factors
from deblur_lib.papers.li2026.network import MultiAttentionGenerator

NARROW = {
    "backbone": "mobilenet",
    "pyramid_channels": 8,
    "head_channels": 8,
    "backbone_width": 0.25,
}
OFF = {"msfm": False, "eca": False, "afem": False}


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


def test_modules_add_the_parameters_of_the_paper_scale() -> None:
    base = checks.parameter_count(DeblurGANv2)
    added = {
        name: checks.parameter_count(MultiAttentionGenerator, **(OFF | {name: True})) - base
        for name in ("msfm", "eca", "afem")
    }
    assert added == {"msfm": 2_231_296, "eca": 3 + 3, "afem": 4 * 2_048}
    assert checks.parameter_count(MultiAttentionGenerator) == base + sum(added.values())


def test_with_all_modules_off_it_is_the_baseline_layer_by_layer() -> None:
    base = DeblurGANv2(**NARROW)
    ours = MultiAttentionGenerator(**NARROW, **OFF)
    ours.load_state_dict(base.state_dict(), strict=True)
    seen: dict[str, list[torch.Tensor]] = {}

    def note(name: str) -> object:
        return lambda module, _, output: seen.setdefault(name, []).append(output)

    for network in (base, ours):
        for name, module in network.named_modules():
            if not list(module.children()):
                module.register_forward_hook(note(name))
    blurred = torch.rand(1, 3, 64, 96)
    assert torch.equal(base.eval()(blurred), ours.eval()(blurred))
    assert len(seen) > 100
    for name, outputs in seen.items():
        assert torch.equal(*outputs), name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"msfm": False},
        {"afem": False, "msfm_levels": [1, 2], "msfm_norm": "group", "msfm_channels": 4},
        {"eca_where": "lateral", "eca_levels": [0, 3, 4], "eca_kernel": 5, "msfm_residual": True},
        {
            "msfm_levels": "post_concat",
            "afem_where": "both",
            "msfm_global_norm": "none",
            "afem_reduction": 1,
        },
        {"afem_where": "post_concat", "afem_reduction": 2, "norm_affine": False},
        {"upsample": "mixed", "smooth_merge": "concat", "output": "residual"},
        {"upsample": "bilinear", "msfm_dropout": 0.0, "msfm_dilations": [1, 1, 1]},
    ],
)
def test_batch_of_one_trains_every_weight(options: dict[str, object]) -> None:
    network = MultiAttentionGenerator(**(NARROW | {"msfm_dilations": [1, 2, 3]} | options))
    blurred = torch.rand(1, 3, 128, 160)
    restored = network(blurred)
    assert restored.shape == blurred.shape
    restored.square().mean().backward()
    assert checks.idle(network, cancelled="bias$") == []


def test_evaluation_repeats_itself_and_pictures_do_not_see_each_other() -> None:
    network = MultiAttentionGenerator(**NARROW).eval()
    blurred = torch.rand(2, 3, 64, 64)
    assert torch.equal(network(blurred), network(blurred))
    checks.keeps_pictures_apart(network, blurred)


def test_an_untrained_last_layer_returns_the_clamped_input() -> None:
    for output in ("tanh_residual", "residual"):
        network = MultiAttentionGenerator(**NARROW, output=output).eval()
        nn.init.zeros_(network.final.weight)
        nn.init.zeros_(network.final.bias)
        blurred = 1.2 * torch.rand(1, 3, 64, 64) - 0.1
        torch.testing.assert_close(network(blurred), blurred.clamp(0, 1))


def test_output_without_tanh_is_not_bounded_to_one_step() -> None:
    dark = torch.zeros(1, 3, 64, 64)
    bright = {}
    for output in ("tanh_residual", "residual"):
        network = MultiAttentionGenerator(**NARROW, output=output).eval()
        nn.init.zeros_(network.final.weight)
        nn.init.constant_(network.final.bias, 2.0)
        bright[output] = network(dark).mean().item()
    assert bright["residual"] == pytest.approx(1.0)
    assert bright["tanh_residual"] == pytest.approx(0.482, abs=1e-3)  # tanh(2) / 2


def test_msfm_keeps_the_shape_and_its_dropout_is_off_in_evaluation() -> None:
    block = MSFM(8)
    x = torch.rand(1, 8, 6, 9)
    assert block(x).shape == x.shape
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))


def test_msfm_refuses_in_training_a_dilation_that_crosses_its_map() -> None:
    x = torch.rand(1, 8, 4, 6)
    with pytest.raises(UsageError, match=r"got \[1, 2, 4\] on a 4x6 map"):
        MSFM(8)(x)
    assert MSFM(8, dilations=(1, 2, 3))(x).shape == x.shape
    assert MSFM(8).eval()(x).shape == x.shape


def test_msfm_adds_its_input_only_when_asked() -> None:
    x = torch.rand(1, 8, 8, 8)
    plain, residual = MSFM(8).eval(), MSFM(8, residual=True).eval()
    residual.load_state_dict(plain.state_dict())
    torch.testing.assert_close(residual(x), plain(x) + x)


@pytest.mark.parametrize(
    ("channels", "size"), [(16, 3), (32, 3), (64, 3), (128, 5), (1088, 5), (2048, 7)]
)
def test_eca_kernel_grows_with_the_channels(channels: int, size: int) -> None:
    assert eca_kernel_size(channels) == size
    assert ECA(channels).mix.weight.shape == (1, 1, size)


@pytest.mark.parametrize("gate", [ECA(16), AFEM(16), ECA(16, kernel=7)])
def test_gates_scale_each_channel_by_a_factor_between_zero_and_one(gate: ECA | AFEM) -> None:
    x = torch.rand(2, 16, 5, 7)
    weights = gate.weights(x)
    assert weights.shape == (2, 16)
    assert 0 < weights.min() <= weights.max() < 1
    torch.testing.assert_close(gate(x), x * weights[:, :, None, None])


def test_gates_can_be_fixed_at_their_mean_after_training() -> None:
    live = MultiAttentionGenerator(**NARROW).eval()
    for name, one in live.named_parameters():
        if name.endswith(("mix.weight", "excite.weight")):
            nn.init.normal_(one, std=5.0)
    fixed = MultiAttentionGenerator(**NARROW, gates="mean")
    fixed.load_state_dict(live.state_dict(), strict=False)
    pictures = [torch.rand(3, 64, 70), torch.rand(3, 96, 64) ** 3]
    live.calibrate(pictures)  # nothing to settle
    fixed.calibrate(pictures)
    assert fixed.training
    looked = [factors(live, one[None]) for one in pictures]
    held = factors(fixed.eval(), torch.rand(2, 3, 64, 64))
    assert len(held) == 2 + 4
    for path, one in held.items():
        assert not torch.equal(*(seen[path] for seen in looked))
        mean = torch.cat([seen[path] for seen in looked]).mean(dim=0)
        torch.testing.assert_close(one, mean.expand(2, -1))
    again = MultiAttentionGenerator(**NARROW, gates="mean").eval()
    again.load_state_dict(fixed.state_dict(), strict=True)
    blurred = torch.rand(1, 3, 64, 64)
    assert torch.equal(again(blurred), fixed(blurred))


def test_upsampling_is_mixed_in_front_of_the_joined_heads_alone() -> None:
    plain, mixed = (
        MultiAttentionGenerator(**NARROW, upsample=one).eval() for one in ("nearest", "mixed")
    )
    mixed.load_state_dict(plain.state_dict(), strict=True)
    x = torch.rand(1, 3, 64, 64)
    for one, other in zip(plain.fpn(x), mixed.fpn(x), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(plain(x), mixed(x))
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    assert mixed.enlarge(ramp, 2)[0, 0, 0, :4].tolist() == [0.0, 0.125, 0.875, 1.125]


def test_hidden_layer_of_the_gate_is_at_least_four_wide() -> None:
    assert AFEM(128).squeeze.out_features == 8
    assert AFEM(32).squeeze.out_features == 4


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        (
            {"msfm_levels": [0]},
            r"msfm_levels needs distinct levels among \[1, 2, 3, 4\], got \[0\]",
        ),
        ({"msfm_levels": [4, 4]}, "distinct levels"),
        ({"msfm_levels": "post_conact"}, "did you mean 'post_concat'"),
        ({"eca_levels": [5]}, r"eca_levels .* got \[5\]"),
        ({"eca_where": "decoder"}, "known: encoder, lateral"),
        ({"afem_where": "heads"}, "did you mean 'head'"),
        ({"msfm_norm": "layer"}, "known: batch, group"),
        ({"upsample": "bicubic"}, "known: bilinear, mixed, nearest"),
        ({"gates": "half"}, "known: live, mean"),
        ({"smooth_merge": "mul"}, "known: add, concat"),
        ({"output": "sigmoid"}, "known: residual, tanh_residual"),
    ],
)
def test_an_unknown_option_is_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        MultiAttentionGenerator(**NARROW, **options)

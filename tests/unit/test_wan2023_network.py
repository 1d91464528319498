"""wan2023: sizes as counted, MIMO-UNet as a special case, every option, receptive fields."""

import json
from itertools import pairwise

import network_checks as checks
import pytest
import torch
import torch.nn.functional as F
from network_checks import batch
from torch import nn

from deblur_lib.errors import UsageError
from deblur_lib.networks.mimo_unet import MIMOUNet, ResBlock
from deblur_lib.papers.wan2023 import probes
from deblur_lib.papers.wan2023.blocks import (
    ACTIVATIONS,
    ACTIVE,
    DFFM,
    ENTRIES,
    MERGES,
    MSRM,
    RESIZES,
)
from deblur_lib.papers.wan2023.network import BLOCKS, PYRAMIDS, SKIPS, WanNet

OPTIONS = [
    *({"block": name} for name in BLOCKS),
    *({"skip": name} for name in SKIPS),
    *({"dffm_levels": levels} for levels in ([], [1], [2], [1, 2, 3])),
    *({"msrm_entry": name} for name in ENTRIES),
    *({"msrm_entry": name, "msrm_expand": 2} for name in ENTRIES),
    *({"msrm_act": name} for name in ACTIVE),
    *({"act_type": name} for name in ACTIVATIONS),
    {"ca_reduction": 4, "ca_min": 2},
    *({"dffm_resize": name} for name in RESIZES),
    {"dffm_align_kernel": 3},
    *({"dffm_merge": name} for name in MERGES),
    {"dffm_reduction": 2, "dffm_min": 8},
    *({"pyramid_mode": name} for name in PYRAMIDS),
]


def small(**options: object) -> WanNet:
    torch.manual_seed(0)
    return WanNet(base_channels=8, blocks_per_stage=1, **options)  # type: ignore[arg-type]


def awake(network: WanNet) -> WanNet:
    """The network with small positive weights, so that no ReLU sleeps and no gate saturates."""
    with torch.no_grad():
        for one in network.parameters():
            one.abs_().div_(2 * one[0].numel() * one.mean() if one.ndim > 1 else 10)
    return network


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"block": "residual", "skip": "plain"}, 6_739_395),
        ({"block": "residual", "skip": "dffm"}, 6_779_503),
        ({"block": "residual", "skip": "aff"}, 6_807_171),
        ({}, 2_136_943),
        ({"msrm_entry": "dw_only"}, 1_789_295),
    ],
)
def test_parameters_of_the_whole_network(options: dict[str, str], parameters: int) -> None:
    assert checks.parameter_count(WanNet, **options) == parameters


@pytest.mark.parametrize(
    ("channels", "residual", "msrm"),
    [(32, 18_496, 5_060), (64, 73_856, 18_820), (128, 295_168, 73_480)],
)
def test_parameters_of_one_block(channels: int, residual: int, msrm: int) -> None:
    assert checks.parameter_count(ResBlock, channels) == residual
    assert checks.parameter_count(MSRM, channels) == msrm


def test_expanding_twice_costs_thirteen_squared_widths() -> None:
    assert checks.parameter_count(MSRM, 256, expand=2) == pytest.approx(13 * 256**2, rel=0.02)


def test_a_wide_alignment_costs_what_its_kernel_says() -> None:
    wide = checks.parameter_count(DFFM, (32, 64, 128), 1, align_kernel=3)
    assert wide - checks.parameter_count(DFFM, (32, 64, 128), 1) == 8 * 224 * 32


def as_mimo_unet(key: str) -> str:
    """Name in MIMO-UNet of a weight of ours; its pyramid counts down where ours counts up."""
    part, index, *rest = key.split(".")
    at, after = int(index), ".".join(rest)
    return {
        "enter": f"feat_extract.{at}.{after}",
        "read": f"SCM{2 - at}.{after}",
        "attend": f"FAM{2 - at}.{after}",
        "encode_at": f"Encoder.{at}.layers.{after}",
        "decode_at": f"Decoder.{2 - at}.layers.{after}",
        "skip": f"AFFs.{at}.{after}",
        "join": f"Convs.{1 - at}.{after}",
        "rise": f"feat_extract.{4 - at}.{after}",
        "paint": f"feat_extract.5.{after}" if at == 0 else f"ConvsOut.{2 - at}.{after}",
    }[part]


def test_residual_blocks_and_aff_make_it_mimo_unet() -> None:
    torch.manual_seed(0)
    theirs = MIMOUNet(base_channels=8, blocks=2)
    torch.manual_seed(1)
    ours = WanNet(base_channels=8, blocks_per_stage=2, block="residual", skip="aff")
    weights = theirs.state_dict()
    ours.load_state_dict({key: weights.pop(as_mimo_unet(key)) for key in ours.state_dict()})
    assert weights == {}
    for one, other in zip(ours.forward_all(batch()), theirs.forward_all(batch()), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: json.dumps(options))
def test_every_option_trains_every_parameter_and_gives_three_scales(
    options: dict[str, object],
) -> None:
    network = awake(small(**options))
    outputs = network.forward_all(batch())
    assert [tuple(one.shape[-2:]) for one in outputs] == [(4, 6), (8, 12), (16, 24)]
    torch.stack([one.square().mean() for one in outputs]).sum().backward()
    assert checks.idle(network) == []


def test_forward_is_the_last_of_all_outputs() -> None:
    network = small()
    assert torch.equal(network(batch()), network.forward_all(batch())[-1])


def test_msrm_is_equations_1_to_3() -> None:
    torch.manual_seed(0)
    module, x = MSRM(8), torch.randn(2, 8, 6, 7)
    x1, x2, x3, x4 = module.spread(x).split(2, dim=1)
    first, second, third, fourth = (step[0] for step in module.steps)
    y1 = F.relu(first(x1))
    y2 = F.relu(second(x2 + y1))
    y3 = F.relu(third(x3 + y2))
    y4 = F.relu(fourth(x4 + y3))
    merged = module.merge(torch.cat((y1, y2, y3, y4), dim=1))
    gate = module.attend.gate(F.adaptive_avg_pool2d(merged, 1))
    torch.testing.assert_close(module.ladder(x), [y1, y2, y3, y4])
    torch.testing.assert_close(module(x), merged * gate + x)


def test_msrm_without_activation_is_linear_apart_from_its_gate() -> None:
    torch.manual_seed(0)
    module, x = MSRM(8, act="none"), torch.randn(1, 8, 6, 6)
    zero = torch.cat(module.ladder(torch.zeros_like(x)), dim=1)
    once = torch.cat(module.ladder(x), dim=1) - zero
    twice = torch.cat(module.ladder(2 * x), dim=1) - zero
    torch.testing.assert_close(twice, 2 * once, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("merge", MERGES)
def test_dffm_weighs_concatenates_and_reduces(level: int, merge: str) -> None:
    torch.manual_seed(0)
    module = DFFM((4, 8, 16), level, merge=merge)
    features = [torch.randn(2, 4 * 2**k, 16 // 2**k, 8 // 2**k) for k in range(3)]
    channels, size = features[level - 1].shape[1], features[level - 1].shape[-2:]
    branches = [
        align[-1](F.interpolate(one, size=size, mode="bilinear"))
        for align, one in zip(module.align, features, strict=True)
    ]
    weights = module.weights(features)  # (2, 3, C)
    assert weights.shape == (2, 3, channels)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, channels))
    joined = torch.cat(
        [one * weights[:, k, :, None, None] for k, one in enumerate(branches)], dim=1
    )
    torch.testing.assert_close(module(features), module.reduce(joined), rtol=1e-4, atol=1e-5)


def test_dffm_listens_to_each_level_of_the_encoder() -> None:
    torch.manual_seed(0)
    network = small()
    pictures = network.pyramid(batch())
    features = network.encode(pictures)
    before = network.skip[0](features)
    for k in range(3):
        changed = [one + (index == k) for index, one in enumerate(features)]
        assert not torch.allclose(network.skip[0](changed), before)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=2e-2)


def test_tiles_are_safe_only_without_means_over_the_picture() -> None:
    assert small(block="residual", skip="aff").tile_safe
    assert small(block="residual", skip="dffm", dffm_levels=[]).tile_safe
    assert not small(block="residual", skip="dffm").tile_safe
    assert not small(block="msrm", skip="plain").tile_safe


@pytest.mark.parametrize(("height", "width"), [(5, 7), (17, 30), (1, 1)])
def test_odd_sizes_pass_after_padding(height: int, width: int) -> None:
    checks.keeps_size(small(), batch(height, width))


def test_wrong_sizes_and_options_are_refused() -> None:
    with pytest.raises(UsageError, match="wan2023 needs height and width divisible by 4, got 6x8"):
        small()(torch.zeros(1, 3, 6, 8))
    with pytest.raises(UsageError, match="30 channels cannot make 4 groups"):
        MSRM(30)
    with pytest.raises(UsageError, match="0 channels cannot make 4 groups"):
        MSRM(8, expand=0)
    with pytest.raises(UsageError, match=r"dffm_levels must be among \(1, 2, 3\), got \[0, 1\]"):
        small(dffm_levels=[0, 1])
    with pytest.raises(UsageError, match="dffm_align_kernel must be odd to keep the size, got 2"):
        small(dffm_align_kernel=2)
    for option, value, meant in (
        ("block", "mrsm", "msrm"),
        ("skip", "dfffm", "dffm"),
        ("msrm_entry", "dw_pv", "dw_pw"),
        ("msrm_act", "after_groups", "after_group"),
        ("act_type", "rellu", "relu"),
        ("dffm_resize", "bilnear", "bilinear"),
        ("dffm_merge", "summ", "sum"),
        ("pyramid_mode", "nearst", "nearest"),
    ):
        with pytest.raises(UsageError, match=f"{option} is called '{value}'; did you.*'{meant}'"):
            small(**{option: value})


# --- probes --------------------------------------------------------------------------------


def positive(module: MSRM) -> MSRM:
    """The module with positive weights, so that no path cancels another or sleeps."""
    for one in module.parameters():
        nn.init.constant_(one, 0.1)
    return module


@pytest.mark.parametrize(
    ("entry", "first"), [("dw_pw", 5), ("dw_only", 5), ("conv3x3", 5), ("conv1x1", 3)]
)
def test_each_group_sees_two_pixels_more(entry: str, first: int) -> None:
    seen = probes.effective_receptive_field(positive(MSRM(8, entry=entry, act="none")), samples=1)
    assert [one["extent"] for one in seen.values()] == [first, first + 2, first + 4, first + 6]


def test_groups_mix_shorter_paths_so_fields_are_narrower_than_their_extent() -> None:
    torch.manual_seed(0)
    seen = probes.effective_receptive_field(MSRM(16))
    assert list(seen) == ["y1", "y2", "y3", "y4"]
    assert all(a["radius"] < b["radius"] for a, b in pairwise(seen.values()))
    for one, most in zip(seen.values(), (5, 7, 9, 11), strict=True):
        assert 0 < one["extent"] <= most
        assert 2 * one["radius"] < one["extent"]
        assert max(map(max, one["map"])) == pytest.approx(1)
        assert [len(row) for row in one["map"]] == [15] * 15


def test_receptive_field_leaves_the_module_alone_and_repeats() -> None:
    torch.manual_seed(0)
    module = MSRM(8)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    with torch.no_grad():
        seen = probes.effective_receptive_field(module, seed=3)
    assert json.loads(json.dumps(seen)) == probes.effective_receptive_field(module, seed=3)
    assert all(one.grad is None for one in module.parameters())
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    with pytest.raises(UsageError, match="needs an odd size, so that it has a middle, got 14"):
        probes.effective_receptive_field(module, size=14)


def test_branch_weights_are_shares_by_picture_and_level() -> None:
    network, blurred = small(dffm_levels=[1, 2, 3]), batch(count=3)
    shares = probes.branch_weights(network, blurred)
    assert json.loads(json.dumps(shares)) == shares
    assert [list(one) for one in shares] == [["level_1", "level_2", "level_3"]] * 3
    for one in shares:
        assert all(sum(three) == pytest.approx(1) for three in one.values())
    alone = probes.branch_weights(network, blurred[1:2])[0]
    assert alone["level_1"] == pytest.approx(shares[1]["level_1"], abs=1e-5)
    with pytest.raises(UsageError, match="got one without DFFM"):
        probes.branch_weights(small(skip="aff"), blurred)


def test_probes_tell_whether_dffm_left_equal_shares() -> None:
    network = small(skip="dffm").eval()
    pictures = {"a/x": torch.rand(1, 3, 16, 16), "a/y": torch.rand(1, 3, 16, 16)}
    for module in network.modules():
        if isinstance(module, DFFM):
            for parameter in module.gate.parameters():
                torch.nn.init.zeros_(parameter)
    found = probes.trained({"wan2023": network, "wan2023_aff": small(skip="aff")}, pictures)
    still = found["modules"]["DFFM"]
    assert set(still) == {"wan2023"}
    assert still["wan2023"]["moved"] == pytest.approx(0, abs=1e-5)
    for module in network.modules():
        if isinstance(module, DFFM):
            *_, last = module.gate.parameters()
            last.data[: len(last) // 3] = 2.0
    found = probes.trained({"wan2023": network}, pictures)["modules"]
    assert found["DFFM"]["wan2023"]["moved"] > found["DFFM"]["wan2023"]["least"]
    assert found["DFFM over pictures"]["wan2023"]["moved"] == pytest.approx(0, abs=1e-5)


def test_shares_of_dffm_can_be_fixed_after_training() -> None:
    pictures = [torch.rand(3, 34, 32, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    small = {"base_channels": 4, "blocks_per_stage": 1, "block": "residual"}
    torch.manual_seed(0)
    network = WanNet(**small).eval()
    with torch.no_grad():
        for one in network.skip[:2]:
            one.gate[2].weight.mul_(50)  # type: ignore[union-attr,index,operator]
    fixed = {name: WanNet(**small, dffm_shares=name).eval() for name in ("mean", "equal")}
    shown = pictures[0][None, :, :32]
    for one in fixed.values():
        one.load_state_dict(network.state_dict(), strict=False)
        one.calibrate(pictures)
    outputs = [net(shown) for net in (network, *fixed.values())]
    assert not torch.allclose(outputs[0], outputs[1], atol=1e-5)
    assert not torch.allclose(outputs[1], outputs[2], atol=1e-5)
    features = [network.encode(network.pyramid(one[None, :, :32])) for one in pictures]
    means = torch.cat([network.skip[0].weights(one) for one in features]).mean(dim=0)  # type: ignore[operator]
    torch.testing.assert_close(fixed["mean"].skip[0].fixed, means)
    assert "skip.0.fixed" in fixed["mean"].state_dict()
    assert "skip.0.fixed" not in network.state_dict()

"""DSGformer: parameter counts, printed shapes, layouts, learning, refusals."""

from typing import Any

import network_checks as checks
import pytest
import torch
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn.describe import layer_table
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.looking import (
    branch_overlap,
    frequency_matrices,
    score_pictures,
)
from deblur_lib.papers.lu2025.network import LAYOUTS, DSGformer

TINY: dict[str, Any] = {"dim": 4, "blocks": 1, "heads": 2}
RESTORMER: dict[str, Any] = {"layout": "restormer", "dim": 48, "heads": [1, 2, 4, 8]}


def blurred(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(3))


# --- size: the counts come from hand formulas of the specification, found without this code -------


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 15_567_504),
        ({"heads": 1}, 15_567_200),
        (RESTORMER | {"blocks": [4, 6, 8, 10], "ln_bias": False}, 15_568_344),
        (RESTORMER | {"blocks": [4, 6, 8, 10]}, 15_576_984),
        (
            RESTORMER | {"blocks": [6, 6, 12, 8], "refinement": 4, "dfgb_matrix": "shared"},
            15_588_104,
        ),
        (RESTORMER | {"blocks": [2, 4, 8, 13], "resample": "bilinear"}, 15_567_184),
        (
            RESTORMER | {"blocks": [6, 6, 12, 10], "refinement": 4, "resample": "bilinear"},
            15_563_840,
        ),
        (
            RESTORMER
            | {"blocks": [4, 8, 12, 8], "refinement": 4, "dfgb_matrix": "shared", "fuse": "sum"},
            15_568_716,
        ),
        (RESTORMER | {"dim": 36, "blocks": [2, 2, 4, 28], "refinement": 2}, 15_568_546),
    ],
)
def test_parameter_counts(options: dict[str, Any], count: int) -> None:
    assert checks.parameter_count(DSGformer, **options) == count


@pytest.mark.parametrize(
    ("options", "millions"),
    [
        (RESTORMER | {"blocks": [4, 6, 6, 8], "refinement": 4}, 13.46),
        (RESTORMER | {"blocks": [4, 6, 6, 8]}, 13.25),
        (RESTORMER | {"layout": "blocks_first", "blocks": [4, 6, 6, 8], "ln_bias": False}, 13.70),
        ({"dim": 16, "blocks": 1}, 0.96),
    ],
)
def test_rounded_parameter_counts(options: dict[str, Any], millions: float) -> None:
    assert round(checks.parameter_count(DSGformer, **options) / 1e6, 2) == millions


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"gate": "gelu"}, "-M"),
        ({"gate": "simple_gate"}, "-M"),
        ({"score": "relu"}, ""),
        ({"score": "softmax"}, "-w"),
        ({"gate": "gelu", "score": "softmax"}, "-M-w"),
        ({"gate": "simple_gate", "score": "softmax"}, "-M-w"),
        ({"topk_ratios": (1 / 8, 1 / 4, 1 / 2, 3 / 4)}, ""),
        ({"topk_ratios": (1.0,)}, "-3/4w"),
        ({"alpha": "fixed"}, "-t"),
        ({"branch_start": "shared"}, ""),
    ],
)
def test_ablations_change_exactly_what_they_declare(options: dict[str, Any], change: str) -> None:
    """M is 40 per channel of each block, w_n four per block, t one per head."""
    with torch.device("meta"):
        base, variant = DSGformer(blocks=1), DSGformer(blocks=1, **options)
    blocks = [one for one in base.modules() if isinstance(one, DSGA)]
    matrices = sum(40 * one.merge.in_channels for one in blocks)
    weights, heads = 4 * len(blocks), sum(one.attend.heads for one in blocks)
    expected = {
        "": 0,
        "-M": matrices,
        "-w": weights,
        "-M-w": matrices + weights,
        "-3/4w": 3 * len(blocks),
        "-t": heads,
    }[change]
    kept = {name: one.shape for name, one in variant.named_parameters()}
    original = {name: one.shape for name, one in base.named_parameters()}
    sizes = [sum(shape.numel() for shape in each.values()) for each in (original, kept)]
    assert sizes[0] - sizes[1] == expected
    differ = {name for name in original | kept if original.get(name) != kept.get(name)}
    assert all(name.endswith((".matrix", ".weights.weight", ".temperature")) for name in differ)


# --- shapes ---------------------------------------------------------------------------------------


def test_printed_shapes() -> None:
    """E1 to E4 and D of the paper at 256x256, read off the built network."""
    with torch.device("meta"):
        rows = layer_table(DSGformer(), torch.empty(1, 3, 256, 256), whole=(DSGA,))
    outputs = {row["name"]: row["output"] for row in rows}
    printed = {"blocks0_1": 64, "blocks1_1": 128, "blocks2_1": 256, "blocks3_1": 256}
    sides = [128, 64, 32, 32]
    for (name, channels), side in zip(printed.items(), sides, strict=True):
        assert outputs[f"parts.{name}.7"] == [channels, side, side]
    up = [name for name in outputs if name.startswith("parts.up_")]
    assert outputs[up[-1]] == [64, 256, 256]  # D, 2C channels
    assert sum(row["kind"] == "DSGA" for row in rows) == 64
    assert sum(row["parameters"] for row in rows) == 15_567_504


def test_frames_padded_to_its_multiple_keep_their_size() -> None:
    with torch.device("meta"):
        restored = DSGformer()(torch.empty(1, 3, 768, 1280))
    assert restored.shape == (1, 3, 768, 1280)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("resample", ["shuffle", "bilinear", "strided"])
@pytest.mark.parametrize("fuse", ["concat", "sum", "gated"])
def test_every_layout_runs_with_every_part(layout: str, resample: str, fuse: str) -> None:
    options = {**TINY, "layout": layout, "resample": resample, "fuse": fuse, "refinement": 1}
    with torch.device("meta"):
        network = DSGformer(**options, full_res_skip=layout != "restormer")
        assert network(torch.empty(2, 3, 64, 128)).shape == (2, 3, 64, 128)


@pytest.mark.parametrize(("patch", "multiple"), [(4, 32), (8, 64), (16, 128)])
def test_the_multiple_follows_the_block_side(patch: int, multiple: int) -> None:
    network = DSGformer(**TINY, dfgb_patch=patch)
    assert (network.multiple_of, network.minimum_size) == (multiple, multiple)
    side = (1, 3, multiple, multiple)
    assert network(blurred(*side)).shape == side


# --- learning and agreement -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gate": "gelu", "score": "softmax"},
        {"gate": "simple_gate_split", "score": "softmax_topk"},
        {"layout": "restormer", "fuse": "gated", "refinement": 1, "bias": True},
        {"dfgb_matrix": "complex", "branch_weight": "per_head", "attn_row_norm": "l1"},
        {"dfgb_transform": "dct", "branch_weight": "softmax", "full_res_skip": True},
        {"block": "mdta_gdfn"},
    ],
)
def test_every_parameter_learns(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = DSGformer(**TINY | options)
    picture = blurred(1, 3, 64, 64)
    (network(picture) - blurred(1, 3, 64, 64).flip(-1)).square().mean().backward()
    # rows of one sum: a common factor has no effect
    cancelled = "temperature$" if options.get("attn_row_norm") == "l1" else "^$"
    assert checks.idle(network, cancelled=cancelled) == []


@pytest.mark.parametrize("score", ["relu2", "softmax"])
def test_a_black_picture_has_finite_gradients(score: str) -> None:
    """Its rows of Q and K are zero, so unit length must not divide by nothing."""
    network = DSGformer(**TINY, score=score)
    restored = network(torch.zeros(1, 3, 64, 64))
    restored.sum().backward()
    assert (restored == 0).all()
    assert all(torch.isfinite(one.grad).all() for one in network.parameters())


def test_a_network_without_tail_gives_its_input() -> None:
    network = DSGformer(**TINY)
    network.tail.weight.data.zero_()
    picture = blurred(1, 3, 64, 64)
    assert torch.equal(network(picture), picture)


def test_gelu_is_the_frequency_gate_at_its_start() -> None:
    torch.manual_seed(0)
    network, plain = DSGformer(**TINY), DSGformer(**TINY, gate="gelu")
    state = {name: one for name, one in network.state_dict().items() if "matrix" not in name}
    plain.load_state_dict(state)
    picture = blurred(1, 3, 64, 64)
    torch.testing.assert_close(network(picture), plain(picture))


def test_branches_that_keep_the_same_are_one_branch_with_their_summed_weight() -> None:
    torch.manual_seed(0)
    four = DSGformer(**TINY, topk_ratios=(1.0, 1.0, 1.0, 1.0))
    one = DSGformer(**TINY, topk_ratios=(1.0,))
    state = {
        name: value.sum(dim=0, keepdim=True) if name.endswith("weights.weight") else value
        for name, value in four.state_dict().items()
    }
    one.load_state_dict(state)
    picture = blurred(1, 3, 64, 64)
    torch.testing.assert_close(four(picture), one(picture))


def test_evaluation_is_deterministic_and_bf16_stays_near() -> None:
    torch.manual_seed(0)
    network = DSGformer(**TINY).eval()
    picture = blurred(2, 3, 64, 64)
    with torch.no_grad():
        first = network(picture)
        assert torch.equal(first, network(picture))
        torch.testing.assert_close(network(picture[1:]), first[1:], rtol=1e-4, atol=1e-5)
    checks.keeps_result_in_other_formats(network, picture, atol=0.03)


def test_channels_last_gives_the_same() -> None:
    torch.manual_seed(0)
    network = DSGformer(**TINY, dfgb_matrix="complex", branch_weight="per_head")
    checks.keeps_result_in_other_formats(network, blurred(1, 3, 64, 64), atol=0.03)


# --- probes ---------------------------------------------------------------------------------------


def test_probes_see_that_the_usual_ratios_are_one_branch() -> None:
    torch.manual_seed(0)
    network = DSGformer(dim=16, blocks=1).train()
    rows = branch_overlap(network, blurred(1, 3, 64, 64), ratios=(1 / 8, 1 / 2, 4 / 5, 1.0))
    assert network.training
    assert rows[0]["block"] == "parts.blocks0_1.0.attend"
    assert len(rows) == 8
    for row in rows:
        energy = row["energy"]
        assert energy["1.000"] == pytest.approx(1)
        assert energy["0.125"] <= energy["0.500"] <= energy["0.800"]
        assert 0 <= row["positive"] <= 1
    assert min(row["energy"]["0.800"] for row in rows) > 0.97
    assert min(row["energy"]["0.125"] for row in rows) < 0.8


def test_score_pictures_show_the_selection() -> None:
    torch.manual_seed(0)
    network = DSGformer(**TINY, topk_ratios=(0.5,))
    picture = score_pictures(network, blurred(1, 3, 64, 64), "parts.blocks3_1.0.attend")
    before, after = torch.tensor(picture["before"]), torch.tensor(picture["after"])
    assert before.shape == after.shape == (16, 16)
    torch.testing.assert_close(before.diagonal().abs().max() <= 1 + 1e-5, torch.tensor(True))
    assert ((after > 0).sum(dim=1) <= 8).all()
    with pytest.raises(UsageError, match="choice of block"):
        score_pictures(network, blurred(1, 3, 64, 64), "parts.blocks3_1.0")


def test_frequency_matrices_are_read_per_gate() -> None:
    network = DSGformer(**TINY)
    first = next(one for one in network.modules() if isinstance(one, DSGA))
    first.gate.matrix.data[:, 0, 0] = -3
    rows = frequency_matrices(network)
    assert len(rows) == 8
    assert rows[0]["block"] == "parts.blocks0_1.0.gate"
    assert rows[0]["mean"][0][0] == 3
    assert rows[1]["mean"] == [[1.0] * 5] * 8
    assert rows[0]["spread"][0][0] == 0
    assert frequency_matrices(DSGformer(**TINY, gate="gelu")) == []


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "symetric"}, "did you mean 'symmetric'"),
        ({"fuse": "add"}, "choice of fuse"),
        ({"block": "dgsa"}, "did you mean 'dsga'"),
        ({"resample": "nearest"}, "choice of resample"),
        ({"blocks": [1, 2]}, "blocks must be one number or 4 of them"),
        ({"blocks": 0}, "each 1 or more, got 0"),
        ({"heads": [1, 2, 4]}, "heads must be one number or 4"),
        ({"heads": 3}, "8 channels cannot be split among 3 heads"),
        ({"layout": "restormer", "full_res_skip": True}, "has a full-size skip already"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DSGformer(**TINY | options)


@pytest.mark.parametrize("shape", [(1, 3, 64, 72), (1, 1, 64, 64), (3, 64, 64)])
def test_bad_input_is_refused(shape: tuple[int, ...]) -> None:
    network: nn.Module = DSGformer(**TINY)
    with pytest.raises(UsageError, match="dsgformer needs"):
        network(blurred(*shape))

"""Facts that the parts of DSGformer must show, whatever their weights."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.norms import ChannelNorm
from deblur_lib.papers.lu2025.attention import DTSAS, RectifiedScore, keep_counts, topk_masks
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.gates import DFGB, GELUGate, cosine_basis
from deblur_lib.papers.lu2025.options import BlockOptions

RATIOS = (1 / 8, 1 / 4, 1 / 2, 3 / 4)


def maps(count: int, *shape: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    return tuple(torch.randn(*shape, generator=generator) for _ in range(count))


def test_norm_is_layer_norm_of_each_pixel() -> None:
    (x,) = maps(1, 2, 6, 3, 4)
    y = ChannelNorm(6)(x)
    torch.testing.assert_close(y.mean(dim=1), torch.zeros(2, 3, 4), rtol=0, atol=1e-6)
    torch.testing.assert_close(y.var(dim=1, correction=0), torch.ones(2, 3, 4), rtol=0, atol=1e-3)
    assert len(list(ChannelNorm(6, bias=False).parameters())) == 1


# --- top-k, Eq. (4) -------------------------------------------------------------------------------


def test_counts_are_at_least_one_and_rounded_down() -> None:
    assert keep_counts((1 / 2, 2 / 3, 3 / 4, 4 / 5), 24) == [12, 16, 18, 19]
    assert keep_counts((0.01, 1.0, 2 / 3), 3) == [1, 3, 2]


@pytest.mark.parametrize("ratios", [(), (0.0,), (0.5, 1.1)])
def test_ratios_outside_the_row_are_refused(ratios: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"numbers in \(0, 1\]"):
        keep_counts(ratios, 8)


def test_masks_keep_the_largest_and_their_ties() -> None:
    scores = torch.tensor([[3.0, -1.0, 2.0, 2.0], [0.0, 0.0, 0.0, 1.0]])
    masks = topk_masks(scores, [1, 2, 4])
    assert masks[0].int().tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert masks[1].int().tolist() == [[1, 0, 1, 1], [1, 1, 1, 1]]
    assert masks[2].all()


@pytest.mark.parametrize("k", [1, 3, 8])
def test_masks_keep_at_least_k(k: int) -> None:
    (scores,) = maps(1, 2, 3, 8, 8)
    assert (topk_masks(scores, [k])[0].sum(dim=-1) == k).all()
    assert (topk_masks(scores.round(), [k])[0].sum(dim=-1) >= k).all()


# --- DTSAS, Eqs. (2), (3) -------------------------------------------------------------------------


def slow_attention(q: Tensor, k: Tensor, v: Tensor, weights: list[float], power: int) -> Tensor:
    """Eqs. (3) and (4) word by word for one head and one picture, channel by channel."""
    channels, height, width = q.shape[1:]
    q, k, v = (one.reshape(channels, -1) for one in (q, k, v))
    out = torch.zeros_like(v)
    for i in range(channels):
        row = torch.stack([F.cosine_similarity(q[i], k[j], dim=0) for j in range(channels)])
        for weight, ratio in zip(weights, RATIOS, strict=True):
            tau = row.sort(descending=True).values[int(ratio * channels) - 1]
            for j in range(channels):
                if row[j] >= tau:
                    out[i] += weight * max(float(row[j]), 0.0) ** power * v[j]
    return out.reshape(1, channels, height, width)


@pytest.mark.parametrize(("score", "power"), [("relu2", 2), ("relu", 1)])
def test_attention_is_the_sum_of_its_branches(score: str, power: int) -> None:
    q, k, v = maps(3, 1, 8, 4, 6)
    attend = DTSAS(8, 1, BlockOptions(score=score, topk_ratios=RATIOS))
    weights = [0.3, -0.2, 0.5, 0.1]
    attend.score.weights.weight.data.copy_(torch.tensor(weights)[:, None])
    reference = slow_attention(q, k, v, weights, power)
    torch.testing.assert_close(attend(q, k, v).detach(), reference, rtol=1e-4, atol=1e-6)


def test_heads_do_not_see_each_other() -> None:
    q, k, v = maps(3, 2, 8, 4, 4)
    attend = DTSAS(8, 2, BlockOptions())
    single = DTSAS(4, 1, BlockOptions())
    halves = [single(*(one[:, part] for one in (q, k, v))) for part in (slice(4), slice(4, 8))]
    torch.testing.assert_close(attend(q, k, v), torch.cat(halves, dim=1))


def test_squared_scores_are_not_negative_and_the_last_ratio_changes_nothing() -> None:
    (scores,) = maps(1, 2, 2, 8, 8)
    (squared, dense) = (
        DTSAS(16, 2, BlockOptions(topk_ratios=ratios)).score for ratios in (RATIOS, (1.0,))
    )
    assert (squared(scores) >= 0).all()
    torch.testing.assert_close(dense(scores), 0.2 * F.relu(scores).square())


def test_a_row_without_positive_scores_gives_zero_and_a_finite_gradient() -> None:
    for row_norm in ("none", "l1"):
        scores = -torch.rand(1, 1, 4, 4, requires_grad=True)
        scores.retain_grad()
        score = RectifiedScore(1, 4, BlockOptions(attn_row_norm=row_norm))
        attended = score(scores)
        attended.sum().backward()
        assert (attended == 0).all()
        assert torch.isfinite(scores.grad).all()


def test_unit_rows_make_the_scores_independent_of_the_picture_size() -> None:
    q, k = maps(2, 1, 8, 4, 4)
    twice = [one.repeat(1, 1, 1, 3) for one in (q, k)]
    for norm in ("l2", "none_scaled"):
        attend = DTSAS(8, 2, BlockOptions(qk_norm=norm))
        torch.testing.assert_close(attend.scores(q, k), attend.scores(*twice))
    scores = DTSAS(8, 2, BlockOptions(qk_norm="none_scaled")).scores(q, k)
    torch.testing.assert_close(scores[0, 1, 0, 1], (q[0, 4] * k[0, 5]).mean())


def test_row_norm_and_branch_weights() -> None:
    (scores,) = maps(1, 1, 2, 8, 8)
    rows = RectifiedScore(2, 8, BlockOptions(attn_row_norm="l1"))(scores).sum(dim=-1)
    torch.testing.assert_close(rows, torch.ones(1, 2, 8))
    mean = RectifiedScore(2, 8, BlockOptions(branch_weight="softmax", topk_ratios=(1.0, 1.0)))
    torch.testing.assert_close(mean(scores), F.relu(scores))
    heads = RectifiedScore(2, 8, BlockOptions(branch_weight="per_head", topk_ratios=(1.0,)))
    heads.weights.weight.data.copy_(torch.tensor([[1.0, 0.0]]))
    assert (heads(scores)[:, 1] == 0).all()
    torch.testing.assert_close(heads(scores)[:, 0], F.relu(scores)[:, 0])


def test_branches_may_share_their_start() -> None:
    for ratios in (RATIOS, (0.5,), (1.0, 0.5)):
        options = BlockOptions(topk_ratios=ratios, branch_start="shared")
        weight = RectifiedScore(2, 8, options).weights.weight
        torch.testing.assert_close(weight, torch.full((len(ratios), 1), 0.8 / len(ratios)))
    usual = RectifiedScore(2, 8, BlockOptions()).weights.weight
    torch.testing.assert_close(usual, torch.full((4, 1), 0.2))


# --- DFGB, Eq. (5) --------------------------------------------------------------------------------


def test_a_matrix_of_ones_leaves_gelu() -> None:
    (u,) = maps(1, 2, 3, 16, 24)
    variants = [
        {},
        {"dfgb_matrix": "shared"},
        {"dfgb_matrix": "complex"},
        {"dfgb_transform": "dct"},
        {"dfgb_patch": 4},
    ]
    for options in variants:
        torch.testing.assert_close(DFGB(3, BlockOptions(**options))(u), F.gelu(u))
    assert torch.equal(GELUGate(3, BlockOptions())(u), F.gelu(u))


def test_the_matrix_is_a_circular_filter_of_each_block() -> None:
    (u,) = maps(1, 1, 1, 16, 8)
    gate = DFGB(1, BlockOptions())
    gate.matrix.data = maps(1, 1, 8, 5)[0]
    kernel = torch.fft.irfft2(gate.matrix.data.to(torch.complex64), s=(8, 8))[0]
    slow = torch.zeros_like(u)
    for top in (0, 8):
        block = u[0, 0, top : top + 8]
        for dy in range(8):
            for dx in range(8):
                shifted = block.roll((dy, dx), dims=(0, 1))
                slow[0, 0, top : top + 8] += kernel[dy, dx] * shifted
    torch.testing.assert_close(gate(u).detach(), F.gelu(slow), rtol=1e-4, atol=1e-5)


def test_the_cosine_transform_is_the_one_of_scipy() -> None:
    from scipy.fft import dctn

    (u,) = maps(1, 1, 1, 8, 8)
    basis = cosine_basis(8)
    ours = basis @ u[0, 0] @ basis.T
    reference = torch.from_numpy(dctn(u[0, 0].numpy(), norm="ortho"))
    torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-5)
    gate = DFGB(1, BlockOptions(dfgb_transform="dct"))
    gate.matrix.data.zero_()[0, 0, 0] = 1  # only the mean of each block is left
    torch.testing.assert_close(gate(u)[0, 0, 2, 3].detach(), F.gelu(u.mean()))


def test_a_complex_matrix_of_the_cosine_transform_is_refused() -> None:
    with pytest.raises(UsageError, match="needs dfgb_transform 'fft'"):
        DFGB(4, BlockOptions(dfgb_matrix="complex", dfgb_transform="dct"))


def test_the_transform_stays_in_float32_under_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.dtype] = []

    def watch(transform: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def watched(x: Tensor, **settings: object) -> Tensor:
            seen.append(x.dtype)
            return transform(x, **settings)

        return watched

    monkeypatch.setattr(torch.fft, "rfft2", watch(torch.fft.rfft2))
    monkeypatch.setattr(torch.fft, "irfft2", watch(torch.fft.irfft2))
    (u,) = maps(1, 1, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        gated = DFGB(4, BlockOptions())(u.bfloat16())
    assert seen == [torch.float32, torch.complex64]
    assert gated.dtype == torch.bfloat16


# --- DSGA, Eqs. (1), (6), (7)----------------------------------------------------------------------


def test_a_block_without_projection_is_the_identity() -> None:
    (x,) = maps(1, 1, 8, 8, 16)
    block = DSGA(8, 2, BlockOptions())
    assert not torch.equal(block(x), x)
    block.merge.weight.data.zero_()
    assert torch.equal(block(x), x)


def test_the_gate_multiplies_the_attended_values() -> None:
    (x,) = maps(1, 1, 8, 8, 8)
    block = DSGA(8, 2, BlockOptions(gate="simple_gate"))
    q, k, v, u = block.local(block.spread(block.norm(x))).chunk(4, dim=1)
    torch.testing.assert_close(block(x), block.merge(u * block.attend(q, k, v)) + x)


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        ({}, 40 * 8 + 4 + 2),
        ({"gate": "gelu"}, 4 + 2),
        ({"gate": "simple_gate"}, 4 + 2),
        ({"gate": "simple_gate_split"}, 2 * 64 + 4 + 2),
        ({"score": "relu"}, 40 * 8 + 4 + 2),
        ({"score": "softmax"}, 40 * 8 + 2),
        ({"score": "softmax", "gate": "gelu"}, 2),
        ({"topk_ratios": (1.0,)}, 40 * 8 + 1 + 2),
        ({"branch_weight": "per_head"}, 40 * 8 + 8 + 2),
        ({"alpha": "fixed"}, 40 * 8 + 4),
        ({"dfgb_matrix": "shared"}, 40 + 4 + 2),
        ({"dfgb_matrix": "complex"}, 80 * 8 + 4 + 2),
        ({"dfgb_transform": "dct"}, 64 * 8 + 4 + 2),
        ({"dfgb_patch": 4}, 12 * 8 + 4 + 2),
        ({"ln_bias": False}, 40 * 8 + 4 + 2 - 8),
        ({"bias": True}, 40 * 8 + 4 + 2 + 32 + 32 + 8),
    ],
)
def test_options_change_the_matrix_the_branch_weights_and_the_temperatures_only(
    options: dict[str, object], extra: int
) -> None:
    block = DSGA(8, 2, BlockOptions(**options))
    shared = 2 * 8 + 4 * 64 + 36 * 8 + 64  # norm, Q K V U, their 3x3, projection
    assert sum(one.numel() for one in block.parameters()) == shared + extra


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gate": "dfbg"}, "no choice of gate is called 'dfbg'; did you mean 'dfgb'"),
        ({"score": "relu3"}, "choice of score"),
        ({"qk_norm": "l1"}, "choice of qk_norm"),
        ({"alpha": "free"}, "choice of alpha"),
        ({"branch_weight": "x"}, "choice of branch_weight"),
        ({"branch_start": "x"}, "choice of branch_start"),
        ({"attn_row_norm": "x"}, "choice of attn_row_norm"),
        ({"dfgb_matrix": "x"}, "choice of dfgb_matrix"),
        ({"dfgb_transform": "x"}, "choice of dfgb_transform"),
    ],
)
def test_unknown_parts_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DSGA(8, 2, BlockOptions(**options))


def test_heads_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(UsageError, match="8 channels cannot be split among 3 heads"):
        DTSAS(8, 3, BlockOptions())

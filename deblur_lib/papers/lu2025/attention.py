"""DTSAS, the sparse channel attention of DSGformer (lu2025, Sec. 2.1).

The paper numbers no equation; (1) to (14) count them in order of appearance.

Shape legend: B batch, C channels, H height, W width, h heads, D = C/h channels of a head,
N top-k branches.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.nn.parts import choose
from deblur_lib.papers.lu2025.options import BlockOptions

START_WEIGHT = 0.2  # of every top-k branch, as in DRSformer
START_SUM = 0.8  # of four such branches


def keep_counts(ratios: Sequence[float], channels: int) -> list[int]:
    """Entries that each top-k branch keeps of a row of `channels` scores, at least one.

    Raises:
        UsageError: no ratio, or one outside (0, 1].
    """
    if not ratios or not all(0 < ratio <= 1 for ratio in ratios):
        raise UsageError(f"topk_ratios must be one or more numbers in (0, 1], got {list(ratios)}")
    return [max(1, math.floor(ratio * channels + 1e-9)) for ratio in ratios]


def topk_masks(scores: Tensor, keep: Sequence[int]) -> Tensor:
    """True where a score is not below the k-th largest of its row, for each k of `keep`, Eq. (4).

    Ties with the k-th largest stay, so a row may keep more than k.

    Args:
        scores: (..., D).
        keep: N counts between 1 and D.

    Returns:
        (N, ..., D), boolean.
    """
    ranked = scores.detach().topk(max(keep), dim=-1).values  # (..., max k), falling
    return torch.stack([scores >= ranked[..., k - 1 : k] for k in keep])  # (N, ..., D)


class BranchWeights(nn.Module):
    """The learnable weights W_n of the top-k branches, Eq. (3).

    Args:
        branches: N.
        heads: h.
        options: `branch_weight`, "free" (a scalar each), "softmax" (they sum to one) or "per_head"
            (one per head); `branch_start`, "each" (every branch starts at 0.2) or "shared" (0.8
            divided among the branches, however many there are).
    """

    def __init__(self, branches: int, heads: int, options: BlockOptions) -> None:
        super().__init__()
        start = choose("branch_start", options.branch_start, BRANCH_STARTS)(branches)
        starts: dict[str, Callable[[], Tensor]] = {
            "free": lambda: torch.full((branches, 1), start),
            "softmax": lambda: torch.zeros(branches, 1),
            "per_head": lambda: torch.full((branches, heads), start),
        }
        self.kind = options.branch_weight
        self.weight = nn.Parameter(choose("branch_weight", self.kind, starts)())

    def forward(self) -> Tensor:
        """(N, 1, 1 or h, 1, 1), to multiply (N, B, h, D, D)."""
        weight = self.weight.softmax(dim=0) if self.kind == "softmax" else self.weight
        return weight[:, None, :, None, None]


class RectifiedScore(nn.Module):
    """Sum of W_n times a power of the rectified top-k scores, Eqs. (3) to (4).

    A suppressed score is zero and so is its power: the branches differ by their masks only, and
    the power is taken once.
    """

    power = 1

    def __init__(self, heads: int, channels: int, options: BlockOptions) -> None:
        super().__init__()
        self.keep = keep_counts(options.topk_ratios, channels)
        self.weights = BranchWeights(len(self.keep), heads, options)
        self.row_norm = choose("attn_row_norm", options.attn_row_norm, ROW_NORMS)

    def forward(self, scores: Tensor) -> Tensor:
        """(B, h, D, D) to the same shape; never negative while the weights are not."""
        masks = topk_masks(scores, self.keep)  # (N, B, h, D, D)
        shares = (self.weights() * masks).sum(dim=0)  # (B, h, D, D)
        return self.row_norm(F.relu(scores).pow(self.power) * shares)  # (B, h, D, D)


class SquaredScore(RectifiedScore):
    """The paper's own score, Eq. (3): the square of the rectified scores."""

    power = 2


class SoftmaxScore(nn.Module):
    """Dense softmax over each row, Eq. (2), as in Restormer's attention; no top-k and no W_n."""

    def __init__(self, heads: int, channels: int, options: BlockOptions) -> None:
        super().__init__()

    def forward(self, scores: Tensor) -> Tensor:
        """(B, h, D, D) to the same shape; rows sum to one."""
        return scores.softmax(dim=-1)


class SparseSoftmaxScore(nn.Module):
    """Weighted softmaxes of the top-k scores, the rest at minus infinity, as in DRSformer."""

    def __init__(self, heads: int, channels: int, options: BlockOptions) -> None:
        super().__init__()
        self.keep = keep_counts(options.topk_ratios, channels)
        self.weights = BranchWeights(len(self.keep), heads, options)

    def forward(self, scores: Tensor) -> Tensor:
        """(B, h, D, D) to the same shape."""
        weighted = torch.zeros_like(scores)
        for weight, mask in zip(self.weights(), topk_masks(scores, self.keep), strict=True):
            weighted = weighted + weight * scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
        return weighted


SCORES: dict[str, Callable[[int, int, BlockOptions], nn.Module]] = {
    "relu2": SquaredScore,
    "relu": RectifiedScore,
    "softmax": SoftmaxScore,
    "softmax_topk": SparseSoftmaxScore,
}
BRANCH_STARTS: dict[str, Callable[[int], float]] = {  # of each of N branches
    "each": lambda branches: START_WEIGHT,
    "shared": lambda branches: START_SUM / branches,
}
ROW_NORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda scores: scores,
    "l1": lambda scores: F.normalize(scores, p=1.0, dim=-1),
}
QK_NORMS: dict[str, Callable[[Tensor], Tensor]] = {  # size of each row, (..., H*W) to (..., 1)
    "l2": lambda rows: rows.norm(dim=-1, keepdim=True).clamp_min(1e-12),
    "none_scaled": lambda rows: torch.full_like(rows[..., :1], rows.shape[-1] ** 0.5),
}
ALPHAS: dict[str, bool] = {"learned": True, "fixed": False}  # is the temperature trained?


class DTSAS(nn.Module):
    """Channel attention whose scores are thinned by several top-k selections.

    Args:
        channels: C.
        heads: h, a divisor of C.
        options: score, top-k ratios, normalisations.

    Source: lu2025, Sec. 2.1, Eqs. (2) to (4). Unit rows of Q and K are departure D09: without them
    the squared scores grow with (H W)^2 and a network trained on crops fails on frames.
    """

    def __init__(self, channels: int, heads: int, options: BlockOptions) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise UsageError(f"{channels} channels cannot be split among {heads} heads")
        self.heads = heads
        self.size = choose("qk_norm", options.qk_norm, QK_NORMS)
        temperature = torch.ones(heads, 1, 1)  # 1/alpha
        if choose("alpha", options.alpha, ALPHAS):
            self.temperature = nn.Parameter(temperature)
        else:
            self.register_buffer("temperature", temperature, persistent=False)
        make_score = choose("score", options.score, SCORES)
        self.score = make_score(heads, channels // heads, options)

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        """The matrix before any selection, (B, h, D, D), of q and k (B, C, H, W)."""
        q, k = self._rows(q), self._rows(k)  # (B, h, D, H*W)
        sizes = self.size(q) * self.size(k).mT  # (B, h, D, D); cheaper than to divide q and k
        return q @ k.mT / sizes * self.temperature  # (B, h, D, D)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attended values; q, k, v and the result are (B, C, H, W)."""
        attention = self.score(self.scores(q, k)).to(v.dtype)  # (B, h, D, D)
        attended: Tensor = attention @ self._rows(v)  # (B, h, D, H*W)
        return attended.reshape(v.shape)  # (B, C, H, W)

    def _rows(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], self.heads, -1, x.shape[-2] * x.shape[-1])

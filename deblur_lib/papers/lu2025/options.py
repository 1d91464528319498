"""The choices that all DSGA blocks of one DSGformer share."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BlockOptions:
    """What every DSGA block of a network shares; see `DSGformer` for the meaning."""

    gate: str = "dfgb"
    score: str = "relu2"
    topk_ratios: Sequence[float] = (1 / 2, 2 / 3, 3 / 4, 4 / 5)
    qk_norm: str = "l2"
    alpha: str = "learned"
    branch_weight: str = "free"
    branch_start: str = "each"
    attn_row_norm: str = "none"
    dfgb_matrix: str = "channel"
    dfgb_transform: str = "fft"
    dfgb_patch: int = 8
    ln_bias: bool = True
    bias: bool = False

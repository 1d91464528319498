"""The DSGA block of DSGformer: sparse attention (DTSAS) times a frequency gate (DFGB).

The paper numbers no equation; (1) to (14) count them in order of appearance.

Shape legend: B batch, C channels, H height, W width, h heads.
"""

from torch import Tensor, nn

from deblur_lib.nn.norms import ChannelNorm
from deblur_lib.nn.parts import choose
from deblur_lib.papers.lu2025.attention import DTSAS
from deblur_lib.papers.lu2025.gates import GATES
from deblur_lib.papers.lu2025.options import BlockOptions


class DSGA(nn.Module):
    """Attention and feed-forward in one: attended values times the gate, projected, plus input.

    Args:
        channels: C.
        heads: h.
        options: parts of the block.

    Source: lu2025, Sec. 2.1, Eq. (1), Eqs. (6) to (7).
    """

    def __init__(self, channels: int, heads: int, options: BlockOptions) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels, bias=options.ln_bias)
        self.spread = nn.Conv2d(channels, 4 * channels, 1, bias=options.bias)
        self.local = nn.Conv2d(
            4 * channels, 4 * channels, 3, padding=1, groups=4 * channels, bias=options.bias
        )
        self.attend = DTSAS(channels, heads, options)
        self.gate = choose("gate", options.gate, GATES)(channels, options)
        self.merge = nn.Conv2d(channels, channels, 1, bias=options.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape: Eq. (1), then Eqs. (6) to (7)."""
        spread = self.local(self.spread(self.norm(x)))  # (B, 4C, H, W)                  Eq. (1)
        q, k, v, u = spread.chunk(4, dim=1)  # 4 x (B, C, H, W)
        gated = self.gate(u) * self.attend(q, k, v)  # (B, C, H, W)                      Eq. (6)
        merged: Tensor = self.merge(gated)
        return merged + x  # (B, C, H, W)                                                Eq. (7)

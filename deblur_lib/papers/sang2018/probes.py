"""What the paper's Fig. 1 shows, read off the built blocks, and a watch on dead outputs."""

from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.nn.describe import layer_table
from deblur_lib.papers.sang2018.network import ResidualBlock

VARIANTS: dict[str, dict[str, Any]] = {
    "original": {"norm": "batch", "relu_after_sum": True},
    "batch norm": {"norm": "batch"},
    "ReLU after the sum": {"relu_after_sum": True},
    "sang2018": {},
}


def block_variants(features: int = 64, kernel: int = 5, side: int = 128) -> dict[str, Any]:
    """Layers of the residual block before and after the paper's changes, for Fig. 1.

    Returns:
        Rows of `layer_table` (an activation has its own row) for each variant.
    """
    tables = {}
    for title, options in VARIANTS.items():
        with torch.device("meta"):
            block = ResidualBlock(features, kernel=kernel, **options)
            tables[title] = layer_table(block, torch.empty(1, features, side, side), fold=False)
    return tables


def black_share(network: nn.Module, blurred: Tensor) -> float:
    """Share of output values that are exactly zero; 1.0 means the output ReLU is dead.

    Args:
        network: any restoring network.
        blurred: (B, 3, H, W) in [0, 1].
    """
    with torch.no_grad():
        return float((network(blurred) == 0).float().mean())

"""What DSGformer's selections and frequency matrices do; plain numbers for figures and logs."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.nn.parts import choose
from deblur_lib.papers.lu2025.attention import DTSAS, keep_counts, topk_masks
from deblur_lib.papers.lu2025.gates import DFGB

RATIOS = (1 / 8, 1 / 4, 1 / 2, 2 / 3, 3 / 4, 4 / 5)


@torch.no_grad()
def branch_overlap(
    network: nn.Module, blurred: Tensor, ratios: tuple[float, ...] = RATIOS
) -> list[dict[str, Any]]:
    """How much of each attention row a top-k branch keeps, block by block.

    After squaring only positive scores count, so branches that keep all of them are one branch.

    Args:
        network: a DSGformer.
        blurred: (B, 3, H, W) in [0, 1], of a size the network takes.
        ratios: share of the row that each branch keeps.

    Returns:
        One dict per attention, in the order of the network: block (path), channels (of a head),
        positive (share of scores above zero), zeros (share of exact zeros in the attention used),
        dropped (share of the energy that the network's own narrowest branch drops, None where it
        selects nothing) and energy (per ratio, share of the summed squared positive scores of a
        row that the branch keeps, mean over rows; a row without positive scores counts as kept).
    """
    rows = []
    for name, attend, before in _scores(network, blurred):
        channels = before.shape[-1]
        narrowest = min(getattr(attend.score, "keep", [channels]))
        kept = _kept(before, [*keep_counts(ratios, channels), narrowest])  # (N + 1, B, h, D)
        rows.append(
            {
                "block": name,
                "channels": channels,
                "positive": float((before > 0).float().mean()),
                "zeros": float((attend.score(before) == 0).float().mean()),
                "dropped": 1 - float(kept[-1].mean()) if narrowest < channels else None,
                "energy": {
                    f"{ratio:.3f}": float(share.mean())
                    for ratio, share in zip(ratios, kept[:-1], strict=True)
                },
            }
        )
    return rows


def _kept(scores: Tensor, keep: list[int]) -> Tensor:
    """Share of the energy of each row that the k largest scores hold, (N, B, h, D)."""
    energy = F.relu(scores).square()  # (B, h, D, D)
    total = energy.sum(dim=-1)  # (B, h, D)
    held = (energy * topk_masks(scores, keep)).sum(dim=-1)  # (N, B, h, D)
    return torch.where(total > 0, held / total, 1.0)


@torch.no_grad()
def score_pictures(network: nn.Module, blurred: Tensor, block: str) -> dict[str, Any]:
    """The attention of one block before and after selection, first picture and first head.

    Args:
        network: a DSGformer.
        blurred: (B, 3, H, W) in [0, 1], of a size the network takes.
        block: path of an attention, as `branch_overlap` lists them.

    Returns:
        block, before and after; the latter two are D rows of D numbers.

    Raises:
        UsageError: no attention has that path.
    """
    found = {name: (attend, before) for name, attend, before in _scores(network, blurred)}
    attend, before = choose("block", block, found)
    after = attend.score(before)
    return {"block": block, "before": before[0, 0].tolist(), "after": after[0, 0].tolist()}


def frequency_matrices(network: nn.Module) -> list[dict[str, Any]]:
    """The learnt matrix M of every DFGB.

    Returns:
        One dict per gate, in the order of the network: block (path), mean and spread (mean and
        standard deviation over channels of the size of each entry, P rows of P/2 + 1 numbers).
    """
    rows = []
    for name, gate in network.named_modules():
        if isinstance(gate, DFGB):
            matrix = gate.matrix.detach().float()  # (C, P, P/2 + 1), complex: (..., 2)
            size = matrix.norm(dim=-1) if gate.complex else matrix.abs()
            rows.append(
                {
                    "block": name,
                    "mean": size.mean(dim=0).tolist(),
                    "spread": size.std(dim=0, correction=0).tolist(),
                }
            )
    return rows


@torch.no_grad()
def _scores(network: nn.Module, blurred: Tensor) -> list[tuple[str, DTSAS, Tensor]]:
    """Path, module and scores before selection of every attention, for one forward pass."""
    found: list[tuple[str, DTSAS, Tensor]] = []
    handles = [
        module.register_forward_pre_hook(
            lambda attend, inputs, name=name: found.append(
                (name, attend, attend.scores(*inputs[:2]).float())
            )
        )
        for name, module in network.named_modules()
        if isinstance(module, DTSAS)
    ]
    training = network.training
    try:
        network.eval()(blurred)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    return found

"""What the figures of lu2025 show: scores before and after the selection, frequency matrices.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.

Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.papers.lu2025.attention import DTSAS
from deblur_lib.papers.lu2025.counting import Counter
from deblur_lib.papers.lu2025.looking import branch_overlap, frequency_matrices, score_pictures
from deblur_lib.papers.lu2025.structure import counts

SHOWN = "dsgformer"  # the method whose scores and matrices are drawn
LEAST_MATRIX = 0.1  # M starts at one: weighed by less than a tenth, a frequency is as it was
LEAST_DROPPED = 0.05  # of the energy of a row of scores; below it the selection selects nothing


def structure(full: Mapping[str, Mapping[str, int]], count_macs: Counter) -> dict[str, Any]:
    """What diagrams and listings need; no training.

    Args:
        full: parameters and multiply-accumulates of each row's network at its published size.
        count_macs: counts multiply-accumulates of a module on an input.

    Returns:
        See `structure.counts`.
    """
    return counts(full, count_macs)


def trained(networks: Mapping[str, nn.Module], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the figures show of trained networks.

    Args:
        networks: trained networks by method id.
        pictures: blurred pictures (1, 3, H, W) by "<data set>/<name>"; sides are cut to what the
            network takes.

    Returns:
        `scores` and `matrices` (panels of the network of `SHOWN`), the listing `selection` (what
        its top-k branches keep, block by block), `costs` with the share of zero scores
        ("attention_zeros") of every network whose scores are selected, and `modules` (how far
        "DFGB" and "top-k" left their start).
    """
    cut = [_whole_blocks(blurred) for blurred in pictures.values()]
    overlaps = {
        method: [branch_overlap(network, blurred) for blurred in cut]
        for method, network in networks.items()
        if any(isinstance(one, DTSAS) for one in network.modules())
    }
    found: dict[str, Any] = {
        "costs": {
            method: {"attention_zeros": mean([row["zeros"] for rows in blocks for row in rows])}
            for method, blocks in overlaps.items()
        },
        "modules": {
            "DFGB": {
                method: made
                for method, network in networks.items()
                if (made := moved_matrix(network)) is not None
            },
            "top-k": {
                method: {"start": 0.0, "value": share, "moved": share, "least": LEAST_DROPPED}
                for method, blocks in overlaps.items()
                if (share := _dropped(blocks)) is not None
            },
        },
    }
    if SHOWN in networks:
        network = networks[SHOWN]
        found["selection"] = selection(overlaps[SHOWN])
        found["scores"] = {"panels": score_panels(network, cut[0])}
        found["matrices"] = {"panels": matrix_panels(network)}
    return found


def moved_matrix(network: nn.Module) -> dict[str, float] | None:
    """How far the entries of a network's frequency matrices left one; None where it has none.

    The departure is the root mean square over channels and frequencies.
    """
    rows = frequency_matrices(network)
    if not rows:
        return None
    means, spreads = (
        torch.cat([torch.tensor(row[name]).flatten() for row in rows])
        for name in ("mean", "spread")
    )
    moved = ((means - 1).square() + spreads.square()).mean().sqrt()
    return {
        "start": 1.0,
        "value": round(float(means.mean()), 4),
        "moved": round(float(moved), 4),
        "least": LEAST_MATRIX,
    }


def _dropped(overlaps: list[list[dict[str, Any]]]) -> float | None:
    shares = [row["dropped"] for rows in overlaps for row in rows if row["dropped"] is not None]
    return round(mean(shares), 5) if shares else None


def _whole_blocks(blurred: Tensor, multiple: int = 64) -> Tensor:
    """The picture without the rows and columns that do not fill a block."""
    height, width = (side - side % multiple for side in blurred.shape[-2:])
    return blurred[..., :height, :width]


def selection(overlaps: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Means over pictures, one row per layer of the network."""
    rows = []
    for layer in dict.fromkeys(layer_of(row["block"]) for row in overlaps[0]):
        mine = [row for found in overlaps for row in found if layer_of(row["block"]) == layer]
        kept = {
            f"energy kept at {ratio} [%]": round(
                100 * mean([row["energy"][ratio] for row in mine]), 1
            )
            for ratio in mine[0]["energy"]
        }
        rows.append(
            {
                "layer": layer,
                "channels of a head": mine[0]["channels"],
                "positive [%]": round(100 * mean([row["positive"] for row in mine]), 1),
                "zeros [%]": round(100 * mean([row["zeros"] for row in mine]), 1),
            }
            | kept
        )
    return rows


def score_panels(network: nn.Module, blurred: Tensor) -> list[dict[str, Any]]:
    """Scores of the first block of each encoder layer, before and after the selection."""
    zeros = {row["block"]: row["zeros"] for row in branch_overlap(network, blurred)}
    firsts: dict[str, str] = {}
    for block in zeros:
        firsts.setdefault(layer_of(block), block)
    before, after = [], []
    for layer, block in list(firsts.items())[: len(firsts) // 2]:
        found = score_pictures(network, blurred, block)
        before.append(_panel(layer, found["before"], "score before", middle=0.0))
        title = f"{layer}: {100 * zeros[block]:.0f} % zeros"
        after.append(_panel(title, found["after"], "score after"))
    return before + after


def matrix_panels(network: nn.Module) -> list[dict[str, Any]]:
    """The matrix of each layer, mean over its blocks and their channels."""
    layers: dict[str, list[Tensor]] = {}
    for row in frequency_matrices(network):
        layers.setdefault(layer_of(row["block"]), []).append(torch.tensor(row["mean"]))
    return [
        _panel(layer, torch.stack(maps).mean(dim=0).tolist(), "size of M", middle=1.0)
        for layer, maps in layers.items()
    ]


def _panel(title: str, rows: list[list[float]], scale: str, **more: float) -> dict[str, Any]:
    rounded = [[round(value, 5) for value in row] for row in rows]
    return {"title": title, "map": rounded, "scale": scale, **more}


def layer_of(block: str) -> str:
    """Printed name of the layer of a block's path: encoder 1 to 4, then decoder 4 to 1."""
    step = next(part for part in block.split(".") if part.startswith("blocks"))
    level, _, turn = step.removeprefix("blocks").partition("_")
    return f"{'encoder' if turn == '1' else 'decoder'} {int(level) + 1}"


def mean(values: list[float]) -> float:
    """Plain mean of one number or more."""
    return sum(values) / len(values)

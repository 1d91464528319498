"""What diagrams and listings of wan2023 show, read off built networks: shapes, sizes, counts."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib import papers
from deblur_lib.networks.mimo_unet import ResBlock
from deblur_lib.papers.wan2023.blocks import DFFM, MSRM
from deblur_lib.papers.wan2023.network import WanNet

CROP = 256  # side of the picture that the shapes are told for, the paper's crop
WIDTHS = (32, 64, 128)
Counter = Callable[[nn.Module, Tensor], int]


def parameters(*modules: nn.Module) -> int:
    """Parameters of some modules together."""
    return sum(one.numel() for module in modules for one in module.parameters())


def network_plan(network: WanNet, side: int = CROP) -> dict[str, Any]:
    """Blocks and arrows of the whole network (Fig. 1 of the paper)."""
    blocks: list[dict[str, Any]] = []
    arrows: list[list[str]] = []
    for level in (1, 2, 3):
        size = side // 2 ** (level - 1)
        width = network.widths[level - 1]
        own = network.encode_at[level - 1], network.enter[level - 1]
        into = (network.attend[level - 2],) if level > 1 else ()
        out = (network.rise[level - 1], network.join[level - 1]) if level < 3 else ()
        image = {"shape": [3, size, size], "parameters": 0}
        blocks.append({"name": f"B{level}", **image, "kind": "input"})
        if level > 1:
            blocks.append(_block(f"SCM{level}", width, size, "other", network.read[level - 2]))
            arrows += [[f"B{level}", f"SCM{level}"], [f"SCM{level}", f"EM{level}"]]
            arrows.append([f"EM{level - 1}", f"EM{level}"])
        blocks.append(_block(f"EM{level}", width, size, "encoder", *own, *into))
        if isinstance(network.skip[level - 1], DFFM):
            name = f"DFFM{level}"
            blocks.append(_block(name, width, size, "fusion", network.skip[level - 1]))
            arrows += [[f"EM{source}", name] for source in (1, 2, 3)] + [[name, f"DM{level}"]]
        else:
            arrows.append([f"EM{level}", f"DM{level}"])
        blocks.append(
            _block(f"DM{level}", width, size, "decoder", network.decode_at[level - 1], *out)
        )
        paint = parameters(network.paint[level - 1])
        blocks.append({"name": f"S{level}", **image, "parameters": paint, "kind": "output"})
        arrows += [[f"DM{level}", f"S{level}"], [f"B{level}", f"S{level}", "add"]]
    arrows += [["B1", "EM1"], ["DM3", "DM2"], ["DM2", "DM1"]]
    return {"blocks": blocks, "arrows": arrows}


def _block(name: str, width: int, size: int, kind: str, *modules: nn.Module) -> dict[str, Any]:
    count = parameters(*modules)
    return {"name": name, "shape": [width, size, size], "parameters": count, "kind": kind}


def msrm_plan(width: int = 32, size: int = CROP) -> dict[str, Any]:
    """Blocks and arrows of one MSRM (Fig. 2 of the paper)."""
    block = MSRM(width)
    whole, rung = [width, size, size], [width // 4, size, size]
    middle = {"row": 1.5}
    names = [f"y{number}" for number in (1, 2, 3, 4)]
    blocks = [
        {"name": "x", "shape": whole, "kind": "input", **middle},
        {"name": "spread", "shape": whole, "parameters": parameters(block.spread), **middle},
        *(
            {"name": name, "shape": rung, "parameters": parameters(block.steps[row]),
             "kind": "encoder", "row": row, "column": 2}
            for row, name in enumerate(names)
        ),
        {"name": "merge", "shape": whole, "parameters": parameters(block.merge),
         "column": 3, **middle},
        {"name": "CA", "shape": whole, "parameters": parameters(block.attend), "kind": "fusion",
         "column": 4, **middle},
        {"name": "y", "shape": whole, "kind": "output", "column": 5, **middle},
    ]  # fmt: skip
    arrows = [["x", "spread"], ["merge", "CA"], ["CA", "y"], ["x", "y", "add"]]
    arrows += [["spread", name] for name in names] + [[name, "merge"] for name in names]
    arrows += [[above, below] for above, below in pairwise(names)]
    return {"blocks": blocks, "arrows": arrows}


def dffm_plan(size: int = CROP) -> dict[str, Any]:
    """Blocks and arrows of the DFFM at full size (Fig. 3 of the paper)."""
    block = DFFM(WIDTHS, 1)
    shape, middle = [WIDTHS[0], size, size], {"row": 1.0}
    blocks: list[dict[str, Any]] = []
    arrows = [["gate", "weigh"], ["sum", "gate"], ["weigh", "F1"]]
    for row, width in enumerate(WIDTHS):
        source = [width, size // 2**row, size // 2**row]
        aligned = parameters(block.align[row])
        blocks += [
            {"name": f"E{row + 1}", "shape": source, "kind": "encoder", "row": row, "column": 0},
            {"name": f"x{row + 1}", "shape": shape, "parameters": aligned, "row": row, "column": 1},
        ]
        arrows += [[f"E{row + 1}", f"x{row + 1}"], [f"x{row + 1}", "sum"]]
        arrows.append([f"x{row + 1}", "weigh"])
    blocks += [
        {"name": "sum", "shape": shape, "column": 2, **middle},
        {"name": "gate", "shape": [3, WIDTHS[0]], "parameters": parameters(block.gate),
         "kind": "fusion", "column": 3, **middle},
        {"name": "weigh", "shape": [3 * WIDTHS[0], size, size], "kind": "fusion", "column": 4,
         **middle},
        {"name": "F1", "shape": shape, "parameters": parameters(block.reduce), "kind": "output",
         "column": 5, **middle},
    ]  # fmt: skip
    return {"blocks": blocks, "arrows": arrows}


def size_listing(full: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """What each network of Table 1 costs at its published size, beside the score printed for it."""
    paper = papers.load("wan2023")
    titles = {one.id: one.title for one in paper.methods}
    printed = {
        one.method: one.printed
        for one in papers.printed_cells("wan2023")
        if (one.table, one.dataset, one.metric) == ("T1", "gopro_test", "psnr_db")
    }
    (first,) = (one for one in paper.tables if one.id == "T1")
    return [
        {
            "network": titles[name],
            "parameters": full[name]["parameters"],
            f"MACs at {CROP}x{CROP}": full[name]["macs"],
            "printed PSNR on GoPro": printed.get(name, "–"),
        }
        for name in first.methods
        if name in full
    ]


def counts(full: Mapping[str, Mapping[str, int]], count_macs: Counter) -> dict[str, Any]:
    """Diagrams and counts of the network, its blocks and its rivals at the published sizes.

    Returns:
        `architecture`, `costs` and the listings `blocks` and `networks`, see `probes.structure`.
    """
    costs = {}
    listing = []
    for level, width in enumerate(WIDTHS):
        side = CROP // 2**level
        example = torch.zeros(1, width, side, side)
        row: dict[str, Any] = {"channels": width, "size": f"{side}x{side}"}
        for name, module in (("residual", ResBlock(width)), ("msrm", MSRM(width))):
            count = {"parameters": parameters(module), "macs": count_macs(module, example)}
            costs[f"{name}{width}"] = count
            title = {"residual": "residual block", "msrm": "MSRM"}[name]
            row[f"{title}: parameters"] = count["parameters"]
            row[f"{title}: MACs"] = count["macs"]
        listing.append(row)
    with torch.device("meta"):
        network = WanNet()
    return {
        "architecture": {
            "wan2023": network_plan(network),
            "msrm": msrm_plan(),
            "dffm": dffm_plan(),
        },
        "costs": costs,
        "blocks": listing,
        "networks": size_listing(full),
    }

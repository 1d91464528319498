"""What diagrams and listings of lu2025 show, read off the network at its printed size."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from deblur_lib.nn.describe import layer_table
from deblur_lib.papers.lu2025 import counting
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.counting import CROP, Counter, Row, parameters
from deblur_lib.papers.lu2025.gates import DFGB
from deblur_lib.papers.lu2025.network import DSGformer
from deblur_lib.papers.lu2025.options import BlockOptions

WIDTH = 64  # channels of the block that is drawn, those of the finest level
KINDS = {"down": "other", "up": "other", "fuse": "fusion", "join": "fusion"}


def walk_table(network: DSGformer, side: int = CROP) -> list[Row]:
    """Steps of the walk: name, what runs, shape that leaves it, parameters, share of all.

    Args:
        network: on the meta device.
        side: of the picture that the shapes are told for.
    """
    total = parameters([network])
    steps: dict[str, Row] = {}
    with torch.device("meta"):
        rows = layer_table(network, torch.empty(1, 3, side, side), depth=1)
    for row in rows:
        step = ".".join(row["name"].removeprefix("parts.").split(".")[:1])
        one = steps.setdefault(step, {"step": step, "kinds": [], "parameters": 0})
        one["kinds"].append(row["kind"])
        one["shape"] = row["output"]
        one["parameters"] += row["parameters"]
    return [
        {
            "step": step,
            "runs": ", ".join(f"{one['kinds'].count(kind)} {kind}" for kind in
                              dict.fromkeys(one["kinds"])),
            "shape": one["shape"],
            "parameters": one["parameters"],
            "share": one["parameters"] / total,
        }
        for step, one in steps.items()
    ]  # fmt: skip


def shapes(table: list[Row]) -> list[Row]:
    """The walk as a listing for readers; the printed shapes can be compared line by line."""
    return [
        {
            "step": row["step"],
            "runs": row["runs"],
            "leaves": "x".join(map(str, row["shape"])),
            "parameters": row["parameters"],
            "share [%]": round(100 * row["share"], 1),
        }
        for row in table
    ]


def network_plan(table: list[Row], side: int = CROP) -> dict[str, Any]:
    """Blocks and arrows of the whole network (Fig. 1a of the paper), down and up again.

    The resampling is told with the blocks that follow or precede it, so that the drawing has one
    box for each of the paper's layers.
    """
    steps = {row["step"]: row for row in table}
    image = [3, side, side]
    titles = {
        "head": ("head",), "E1": ("down_1", "blocks0_1"), "E2": ("down_2", "blocks1_1"),
        "E3": ("down_3", "blocks2_1"), "E4": ("blocks3_1",), "D4": ("blocks3_2",),
        "D3": ("fuse_1", "blocks2_2"), "D2": ("up_1", "fuse_2", "blocks1_2"),
        "D1": ("up_2", "join_1", "blocks0_2"), "D": ("up_3",), "tail": ("tail",),
    }  # fmt: skip
    where = {"head": (0, 1), "E1": (1, 1), "E2": (2, 1), "E3": (3, 1), "E4": (3, 2), "D4": (3, 3),
             "D3": (3, 4), "D2": (2, 4), "D1": (1, 4), "D": (0, 4), "tail": (0, 5)}  # fmt: skip
    blocks: list[Row] = [
        {"name": "blurred", "shape": image, "kind": "input", "row": 0, "column": 0}
    ]
    for name, parts in titles.items():
        own = [steps[part] for part in parts]
        kind = {"E": "encoder", "D": "decoder"}.get(name[0], "other")
        row, column = where[name]
        blocks.append(
            {"name": name, "shape": own[-1]["shape"], "kind": kind, "row": row, "column": column,
             "parameters": sum(one["parameters"] for one in own)}
        )  # fmt: skip
    blocks.append(
        {"name": "restored", "title": "sum", "shape": image, "kind": "output", "row": 0,
         "column": 6}
    )  # fmt: skip
    arrows = [list(pair) for pair in pairwise(["blurred", *titles, "restored"])]
    arrows += [["E1", "D1", "skip"], ["E2", "D2", "skip"], ["E3", "D3", "skip"]]
    return {"blocks": blocks, "arrows": [*arrows, ["blurred", "restored", "skip"]]}


def block_plan(block: DSGA, side: int = CROP // 2) -> dict[str, Any]:
    """Blocks and arrows of one DSGA (Fig. 1b of the paper)."""
    width = block.merge.out_channels
    whole, wide = [width, side, side], [4 * width, side, side]
    spread = parameters([block.norm, block.spread, block.local])
    boxes: list[tuple[str, str, list[int], list[nn.Module], str, float, int]] = [
        ("X", "X", whole, [], "input", 0.5, 0),
        ("norm", "project", wide, [], "other", 0.5, 1),
        ("QKV", "Q, K, V", [3 * width, side, side], [], "encoder", 0, 2),
        ("U", "U", whole, [], "decoder", 1, 2),
        ("DTSAS", "DTSAS", whole, [block.attend], "encoder", 0, 3),
        ("DFGB", "DFGB", whole, [block.gate], "decoder", 1, 3),
        ("product", "product", whole, [], "fusion", 0.5, 4),
        ("merge", "1x1", whole, [block.merge], "other", 0.5, 5),
        ("Y", "Y", whole, [], "output", 0.5, 6),
    ]
    blocks = [
        {"name": name, "title": title, "shape": shape, "kind": kind, "row": row, "column": column,
         "parameters": spread if name == "norm" else parameters(modules)}
        for name, title, shape, modules, kind, row, column in boxes
    ]  # fmt: skip
    arrows = [["X", "norm"], ["norm", "QKV"], ["norm", "U"], ["QKV", "DTSAS"], ["U", "DFGB"],
              ["DTSAS", "product"], ["DFGB", "product"], ["product", "merge"], ["merge", "Y"],
              ["X", "Y", "add"]]  # fmt: skip
    return {"blocks": blocks, "arrows": arrows}


def attention_plan(block: DSGA, side: int = CROP // 2) -> dict[str, Any]:
    """Blocks and arrows of one DTSAS (Fig. 1c of the paper)."""
    width, heads = block.merge.out_channels, block.attend.heads
    rows, scores = [heads, width // heads, side * side], [heads, width // heads, width // heads]
    keep = getattr(block.attend.score, "keep", [])
    blocks: list[Row] = [
        {"name": "Q", "shape": rows, "kind": "input", "row": 0.5, "column": 0},
        {"name": "K", "shape": rows, "kind": "input", "row": 1.5, "column": 0},
        {"name": "QK", "title": "unit rows, QK", "shape": scores, "kind": "encoder", "row": 1.0,
         "column": 1, "parameters": heads},
    ]  # fmt: skip
    arrows = [["Q", "QK"], ["K", "QK"], ["sum", "SV"], ["V", "SV"]]
    for number, kept in enumerate(keep):
        name = f"top {kept}"
        blocks.append({"name": name, "shape": scores, "row": 0.0 + number * 2 / 3, "column": 2})
        arrows += [["QK", name], [name, "sum"]]
    blocks += [
        {"name": "sum", "title": "ReLU2, W sum", "shape": scores, "kind": "fusion", "row": 1.0,
         "column": 3, "parameters": len(keep)},
        {"name": "V", "shape": rows, "kind": "input", "row": 2.0, "column": 3},
        {"name": "SV", "title": "scores times V", "shape": rows, "kind": "output", "row": 1.0,
         "column": 4},
    ]  # fmt: skip
    return {"blocks": blocks, "arrows": arrows}


def gate_plan(block: DSGA, side: int = CROP // 2) -> dict[str, Any]:
    """Blocks and arrows of one DFGB (Fig. 1d of the paper)."""
    assert isinstance(block.gate, DFGB)
    width, p = block.merge.out_channels, block.gate.side
    whole, cut = [width, side, side], [width, side // p, side // p, p, p]
    spectrum = [*cut[:3], p, p // 2 + 1]
    blocks: list[Row] = [
        {"name": "U", "shape": whole, "kind": "input"},
        {"name": "blocks", "shape": cut, "kind": "other"},
        {"name": "FFT", "shape": spectrum, "kind": "decoder"},
        {"name": "M", "title": "times M", "shape": spectrum, "kind": "fusion",
         "parameters": parameters([block.gate])},
        {"name": "back", "title": "inverse FFT", "shape": cut, "kind": "decoder"},
        {"name": "fold", "title": "fold, GELU", "shape": whole, "kind": "output"},
    ]  # fmt: skip
    placed = [{**one, "row": 0, "column": column} for column, one in enumerate(blocks)]
    names = [one["name"] for one in blocks]
    return {"blocks": placed, "arrows": [list(pair) for pair in pairwise(names)]}


def counts(full: Mapping[str, Mapping[str, int]], count_macs: Counter) -> dict[str, Any]:
    """Diagrams, listings and counts of the network at the size that meets the printed count.

    Returns:
        `architecture`, the listings `shapes`, `networks`, `enumeration`, `blocks` and `memory`,
        and `costs`: of single blocks, the memory that training "dsgformer" as printed takes, and
        the smaller size of a rival.
    """
    with torch.device("meta"):
        network, block = DSGformer(), DSGA(WIDTH, WIDTH // 32, BlockOptions())
    table, size_l = walk_table(network), counting.smaller_rival(count_macs)
    blocks = counting.block_costs(count_macs)
    gib = {"float32": counting.training_gib(), "bfloat16": counting.training_gib(half=True)}
    return {
        "architecture": {
            "dsgformer": network_plan(table),
            "dsga": block_plan(block),
            "dtsas": attention_plan(block),
            "dfgb": gate_plan(block),
        },
        "shapes": shapes(table),
        "networks": counting.size_listing(full, size_l),
        "enumeration": counting.enumeration(),
        "blocks": counting.block_listing(blocks),
        "memory": counting.memory(gib),
        "costs": blocks
        | {
            "dsgformer": {
                "batch8_gib": gib["float32"],
                "batch8_gib_bfloat16": gib["bfloat16"],
            },
            "mb_taylorformer_v2_l": size_l,
        },
    }

"""What diagrams and the two architecture tables of sang2018 show, read off built networks."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.nn.describe import layer_table, listing, receptive_field
from deblur_lib.papers.sang2018.network import ResidualBlock, SangDiscriminator, SangGenerator

PATCH = 128  # side of the printed training patch
Counter = Callable[[nn.Module, Tensor], int]
Row = dict[str, Any]

VARIANTS: dict[str, dict[str, Any]] = {
    "original": {"norm": "batch", "relu_after_sum": True},
    "batch norm": {"norm": "batch"},
    "ReLU after the sum": {"relu_after_sum": True},
    "sang2018": {},
}
SHORT = {"Conv2d": "conv 5x5", "BatchNorm2d": "batch norm"}


def block_variants(features: int = 64, kernel: int = 5, side: int = PATCH) -> dict[str, list[Row]]:
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


def blocks_plan(side: int = PATCH) -> dict[str, Any]:
    """The original residual block above, the paper's below (Fig. 1 of the paper)."""
    blocks: list[Row] = []
    arrows: list[list[str]] = []
    shape = [64, side, side]
    shown = block_variants(side=side)
    for line, (letter, title) in enumerate((("a", "original"), ("b", "sang2018"))):
        place = {"row": float(line), "shape": shape}
        chain = [f"x{letter}"]
        blocks.append({"name": chain[0], "title": "x", "kind": "input", "column": 0, **place})
        body = [row for row in shown[title] if row["name"].startswith("body")]
        for column, row in enumerate(body, start=1):
            chain.append(f"{letter}{column}")
            kind = "encoder" if row["kernel"] else "other"
            blocks.append(
                {"name": chain[-1], "title": SHORT.get(row["kind"], row["kind"]), "kind": kind,
                 "parameters": row["parameters"], "column": column, **place}
            )  # fmt: skip
        after = shown[title][len(body) :]  # what follows the sum
        for column, name in enumerate(
            ["sum", *(row["kind"] for row in after)], start=len(body) + 1
        ):
            chain.append(f"{name} {letter}")
            kind = "output" if name == "sum" and not after else "other"
            blocks.append({"name": chain[-1], "title": name, "kind": kind, "column": column}
                          | place)  # fmt: skip
        arrows += [list(pair) for pair in pairwise(chain)] + [[chain[0], f"sum {letter}", "skip"]]
    return {"blocks": blocks, "arrows": arrows}


def generator_plan(rows: list[Row], side: int = PATCH) -> dict[str, Any]:
    """The whole generator in one row; its equal residual blocks share one box."""
    groups = listing(rows)
    middle = next(row for row in rows if row["kind"] == "ResidualBlock")
    count = sum(row["kind"] == "ResidualBlock" for row in rows)
    image = [3, side, side]
    blocks = [
        {"name": "blurred", "shape": image, "kind": "input"},
        {"name": "head", "title": "conv, ReLU", "shape": rows[0]["output"], "kind": "encoder",
         "parameters": groups[0]["parameters"]},
        {"name": f"{count} blocks", "shape": middle["output"], "kind": "fusion",
         "parameters": groups[1]["parameters"]},
        {"name": "tail", "title": "conv, ReLU", "shape": rows[-1]["output"], "kind": "decoder",
         "parameters": groups[-1]["parameters"]},
        {"name": "restored", "shape": image, "kind": "output"},
    ]  # fmt: skip
    placed = [{**one, "row": 0.0, "column": column} for column, one in enumerate(blocks)]
    return {"blocks": placed, "arrows": _chain(placed)}


def discriminator_plan(rows: list[Row], side: int = PATCH) -> dict[str, Any]:
    """The discriminator; the two convolutions of one width share a box."""
    convolutions = [row for row in rows if row["kernel"]]
    rest = [row for row in rows if row["kind"].startswith("Linear")]
    blocks: list[Row] = [{"name": "patch", "shape": [3, side, side], "kind": "input"}]
    for number, pair in enumerate(zip(convolutions[::2], convolutions[1::2], strict=True), start=1):
        blocks.append(
            {"name": f"2 conv {number}", "shape": pair[1]["output"], "kind": "encoder",
             "parameters": sum(row["parameters"] for row in pair)}
        )  # fmt: skip
    for number, row in enumerate(rest, start=1):
        blocks.append(
            {"name": f"linear {number}", "shape": row["output"], "kind": "fusion",
             "parameters": row["parameters"]}
        )  # fmt: skip
    placed = [{**one, "row": 0.0, "column": column} for column, one in enumerate(blocks)]
    return {"blocks": placed, "arrows": _chain(placed)}


def _chain(blocks: list[Row]) -> list[list[str]]:
    names = [one["name"] for one in blocks]
    return [list(pair) for pair in pairwise(names)]


def counts(count_macs: Counter) -> dict[str, Any]:
    """Diagrams, the paper's Tables 1 and 2 and costs of both networks at the printed sizes.

    Returns:
        `architecture`, the listings `generator`, `discriminator` and `sizes`, and `costs`.
    """
    with torch.device("meta"):
        patch = torch.empty(1, 3, PATCH, PATCH)
        generator, discriminator = SangGenerator(), SangDiscriminator()
        narrow = SangGenerator(kernel=3)
        blocks = layer_table(generator, patch, whole=(ResidualBlock,))
        judged = layer_table(discriminator, patch)
        small = layer_table(narrow, patch)
        reach, short = receptive_field(layer_table(generator, patch)), receptive_field(small)
        macs = {one: count_macs(one, patch) for one in (generator, narrow, discriminator)}
    sizes = [sum(row["parameters"] for row in rows) for rows in (blocks, small, judged)]
    return {
        "architecture": {
            "blocks": blocks_plan(),
            "generator": generator_plan(blocks),
            "discriminator": discriminator_plan(judged),
        },
        "generator": listing(blocks),
        "discriminator": listing(judged),
        "sizes": [
            {"network": "generator", "parameters": sizes[0], "MACs": macs[generator],
             "field [px]": reach},
            {"network": "generator, 3x3 kernels", "parameters": sizes[1], "MACs": macs[narrow],
             "field [px]": short},
            {"network": "discriminator", "parameters": sizes[2], "MACs": macs[discriminator],
             "field [px]": PATCH},
        ],
        "costs": {
            "generator_printed": {
                "parameters": sizes[0], "macs": macs[generator], "receptive_field": reach,
            },
            "kernel3_printed": {"parameters": sizes[1], "receptive_field": short},
            "discriminator_printed": {"parameters": sizes[2], "macs": macs[discriminator]},
        },
    }  # fmt: skip

"""What diagrams and listings of zhao2020 show, read off built networks: shapes, sizes, counts."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from deblur_lib import papers
from deblur_lib.papers.zhao2020.network import Decoder, Encoder, FeatureFlowDeblurrer

CROP = 256  # side of the picture that shapes and counts are told for
Blocks = list[dict[str, Any]]
Arrows = list[list[str]]
RESULT = {"note": "from I_R"}  # the box reads + P0 = E0: the paper calls what is added to P0 I_R


def parameters(*modules: nn.Module) -> int:
    """Parameters of some modules together."""
    return sum(one.numel() for module in modules for one in module.parameters())


def _box(
    name: str, shape: list[int], kind: str, *modules: nn.Module, **more: float | str
) -> dict[str, Any]:
    return {"name": name, "shape": shape, "parameters": parameters(*modules), "kind": kind, **more}


def _shape(widths: tuple[int, ...], level: int) -> list[int]:
    return [widths[level - 1], CROP >> (level - 1), CROP >> (level - 1)]


def principle(network: FeatureFlowDeblurrer, widths: tuple[int, ...]) -> dict[str, Any]:
    """The whole network in ten boxes (Fig. 1 of the paper)."""
    frame, code = [3, CROP, CROP], _shape(widths, 3)
    both = network.join_codes, network.join_skips, network.decode_both
    blocks = [
        _box("B(t)", frame, "input", row=1, column=0),
        _box("stage 1", frame, "other", network.encode, network.decode, row=1, column=1),
        _box("B(t-1)", frame, "input", row=0, column=2.1),
        _box("P0", frame, "output", row=1, column=2.1),
        _box("T", code, "fusion", row=1, column=3.1),
        _box("B(t+1)", frame, "input", row=2, column=2.1),
        _box("before", code, "encoder", network.encode_previous, row=0, column=3.1),
        _box("after", code, "encoder", network.encode_next, row=2, column=3.1),
        _box("decode", frame, "decoder", *both, row=1, column=4.2),
        _box("E0", frame, "output", row=1, column=5.2, **RESULT),
    ]
    arrows = [["B(t)", "stage 1"], ["stage 1", "P0"], ["stage 1", "T"], ["B(t-1)", "before"]]
    arrows += [["B(t+1)", "after"], ["P0", "before"], ["P0", "after"], ["T", "before"]]
    arrows += [["T", "after"], ["before", "decode"], ["after", "decode"], ["decode", "E0"]]
    return {"blocks": blocks, "arrows": [*arrows, ["P0", "E0", "add"]]}


def stage1(network: FeatureFlowDeblurrer, widths: tuple[int, ...]) -> dict[str, Any]:
    """Encoder, tap and decoder of the first stage (Fig. 3 of the paper)."""
    frame = [3, CROP, CROP]
    blocks = [_box("B(t)", frame, "input")]
    blocks += _encoder_boxes(network.encode, widths)
    blocks += _decoder_boxes(network.decode, widths)
    blocks.append(_box("P0", frame, "output"))
    blocks.append(_box("T", _shape(widths, 3), "fusion", row=2, column=4.4))
    arrows = [["B(t)", "E1"], ["E1", "E2"], ["E2", "E3"], ["E3", "D3"], ["E3", "T"]]
    arrows += [["D3", "D2"], ["D2", "D1"], ["D1", "P0"], ["E2", "D3", "skip"]]
    return {"blocks": blocks, "arrows": [*arrows, ["E1", "D2", "skip"], ["B(t)", "P0", "add"]]}


def stage2(network: FeatureFlowDeblurrer, widths: tuple[int, ...]) -> dict[str, Any]:
    """Two encoders, where T enters, and the decoder they share (Fig. 4 of the paper)."""
    frame, code = [3, CROP, CROP], _shape(widths, 3)
    blocks: Blocks = [_box("P0", frame, "input", row=1, column=0)]
    arrows: Arrows = []
    sides = {"-": (network.encode_previous, 0.0), "+": (network.encode_next, 2.0)}
    for mark, (encoder, row) in sides.items():
        boxes = [_box(f"B(t{mark}1)", frame, "input"), *_encoder_boxes(encoder, widths, mark)]
        boxes[-1]["parameters"] += parameters(encoder.fuse)
        for column, one in enumerate(boxes):
            one |= {"row": row, "column": column}
        blocks += boxes
        arrows += [list(pair) for pair in pairwise(one["name"] for one in boxes)]
        arrows += [["P0", f"E1{mark}"], ["T", f"E3{mark}"], [f"E3{mark}", "mix"]]
    line = [
        _box("T", code, "fusion"),
        _box("mix", code, "fusion", network.join_codes),
        *_decoder_boxes(network.decode_both, widths),
        _box("E0", frame, "output", **RESULT),
    ]
    for column, one in enumerate(line, start=3):
        one |= {"row": 1, "column": column}
    chain = pairwise(one["name"] for one in line[1:])
    arrows += [*(list(pair) for pair in chain), ["P0", "E0", "add"]]
    for mark in sides:
        arrows += [[f"E2{mark}", "D3", "skip"], [f"E1{mark}", "D2", "skip"]]
    return {"blocks": [*blocks, *line], "arrows": arrows}


def _encoder_boxes(
    encoder: Encoder, widths: tuple[int, ...], mark: str = ""
) -> list[dict[str, Any]]:
    return [
        _box(f"E{level}{mark}", _shape(widths, level), "encoder", part)
        for level, part in enumerate(encoder.levels, start=1)
    ]


def _decoder_boxes(decoder: Decoder, widths: tuple[int, ...]) -> list[dict[str, Any]]:
    parts = {
        3: (_shape(widths, 2), (decoder.level3, decoder.up3)),
        2: (_shape(widths, 1), (decoder.level2, decoder.up2)),
        1: ([3, CROP, CROP], (decoder.level1, decoder.tail)),
    }
    return [
        _box(f"D{level}", shape, "decoder", *modules) for level, (shape, modules) in parts.items()
    ]


def counts(full: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Diagrams, and what the networks of the table cost at full width beside the printed times."""
    with torch.device("meta"):
        own = FeatureFlowDeblurrer()
    widths = (32, 64, 128)
    printed = {
        one.method: one.value for one in papers.printed_cells("zhao2020") if one.metric == "time_s"
    }
    base = full["zhao2020"]["macs"]
    listing = [
        {
            "network": name,
            "parameters": full[name]["parameters"],
            f"MACs at {CROP}x{CROP}": full[name]["macs"],
            "MACs over zhao2020's": round(full[name]["macs"] / base, 2),
            "printed time [s]": time,
            "printed time over zhao2020's": round(time / printed["zhao2020"], 2),
        }
        for name, time in printed.items()
    ]
    drawn = {"principle": principle, "stage1": stage1, "stage2": stage2}
    return {
        "architecture": {name: draw(own, widths) for name, draw in drawn.items()},
        "networks": listing,
    }

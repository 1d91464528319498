"""Block diagrams of li2026: the loop, the generator, its three modules, the discriminators."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.networks.discriminators import DoubleGAN, PatchGAN, receptive_field
from deblur_lib.papers.li2026.blocks import AFEM, ECA, MSFM
from deblur_lib.papers.li2026.experiment import PAPER
from deblur_lib.papers.li2026.network import MultiAttentionGenerator

AS_PRINTED: dict[str, Any] = next(
    one.options["li2026"] for one in PAPER.profiles if one.name == "paper"
)
CROP = 256  # side of the picture that the shapes are told for, the paper's crop
Block = dict[str, Any]

# Path of a block in the network, name in the diagram, what it does, kind, row, column.
PARTS = (
    ("fpn.enc0", "enc 0", "first layers of the backbone", "encoder", 1, 0),
    ("fpn.on_encoder.0", "ECA 0", "channel attention", "fusion", 1, 1),
    ("fpn.enc1", "enc 1", "layers of the backbone", "encoder", 2, 0),
    ("fpn.on_encoder.1", "ECA 1", "channel attention", "fusion", 2, 1),
    ("fpn.enc2", "enc 2", "layers of the backbone", "encoder", 3, 0),
    ("fpn.enc3", "enc 3", "layers of the backbone", "encoder", 4, 0),
    ("fpn.enc4", "enc 4", "layers of the backbone", "encoder", 5, 0),
    ("fpn.lateral4", "lateral 4", "1x1, then a border of one pixel", "other", 5, 1),
    ("fpn.on_lateral.3", "lateral 3", "1x1, then a border of one pixel", "other", 4, 1),
    ("fpn.on_lateral.2", "lateral 2", "1x1, then a border of one or two", "other", 3, 1),
    ("fpn.on_lateral.4", "MSFM", "gives map 4", "fusion", 5, 2),
    ("fpn.td1", "map 3", "lateral 3 + map 4, 3x3, norm, ReLU", "other", 4, 2),
    ("fpn.td2", "map 2", "lateral 2 + map 3, 3x3, norm, ReLU", "other", 3, 2),
    ("fpn.td3", "map 1", "lateral 1 + map 2, 3x3, norm, ReLU", "other", 2, 2),
    ("fpn.on_lateral.0", "map 0", "lateral 0 with its border", "other", 1, 2),
    ("head4", "head 4", "two 3x3, AFEM; then enlarged 8 times", "decoder", 5, 3),
    ("head3", "head 3", "two 3x3, AFEM; then enlarged 4 times", "decoder", 4, 3),
    ("head2", "head 2", "two 3x3, AFEM; then enlarged twice", "decoder", 3, 3),
    ("head1", "head 1", "two 3x3, AFEM", "decoder", 2, 3),
    ("on_concat", "joined", "the four heads side by side", "other", 3.5, 4),
    ("smooth", "smooth", "3x3, norm, ReLU; then enlarged twice", "decoder", 2, 5),
    ("smooth2", "smooth 2", "beside map 0, 3x3, norm, ReLU; then enlarged twice", "decoder", 1, 5),
    ("final", "final", "3x3; its tanh is added to the picture", "output", 0, 5),
)
INSIDE = {"fpn.td3": "lateral1", "fpn.on_lateral.0": "lateral0", "fpn.on_lateral.2": "lateral2",
          "fpn.on_lateral.3": "lateral3"}  # fmt: skip
ARROWS = (
    ("blurred", "enc 0"), ("enc 0", "ECA 0"), ("ECA 0", "enc 1"), ("enc 1", "ECA 1"),
    ("ECA 1", "enc 2"), ("enc 2", "enc 3"), ("enc 3", "enc 4"), ("enc 4", "lateral 4"),
    ("lateral 4", "MSFM"), ("ECA 0", "map 0"), ("ECA 1", "map 1"), ("enc 2", "lateral 2"),
    ("lateral 2", "map 2"),
    ("enc 3", "lateral 3"), ("lateral 3", "map 3"), ("MSFM", "map 3"), ("map 3", "map 2"),
    ("map 2", "map 1"),
    ("map 1", "head 1"), ("map 2", "head 2"), ("map 3", "head 3"), ("MSFM", "head 4"),
    ("head 1", "joined"), ("head 2", "joined"), ("head 3", "joined"), ("head 4", "joined"),
    ("joined", "smooth"), ("smooth", "smooth 2"), ("map 0", "smooth 2"), ("smooth 2", "final"),
    ("blurred", "final"),
)  # fmt: skip


def parameters(*modules: nn.Module) -> int:
    """Parameters of some modules together."""
    return sum(one.numel() for module in modules for one in module.parameters())


def shapes(network: nn.Module, paths: tuple[str, ...], side: int = CROP) -> dict[str, list[int]]:
    """Shape without the batch axis that leaves each named part, for a square picture."""
    found: dict[str, list[int]] = {}

    def keep(path: str) -> Callable[..., None]:
        def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found[path] = list(output.shape[1:])

        return note

    handles = [network.get_submodule(one).register_forward_hook(keep(one)) for one in paths]
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, side, side, device="meta"))
    finally:
        for handle in handles:
            handle.remove()
    return found


def generator_parts() -> list[Block]:
    """Parts of the full network at the printed crop: name, what it does, shape, parameters."""
    with torch.device("meta"):
        network = MultiAttentionGenerator(**AS_PRINTED)
    found = shapes(network, tuple(path for path, *_ in PARTS))
    blocks = []
    for path, name, does, kind, row, column in PARTS:
        own = [network.get_submodule(path)]
        if path in INSIDE:
            own.append(network.fpn.get_submodule(INSIDE[path]))
        blocks.append(
            {"name": name, "does": does, "shape": found[path], "parameters": parameters(*own),
             "kind": kind, "row": row, "column": column}
        )  # fmt: skip
    return blocks


def generator_plan(parts: list[Block]) -> dict[str, Any]:
    """Blocks and arrows of the generator (Fig. 2 of the paper)."""
    entry = {"name": "blurred", "shape": [3, CROP, CROP], "kind": "input", "row": 0, "column": 0}
    return {"blocks": [entry, *parts], "arrows": [list(one) for one in ARROWS]}


def msfm_plan(channels: int = 256, side: int = 8) -> dict[str, Any]:
    """Blocks and arrows of MSFM (Fig. 3) on the coarsest map of a 256-pixel crop."""
    block = MSFM(channels)
    shape, middle = [channels, side, side], {"row": 2.0}
    branches = [
        ("1x1", block.point, shape),
        *(
            (f"3x3 step {step}", one, shape)
            for step, one in zip(block.dilations, block.atrous, strict=True)
        ),
        ("pooled", nn.ModuleList((block.overall, block.overall_norm)), [channels]),
    ]
    blocks: list[Block] = [{"name": "x", "shape": shape, "kind": "input", "column": 0, **middle}]
    blocks += [
        {"name": name, "shape": size, "parameters": parameters(module), "kind": "encoder",
         "row": row, "column": 1}
        for row, (name, module, size) in enumerate(branches)
    ]  # fmt: skip
    blocks += [
        {"name": "joined", "shape": [5 * channels, side, side], "column": 2, **middle},
        {"name": "merge", "shape": shape, "parameters": parameters(block.merge), "kind": "fusion",
         "column": 3, **middle},
        {"name": "y", "shape": shape, "kind": "output", "column": 4, **middle},
    ]  # fmt: skip
    names = [name for name, *_ in branches]
    arrows = [["x", name] for name in names] + [[name, "joined"] for name in names]
    return {"blocks": blocks, "arrows": [*arrows, ["joined", "merge"], ["merge", "y"]]}


def gate_plans() -> dict[str, dict[str, Any]]:
    """Blocks and arrows of ECA (Fig. 4) behind encoder 0 and of AFEM (Fig. 5) in head 1."""
    eca, wide, size = ECA(32), [32], [32, 127, 127]
    length = eca.mix.kernel_size[0]
    afem, full = AFEM(128), [128, 64, 64]
    hidden = afem.squeeze.out_features
    return {
        "eca": _chain(
            ("x", size, 0), ("mean", wide, 0), (f"1-D, {length} long", wide, parameters(eca.mix)),
            ("sigmoid", wide, 0), ("y", size, 0),
        ),
        "afem": _chain(
            ("x", full, 0), ("mean", [128], 0), ("W1, ReLU", [hidden], parameters(afem.squeeze)),
            ("W2, sigmoid", [128], parameters(afem.excite)), ("y", full, 0),
        ),
    }  # fmt: skip


def _chain(*steps: tuple[str, list[int], int]) -> dict[str, Any]:
    """Steps in a row; the first also goes over the others into the last, where they multiply."""
    last = len(steps) - 1
    kinds = {0: "input", last: "output"}
    blocks = [
        {"name": name, "title": "y = x · weights" if name == "y" else name, "shape": shape,
         "parameters": count, "kind": kinds.get(column, "fusion"), "row": 0, "column": column}
        for column, (name, shape, count) in enumerate(steps)
    ]  # fmt: skip
    names = [name for name, *_ in steps]
    arrows = [list(two) for two in pairwise(names)]
    return {"blocks": blocks, "arrows": [*arrows, ["x", "y"]]}


def discriminators_plan() -> dict[str, Any]:
    """Layers of both discriminators with the square that a logit sees (Fig. 6 of the paper)."""
    with torch.device("meta"):
        both = DoubleGAN(norm="batch")
    blocks: list[Block] = []
    arrows: list[list[str]] = []
    for row, (name, network) in enumerate((("patch", both.patch), ("full", both.full))):
        own = [f"{name} {number}" for number in range(len(_stages(network)) + 1)]
        sees = f"sees {receptive_field(network)} px"
        blocks.append(
            {"name": own[0], "title": name, "note": sees, "shape": [3, CROP, CROP], "kind": "input",
             "row": row, "column": 0}
        )  # fmt: skip
        x = torch.zeros(1, 3, CROP, CROP, device="meta")
        for column, stage in enumerate(_stages(network), start=1):
            x = stage(x)
            first = next(stage.children())
            assert isinstance(first, nn.Conv2d)
            last = column == len(own) - 1
            title = "logits" if last else f"4×4 /{first.stride[0]}"
            blocks.append(
                {"name": own[column], "title": title, "shape": list(x.shape[1:]),
                 "parameters": parameters(stage), "kind": "output" if last else "encoder",
                 "row": row, "column": column}
            )  # fmt: skip
        arrows += [list(two) for two in pairwise(own)]
    return {"blocks": blocks, "arrows": arrows}


def _stages(network: PatchGAN) -> list[nn.Sequential]:
    """Each convolution with the norm and activation behind it."""
    stages: list[list[nn.Module]] = []
    for layer in network.model:
        if isinstance(layer, nn.Conv2d):
            stages.append([])
        stages[-1].append(layer)
    return [nn.Sequential(*one) for one in stages]


def loop_plan() -> dict[str, Any]:
    """Who learns from what (Fig. 1 of the paper), with the declared losses and weights."""
    recipe = PAPER.recipe
    game = recipe.adversarial
    assert game is not None
    blocks = [
        _box("B", "blurred B", "input", 0, 0),
        _box("G", "generator", "encoder", 0, 1),
        _box("R", "restored R", "output", 0, 2),
        _box("S", "sharp S", "input", 1, 1),
        _box("D", "D patch, D full", "decoder", 2, 2),
        _box("l1", "content", "fusion", 0, 3, f"{recipe.loss['l1']:g} × mean |R − S|"),
        _box("vgg", "perceptual", "fusion", 1, 3, f"{recipe.loss['perceptual']:g} × VGG19"),
        _box("adv", "adversarial", "fusion", 2, 3, f"{game.weight:g} × −log D(R)"),
        _box("dis", "cross-entropy", "fusion", 3, 3, "of D(S) and D(R)"),
        _box("to G", "generator learns", "encoder", 1, 4),
        _box("to D", "D learn", "decoder", 3, 4),
    ]
    arrows = [["B", "G"], ["G", "R"], ["R", "l1"], ["R", "vgg"], ["R", "D"], ["S", "D"]]
    arrows += [["S", "l1", "skip"], ["S", "vgg", "skip"], ["D", "adv"], ["D", "dis"]]
    arrows += [["l1", "to G"], ["vgg", "to G"], ["adv", "to G"], ["dis", "to D"]]
    return {"blocks": blocks, "arrows": arrows}


def _box(name: str, title: str, kind: str, row: float, column: int, note: str = "") -> Block:
    return {"name": name, "title": title, "kind": kind, "row": row, "column": column, "note": note}

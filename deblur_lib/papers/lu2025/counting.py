"""What lu2025's network and its block cost, counted on built networks: nothing is calculated."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks

from deblur_lib import papers
from deblur_lib.networks.mb_taylorformer_v2 import MBTaylorFormerV2
from deblur_lib.papers.lu2025.blocks import DSGA
from deblur_lib.papers.lu2025.network import BLOCKS, HEAD_WIDTH, LAYOUTS, DSGformer
from deblur_lib.papers.lu2025.options import BlockOptions

CROP = 256  # side of the printed training crops
BATCH = 8  # of them in a step
CARD = 12  # GiB of the printed card
COPIES = 4  # of the weights in training: themselves, gradients, AdamW's two moments
GIB, MIB = 2.0**30, 2.0**20
LEVEL_WIDTHS = (64, 128, 256)  # channels of the printed network's levels, fine to coarse
WIDTHS = range(24, 65, 4)  # base channels that are tried for the printed count
PRINTED = 15.57  # million parameters
BLOCK_TITLES = {"dsga": "DSGA", "mdta_gdfn": "MDTA + GDFN"}
Counter = Callable[[nn.Module, Tensor], int]
Row = dict[str, Any]


def parameters(modules: Iterable[nn.Module]) -> int:
    """Parameters of some modules together."""
    return sum(one.numel() for module in modules for one in module.parameters())


def kept_bytes(module: nn.Module, *shape: int, half: bool = False) -> int:
    """Bytes of all that autograd keeps of one forward pass for the gradient, weights left out.

    Views of one tensor count once. Nothing is allocated.

    Args:
        module: built under a `FakeTensorMode` that is still entered.
        shape: of the input.
        half: under autocast to bfloat16.
    """
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # holds the storages, so that no key is used twice

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        alive.append(tensor)
        return tensor

    weights = {one.untyped_storage()._cdata for one in module.parameters()}
    hooks = saved_tensors_hooks(note, lambda one: one)
    with torch.enable_grad(), hooks, torch.autocast("cpu", torch.bfloat16, enabled=half):
        module(torch.empty(shape)).abs().mean()
    return sum(size for key, size in kept.items() if key not in weights)


def training_gib(
    *, batch: int = BATCH, side: int = CROP, half: bool = False, **options: Any
) -> float:
    """Least memory of one training step in GiB: what autograd keeps, weights, AdamW.

    The peak of a real step is higher by whatever is alive for a moment only.

    Args:
        batch: crops in the step.
        side: of the crops.
        half: under autocast to bfloat16; weights and their copies stay float32.
        options: of the network.
    """
    with FakeTensorMode():
        network = DSGformer(**options)
        activations = kept_bytes(network, batch, 3, side, side, half=half)
        return (activations + COPIES * 4 * parameters([network])) / GIB


def memory(sizes: Mapping[str, float]) -> list[Row]:
    """Least memory of a printed training step beside the printed card, by precision."""
    return [
        {"precision": name, "least memory [GiB]": round(gib, 1), "printed card [GiB]": CARD}
        for name, gib in sizes.items()
    ]


def block_costs(count_macs: Counter) -> dict[str, dict[str, int]]:
    """Costs of DSGA and of what it replaces at each width of the printed network.

    Returns:
        For "dsga64", "mdta_gdfn64" and so on: parameters, macs (Fourier transforms counted, on the
        map that this level has of a crop of 256 pixels) and kept (bytes for the gradient).
    """
    found = {}
    for level, width in enumerate(LEVEL_WIDTHS, start=1):
        shape = (1, width, CROP >> level, CROP >> level)
        for name, make in BLOCKS.items():
            with torch.device("meta"):
                block = make(width, width // HEAD_WIDTH, BlockOptions())
                macs = count_macs(block, torch.empty(shape))
            with FakeTensorMode():
                kept = kept_bytes(make(width, width // HEAD_WIDTH, BlockOptions()), *shape)
            found[f"{name}{width}"] = {
                "parameters": parameters([block]),
                "macs": macs,
                "kept": kept,
            }
    return found


def block_listing(costs: Mapping[str, Mapping[str, int]]) -> list[Row]:
    """The same for readers, the larger as a multiple of the smaller."""
    rows = []
    for width in LEVEL_WIDTHS:
        ours = costs[f"dsga{width}"]
        for name, title in BLOCK_TITLES.items():
            one = costs[f"{name}{width}"]
            rows.append(
                {
                    "block": f"{title}, {width} channels",
                    "parameters": one["parameters"],
                    "MACs": one["macs"],
                    "kept for the gradient [MiB]": round(one["kept"] / MIB, 1),
                    "times DSGA's": ", ".join(f"{one[cost] / ours[cost]:.2f}" for cost in one),
                }
            )
    return rows


def enumeration() -> list[Row]:
    """The depth that comes nearest to the printed count, for each width and layout.

    Uniform networks alone: as many blocks in every layer. One head, which changes the count by a
    number for each block.
    """
    rows = []
    for dim in WIDTHS:
        row: Row = {"channels C": dim}
        for layout in LAYOUTS:
            depth, millions = _nearest(dim, layout)
            met = ", met" if round(millions, 2) == PRINTED else ""
            row[layout] = f"{depth} deep: {millions:.2f} M{met}"
        rows.append(row)
    return rows


def _nearest(dim: int, layout: str) -> tuple[int, float]:
    """Blocks of a layer that come nearest to the printed count, and millions of parameters."""
    with torch.device("meta"):
        network = DSGformer(dim=dim, blocks=1, heads=1, layout=layout)
    one = parameters([network])
    more = parameters(module for module in network.modules() if isinstance(module, DSGA))
    depth = max(1, 1 + round((PRINTED * 1e6 - one) / more))
    return depth, (one + (depth - 1) * more) / 1e6


def smaller_rival(count_macs: Counter) -> dict[str, int]:
    """Costs of MB-TaylorFormer V2 at size L, whose count the paper prints beside scores of XL."""
    with torch.device("meta"):
        network = MBTaylorFormerV2()
        macs = count_macs(network, torch.empty(1, 3, CROP, CROP))
    return {"parameters": parameters([network]), "macs": macs}


def size_listing(full: Mapping[str, Mapping[str, int]], size_l: Mapping[str, int]) -> list[Row]:
    """The printed parameter counts of Table 1 beside those of the built networks."""
    titles = {one.id: one.title for one in papers.load("lu2025").methods}
    printed = {
        one.method: one.printed
        for one in papers.printed_cells("lu2025")
        if one.metric == "params_m"
    }
    taylor = "mb_taylorformer_v2"
    rows = [(titles[name], full[name], printed[name]) for name in printed if name != taylor]
    rows += [(f"{titles[taylor]}, size XL", full[taylor], "–")]
    rows += [(f"{titles[taylor]}, size L", size_l, printed[taylor])]
    return [
        {
            "network": title,
            "printed [M]": text,
            "parameters": one["parameters"],
            f"MACs at {CROP}x{CROP}": one["macs"],
        }
        for title, one, text in rows
    ]

"""What the networks of Table 1 cost at their published size, beside the printed counts."""

from typing import Any

import torch
from torch import nn

from deblur_lib import papers
from deblur_lib.networks.convir import ConvIR
from deblur_lib.networks.mb_taylorformer_v2 import XL, MBTaylorFormerV2
from deblur_lib.networks.mprnet import MPRNet
from deblur_lib.networks.restormer import Restormer
from deblur_lib.networks.stripformer import Stripformer
from deblur_lib.papers.lu2025.network import DSGformer

SIDE = 256  # of the picture that operations are counted for


def full_networks() -> dict[str, nn.Module]:
    """The networks of Table 1 at their published size, without memory for their weights."""
    with torch.device("meta"):
        return {
            "mprnet": MPRNet(),
            "restormer": Restormer(),
            "stripformer": Stripformer(),
            "convir": ConvIR(),
            "mb_taylorformer_v2": MBTaylorFormerV2(dim=XL),
            "mb_taylorformer_v2_l": MBTaylorFormerV2(),
            "dsgformer": DSGformer(),
        }


def size_listing(full: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The printed parameter counts beside those of the built networks."""
    titles = {one.id: one.title for one in papers.load("lu2025").methods}
    size = titles["mb_taylorformer_v2"] + ", size "
    titles |= {"mb_taylorformer_v2": size + "XL", "mb_taylorformer_v2_l": size + "L"}
    printed = {
        one.method: one.printed
        for one in papers.printed_cells("lu2025")
        if one.metric == "params_m"
    }
    printed["mb_taylorformer_v2_l"] = printed.pop("mb_taylorformer_v2")  # the size it tells
    return [
        {
            "network": titles[name],
            "printed [M]": printed.get(name, "–"),
            "parameters": one["parameters"],
            f"MACs at {SIDE}x{SIDE}": one["macs"],
        }
        for name, one in full.items()
    ]

"""What the networks of Table 1 cost at their published size, beside the scores printed for them."""

from typing import Any

import torch
from torch import nn

from deblur_lib import papers
from deblur_lib.networks.dbgan import DBGAN
from deblur_lib.networks.deblurgan_v2 import DeblurGANv2
from deblur_lib.networks.deepdeblur import DeepDeblur
from deblur_lib.networks.dmphn import DMPHN
from deblur_lib.networks.mimo_unet import MIMOUNet
from deblur_lib.networks.mtrnn import MTRNN
from deblur_lib.networks.srn import SRN
from deblur_lib.networks.svrnn import SVRNN
from deblur_lib.papers.wan2023.network import WanNet

SIDE = 256  # of the picture that operations are counted for


def full_networks() -> dict[str, nn.Module]:
    """The networks of Table 1 at their published size, without memory for their weights."""
    with torch.device("meta"):
        return {
            "nah2017": DeepDeblur(),
            "svrnn": SVRNN(),
            "deblurgan_v2": DeblurGANv2(),
            "srn": SRN(),
            "dbgan": DBGAN(),
            "mtrnn": MTRNN(),
            "dmphn": DMPHN(stages=4),
            "wan2023": WanNet(),
            "mimo_unet": MIMOUNet(),
        }


def size_listing(full: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """What each network of Table 1 costs, beside the score printed for it."""
    titles = {one.id: one.title for one in papers.load("wan2023").methods}
    printed = {
        one.method: one.printed
        for one in papers.printed_cells("wan2023")
        if (one.table, one.dataset, one.metric) == ("T1", "gopro_test", "psnr_db")
    }
    return [
        {
            "network": titles[name],
            "parameters": one["parameters"],
            f"MACs at {SIDE}x{SIDE}": one["macs"],
            "printed PSNR on GoPro": printed.get(name, "–"),
        }
        for name, one in full.items()
    ]

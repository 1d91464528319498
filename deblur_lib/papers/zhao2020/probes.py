"""What the figures of zhao2020 need: diagrams, blurred frames in the making, the first estimate.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from deblur_lib.data.pictures.reading import U8
from deblur_lib.nn import frames_for
from deblur_lib.papers.zhao2020.blurring import blur_panels
from deblur_lib.papers.zhao2020.network import FeatureFlowDeblurrer
from deblur_lib.papers.zhao2020.structure import counts


def structure(
    full: Mapping[str, Mapping[str, int]], count_macs: Callable[[nn.Module, Tensor], int]
) -> dict[str, Any]:
    """What diagrams, listings and Figure 2 need; no training.

    Args:
        full: parameters and multiply-accumulates of each row's network at its published size.
        count_macs: counts multiply-accumulates of a module on an input.

    Returns:
        `architecture` (diagrams), `costs` and the listing `networks` (at full width), `panels`.
    """
    return counts(full) | {"panels": blur_panels()}


def trained(networks: Mapping[str, nn.Module], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """The first estimate P0 of the trained network, for the figure beside the result.

    Args:
        networks: trained networks by method id.
        pictures: blurred clips (1, 3, 3, H, W) by "<data set>/<name>", sides multiples of 4.

    Returns:
        `pictures` by "<data set>/<name>" and label.
    """
    network = networks.get("zhao2020")
    if not isinstance(network, FeatureFlowDeblurrer):
        return {}
    return {
        "pictures": {name: {"P0": first_estimate(network, clip)} for name, clip in pictures.items()}
    }


def first_estimate(network: FeatureFlowDeblurrer, clip: Tensor) -> U8:
    """P0 of one clip (1, 3, 3, H, W), (H, W, 3) uint8."""
    with torch.no_grad():
        estimate = network.forward_all(frames_for(network, clip))[0][0]
    values = estimate.clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    rounded: U8 = np.floor(values * 255 + 0.5).astype(np.uint8)
    return rounded

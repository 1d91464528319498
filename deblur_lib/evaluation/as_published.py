"""What evaluation as the authors did it changes: measured on given weights, never assumed.

Some options leave the weights alone and decide how a picture passes the network: which statistics
norms take, what surrounds the picture, whether dropout stays on. A preset sets them as published.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deblur_lib import catalogue
from deblur_lib.data.pairs import PairSource
from deblur_lib.evaluation.restore import restore
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.nn import Deblurrer

USUAL = {"statistics": "image", "border": "mirror", "test_dropout": False}
SIDES = (150, 203)  # of the fixed picture: no multiple of anything a network needs
GREY_LEVELS = 255


def details(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of evaluation that are not the usual ones."""
    return {name: one for name, one in options.items() if name in USUAL and one != USUAL[name]}


def told(network: Deblurrer, name: str, options: Mapping[str, Any]) -> list[str]:
    """How far each detail moves the result on a fixed picture, a line each.

    Args:
        network: built with the options and filled.
        name: catalogue name.
        options: what it was built with.
    """
    if network.clip_length > 1 or not details(options):
        return []
    picture = _picture(max(network.minimum_size, 1))
    published, lines = restore(network, picture), []
    for detail, value in details(options).items():
        gap = (restore(_without(network, name, options, detail), picture) - published).abs()
        mean, most = (GREY_LEVELS * float(one) for one in (gap.mean(), gap.max()))
        lines.append(
            f"{detail}={value!r}, as published, moves a fixed picture by {mean:.2g} grey levels in "
            f"the mean and {most:.2g} at most, against {detail}={USUAL[detail]!r}"
        )
    return lines


def on_pairs(
    network: Deblurrer, name: str, options: Mapping[str, Any], source: PairSource
) -> dict[str, dict[str, float]]:
    """Mean scores on pairs, as published and with each detail as usual.

    Returns:
        By what was changed ("as published", "statistics='image'"): mean of each convention.
    """
    conventions = ("psnr-rgb", "psnr-rgb-down", "psnr-float", "vol3d-rgb")
    versions = {"as published": network} | {
        f"{detail}={USUAL[detail]!r}": _without(network, name, options, detail)
        for detail in details(options)
    }
    found = {}
    for title, one in versions.items():
        scored = evaluate(one, source, conventions=conventions, progress=False)
        found[title] = {
            key: float(np.mean([each.scores[key] for each in scored])) for key in conventions
        }
    return found


def _without(network: Deblurrer, name: str, options: Mapping[str, Any], detail: str) -> Deblurrer:
    """The same weights, one detail of evaluation as usual."""
    other = catalogue.build(name, **{**options, detail: USUAL[detail]}).eval()
    other.load_state_dict(network.state_dict())
    return other


def _picture(least: int) -> Tensor:
    """Smooth colours and a hard edge, (1, 3, H, W), of sides that every network must pad."""
    height, width = (max(side, least + side % 32) for side in SIDES)
    down = torch.linspace(0, 9, height, dtype=torch.float64)[:, None]
    across = torch.linspace(0, 14, width, dtype=torch.float64)[None]
    planes = [0.5 + 0.35 * torch.sin(down + k) * torch.cos(across - k) for k in range(3)]
    picture = torch.stack(planes)[None].float()
    picture[..., width // 3 : width // 2] *= 0.4
    return picture

"""What the figures of wan2023 look inside for: receptive fields of MSRM, weights of DFFM.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.

Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.papers.wan2023.blocks import DFFM, MSRM
from deblur_lib.papers.wan2023.network import WanNet
from deblur_lib.papers.wan2023.structure import WIDTHS, counts

THIRD = 1 / 3  # share of each branch of a DFFM that prefers none
LEAST_SHARE = THIRD / 10  # mean departure; shares nearer to a third are a plain mean
LEAST_SPREAD = THIRD / 10  # deviation over pictures; below it the fusion does not depend on them


def effective_receptive_field(
    module: MSRM, *, size: int = 15, samples: int = 32, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """How strongly each input pixel moves the middle pixel of y1 to y4.

    Args:
        module: a trained or fresh module; its weights and their gradients are left as found.
        size: side of the map in pixels, odd; 13 or more shows the whole field of every entry.
        samples: random inputs (standard normal) that the map averages.
        seed: of these inputs.

    Returns:
        For "y1" to "y4": `map`, size x size rows of mean gradient magnitude, the largest being 1;
        `extent`, side in pixels of the square that holds all non-zero values; `radius`, root mean
        square distance from the middle in pixels, weighted by the map.

    Raises:
        UsageError: an even or non-positive size.

    Source: wan2023, Sec. 1.2 (y2 mixes the fields of one and two 3x3 convolutions, y3 and y4
    more); there are no numbers for it in the paper.
    """
    if size < 1 or size % 2 == 0:
        raise UsageError(f"the map needs an odd size, so that it has a middle, got {size}")
    first = next(module.parameters())
    channels = module.merge.out_channels
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn((samples, channels, size, size), generator=generator).to(first)
    with torch.enable_grad():
        x = noise.requires_grad_()
        fields = {
            f"y{number}": _field(rung, x) for number, rung in enumerate(module.ladder(x), start=1)
        }
    return {name: _described(field) for name, field in fields.items()}


def _field(rung: Tensor, x: Tensor) -> Tensor:
    """Mean size of the gradient of the middle pixel of a rung (B, D, H, W) by pixel: (H, W)."""
    middle = rung.shape[-1] // 2
    (gradient,) = torch.autograd.grad(rung[:, :, middle, middle].sum(), x, retain_graph=True)
    return gradient.abs().double().mean(dim=(0, 1)).cpu()


def _described(field: Tensor) -> dict[str, Any]:
    steps = torch.arange(len(field), dtype=torch.float64) - len(field) // 2
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    reach = torch.maximum(rows.abs(), columns.abs())[field > 0]
    total = field.sum().clamp(min=torch.finfo(torch.float64).tiny)
    spread = ((rows.square() + columns.square()) * field).sum() / total
    return {
        "map": (field / field.max().clamp(min=torch.finfo(torch.float64).tiny)).tolist(),
        "extent": int(2 * reach.max() + 1) if len(reach) else 0,
        "radius": float(spread.sqrt()),
    }


def branch_weights(network: WanNet, blurred: Tensor) -> list[dict[str, list[float]]]:
    """Mean share of E1, E2 and E3 in every DFFM, for each picture.

    Args:
        network: with `skip="dffm"`.
        blurred: (B, 3, H, W) on the network's device, height and width multiples of 4.

    Returns:
        For each picture {"level_1": [w1, w2, w3], "level_2": ...}; the three, averaged over
        channels, add up to one.

    Raises:
        UsageError: the network has no DFFM.
    """
    modules = {level: one for level, one in enumerate(network.skip, 1) if isinstance(one, DFFM)}
    if not modules:
        raise UsageError('branch weights need a network with skip="dffm", got one without DFFM')
    with torch.no_grad():
        features = network.encode(network.pyramid(blurred))
        shares = {
            f"level_{level}": one.weights(features).float().mean(dim=2).tolist()  # B x 3
            for level, one in modules.items()
        }
    return [{name: rows[index] for name, rows in shares.items()} for index in range(len(blurred))]


def structure(
    full: Mapping[str, Mapping[str, int]], count_macs: Callable[[nn.Module, Tensor], int]
) -> dict[str, Any]:
    """What diagrams, listings and Figure 2 need; no training.

    Args:
        full: parameters and multiply-accumulates of each row's network at its published size.
        count_macs: counts multiply-accumulates of a module on an input.

    Returns:
        `architecture` (diagrams), `costs` (of single blocks, for the claims), the listing
        `blocks`, and `receptive_field` of an MSRM of 32 channels before training.
    """
    counted = counts(full, count_macs)
    for width in WIDTHS:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            found = effective_receptive_field(MSRM(width))
        counted["costs"][f"msrm{width}"] |= {
            f"receptive_field_{name}": one["extent"] for name, one in found.items()
        }
        if width == WIDTHS[0]:
            maps = {name: _rounded(one["map"]) for name, one in found.items()}
            reach = {name: one["extent"] for name, one in found.items()}
    return counted | {"receptive_field": {"maps": maps, "reach": reach}}


def trained(networks: Mapping[str, nn.Module], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the figures show of trained networks.

    Args:
        networks: trained networks by method id.
        pictures: blurred pictures (1, 3, H, W) by "<data set>/<name>", sides multiples of 4.

    Returns:
        `branch_weights` by method, level and picture, and `modules`: how far the shares of "DFFM"
        are from a third, and of "DFFM over pictures" how much they differ between pictures.
    """
    shares = {
        method: _by_level(network, pictures)
        for method, network in networks.items()
        if isinstance(network, WanNet)
        and any(isinstance(one, DFFM) and one.fixed is None for one in network.skip)
    }
    found = {
        method: torch.tensor([list(rows.values()) for rows in levels.values()])
        for method, levels in shares.items()
    }  # (levels, pictures, 3) each
    return {
        "branch_weights": shares,
        "modules": {
            "DFFM": {
                method: _moved(THIRD, float((one - THIRD).abs().mean()), LEAST_SHARE)
                for method, one in found.items()
            },
            "DFFM over pictures": {
                method: _moved(0.0, float(one.std(dim=1, correction=0).mean()), LEAST_SPREAD)
                for method, one in found.items()
            },
        },
    }


def _moved(start: float, moved: float, least: float) -> dict[str, float]:
    found = {"start": start, "value": start + moved, "moved": moved, "least": least}
    return {name: round(value, 5) for name, value in found.items()}


def _by_level(network: WanNet, pictures: Mapping[str, Tensor]) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for name, blurred in pictures.items():
        for level, shares in branch_weights(network, blurred)[0].items():
            number = level.removeprefix("level_")
            found.setdefault(number, {})[name] = [round(one, 5) for one in shares]
    return found


def _rounded(rows: list[list[float]]) -> list[list[float]]:
    return [[round(value, 6) for value in row] for row in rows]

"""What the figures of sang2018 look inside for: dead outputs, kept edges, spectra of the output.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.

Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.papers.sang2018.structure import Counter, block_variants, counts

BINS = 32  # side of a stored spectrum
SHOWN = ("sang2018", "sang2018_content")  # whose spectra are drawn


def black_share(network: nn.Module, blurred: Tensor) -> float:
    """Share of output values that are exactly zero; 1.0 means the output ReLU is dead.

    Args:
        network: any restoring network.
        blurred: (B, 3, H, W) in [0, 1].
    """
    with torch.no_grad():
        return float((network(blurred) == 0).float().mean())


def edge_strength(pictures: Tensor) -> float:
    """Mean absolute difference of neighbouring pixels, in both directions together.

    Args:
        pictures: (B, C, H, W).
    """
    down = (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean()
    aside = (pictures[..., 1:] - pictures[..., :-1]).abs().mean()
    return float(down + aside)


def spectrum(picture: Tensor, bins: int = BINS) -> Tensor:
    """Power of the frequencies of a picture, log10, zero frequency in the middle: (bins, bins).

    The window fades the border out, so that its jump makes no cross. A checkerboard of 2 pixels
    would show at the edges of the map.

    Args:
        picture: (1, 3, H, W), sides of `bins` or more.
        bins: side of the map; neighbouring frequencies are averaged.
    """
    gray = picture.mean(dim=(0, 1))  # (H, W)
    rows, columns = (torch.hann_window(side, periodic=False) for side in gray.shape)
    faded = (gray - gray.mean()) * rows[:, None] * columns
    power = torch.fft.fftshift(torch.fft.fft2(faded).abs().square())
    small = nn.functional.adaptive_avg_pool2d(power[None], bins)[0]
    return small.clamp_min(1e-8).log10()


def structure(full: Mapping[str, Mapping[str, int]], count_macs: Counter) -> dict[str, Any]:
    """What diagrams and the two architecture tables need; no training.

    Args:
        full: parameters and multiply-accumulates of each row's network at its published size.
        count_macs: counts multiply-accumulates of a module on an input.

    Returns:
        See `structure.counts`.
    """
    return counts(count_macs)


def trained(networks: Mapping[str, nn.Module], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the figures show of trained networks.

    Args:
        networks: trained networks by method id.
        pictures: blurred pictures (1, 3, H, W) by "<data set>/<name>".

    Returns:
        `edges` (listing: edge strength of the output in parts of the input's, and share of black
        output values), `costs` with the same edge strength ("edges"), and `spectra` (panels:
        blurred input, then the networks of `SHOWN`).
    """
    with torch.no_grad():
        outputs = {
            method: [network(blurred) for blurred in pictures.values()]
            for method, network in networks.items()
        }
    before = [edge_strength(blurred) for blurred in pictures.values()]
    edges = [
        {
            "row": method,
            "edges kept, blurred input = 1": round(
                sum(edge_strength(one) / was for one, was in zip(restored, before, strict=True))
                / len(restored), 4,
            ),
            "black values [%]": round(
                100 * sum(float((one <= 0).float().mean()) for one in restored) / len(restored), 3
            ),
        }
        for method, restored in outputs.items()
    ]  # fmt: skip
    shown = {"blurred input": list(pictures.values())}
    shown |= {method: outputs[method] for method in SHOWN if method in outputs}
    return {
        "edges": edges,
        "costs": {
            str(one["row"]): {"edges": one["edges kept, blurred input = 1"]} for one in edges
        },
        "spectra": {"panels": [_panel(*one) for one in shown.items()]},
    }


def _panel(title: str, pictures: list[Tensor]) -> dict[str, Any]:
    mean = torch.stack([spectrum(one) for one in pictures]).mean(dim=0)
    rounded = [[round(value, 3) for value in row] for row in mean.tolist()]
    return {"title": title, "map": rounded, "scale": "power, log10"}


__all__ = ["black_share", "block_variants", "edge_strength", "spectrum", "structure", "trained"]

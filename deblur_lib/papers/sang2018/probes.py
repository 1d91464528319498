"""What the figures of sang2018 look inside for: kept edges, black values, spectra of the output.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.

Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.papers.sang2018.structure import Counter, counts

BINS = 32  # side of a stored spectrum
HALF = 0.5 / 255  # below it a value is black in 8 bits
KEPT, BLACK = "edges, blurred input = 1", "black values [%]"
FALSELY = "black where the sharp picture is not [%]"
SHOWN = ("sang2018", "sang2018_content")  # whose spectra are drawn


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


def trained(
    networks: Mapping[str, nn.Module],
    pictures: Mapping[str, Tensor],
    sharp: Mapping[str, Tensor],
) -> dict[str, Any]:
    """What the figures show of trained networks.

    Args:
        networks: trained generators by method id.
        pictures: blurred pictures (1, 3, H, W) by "<data set>/<name>".
        sharp: their sharp pictures.

    Returns:
        `edges` (listing of `look_at`, the sharp and the blurred pictures first) and `spectra`
        (panels: blurred input, then the networks of `SHOWN`).
    """
    with torch.no_grad():
        drawn: dict[str, list[Tensor]] = {
            method: [network.drawn(blurred) for blurred in pictures.values()]  # type: ignore[operator]
            for method, network in networks.items()
        }
        outputs: dict[str, list[Tensor]] = {
            method: [networks[method].finish(one) for one in made]  # type: ignore[operator]
            for method, made in drawn.items()
        }
    truth, inputs = list(sharp.values()), list(pictures.values())
    before = [edge_strength(one) for one in inputs]
    seen = {"sharp": truth, "blurred": inputs} | outputs
    edges = [
        {"row": name} | look_at(made, truth, before, drawn.get(name, made))
        for name, made in seen.items()
    ]
    shown = {"blurred input": inputs}
    shown |= {method: outputs[method] for method in SHOWN if method in outputs}
    return {
        "edges": edges,
        "spectra": {"panels": [_panel(*one) for one in shown.items()]},
    }


def look_at(
    pictures: list[Tensor], sharp: list[Tensor], before: list[float], drawn: list[Tensor]
) -> dict[str, float]:
    """Edges and black values of pictures, (1, 3, H, W) each.

    Args:
        pictures: restored, or whatever else is looked at.
        sharp: the truth.
        before: edge strength of the blurred pictures.
        drawn: the same before the last activation, which cuts off what lies below zero.

    Returns:
        Means over the pictures: edge strength in parts of the input's; share of values that are
        black in 8 bits; share that is black where the sharp value is not, and how bright the sharp
        value is there; how far below zero the values lie that do.
    """
    edges = [edge_strength(one) / was for one, was in zip(pictures, before, strict=True)]
    made, true, below = (torch.cat([x.flatten() for x in one]) for one in (pictures, sharp, drawn))
    black, false = made < HALF, (made < HALF) & (true >= HALF)
    return {
        KEPT: round(sum(edges) / len(edges), 4),
        BLACK: round(100 * float(black.float().mean()), 3),
        FALSELY: round(100 * float(false.float().mean()), 3),
        "sharp value there [of 255]": _grey(true[false]),
        "below zero by [of 255]": _grey(-below[below < 0]),
    }


def _grey(values: Tensor) -> float:
    return round(255 * float(values.mean()), 2) if len(values) else 0.0


def _panel(title: str, pictures: list[Tensor]) -> dict[str, Any]:
    mean = torch.stack([spectrum(one) for one in pictures]).mean(dim=0)
    rounded = [[round(value, 3) for value in row] for row in mean.tolist()]
    return {"title": title, "map": rounded, "scale": "power, log10"}

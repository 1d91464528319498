"""What the figures of li2026 look inside for: reach of MSFM's branches, weights of ECA and AFEM.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.
Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.networks.unet_seresnext import SEModule
from deblur_lib.papers.li2026.blocks import AFEM, ECA, MSFM, factors
from deblur_lib.papers.li2026.structure import counts

BINS = 100  # of a histogram over weights from 0 to 1
START = 0.5  # gates are sigmoids of numbers near zero before training
LEAST = 0.05  # mean departure, from the start or between pictures; a tenth of the start is none
KINDS = {ECA: "ECA", AFEM: "AFEM", SEModule: "SE"}
LARGEST = 512  # side of the part of a picture that is looked at, in pixels


def receptive_fields(
    module: MSFM, *, size: int = 15, samples: int = 16, seed: int = 0
) -> dict[str, list[list[float]]]:
    """How strongly each position of a map moves the middle of each branch of MSFM.

    Args:
        module: in evaluation mode, fresh or trained; left as found.
        size: side of the map, odd.
        samples: random maps (standard normal) that are averaged.
        seed: of these maps.

    Returns:
        Rows of mean gradient magnitude for "1x1", "3x3 step 1" and so on, and "pooled"; the largest
        value of each is 1.

    Source: li2026, Sec. 3.1, Eqs. (7) to (9).
    """
    generator = torch.Generator().manual_seed(seed)
    channels = module.overall.in_features
    x = torch.randn((samples, channels, size, size), generator=generator).requires_grad_()
    middle = size // 2
    with torch.enable_grad():
        views = {"1x1": module.point(x)[:, :, middle, middle]}
        for step, branch in zip(module.dilations, module.atrous, strict=True):
            views[f"3x3 step {step}"] = branch(x)[:, :, middle, middle]
        views["pooled"] = module.overall_norm(module.overall(x.mean((2, 3)))).relu()
        return {name: _field(view, x) for name, view in views.items()}


def _field(view: Tensor, x: Tensor) -> list[list[float]]:
    (gradient,) = torch.autograd.grad(view.sum(), x, retain_graph=True)
    field = gradient.abs().double().mean(dim=(0, 1))
    rows: list[list[float]] = (field / field.max().clamp(min=1e-300)).tolist()
    return [[round(value, 6) for value in row] for row in rows]


def structure(
    full: Mapping[str, Mapping[str, int]], count_macs: Callable[[nn.Module, Tensor], int]
) -> dict[str, Any]:
    """What diagrams, listings and Figure 3 need; no training.

    Args:
        full: parameters and multiply-accumulates of each row's network at its published size.
        count_macs: counts multiply-accumulates of a module on an input.

    Returns:
        `architecture` (diagrams), `costs` of single blocks, the listings `generator` and
        `trainings`, and `receptive_field` of an MSFM before training.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        module = MSFM(32).eval()
    reach = {"1x1": 1} | {f"3x3 step {step}": 2 * step + 1 for step in module.dilations}
    maps = receptive_fields(module)
    return counts(count_macs) | {"receptive_field": {"maps": maps, "reach": reach}}


def trained(networks: Mapping[str, nn.Module], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the figures show of trained networks.

    Args:
        networks: trained networks by method id.
        pictures: blurred pictures (1, 3, H, W) by "<data set>/<name>".

    Returns:
        `eca_weights` and `afem_gates`: histograms of channel weights over all pictures, by place
        and method; `modules`: how far the weights of each kind of gate left their start, and under
        "over pictures" how much they differ between pictures.
    """
    histograms: dict[str, dict[str, Any]] = {"ECA": {}, "AFEM": {}}
    moved: dict[str, dict[str, dict[str, float]]] = {"ECA": {}, "AFEM": {}}
    for method, network in networks.items():
        for kind, places in _seen(network, pictures).items():
            weights = torch.cat(list(places.values()), dim=1)  # (pictures, channels)
            moved.setdefault(kind, {})[method] = _moved(weights)
            moved.setdefault(f"{kind} over pictures", {})[method] = _varied(weights)
            for path, own in places.items() if kind in histograms else ():
                histograms[kind].setdefault(_title(path), {})[method] = _histogram(own)
    edges = torch.linspace(0, 1, BINS + 1).tolist()
    return {
        "eca_weights": {"edges": edges, "panels": histograms["ECA"]},
        "afem_gates": {"edges": edges, "panels": dict(sorted(histograms["AFEM"].items()))},
        "modules": moved,
    }


def _seen(network: nn.Module, pictures: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Channel weights (pictures, channels) by kind of gate and path; none of fixed gates."""
    modules = dict(network.named_modules())
    looked = [
        factors(network, blurred[..., :LARGEST, :LARGEST], kinds=tuple(KINDS))
        for blurred in pictures.values()
        if any(isinstance(one, tuple(KINDS)) for one in modules.values())
    ]
    found: dict[str, dict[str, Tensor]] = {}
    for path in looked[0] if looked else ():
        if getattr(modules[path], "fixed", None) is None:
            weights = torch.cat([one[path] for one in looked])
            found.setdefault(KINDS[type(modules[path])], {})[path] = weights
    return found


def _moved(weights: Tensor) -> dict[str, float]:
    return _told(START, float(weights.mean()), float((weights - START).abs().mean()))


def _varied(weights: Tensor) -> dict[str, float]:
    spread = float(weights.std(dim=0, correction=0).mean())
    return _told(0.0, spread, spread)


def _told(start: float, value: float, moved: float) -> dict[str, float]:
    return {"start": start, "value": round(value, 4), "moved": round(moved, 4), "least": LEAST}


def _title(path: str) -> str:
    """Name for readers: "encoder 0" for "fpn.on_encoder.0.0", "head 1" for "head1.gate"."""
    for start, name in (("fpn.on_encoder.", "encoder"), ("fpn.on_lateral.", "lateral")):
        if path.startswith(start):
            return f"{name} {path.removeprefix(start).split('.')[0]}"
    return f"head {path[4]}" if path.startswith("head") else "joined heads"


def _histogram(values: Tensor) -> dict[str, Any]:
    counts = torch.histc(values.float(), BINS, 0, 1)
    return {
        "shares": [round(one, 5) for one in (counts / values.numel()).tolist()],
        "mean": round(float(values.mean()), 4),
        "spread": round(float(values.std()), 4),
    }

"""What the figures of li2026 look inside for: reach of MSFM's branches, weights of ECA and AFEM.

`structure` (no training needed) and `trained` are what `collecting` and `running` call.
Everything returned is plain lists, dicts and numbers, ready for JSON.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.papers.li2026.network import AFEM, ECA, MSFM, MultiAttentionGenerator
from deblur_lib.papers.li2026.structure import counts

BINS = 100  # of a histogram over weights from 0 to 1
START = 0.5  # gates are sigmoids of numbers near zero before training
LEAST = 0.05  # mean departure from the start: a channel weighed by less than a tenth is as it was
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

    Source: li2026, Sec. 3.1 (E7 to E9).
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


def gates(network: nn.Module, blurred: Tensor) -> dict[str, Tensor]:
    """Weights that every ECA and AFEM of a network gives its channels, (B, C), by its path.

    Args:
        network: in evaluation mode.
        blurred: (B, 3, H, W); the largest part of it whose sides are multiples of 32 is used.
    """
    found: dict[str, Tensor] = {}

    def keep(path: str) -> Callable[..., None]:
        def note(module: ECA | AFEM, inputs: tuple[Tensor, ...]) -> None:
            found[path] = module.weights(inputs[0])

        return note

    handles = [
        module.register_forward_pre_hook(keep(path))
        for path, module in network.named_modules()
        if isinstance(module, ECA | AFEM)
    ]
    height, width = (min(LARGEST, side) // 32 * 32 for side in blurred.shape[-2:])
    try:
        with torch.no_grad():
            network(blurred[..., :height, :width])
    finally:
        for handle in handles:
            handle.remove()
    return found


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
        and method; `modules`: how far the weights of "ECA" and "AFEM" left their start.
    """
    own = {
        method: one for method, one in networks.items() if isinstance(one, MultiAttentionGenerator)
    }
    eca: dict[str, dict[str, Any]] = {}
    afem: dict[str, dict[str, Any]] = {}
    moved: dict[str, dict[str, dict[str, float]]] = {"ECA": {}, "AFEM": {}}
    for method, network in own.items():
        modules = dict(network.named_modules())
        seen: dict[str, list[Tensor]] = {}
        for blurred in pictures.values():
            for path, weights in gates(network, blurred).items():
                seen.setdefault(path, []).append(weights.flatten())
        for path, parts in seen.items():
            panels = eca if isinstance(modules[path], ECA) else afem
            panels.setdefault(_title(path), {})[method] = _histogram(torch.cat(parts))
        for name, kind in (("ECA", ECA), ("AFEM", AFEM)):
            mine = [one for path in seen if isinstance(modules[path], kind) for one in seen[path]]
            if mine:
                moved[name][method] = _moved(torch.cat(mine))
    edges = torch.linspace(0, 1, BINS + 1).tolist()
    return {
        "eca_weights": {"edges": edges, "panels": eca},
        "afem_gates": {"edges": edges, "panels": dict(sorted(afem.items()))},
        "modules": moved,
    }


def _moved(weights: Tensor) -> dict[str, float]:
    return {
        "start": START,
        "value": round(float(weights.mean()), 4),
        "moved": round(float((weights - START).abs().mean()), 4),
        "least": LEAST,
    }


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

"""Architecture tables read off a built network, so that no page types a layer by hand.

Under `torch.device("meta")` a network and its example cost no memory and no arithmetic, which
makes the table of a full-size network a matter of milliseconds.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

ACTIVATIONS = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.PReLU,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.Hardtanh,
    nn.Sigmoid,
    nn.Tanh,
)
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def layer_table(
    network: nn.Module,
    *example: Tensor,
    depth: int | None = None,
    whole: tuple[type[nn.Module], ...] = (),
    fold: bool = True,
) -> list[dict[str, Any]]:
    """List the layers of a network in the order in which they first run.

    Layers that never run have no row; a module that owns parameters beside its parts has a row of
    its own for them, so the parameters of all rows add up to those of everything that runs.

    Args:
        network: any network; its training flag is left as found.
        example: what it is called with, (B, C, H, W) each.
        depth: modules nested deeper than this stay inside their parent's row; None opens all.
            Containers (Sequential, ModuleList, ModuleDict) do not count as a level.
        whole: classes that are one row each, e.g. residual blocks.
        fold: join an activation to the row of the layer before it ("Conv2d + ReLU").

    Returns:
        One dict per row, ready for JSON: name (path in the network), kind, kernel and stride
        ([h, w] or None), output (shape without the batch axis, or None when it is no tensor),
        parameters (each counted once) and calls (times the layer ran).
    """
    watched = dict(_rows(network, depth, whole))
    found: dict[str, dict[str, Any]] = {}

    def note(name: str, module: nn.Module, output: Any) -> None:
        if name in found:
            found[name]["calls"] += 1
        else:
            found[name] = _row(name, module, output, own=not watched[name])

    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda module, _, output, name=name: note(name, module, output)
        )
        for name in watched
    ]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(*example)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    _count_once(network, found, watched)
    return _folded(network, list(found.values())) if fold else list(found.values())


def listing(rows: list[dict[str, Any]], *, first: int = 1) -> list[dict[str, Any]]:
    """Rows of `layer_table` for readers; neighbours that differ by name only share one row.

    Args:
        rows: layers in order.
        first: number of the first layer.

    Returns:
        One dict per group: layers ("2 to 20"), kind, kernel ("5x5" or ""), stride, output
        ("128x128x64": width, height, channels) and parameters of all layers of the group.
    """
    groups: list[tuple[int, int, dict[str, Any]]] = []  # first and last number, the first row
    for number, row in enumerate(rows, start=first):
        start, _, before = groups[-1] if groups else (0, 0, {})
        if before and _unnamed(before) == _unnamed(row):
            groups[-1] = (start, number, before)
        else:
            groups.append((number, number, row))
    return [
        {
            "layers": str(start) if start == end else f"{start} to {end}",
            "kind": row["kind"],
            "kernel": "x".join(map(str, row["kernel"] or ())),
            "stride": row["stride"][0] if row["stride"] else "",
            "output": "x".join(map(str, reversed(row["output"] or []))),
            "parameters": row["parameters"] * (end - start + 1),
        }
        for start, end, row in groups
    ]


def _unnamed(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "name"}


def receptive_field(rows: list[dict[str, Any]]) -> int:
    """Side, in pixels, of the input square that one output pixel of a plain chain looks at.

    Args:
        rows: all layers of the chain, see `layer_table`; every row with a kernel counts once.
    """
    side, step = 1, 1
    for row in rows:
        if row["kernel"]:
            side += (max(row["kernel"]) - 1) * step
            step *= max(row["stride"])
    return side


def _rows(
    module: nn.Module,
    depth: int | None,
    whole: tuple[type[nn.Module], ...],
    name: str = "",
    level: int = 0,
) -> Iterator[tuple[str, bool]]:
    """Paths of the modules that get a row; True where the row stands for all that is inside."""
    children = list(module.named_children())
    closed = not children or isinstance(module, whole) or (depth is not None and level >= depth)
    if closed and not isinstance(module, CONTAINERS):
        if not isinstance(module, nn.Identity):
            yield name, True
        return
    if any(True for _ in module.parameters(recurse=False)):
        yield name, False
    for child_name, child in children:
        deeper = level + (not isinstance(child, CONTAINERS))
        yield from _rows(child, depth, whole, f"{name}.{child_name}".lstrip("."), deeper)


def _row(name: str, module: nn.Module, output: Any, *, own: bool) -> dict[str, Any]:
    last = output[-1] if isinstance(output, tuple | list) and output else output
    return {
        "name": name,
        "kind": type(module).__name__ + (" (own)" if own else ""),
        "kernel": _pair(getattr(module, "kernel_size", None)),
        "stride": _pair(getattr(module, "stride", None)),
        "output": list(last.shape[1:]) if isinstance(last, Tensor) else None,
        "parameters": 0,
        "calls": 1,
    }


def _pair(size: Any) -> list[int] | None:
    if isinstance(size, int):
        return [size, size]
    return [int(one) for one in size] if isinstance(size, tuple) else None


def _count_once(
    network: nn.Module, found: dict[str, dict[str, Any]], watched: dict[str, bool]
) -> None:
    """Give every parameter to the first row that holds it."""
    seen: set[int] = set()
    for name, row in found.items():
        for parameter in network.get_submodule(name).parameters(recurse=watched[name]):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                row["parameters"] += parameter.numel()


def _folded(network: nn.Module, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for row in rows:
        activation = isinstance(network.get_submodule(row["name"]), ACTIVATIONS)
        if activation and joined and joined[-1]["output"] == row["output"]:
            joined[-1]["kind"] += f" + {row['kind']}"
            joined[-1]["parameters"] += row["parameters"]
        else:
            joined.append(row)
    return joined

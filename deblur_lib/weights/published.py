"""Weights that others published: containers unpacked, wrapper prefixes removed, loaded strictly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from deblur_lib.errors import CheckpointError
from deblur_lib.weights.tensors import read_tensors

WRAPPERS = ("module.", "_orig_mod.", "_forward_module.")  # data parallel, compiled, Fabric
CONTAINERS = ("params_ema", "params", "state_dict", "model_state_dict", "model", "generator", "net")
SHOWN = 5  # names listed for each kind of mismatch


def load_published(path: Path, network: nn.Module, *, allow_partial: bool = False) -> None:
    """Fill a network from a published file.

    Args:
        path: .safetensors, or a .pth/.pt/.ckpt that holds nothing but tensors and plain values.
        network: built with the options those weights were trained with.
        allow_partial: accept missing and unexpected names; shapes must still fit.

    Raises:
        CheckpointError: unreadable, holds code or several networks, or does not fit.
    """
    fill(network, read_published(path), source=str(path), allow_partial=allow_partial)


def read_published(path: Path) -> dict[str, Tensor]:
    """Named tensors of a published file; errors as `load_published`."""
    path = Path(path)
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; check the path") from None
    except Exception as error:  # whatever a damaged or foreign file makes of the reader
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{path} holds more than tensors, is cut short or is no such file ({why}); it was not "
            "run. Take an untouched copy, or convert it to safetensors where you trust it"
        ) from error
    return _unpack(held, path)


def _unpack(held: Any, path: Path) -> dict[str, Tensor]:
    while isinstance(held, Mapping):
        if held and all(isinstance(one, Tensor) for one in held.values()):
            return dict(held)
        found = [name for name in CONTAINERS if isinstance(held.get(name), Mapping)]
        if not found:
            break
        held = held[found[0]]
    names = sorted(map(str, held)) if isinstance(held, Mapping) else type(held).__name__
    raise CheckpointError(
        f"{path} holds no network under any of {', '.join(CONTAINERS)}; found {names}; store the "
        "state dict alone"
    )


def unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors without the prefixes that parallel and compiled wrappers add to all."""
    names = dict(tensors)
    while True:
        for wrapper in WRAPPERS:
            if names and all(name.startswith(wrapper) for name in names):
                names = {name.removeprefix(wrapper): one for name, one in names.items()}
                break
        else:
            return names


def fill(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    allow_partial: bool = False,
) -> None:
    """Copy tensors into a network by name, strictly.

    Raises:
        CheckpointError: see `check_fit`; the network is unchanged.
    """
    given = check_fit(network, tensors, source=source, allow_partial=allow_partial)
    network.load_state_dict(given, strict=not allow_partial)


def check_fit(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    allow_partial: bool = False,
) -> dict[str, Tensor]:
    """The tensors by the network's own names, which need no memory of their own.

    Raises:
        CheckpointError: names or shapes differ; the text lists them.
    """
    given, wanted = unwrapped(tensors), network.state_dict()
    missing = [] if allow_partial else sorted(wanted.keys() - given.keys())
    extra = [] if allow_partial else sorted(given.keys() - wanted.keys())
    shapes = [
        f"{name} (file {tuple(given[name].shape)}, network {tuple(wanted[name].shape)})"
        for name in sorted(given.keys() & wanted.keys())
        if given[name].shape != wanted[name].shape
    ]
    if missing or extra or shapes:
        raise CheckpointError(
            f"{source} does not fit {type(network).__name__} ({len(wanted)} tensors):"
            + _listed("missing in the file", missing)
            + _listed("unexpected in the file", extra)
            + _listed("of another shape", shapes)
            + "\nbuild the network with the options these weights were trained with"
        )
    return given


def _listed(title: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"\n  {len(names)} {title}: {', '.join(names[:SHOWN])}{more}"

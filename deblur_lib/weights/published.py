"""Weights that others published, put into a network of ours: by name, strictly, and told.

What stands before all names, second names of one tensor and counters of wrappers are settled. All
else must fit: a difference is told so that a reader sees what to change.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from deblur_lib.errors import CheckpointError
from deblur_lib.nn.aliases import respelled
from deblur_lib.weights.containers import open_container, prefixes, unwrapped

SHOWN = 5  # lines for each kind of difference
# what wrappers and counters of operations leave in a state dict; no network computes by it
STRAY = re.compile(r"(^|\.)(n_averaged|total_ops|total_params|num_updates|decay)$")
COUNTER = "num_batches_tracked"  # of norms; files from before 2018 lack it, and nothing reads it
ADVICE = "build the network with the options these weights were trained with"


def load_published(path: Path, network: nn.Module, *, allow_partial: bool = False) -> None:
    """Fill a network from a published file or a folder of parts.

    Args:
        path: see `containers`.
        network: built with the options those weights were trained with.
        allow_partial: accept missing and unexpected names; shapes must still fit.

    Raises:
        CheckpointError: unreadable, holds code or several networks, or does not fit.
    """
    fill(network, read_published(path), source=str(path), allow_partial=allow_partial)


def read_published(path: Path) -> dict[str, Tensor]:
    """Named tensors of a published file; errors as `load_published`."""
    return open_container(path).tensors


@dataclass(frozen=True)
class Fit:
    """Tensors of a file held against a network.

    Attributes:
        given: tensors by the network's own names.
        missing: names of the network that the file lacks.
        extra: names in the file that the network does not have.
        shapes: names whose shapes differ, each with both.
        told: what was settled on the way, in words.
        wanted: tensors of the network.
    """

    given: dict[str, Tensor]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    shapes: tuple[str, ...]
    told: tuple[str, ...]
    wanted: int

    @property
    def fits(self) -> bool:
        """Nothing is missing, left over or of another shape."""
        return not (self.missing or self.extra or self.shapes)

    @property
    def distance(self) -> int:
        """How many names differ."""
        return len(self.missing) + len(self.extra) + len(self.shapes)

    def difference(self) -> str:
        """What does not fit, a line for each group of names."""
        return (
            _listed("missing in the file", self.missing)
            + _listed("unexpected in the file", self.extra)
            + _listed("of another shape", self.shapes, whole=True)
        )


def fit(network: nn.Module, tensors: Mapping[str, Tensor]) -> Fit:
    """Hold tensors against a network, which may be one without memory; neither changes."""
    wanted, told = network.state_dict(), list[str]()
    plain = unwrapped(tensors)
    prefix = prefixes(list(plain), list(wanted))[0]
    inside = {
        name.removeprefix(prefix): one for name, one in plain.items() if name.startswith(prefix)
    }
    if len(inside) < len(plain):
        beside = Counter(_top(name) for name in plain if not name.startswith(prefix))
        parts = ", ".join(f"{name} ({count})" for name, count in sorted(beside.items())[:SHOWN])
        told.append(f"took what stands below {prefix!r}; left out {parts}")
    given = respelled(network, inside)
    stray = [name for name in given if STRAY.search(name) and name not in wanted]
    if stray:
        told.append(f"left out {len(stray)} counters of wrappers, first {stray[0]}")
    given = {name: one for name, one in given.items() if name not in stray}
    counters = [name for name in wanted.keys() - given.keys() if name.endswith(COUNTER)]
    if counters and len(counters) == sum(name.endswith(COUNTER) for name in wanted):
        told.append(f"{len(counters)} counters of norms were not stored then; they begin at 0")
        given |= dict.fromkeys(counters, torch.zeros((), dtype=torch.int64, device="cpu"))
    shapes = tuple(
        f"{name} (file {tuple(given[name].shape)}, network {tuple(one.shape)})"
        for name, one in wanted.items()
        if name in given and given[name].shape != one.shape
    )
    missing = tuple(name for name in wanted if name not in given)
    extra = tuple(name for name in given if name not in wanted)
    return Fit(given, missing, extra, shapes, tuple(told), len(wanted))


def fill(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    allow_partial: bool = False,
) -> tuple[str, ...]:
    """Copy tensors into a network by name, strictly.

    Returns:
        What was settled on the way, in words.

    Raises:
        CheckpointError: see `check_fit`; the network is unchanged.
    """
    found = check_fit(network, tensors, source=source, allow_partial=allow_partial)
    network.load_state_dict(found.given, strict=not allow_partial)
    return found.told


def check_fit(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    allow_partial: bool = False,
    advice: str = ADVICE,
) -> Fit:
    """The tensors by the network's own names, which need no memory of their own.

    Raises:
        CheckpointError: names or shapes differ; the text lists them.
    """
    found = fit(network, tensors)
    if found.shapes or not (allow_partial or found.fits):
        raise CheckpointError(
            f"{source} does not fit {type(network).__name__} ({found.wanted} tensors):"
            f"{found.difference()}\n{advice}"
        )
    return found


def _top(name: str) -> str:
    head, dot, _ = name.partition(".")
    return f"{head}{dot}"


def _listed(title: str, names: Sequence[str], *, whole: bool = False) -> str:
    """A line for names, alike ones together: "encoder.0.* (4)"."""
    if not names:
        return ""
    lines = list(names) if whole or len(names) <= SHOWN else _grouped(names)
    more = f", and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return f"\n  {len(names)} {title}: {', '.join(lines[:SHOWN])}{more}"


def _grouped(names: Sequence[str]) -> list[str]:
    """Names gathered at the depth that leaves few groups but more than one, if it can be."""
    deepest = max(name.count(".") for name in names)
    for depth in range(deepest, -1, -1):
        groups = Counter(".".join(name.split(".")[: depth + 1]) for name in names)
        if len(groups) <= SHOWN:
            return [
                name if name in names else f"{name}.* ({count})" for name, count in groups.items()
            ]
    return [f"{name}.* ({count})" if count > 1 else name for name, count in groups.items()]

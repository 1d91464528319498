"""Every network by name: `build("mimo_unet", base_channels=8)`. Listing names loads no torch."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from deblur_lib import papers
from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.networks import DISCRIMINATORS, NETWORKS
from deblur_lib.spec import misfit

if TYPE_CHECKING:
    from torch import nn

    from deblur_lib.nn import Deblurrer


# Networks whose forward pass in training is bfloat16 where neither request nor profile says
# another; all others take float32. Steps were timed at demo and study size on a processor with
# units for bfloat16: it pays where it saves about a fifth or more, since a processor without them
# takes several times as long. A run is the same everywhere.
BF16 = frozenset({
    *("dbgan", "deepdeblur", "dmphn", "mimo_unet", "mimo_unet_plus", "mtrnn", "plain_unet"),
    *("sang2018", "srn", "svrnn", "wan2023", "zhao2020"),
})  # fmt: skip


def precision(network: str) -> Literal["bf16", "fp32"]:
    """Precision of a network's forward pass in training, where nothing else is asked for."""
    return "bf16" if network in BF16 else "fp32"


def networks() -> dict[str, str]:
    """Where each network lives ("module:Class"), comparators and papers' own alike."""
    found = dict(NETWORKS)
    for paper in papers.names():
        for name, where in papers.load(paper).networks.items():
            found[name] = f"deblur_lib.papers.{paper}.network:{where}"
    return found


def discriminators() -> dict[str, str]:
    """Where each discriminator lives ("module:Class"), shared and papers' own alike."""
    found = dict(DISCRIMINATORS)
    for paper in papers.names():
        for name, where in papers.load(paper).discriminators.items():
            found[name] = f"deblur_lib.papers.{paper}.network:{where}"
    return found


def build(name: str, **options: Any) -> Deblurrer:
    """Build a network with fresh weights.

    Args:
        name: catalogue name, see `networks`.
        options: keyword arguments of the network.

    Raises:
        UsageError: unknown network or option (with the nearest known names), or a value of the
            wrong type.
    """
    network: Deblurrer = _build("network", networks(), name, options)
    return network


def build_discriminator(name: str, **options: Any) -> nn.Module:
    """Build a discriminator with fresh weights; errors as `build`."""
    network: nn.Module = _build("discriminator", discriminators(), name, options)
    return network


def network_class(name: str) -> type[Deblurrer]:
    """The class of a network; loads torch."""
    found: type[Deblurrer] = _class("network", networks(), name)
    return found


def signature(name: str) -> dict[str, Any]:
    """Options of a network with their defaults; loads torch."""
    return _options("network", networks(), name)


def discriminator_signature(name: str) -> dict[str, Any]:
    """Options of a discriminator with their defaults; loads torch."""
    return _options("discriminator", discriminators(), name)


def _options(kind: str, known: dict[str, str], name: str) -> dict[str, Any]:
    parameters = inspect.signature(_class(kind, known, name)).parameters
    return {key: one.default for key, one in parameters.items()}


def _class(kind: str, known: dict[str, str], name: str) -> Any:
    if name not in known:
        raise UsageError(unknown_name(kind, name, known))
    module, _, attribute = known[name].partition(":")
    return getattr(import_module(module), attribute)


def _build(kind: str, known: dict[str, str], name: str, options: dict[str, Any]) -> Any:
    cls = _class(kind, known, name)
    accepted = inspect.signature(cls).parameters
    for option in options:
        if option not in accepted:
            raise UsageError(
                unknown_name(f"option of {name}", option, accepted, see=f"help({cls.__name__})")
            )
    hints = get_type_hints(cls.__init__, include_extras=True)
    for option, value in options.items():
        problem = misfit(hints.get(option, Any), value)
        if problem:
            raise UsageError(
                f"option {option} of {name}: {problem}, got {value!r}; see help({cls.__name__})"
            )
    return cls(**options)

"""Which network tensors belong to, and with which options, read off their names and shapes.

A guess counts only where the network it names then fits strictly. What leaves no trace in names
and shapes (which statistics a norm uses, whether the input is added) is told by a preset, or as
not seen.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deblur_lib import catalogue
from deblur_lib.errors import CheckpointError, DeblurError
from deblur_lib.spec import Options
from deblur_lib.weights.presets import Preset, preset, presets, signs
from deblur_lib.weights.published import Fit, fit

UNSEEN = ("start", "tail", "backbone_weights", "backbone_width", "dropout")  # change no result


@dataclass(frozen=True)
class Recognised:
    """What tensors are.

    Attributes:
        network: catalogue name.
        options: what it is built with.
        fit: the tensors held against that network.
        preset: the official file, where the name of the file or the caller says so.
        told: what was decided on the way, in words.
    """

    network: str
    options: Options
    fit: Fit
    preset: Preset | None
    told: tuple[str, ...]


def recognise(
    tensors: Mapping[str, Tensor],
    path: Path,
    *,
    known: str = "",
    network: str = "",
    options: Mapping[str, Any] | None = None,
) -> Recognised:
    """Find the network of tensors.

    Args:
        tensors: as `containers` gives them.
        path: where they come from; official names count.
        known: id of the preset, where the caller knows it.
        network: catalogue name, where the caller knows it.
        options: options that the caller sets; they replace what is read.

    Raises:
        UsageError: an unknown preset, network or option.
        CheckpointError: no network is recognised, or the nearest does not fit; the text says how.
    """
    asked = dict(options or {})
    found = preset(known) if known else _by_name(tensors, path, network)
    if found:
        tensors = _without(found, tensors)
    names = (found.network,) if found else (network,) if network else _signed(tensors)
    if not names:
        raise CheckpointError(
            f"{path} holds tensors of no network that is recognised (first "
            f"{', '.join(list(tensors)[:3])}); name it with --network, see `deblur list`"
        )
    tried = [_tried(name, found, tensors, asked) for name in names]
    best = min(tried, key=lambda one: (one.fit.distance, len(one.options)))
    if not best.fit.fits:
        raise CheckpointError(
            f"{path} does not fit {best.network} with options {best.options or 'as usual'} "
            f"({best.fit.wanted} tensors):{best.fit.difference()}\n{_advice(best, tensors)}"
        )
    return best


def _by_name(tensors: Mapping[str, Tensor], path: Path, network: str) -> Preset | None:
    """The official file that a path is called like, if its tensors fit; the nearest of several."""
    called = [one for one in presets().values() if one.names(path)]
    seen = (network,) if network else _signed(tensors)
    called = [one for one in called if one.network in seen]
    return next((one for one in called if agrees(one, _without(one, tensors))), None)


def _without(known: Preset, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors without those that an official file holds besides its network."""
    drop = known.drop and re.compile(known.drop)
    return {name: one for name, one in tensors.items() if not (drop and drop.search(name))}


def agrees(known: Preset, tensors: Mapping[str, Tensor]) -> bool:
    """Whether the options of a preset, the usual ones included, are those read off tensors."""
    full = {**catalogue.signature(known.network), **known.options}
    read = options_of(known.network, tensors)
    return bool(read) and all(_plain(full[name]) == value for name, value in read.items())


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _signed(tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Networks that have a sign among the tensors; several where they share their structure."""
    return tuple(name for name, sign in signs().items() if _match(sign["sign"], tensors))


def _tried(
    name: str, known: Preset | None, tensors: Mapping[str, Tensor], asked: Mapping[str, Any]
) -> Recognised:
    read = options_of(name, tensors)
    usual, told = catalogue.signature(name), list[str]()
    options = {one: value for one, value in read.items() if _plain(usual.get(one)) != value}
    same = [one for one in presets().values() if one.network == name and not one.drop]
    alike = [one for one in same if agrees(one, tensors)]
    if known:
        options |= known.options
        told.append(f"the official file {known.id}")
    elif alike:
        evaluation = alike[0].options
        options = {**evaluation, **options}
        told.append(f"of the shape of the official {' or '.join(one.id for one in alike)}")
    options |= asked
    set_apart = {*read, *options, *UNSEEN}
    unseen = [f"{one}={usual[one]!r}" for one in usual if one not in set_apart]
    if unseen:
        told.append(f"cannot be seen in tensors, taken as usual: {', '.join(unseen)}")
    try:
        with torch.device("meta"):
            empty = catalogue.build(name, **options)
    except DeblurError:
        raise
    except Exception as error:  # whatever a constructor meets in a value that cannot be
        raise CheckpointError(
            f"options {options} build no {name} ({error}); give others with --option"
        ) from error
    held = fit(empty, tensors)
    return Recognised(name, options, held, known, (*told, *held.told))


def _advice(best: Recognised, tensors: Mapping[str, Tensor]) -> str:
    read = options_of(best.network, tensors)
    usual = {**catalogue.signature(best.network), **best.options}
    differ = {one: value for one, value in read.items() if _plain(usual.get(one)) != value}
    if differ:
        said = ", ".join(f"{name}={value}" for name, value in differ.items())
        return f"the tensors speak of {said}; leave these options out, or give them with --option"
    return "name network and options it was trained with: --network, --option"


def options_of(network: str, tensors: Mapping[str, Tensor]) -> Options:
    """Options that names and shapes tell; fewer where they are not those of that network."""
    found = {}
    for option, form in signs().get(network, {}).get("options", {}).items():
        value = _read(form, tensors)
        if value is not None:
            found[option] = value
    return found


def _match(name: str, tensors: Mapping[str, Tensor], *, whole: bool = False) -> list[re.Match[str]]:
    plain = name.replace(".", r"[./]").replace(r"\[./]", r"\.")
    pattern = re.compile(rf"(?:^|[./]){plain}" + ("$" if whole else ""))
    return [found for one in tensors if (found := pattern.search(one))]


def _axis(place: list[Any], tensors: Mapping[str, Tensor]) -> int | None:
    name, axis = place
    for found in _match(name, tensors, whole=True):
        shape = tensors[found.string].shape
        return int(shape[axis]) if axis < len(shape) else None
    return None


def _read(form: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Value of one form of signs.yaml, None where the names it needs are not there."""
    if not isinstance(form, dict):
        return form
    return READERS[next(iter(form))](form, tensors)


def _length(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> int | None:
    value, less = _axis(form["axis"], tensors), 0
    if "less" in form:
        less = _axis(form["less"], tensors) or 0
    return None if value is None else int((value - less) * form.get("times", 1))


def _ratio(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> int | None:
    over, under = (_axis(place, tensors) for place in form["ratio"])
    return over // under if over and under else None


def _count(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> int | None:
    values = {found[1] for found in _match(form["count"], tensors)}
    return len(values) - form.get("less", 0) if values else None


def _counts(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> list[int] | None:
    groups: dict[int, set[str]] = {}
    for found in _match(form["counts"], tensors):
        groups.setdefault(int(found[1]), set()).add(found[2])
    return [len(groups[one]) for one in sorted(groups)] or None


def _has(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    there = (value for name, value in form["has"].items() if _match(name, tensors))
    return _read(next(there, form["else"]), tensors)


def _list(form: dict[str, Any], tensors: Mapping[str, Tensor]) -> list[Any] | None:
    values = [_read(one, tensors) for one in form["list"]]
    return None if None in values else values


READERS: dict[str, Callable[[dict[str, Any], Mapping[str, Tensor]], Any]] = {
    "axis": _length,
    "ratio": _ratio,
    "count": _count,
    "counts": _counts,
    "has": _has,
    "list": _list,
}

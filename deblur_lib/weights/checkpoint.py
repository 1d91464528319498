"""Checkpoints that say what they are: weights as safetensors, everything else as JSON beside them.

The JSON (the card) is written last and holds the SHA-256 of the weights, so a pair is whole or is
not read. While a pair is replaced the old weights wait under `.previous`, where reading finds them.
"""

import dataclasses
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from deblur_lib import catalogue, files, provenance
from deblur_lib.errors import CheckpointError, RecordError
from deblur_lib.nn import Deblurrer
from deblur_lib.records import read_json, write_json
from deblur_lib.spec import STRICT
from deblur_lib.weights.fingerprint import fingerprint_of, gap
from deblur_lib.weights.keeping import Keeping
from deblur_lib.weights.published import check_fit, constructing, fill
from deblur_lib.weights.tensors import read_tensors, write_tensors


@dataclass(frozen=True, config=STRICT)
class Card:
    """What a checkpoint says about itself.

    Attributes:
        network: catalogue name, or the class name of a network outside the catalogue.
        options: keyword arguments it was built with.
        step: optimiser steps behind these weights.
        metrics: scores at that step, by convention ("psnr-rgb").
        run: run id or settings hash.
        data: digest of each data set used, by data id.
        library: version of deblur-lib.
        weight_set: which weights of the run these are ("best", "last").
        sha256: SHA-256 of the weights file.
        fingerprint: values of the output on a fixed small picture.
        notes: things a reader should know.
        origin: of weights from elsewhere: their files with digests, preset, repository, licence.
        keeping: which photographs `deblur restore` leaves alone; None for none, as long as it was
            not measured.
    """

    network: str
    options: dict[str, Any]
    step: int
    metrics: dict[str, float]
    run: str
    data: dict[str, str]
    library: str
    weight_set: str
    sha256: str
    fingerprint: list[float]
    notes: list[str] = Field(default_factory=list)
    origin: dict[str, Any] = Field(default_factory=dict)
    keeping: Keeping | None = None


_CARD = TypeAdapter(Card)
LARGEST = 1024  # what an option may be at most, unless its usual value is as large


def save(
    path: Path,
    network: nn.Module,
    *,
    name: str = "",
    options: Mapping[str, Any] | None = None,
    step: int = 0,
    metrics: Mapping[str, float] | None = None,
    run: str = "",
    data: Mapping[str, str] | None = None,
    notes: tuple[str, ...] = (),
    origin: Mapping[str, Any] | None = None,
) -> Card:
    """Write a network's weights and card; an earlier pair stays readable until both are done.

    Args:
        path: the weights file, ending in .safetensors; the card is the same name with .json.
        network: the network.
        name: catalogue name; the class name when empty.
        options: keyword arguments it was built with.
        step: optimiser steps behind these weights.
        metrics: scores at that step, by convention.
        run: run id or settings hash.
        data: digest of each data set used, by data id.
        notes: things a reader should know.
        origin: where weights of others come from.

    Raises:
        RecordError: full disk or unwritable folder; the earlier pair is still read.
    """
    path = Path(path)
    fresh = files.beside(path)
    write_tensors(fresh, network.state_dict())
    try:
        card = Card(
            network=name or type(network).__name__,
            options=dict(options or {}),
            step=step,
            metrics=dict(metrics or {}),
            run=run,
            data=dict(data or {}),
            library=provenance.versions(("deblur-lib",)).get("deblur-lib", ""),
            weight_set=path.stem,
            sha256=provenance.file_digest(fresh),
            fingerprint=fingerprint_of(network),
            notes=list(notes),
            origin=dict(origin or {}),
        )
        with files.writing(path):
            _replace(path, fresh, card)
    finally:
        fresh.unlink(missing_ok=True)
    return card


def _replace(path: Path, fresh: Path, card: Card) -> None:
    _set_aside(path)
    fresh.replace(path)
    try:
        write_json(path.with_suffix(".json"), _CARD.dump_python(card, mode="json"))
    except RecordError:
        if _previous(path).is_file():
            _previous(path).replace(path)
        raise
    _previous(path).unlink(missing_ok=True)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _set_aside(path: Path) -> None:
    """Keep the weights that the present card describes under `.previous`."""
    try:
        if weights_file(path, read_card(path)) == path:
            path.replace(_previous(path))
    except CheckpointError:
        return  # nothing whole to keep


def read_card(path: Path) -> Card:
    """The card beside a weights file.

    Raises:
        CheckpointError: missing, not JSON, or not a card.
    """
    beside = Path(path).with_suffix(".json")
    try:
        return _CARD.validate_json(json.dumps(read_json(beside)), strict=True)
    except RecordError as error:
        raise CheckpointError(
            f"{beside} does not describe {Path(path).name} ({error}); published weights get "
            "a card by `deblur weights add`"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise CheckpointError(
            f"{beside}: {first['msg']} at {'.'.join(map(str, first['loc']))}; it is not a card of "
            "this library, take an untouched copy"
        ) from error


def amend(path: Path, **changes: Any) -> Card:
    """Replace fields of the card beside a weights file; errors as `read_card`."""
    card = dataclasses.replace(read_card(path), **changes)
    write_json(Path(path).with_suffix(".json"), _CARD.dump_python(card, mode="json"))
    return card


def weights_file(path: Path, card: Card) -> Path:
    """The file whose digest is on the card: `path`, or what a cut-short write left aside."""
    came = "no file"
    for candidate in (_previous(path), path):
        if candidate.is_file():
            came = provenance.file_digest(candidate)
            if came == card.sha256:
                return candidate
    raise CheckpointError(
        f"{path} should have SHA-256 {card.sha256}, got {came}; it was cut short or changed: take "
        "another copy, or run the training again, which makes it anew"
    )


def load_weights(
    path: Path, network: nn.Module, *, name: str = "", allow_partial: bool = False
) -> Card:
    """Fill a network from one of our checkpoints and check that it computes what it did.

    Args:
        path: the .safetensors file.
        network: built with the card's options.
        name: catalogue name that the checkpoint must carry; unchecked when empty.
        allow_partial: accept missing and unexpected names, without the check of the output.

    Raises:
        CheckpointError: another network, names or shapes that differ, cut short, changed, pickled,
            or another output on the fixed picture.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise CheckpointError(
            f"{path.name} is not a .safetensors file; checkpoints hold no pickles; `deblur "
            "weights add` makes one of published weights of other kinds"
        )
    if not path.exists() and not path.with_suffix(".json").exists():
        raise CheckpointError(f"{path} is missing; train the network first, or check the path")
    card = read_card(path)
    if name and card.network != name:
        raise CheckpointError(
            f"{path} holds weights of {card.network!r} (options {card.options}), needed those of "
            f"{name!r}; choose the checkpoint of that network"
        )
    fill(network, read_tensors(weights_file(path, card)), source=str(path),
         allow_partial=allow_partial)  # fmt: skip
    drift = 0.0 if allow_partial else gap(card.fingerprint, fingerprint_of(network))
    if not drift <= 1:
        raise CheckpointError(
            f"{path} fits {card.network!r}, yet on the fixed picture its output differs by "
            f"{drift:.3g} times what two machines may; the code or the options {card.options} "
            f"changed since deblur-lib {card.library}, use those it was trained with"
        )
    return card


def open_network(path: Path) -> tuple[Deblurrer, Card]:
    """Build the network that a checkpoint names and fill it; errors as `load_weights`.

    A card may come from anywhere. What it asks for is built without memory first, and memory is
    taken only where the weights fit; a file that it names (weights of a backbone) is not opened,
    since the checkpoint holds all weights.
    """
    card = read_card(path)
    options = {
        name: None if name.endswith("_weights") else one for name, one in card.options.items()
    }
    _check_numbers(card, path)
    tensors = read_tensors(weights_file(path, card))
    with constructing(card.network, options, source=str(path)):
        with torch.device("meta"), _at_most(4 * len(tensors), path):
            empty = catalogue.build(card.network, **options)
        check_fit(empty, tensors, source=str(path))
        network = catalogue.build(card.network, **options)
        return network.eval(), load_weights(path, network, name=card.network)


@contextmanager
def _at_most(count: int, path: Path) -> Iterator[None]:
    """Stop the building of a network once it has more parameters than a file can fill."""
    left = itertools.count(count, -1)

    def one_more(*_: object) -> None:
        if next(left) < 0:
            raise CheckpointError(
                f"{path.with_suffix('.json')} asks for a network of more weights than "
                f"{path.name} holds; take an untouched copy"
            )

    hook = register_module_parameter_registration_hook(one_more)
    try:
        yield
    finally:
        hook.remove()


def _check_numbers(card: Card, path: Path) -> None:
    """Refuse options that would keep a constructor busy for hours."""
    usual = catalogue.signature(card.network)
    for name, value in card.options.items():
        most = max(LARGEST, 2 * _largest(usual.get(name)))
        if not _largest(value) <= most:
            raise CheckpointError(
                f"{path.with_suffix('.json')} asks for a network with {name} {str(value)[:40]}, at "
                f"most {most:g} can be; take an untouched copy"
            )


def _largest(value: Any) -> float:
    """The largest number in an option, whatever its sign; infinite where one is no number."""
    if isinstance(value, dict | list | tuple):
        return max(map(_largest, value.values() if isinstance(value, dict) else value), default=0)
    if not isinstance(value, int | float):
        return 0
    return abs(value) if value == value else math.inf

"""The folder of weights from elsewhere: put there with a card, found again by name."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from deblur_lib import catalogue
from deblur_lib.data.pictures.headers import PHOTOS, is_picture
from deblur_lib.errors import CheckpointError, UsageError, unknown_name
from deblur_lib.locks import held
from deblur_lib.weights import shipped
from deblur_lib.weights.checkpoint import Card, read_card, save
from deblur_lib.weights.containers import open_container
from deblur_lib.weights.published import fill
from deblur_lib.weights.recognise import Recognised, recognise

NAME = re.compile(r"[^\W_][\w.+-]*")
UNKNOWN = "not known: ask whoever published these weights before passing them on"


class Added(NamedTuple):
    """Weights put on the shelf.

    Attributes:
        path: the .safetensors file; its card lies beside it.
        card: the card.
        told: what was decided and left out on the way.
    """

    path: Path
    card: Card
    told: tuple[str, ...]


def add(
    source: Path,
    folder: Path,
    *,
    name: str = "",
    known: str = "",
    network: str = "",
    options: Mapping[str, Any] | None = None,
    licence: str = "",
    replace: bool = False,
    notes: tuple[str, ...] = (),
) -> Added:
    """Read published weights, fit them strictly into their network and store them with a card.

    Args:
        source: file, or folder of parts.
        folder: the shelf.
        name: name on the shelf; the preset's, or the file's, when empty.
        known: id of the preset.
        network: catalogue name.
        options: options that replace what is recognised.
        licence: what the card says of their use; the preset's when empty.
        replace: write over other weights of that name.
        notes: put on the card.

    Raises:
        UsageError: an unknown preset, network, option, or a name that is taken.
        CheckpointError: see `containers` and `recognise`.
    """
    with suppress(CheckpointError):
        card = read_card(source)
        raise UsageError(f"{source} has a card ({card.network}); every command takes its path")
    found = open_container(source)
    _check_finite(source, found.tensors)
    seen = recognise(found.tensors, source, known=known, network=network, options=options)
    name = name or (seen.preset.id if seen.preset else _called(source))
    if not NAME.fullmatch(name):
        raise UsageError(f"--name needs letters, digits and any of . _ + -, got {name!r}")
    path, told = folder / f"{name}.safetensors", (*found.told, *seen.told)
    with held(folder, f"the weights in {folder.name}"):
        _check_free(path, found.files, replace=replace)
        built = catalogue.build(seen.network, **seen.options).eval()
        fill(built, seen.fit.given, source=str(source))
        card = save(
            path,
            built,
            name=seen.network,
            options=seen.options,
            notes=(*told, *notes),
            origin=_origin(seen, found.files, licence),
        )
    return Added(path, card, told)


def _check_finite(source: Path, tensors: Mapping[str, Tensor]) -> None:
    broken = [name for name, one in tensors.items() if not one.isfinite().all()]
    if broken:
        raise CheckpointError(
            f"{source} holds NaN or infinite values in {len(broken)} of {len(tensors)} tensors, "
            f"first {broken[0]}; take an untouched copy or an earlier checkpoint"
        )


def _called(source: Path) -> str:
    plain = re.sub(r"[^\w.+-]+", "-", source.name if source.is_dir() else source.stem)
    return plain.removesuffix(".pth").strip("-._") or "weights"


def _check_free(path: Path, files: Mapping[str, str], *, replace: bool) -> None:
    if replace or not path.exists():
        return
    if read_card(path).origin.get("files") != dict(files):
        raise UsageError(
            f"{path.stem} holds other weights already; give another --name, or --replace them"
        )


def _origin(seen: Recognised, files: Mapping[str, str], licence: str) -> dict[str, Any]:
    known = seen.preset
    told = {
        "preset": known.id,
        "repository": known.repository,
        "trained_on": known.trained_on,
        "rounding": known.rounding,
        "scored": known.scored,
    } if known else {}  # fmt: skip
    stated = licence or (known.licence if known else "") or UNKNOWN
    return {"files": dict(files), **told, "licence": stated}


def stored(folder: Path) -> dict[str, Card]:
    """Cards of all weights on the shelf, by name; what has no whole card is passed over."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            found[path.stem] = read_card(path)
        except CheckpointError:
            continue
    return found


def place(name: str, folder: Path) -> Path:
    """The weights file that a name on the shelf, one that the package ships, or a path means.

    Raises:
        UsageError: neither, or weights as others publish them.
    """
    shelves = [folder / f"{name}.safetensors", shipped.FOLDER / f"{name}.safetensors"]
    for path in (*shelves, Path(name)):
        if path.suffix == ".safetensors" and path.is_file():
            return path
    if is_picture(Path(name), PHOTOS):
        raise UsageError(f"{name} is a picture; give weights, `deblur weights list` shows names")
    if name and Path(name).exists():
        raise UsageError(f"{name} has no card; `deblur weights add` makes one of published weights")
    if name.endswith(".safetensors"):
        raise UsageError(f"{name} is missing; check the path, `deblur weights list` shows names")
    known = [*stored(folder), *stored(shipped.FOLDER)]
    raise UsageError(unknown_name("stored weights", name, known, see="deblur weights list"))

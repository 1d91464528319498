"""What is known of the weight files that authors publish: network, options, licence. No torch."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic.dataclasses import dataclass

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.spec import STRICT, Options, parse

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, config=STRICT)
class Preset:
    """An official weight file.

    Attributes:
        id: name here, by which stored weights are called.
        network: catalogue name.
        options: what the network is built with; evaluation as published included.
        file: regular expression for the name of the file or folder, letter case aside.
        repository: owner and name of the repository that publishes it.
        published: where it lies there and how it is packed.
        licence: what the repository says of its use.
        trained_on: the data it was trained on.
        drop: regular expression for names of tensors that the network does not have.
        rounding: how the published program turns results to 8 bits: "nearest" or "down".
        scored: what else its published scores rest on.
    """

    id: str
    network: str
    options: Options
    file: str
    repository: str
    published: str
    licence: str
    trained_on: str
    drop: str = ""
    rounding: str = "nearest"
    scored: str = ""

    def names(self, path: Path) -> bool:
        """Whether a path is called as the official file is."""
        return any(re.search(self.file, one, re.IGNORECASE) for one in path.parts[-3:])


@cache
def presets() -> dict[str, Preset]:
    """All known official files, by id."""
    read = yaml.safe_load((FOLDER / "presets.yaml").read_text(encoding="utf-8"))
    found: tuple[Preset, ...] = parse(tuple[Preset, ...], read, source="weights/presets.yaml")
    return {one.id: one for one in found}


def preset(name: str) -> Preset:
    """An official file by its id.

    Raises:
        UsageError: none is called so.
    """
    if name not in presets():
        raise UsageError(unknown_name("preset", name, presets(), see="deblur weights list"))
    return presets()[name]


@cache
def signs() -> dict[str, Any]:
    """How options are read off tensors, by network; see signs.yaml."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / "signs.yaml").read_text(encoding="utf-8"))
    return read

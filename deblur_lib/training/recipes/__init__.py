"""Recipes by name: a network, its pictures and its training, each declared in a file of its own."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.data.generated.stream import Mixture
from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.spec import STRICT, Options, Train, parse

PLACE = Path(__file__).parent


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """All that a training needs but a seed and a folder.

    Attributes:
        title: one line for lists.
        why: what it is for, and where its choices come from.
        network: catalogue name; "" where the caller names it.
        options: of the network.
        train: the training.
        mixture: pictures to learn from, where no folder of pairs is given.
        validation: generated pairs that choose the best weights.
        checks: further sets of generated pairs that are scored and choose nothing, by name: shares
            of kinds of blur.
        precision: of the training; "auto" takes bf16 where the hardware multiplies it.
    """

    title: str
    why: str
    train: Train
    mixture: Mixture
    network: str = ""
    options: Options = field(default_factory=dict)
    validation: Annotated[int, Field(ge=1)] = 24
    checks: dict[str, dict[str, float]] = field(default_factory=dict)
    precision: Literal["auto", "fp32", "bf16"] = "auto"


def names() -> list[str]:
    """Recipes there are."""
    return sorted(path.stem for path in PLACE.glob("*.yaml"))


def read(name: str) -> Recipe:
    """A recipe by its name.

    Raises:
        UsageError: no recipe is called so.
        DeclarationError: its file does not fit.
    """
    if name not in names():
        raise UsageError(unknown_name("recipe", name, names(), see="deblur train --help"))
    path = PLACE / f"{name}.yaml"
    found: Recipe = parse(
        Recipe, yaml.safe_load(path.read_text(encoding="utf-8")), source=path.name
    )
    return found

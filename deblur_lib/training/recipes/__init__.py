"""Recipes by name: a network, its pictures and its training, each declared in a file of its own."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.data.generated.stream import Mixture
from deblur_lib.errors import DeclarationError, UsageError, unknown_name
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
    """A recipe by its name, or of a file of one's own.

    Args:
        name: of a recipe that there is, or a path that ends in .yaml.

    Raises:
        UsageError: no recipe is called so.
        DeclarationError: its file does not fit.
    """
    path = Path(name) if name.endswith(".yaml") else PLACE / f"{name}.yaml"
    if not path.is_file():
        see = "deblur train --help; a recipe of your own is a path that ends in .yaml"
        raise UsageError(unknown_name("recipe", name, names(), see=see))
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path} is no YAML file ({error}); mend it") from error
    found: Recipe = parse(Recipe, held, source=path.name)
    return found

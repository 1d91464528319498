"""The rows of a paper's tables, each a network with options or a printed name."""

from typing import Any

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from deblur_lib.profiles import PROFILES, ProfileName
from deblur_lib.spec.ground import STRICT, Options

LARGER = "the smoke budget shows the paper's own rows"
LONG = "the long run belongs to the study: about an hour of one core at GoPro's full length of blur"


@dataclass(frozen=True, config=STRICT)
class Method:
    """One row of a table: a network with options, or a printed row that nobody runs here.

    Attributes:
        id: name used in rows and printed cells ("wan2023_dffm").
        title: name shown to readers.
        network: catalogue name; None for a method that is only quoted, "identity" for the
            blurred picture scored as output.
        options: keyword arguments of the network.
        train: overrides of the paper's recipe.
        train_on: printed data set whose training pictures this row learns from ("realblur_j");
            "" takes the profile's.
        profiles: profiles in which this row is trained or scored.
        not_run: the reason shown where it is not run.
        control: True for a row that the paper does not print.
        weights_of: id of the row whose trained weights this one uses, of the same seed; nothing is
            trained, only `options` differ.
        trains: False for a method that nothing is trained for.
        apart: True for a long run, which compares with no other row and stands in no table.
    """

    id: str
    title: str
    network: str | None
    options: Options = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    train_on: str = ""
    profiles: tuple[ProfileName, ...] = PROFILES
    not_run: str = ""
    control: bool = False
    weights_of: str = ""
    trains: bool = True
    apart: bool = False

    @model_validator(mode="after")
    def _says_why_not(self) -> "Method":
        if set(self.profiles) != set(PROFILES) and not self.not_run:
            raise ValueError(f"{self.id}: not run in every profile, so `not_run` must say why")
        if self.weights_of and (self.train or self.train_on):
            raise ValueError(
                f"{self.id}: it uses the weights of {self.weights_of} and trains nothing"
            )
        return self


IDENTITY = Method("identity", "Blurred input", "identity", control=True)
LONG_RUN = Method("", "", None, profiles=("study",), not_run=LONG, control=True, apart=True)

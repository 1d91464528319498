"""One notebook, five budgets."""

from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.spec.ground import STRICT, Options, ProfileName


@dataclass(frozen=True, config=STRICT)
class Profile:
    """One budget for the same notebook.

    Attributes:
        name: smoke, demo, study, gpu or paper.
        train_on: data id the networks are trained on ("synth-gopro-linear").
        test_on: data id scored for each printed data set ({"gopro_test": "synth-gopro-linear"}).
        data: settings of the data source, e.g. of the generated benchmark (size, counts, blur).
        options: overrides of each network's options, by network name
            ({"mimo_unet": {"base_channels": 8}}).
        train: overrides of the recipe; a method's own overrides come after them.
        train_of: last overrides of the recipe for single methods, by method id.
        data_of: settings of the pictures that single methods learn from, over `data`, by method id.
        seeds: seeds of the runs.
        seeds_of: seeds of single methods in place of those, by method id.
        precision: of the training where the request says "auto"; "auto" takes bf16 where the
            hardware multiplies it. Small depthwise networks are faster in fp32 on a processor.
        why: what this budget can and cannot show, for readers.
    """

    name: ProfileName
    train_on: str
    test_on: dict[str, str]
    data: Options = Field(default_factory=dict)
    options: dict[str, Options] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    train_of: dict[str, dict[str, Any]] = Field(default_factory=dict)
    data_of: dict[str, Options] = Field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    seeds_of: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    why: str = ""

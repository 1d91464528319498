"""One notebook, five budgets: what a room declares of each, and what the rooms share."""

from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.profiles import ProfileName
from deblur_lib.spec.ground import STRICT, Options


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
        precision: of the training where the request says "auto"; "auto" leaves it to the
            catalogue, which declares one for each network.
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


# What a budget is in every room; a room extends it by its networks, data sets and rates.
_SYNTHETIC = "synth-gopro-linear"
ONE, THREE, FIVE = (0,), (0, 1, 2), (0, 1, 2, 3, 4)  # seeds
FULL_LENGTH: Options = {"blur": 1.0, "train": 2000}  # pictures of a long run
SMOKE = Profile(
    name="smoke",
    train_on=_SYNTHETIC,
    test_on={},
    data={"size": 64, "train": 8, "validation": 2, "test": 3, "blur": 0.5},
    train={"steps": 4, "batch": 2, "validate": 2},
    why="shows that every step runs; its numbers mean nothing",
)
DEMO = Profile(
    name="demo",
    train_on=_SYNTHETIC,
    test_on={},
    data={"size": 128, "train": 96, "validation": 8, "test": 12, "blur": 0.25, "spread": 0.4},
    train={"validate": 8},
)
STUDY = Profile(
    name="study",
    train_on=_SYNTHETIC,
    test_on={},
    data={"size": 256, "train": 600, "validation": 16, "test": 48, "blur": 0.5},
    train={"steps": 1600, "validate": 6, "ema": 0.995},
    seeds=FIVE,
    why="hours on two processor cores, resumable: narrow networks of about equal cost, half of "
    "GoPro's length of blur, several seeds of what is compared. "
    "It judges differences between rows of one size and budget, not what full width and full "
    "training would give; the long run shows full length",
)
GPU = Profile(
    name="gpu",
    train_on=_SYNTHETIC,
    test_on={},
    data={"size": 256, "train": 512, "validation": 16, "test": 48},
    train={"validate": 10},
    seeds=THREE,
    precision="bf16",
    why="networks of full size on one graphics processor; generated blur and a short training",
)
PRINTED = Profile(
    name="paper",
    train_on="gopro-linear",
    test_on={},
    seeds=THREE,
    precision="bf16",
    why="the printed protocol on the printed data",
)

"""Pictures that trained networks are scored on for checking."""

import dataclasses
from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.spec.ground import STRICT, Options


@dataclass(frozen=True, config=STRICT)
class CheckSet:
    """Pictures that trained networks are scored on for checking only: none learns from them.

    Attributes:
        id: its name in rows and in the request ("gopro_real").
        title: its name for readers.
        data: data id ("gopro-linear"; of generated pictures "synth-gopro-linear").
        why: one sentence, what it tells.
        licence: terms of use and source of its pictures.
        split: the part that is scored.
        root: name of its folder in the request's `roots`; "" where it needs none. Generated
            pictures take the folder's photographs as their scenes.
        settings: settings of the data, see `data.opening.open_data`.
        pictures: most pictures that are scored, evenly spread over all that are there; 0 for all.
        conventions: metric conventions of its rows.
    """

    id: str
    title: str
    data: str
    why: str
    licence: str
    split: Literal["train", "validation", "test"] = "test"
    root: str = ""
    settings: Options = Field(default_factory=dict)
    pictures: int = Field(default=0, ge=0)
    conventions: tuple[str, ...] = ("psnr-rgb", "vol3d-rgb")


_GOPRO = CheckSet(
    id="gopro_real",
    title="GoPro, real pairs",
    data="gopro-linear",
    split="train",
    root="gopro-linear",
    pictures=48,
    licence="CC BY 4.0, Nah et al. 2017",
    why="Blur averaged from real video, at its own size and length: what generated blur imitates.",
)
_REDS = CheckSet(
    id="reds_real",
    title="REDS, real pairs at 320x180",
    data="reds-180p",
    split="train",
    root="reds-180p",
    pictures=48,
    licence="CC BY 4.0, Nah et al. 2019",
    why="Another camera, another response curve, and scenes that no GoPro picture shows.",
)
_KODAK = CheckSet(
    id="kodak24_generated",
    title="Kodak photographs with generated blur of full length",
    data="synth-gopro-linear",
    root="kodak24",
    settings={"size": 256, "blur": 1.0, "test": 48},
    licence="the 24 photographs of the Kodak set, free to use",
    why="Photographs of other places and cameras, under blur as long as GoPro's own.",
)
CHECKS = (_GOPRO, _REDS, _KODAK)
CLIP_CHECKS = (  # for networks that take three frames: neighbouring pairs of a scene as clips
    dataclasses.replace(_GOPRO, title="GoPro, real clips", settings={"clips": True}),
    dataclasses.replace(_REDS, title="REDS, real clips at 320x180", settings={"clips": True}),
    dataclasses.replace(_KODAK, data="synth-clip"),
)

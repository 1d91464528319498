"""What can be chosen about generated pictures, and what a drawing function hands back."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from deblur_lib.data.generated.scenes import F32, LARGEST_SIZE, SPLITS, Split
from deblur_lib.spec import STRICT

STILL = 0.05  # blur strength of a nearly still pair


@dataclass(frozen=True, config=STRICT)
class Settings:
    """What can be chosen about the generated pictures.

    Attributes:
        size: side of the square pictures, in pixels.
        train, validation, test: number of pairs of each split.
        blur: factor on all lengths of blur; 0.5 is much easier than 1.
        spread: factor on the spread of the lengths; 0 gives every pair the median length.
        leaves: share of procedural scenes among training and validation scenes.
        still: share of nearly still training pairs.
        psnr: input PSNR in dB that validation and test pairs must have; others are redrawn. None is
            15 to 32, and 15 to 40 for the dark `synth-realblur-r`.
        seed: another seed gives other pictures.
        photographs: folder of sharp photographs to draw the scenes from, instead of the suite's
            own; see `folders`.
        photographs_for: the one split that all pictures of that folder serve; the others keep the
            suite's own. None divides the folder.
    """

    size: Annotated[int, Field(ge=32, le=LARGEST_SIZE)] = 256
    train: Annotated[int, Field(ge=1)] = 600
    validation: Annotated[int, Field(ge=1)] = 32
    test: Annotated[int, Field(ge=1)] = 48
    blur: Annotated[float, Field(gt=0, le=2)] = 1.0
    spread: Annotated[float, Field(ge=0, le=2)] = 1.0
    leaves: Annotated[float, Field(ge=0, le=1)] = 0.6
    still: Annotated[float, Field(ge=0, le=1)] = 0.04
    psnr: tuple[float, float] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    photographs: str | None = None
    photographs_for: Split | None = None


class Drawn(NamedTuple):
    """A pair before rounding: (size, size, 3) in [0, 1] each, source, length of blur in pixels.

    Of a clip, blurred is (T, size, size, 3). `motion` calculates the true motion, see `truth`; None
    where none is told.
    """

    blurred: F32
    sharp: F32
    source: str
    length: float
    motion: Callable[[], Tensor] | None = None


def strength(rng: np.random.RandomState, split: Split, settings: Settings) -> float:
    """Factor on the blur of a pair: `STILL` in a nearly still training pair."""
    still = split == "train" and rng.uniform() < settings.still
    return STILL if still else settings.blur


__all__ = ["SPLITS", "STILL", "Drawn", "Settings", "Split", "strength"]

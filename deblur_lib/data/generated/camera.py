"""What a camera adds to a blurred picture: light beyond its range, noise, JPEG.

Light: pictures are float32 stored values, light is their power `GAMMA`.

Source: Rim et al. (ECCV 2022), the RSBlur pipeline, and Carbajal et al. (2021), whose brightness of
1 to 3 times white before clipping is taken; ranges of noise and of JPEG are our choice.
"""

import dataclasses
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.data.generated.night import through_jpeg
from deblur_lib.data.generated.scenes import F32, Scene, Stock
from deblur_lib.data.generated.synthesis import GAMMA
from deblur_lib.spec import STRICT

BRIGHTEST = 3.0  # times white
KNEE = 0.7  # stored value from which light is raised
SHOT = (1e-5, 1e-3)  # variance per unit of light, drawn evenly in its logarithm
READ = (1e-4, 3e-3)  # deviation in the dark, in units of white
QUALITY = (70, 98)  # of JPEG
Chance = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class Camera:
    """How often pictures of a mixture show what a camera adds.

    Attributes:
        highlights: share of the scenes with lights brighter than the camera takes, up to
            `BRIGHTEST` times white; they are clipped after the blur.
        noise: share of the blurred pictures with noise.
        jpeg: share of the blurred pictures that went through JPEG.
    """

    highlights: Chance = 0.0
    noise: Chance = 0.0
    jpeg: Chance = 0.0


@dataclasses.dataclass(frozen=True)
class Lit(Stock):
    """A stock whose scenes have lights beyond white.

    Attributes:
        brightest: light of what was white.
    """

    brightest: float = BRIGHTEST

    def scene(
        self, rng: np.random.RandomState, size: int, margin: int, *, without: str = ""
    ) -> Scene:
        """A scene with stored values above 1, see `Stock.scene`."""
        drawn = super().scene(rng, size, margin, without=without)
        return drawn._replace(picture=raised(drawn.picture, self.brightest))


def raised(picture: F32, brightest: float) -> F32:
    """Raise the light of what is nearly white.

    Args:
        picture: (H, W, 3) stored values in [0, 1].
        brightest: light that white becomes, at least 1.

    Returns:
        (H, W, 3), not below the picture; equal to it up to `KNEE`.
    """
    share = np.clip((picture.max(axis=2, keepdims=True) - KNEE) / (1 - KNEE), 0, 1)
    factor = (1 + (brightest - 1) * share) ** np.float32(1 / GAMMA)
    lit: F32 = (picture * factor).astype(np.float32)
    return lit


def lit(rng: np.random.RandomState, stock: Stock, camera: Camera) -> Stock:
    """The stock, or one with highlights where chance has it."""
    brightest = rng.uniform(1, BRIGHTEST)
    if rng.uniform() >= camera.highlights:
        return stock
    return Lit(stock.split, stock.names, stock.read, stock.leaves, stock.turn, brightest)


def taken(rng: np.random.RandomState, blurred: F32, camera: Camera) -> F32:
    """A blurred picture as the camera stores it.

    Args:
        rng: generator of this pair.
        blurred: (H, W, 3) stored values.
        camera: how often what happens.

    Returns:
        (H, W, 3) in [0, 1].
    """
    if rng.uniform() < camera.noise:
        blurred = noisy(rng, blurred)
    if rng.uniform() < camera.jpeg:
        eight_bit = (np.clip(blurred, 0, 1) * 255 + 0.5).astype(np.uint8)
        blurred = through_jpeg(eight_bit, int(rng.randint(QUALITY[0], QUALITY[1] + 1)))
    return np.clip(blurred, 0, 1)


def noisy(rng: np.random.RandomState, picture: F32) -> F32:
    """Shot and read noise in light; (H, W, 3) stored values in and out, in [0, 1]."""
    shot, read = (np.exp(rng.uniform(*np.log(bounds))) for bounds in (SHOT, READ))
    light = np.clip(picture, 0, 1) ** np.float32(GAMMA)
    deviation = np.sqrt(np.float32(shot) * light + np.float32(read**2))
    seen = light + deviation * rng.normal(size=light.shape).astype(np.float32)
    stored: F32 = np.clip(seen, 0, 1) ** np.float32(1 / GAMMA)
    return stored

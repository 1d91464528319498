"""Night scenes as in RealBlur: pools of light and lamps that a shaken camera draws as streaks.

Everything happens in linear light that may exceed 1; the camera clips after the blur, so lamps
leave bright streaks. "j" pictures get a tone curve and JPEG, "r" pictures stay dark and linear.
Blurred and sharp come from two cameras: a rest of misalignment and a gain are left between them.
"""

import io
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.signal import fftconvolve

from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.generated.synthesis import GAMMA, Motion, render
from deblur_lib.data.pictures.reading import U8

Development = Literal["j", "r"]

REFERENCE = 256  # side of the picture that has 2 to 8 lamps; smaller ones have fewer
EDGE = 4  # pixels that the misalignment may need around the picture
TURNING = (0.1, 0.5)  # turning strength of the camera's path; less than in other shakes
NOISE_BLURRED = (2.5e-4, 1.4e-6)  # variance per unit of light, variance in the dark
NOISE_SHARP = (4e-5, 1.6e-7)
RAW_GAIN = 0.35
QUALITY = (88, 96)  # of JPEG


def light_scene(rng: np.random.RandomState, canvas: F32, size: int) -> F32:
    """Light of a night scene on a canvas, 1 where the camera saturates.

    Args:
        rng: generator of this pair.
        canvas: (side, side, 3) stored values of a scene in daylight.
        size: side of the picture in the middle of the canvas; pools and lamps lie within it.

    Returns:
        (side, side, 3), not negative, above 1 in the lamps.
    """
    light = np.full_like(canvas, rng.uniform(0.04, 0.15))
    for _ in range(rng.randint(1, 4)):
        distance = _distance(rng, len(canvas), size) / np.float32(size * rng.uniform(0.12, 0.35))
        pool = np.exp(-0.5 * distance**2) * np.float32(rng.uniform(0.2, 0.7))
        light += pool[:, :, None] * _warm(rng)
    radiance = canvas ** np.float32(GAMMA) * light
    for _ in range(max(round(rng.randint(2, 9) * size / REFERENCE), 1)):
        distance, radius = _distance(rng, len(canvas), size), rng.uniform(0.6, 2.2)
        lamp = np.clip(np.float32(radius + 0.5) - distance, 0, 1)
        lamp += np.float32(rng.uniform(0.005, 0.02)) * np.exp(distance / np.float32(-3 * radius))
        strength = np.float32(np.exp(rng.uniform(np.log(3), np.log(30))))
        radiance += strength * lamp[:, :, None] * _warm(rng)
    lit: F32 = radiance.astype(np.float32, copy=False)
    return lit


def expose_pair(
    rng: np.random.RandomState, radiance: F32, size: int, kernel: F32, development: Development
) -> tuple[F32, F32]:
    """Both exposures of a night scene.

    Args:
        rng: generator of this pair.
        radiance: (side, side, 3) of `light_scene`, `EDGE` and half a kernel larger on all sides.
        size: side of the picture.
        kernel: (k, k) with odd k, the path of the blurred exposure.
        development: "j" or "r".

    Returns:
        Blurred and sharp, each (size, size, 3) in [0, 1].
    """
    margin = (len(radiance) - size) // 2
    shaken = fftconvolve(radiance, kernel[:, :, None], mode="valid", axes=(0, 1))
    rest = Motion(  # between the two cameras, after they have been aligned
        rng.uniform(0, 0.8),
        rng.uniform(-np.pi, np.pi),
        turn=rng.uniform(-0.0015, 0.0015),
        zoom=rng.uniform(-0.001, 0.001),
    )
    moved = render(shaken.astype(np.float32), size, rest, [], np.ones(1))[0]  # (3, size, size)
    blurred = moved.permute(1, 2, 0).numpy() * np.float32(rng.uniform(0.985, 1.015))
    sharp = radiance[margin : margin + size, margin : margin + size]
    return (
        _develop(rng, blurred, NOISE_BLURRED, development),
        _develop(rng, sharp, NOISE_SHARP, development),
    )


def _develop(
    rng: np.random.RandomState, light: F32, noise: tuple[float, float], development: Development
) -> F32:
    """Stored values of one exposure, (H, W, 3) in [0, 1]."""
    light = np.maximum(light, 0)
    deviation = np.sqrt(noise[0] * np.minimum(light, 1) + noise[1])
    seen = light + deviation * rng.normal(size=light.shape).astype(np.float32)
    if development == "r":
        raw: F32 = np.clip(RAW_GAIN * seen, 0, 1)
        return raw
    toned = np.clip(seen, 0, 1) ** np.float32(1 / GAMMA)
    eight_bit = (toned * 255 + 0.5).astype(np.uint8)
    return through_jpeg(eight_bit, int(rng.randint(QUALITY[0], QUALITY[1] + 1)))


def through_jpeg(picture: U8, quality: int) -> F32:
    """What JPEG leaves of a picture (H, W, 3), in [0, 1]."""
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        with Image.open(file) as opened:
            stored: F32 = np.asarray(opened, np.float32) / np.float32(255)
    return stored


def _distance(rng: np.random.RandomState, side: int, size: int) -> F32:
    """Distance in pixels of a canvas to a random point of the picture in it, (side, side)."""
    row, column = rng.uniform(0.05, 0.95, 2) * size + (side - size) / 2
    place = np.arange(side, dtype=np.float32)
    distance: F32 = np.hypot(place[:, None] - np.float32(row), place - np.float32(column))
    return distance


def _warm(rng: np.random.RandomState) -> npt.NDArray[np.float32]:
    """A tint between white and the yellow of street lamps, (3,)."""
    tint = 1 - rng.uniform() * np.array([0.0, 0.25, 0.55])
    return tint.astype(np.float32)

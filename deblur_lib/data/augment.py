"""Augmentations of a crop: each takes and gives a uint8 pair, blurred and sharp.

Both are (size, size, 3); of a clip, blurred is (T, size, size, 3) and its frames change alike.
Those named in `MARGINS` take a larger crop and leave its middle.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import affine_transform

from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import UsageError, unknown_name

Augmentation = Callable[[U8, U8, np.random.Generator], tuple[U8, U8]]


def hflip(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Left and right exchanged in half of the pairs."""
    return (blurred[..., ::-1, :], sharp[..., ::-1, :]) if rng.random() < 0.5 else (blurred, sharp)


def vflip(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Top and bottom exchanged in half of the pairs."""
    if rng.random() >= 0.5:
        return blurred, sharp
    return blurred[..., ::-1, :, :], sharp[::-1]


def rot90(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """A turn by 0, 90, 180 or 270 degrees, equally likely."""
    turns = int(rng.integers(4))
    plane = (-3, -2)
    return np.rot90(blurred, turns, plane), np.rot90(sharp, turns, plane)


def rotate(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """A turn by an angle from U(0, 360) degrees, cut to the square that is filled at any angle."""
    degrees = rng.uniform(0, 360)
    return turned(blurred, degrees), turned(sharp, degrees)


def turned(picture: U8, degrees: float) -> U8:
    """A square picture turned about its middle, bilinear, without its corners.

    Args:
        picture: (side, side, 3), of clips (T, side, side, 3).
        degrees: counter-clockwise, as np.rot90 turns.

    Returns:
        The middle (size, size, 3), of clips (T, size, size, 3): the largest size, even or odd as
        the side is, for which no angle asks for a pixel outside.
    """
    side = picture.shape[-2]
    size = math.floor((side - 1) / math.sqrt(2)) + 1
    size -= (side - size) % 2  # the middle is a pixel of both, or a corner of pixels
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = np.array([[cos, sin], [-sin, cos]])  # from rows and columns of the result
    offset = (side - 1) / 2 - matrix.sum(axis=1) * (size - 1) / 2
    planes = np.moveaxis(picture, -1, -3)  # (..., 3, side, side)
    cut = np.empty((*planes.shape[:-2], size, size), np.float32)
    for place in np.ndindex(planes.shape[:-2]):
        affine_transform(
            planes[place], matrix, offset, (size, size), cut[place], order=1, mode="nearest"
        )
    return _rounded(np.moveaxis(cut, -3, -1))


def turn_margin(size: int) -> int:
    """Pixels on every side of a square of this size that a turn by any angle needs."""
    return math.ceil((size - 1) * (math.sqrt(2) - 1) / 2)


def time_reverse(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """The frames of half of the clips backwards; single pictures stay as they are."""
    reverse = blurred.ndim == 4 and rng.random() < 0.5
    return (blurred[::-1] if reverse else blurred), sharp


def shuffle_rgb(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Colour channels in random order, the same for both pictures."""
    order = rng.permutation(3)
    return blurred[..., order], sharp[..., order]


def saturation(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Saturation in HSV times a factor from U(0.5, 1.5), the same for both pictures.

    Hue and value stay: with V the largest channel, c' = V - (V - c) f, f bounded where the
    saturation reaches 1.
    """
    factor = np.float32(rng.uniform(0.5, 1.5))
    return _saturated(blurred, factor), _saturated(sharp, factor)


def noise(blurred: U8, sharp: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Gaussian noise on the blurred picture only; its sigma is drawn from N(0, 2 grey levels)."""
    sigma = abs(rng.normal(0, 2))
    noisy = blurred + rng.standard_normal(blurred.shape, np.float32) * np.float32(sigma)
    return _rounded(noisy), sharp


AUGMENTATIONS: dict[str, Augmentation] = {
    "hflip": hflip,
    "vflip": vflip,
    "rot90": rot90,
    "rotate": rotate,
    "time_reverse": time_reverse,
    "shuffle_rgb": shuffle_rgb,
    "saturation": saturation,
    "noise": noise,
}
MARGINS: dict[str, Callable[[int], int]] = {"rotate": turn_margin}  # pixels around the size left


def chosen(names: Sequence[str]) -> list[Augmentation]:
    """Augmentations by name, in the order given.

    Raises:
        UsageError: an unknown name.
    """
    for name in names:
        if name not in AUGMENTATIONS:
            see = "deblur_lib.data.augment"
            raise UsageError(unknown_name("augmentation", name, AUGMENTATIONS, see=see))
    return [AUGMENTATIONS[name] for name in names]


def side_to_draw(names: Sequence[str], size: int) -> int:
    """Side of the crop of which these augmentations, in this order, leave a square of `size`."""
    for name in reversed(names):
        if name in MARGINS:
            size += 2 * MARGINS[name](size)
    return size


def _saturated(picture: U8, factor: np.float32) -> U8:
    values = picture.astype(np.float32)
    top = values.max(axis=-1, keepdims=True)
    reach = np.maximum(top - values.min(axis=-1, keepdims=True), 1e-6)
    return _rounded(top - (top - values) * np.minimum(factor, top / reach))


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> U8:
    rounded: U8 = np.floor(np.clip(values, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return rounded

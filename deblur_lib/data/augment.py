"""Augmentations of a crop: each takes and gives a uint8 pair, blurred and sharp.

Both are (size, size, 3); of a clip, blurred is (T, size, size, 3) and its frames change alike.
"""

from collections.abc import Callable, Sequence

import numpy as np

from deblur_lib.data.reading import U8
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
    "time_reverse": time_reverse,
    "shuffle_rgb": shuffle_rgb,
    "saturation": saturation,
    "noise": noise,
}


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


def _saturated(picture: U8, factor: np.float32) -> U8:
    values = picture.astype(np.float32)
    top = values.max(axis=-1, keepdims=True)
    reach = np.maximum(top - values.min(axis=-1, keepdims=True), 1e-6)
    return _rounded(top - (top - values) * np.minimum(factor, top / reach))


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> U8:
    rounded: U8 = np.floor(np.clip(values, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return rounded

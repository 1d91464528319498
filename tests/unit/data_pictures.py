"""Small real-looking pairs for the tests of the data part."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter1d

from deblur_lib.data.generated.scenes import photograph

PAIRS = ["s1/001", "s1/002", "s1/003", "s2/001"]  # names of a small folder of pairs


def sharp_picture(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    whole = photograph("coffee")
    top, left = rng.integers(300 - height), rng.integers(500 - width)
    return whole[top : top + height, left : left + width].copy()


def blurred_picture(sharp: np.ndarray) -> np.ndarray:
    return uniform_filter1d(sharp.astype(np.float32), 7, axis=1).round().astype(np.uint8)


def save(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


def write_pairs(
    root: Path,
    names: list[str],
    *,
    blurred: str = "blurred",
    sharp: str = "sharp",
    height: int = 48,
    width: int = 64,
) -> Path:
    for seed, name in enumerate(names):
        picture = sharp_picture(seed, height, width)
        save(root / blurred / f"{name}.png", blurred_picture(picture))
        save(root / sharp / f"{name}.png", picture)
    return root

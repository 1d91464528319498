"""Which of GoPro's two kinds of average a folder of blurred pictures holds. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.data.real.checks import SAMPLE, spread
from deblur_lib.data.real.layouts import Entry

LINEAR, GAMMA = 0.25, 0.5  # mean q below the first is linear, above the second gamma
SIGMA, STEP = 6, 4  # pixels
SCENES = 24  # scenes looked at


def brightness_ratio(blurred: U8, sharp: U8) -> float:
    """Statistic q: 0 when the blurred picture is a mean of stored values, about 1 when of light.

    A mean in linear light makes blurred edges brighter than a mean of stored values, in proportion
    to the local variance over time. With gray planes b and s and G a Gaussian of 6 px:
    d = G(b - s), v = G((s - b)^2) / max(G(b), 8), q = sum(d v) / sum(v v).
    """
    b, s = (picture.mean(axis=2, dtype=np.float32) for picture in (blurred, sharp))
    difference = _smooth(b - s)
    variance = _smooth((s - b) ** 2) / np.maximum(_smooth(b), 8)
    total = float((variance * variance).sum())
    return float((difference * variance).sum()) / total if total else 0.0


def _smooth(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A Gaussian of 6 px, given at every fourth pixel: means of 4x4 first, then the rest of it."""
    height, width = (side // STEP * STEP for side in plane.shape)
    blocks = plane[:height, :width].reshape(height // STEP, STEP, width // STEP, STEP)
    rest = np.sqrt(SIGMA**2 - (STEP**2 - 1) / 12) / STEP
    smooth: npt.NDArray[np.float32] = gaussian_filter(blocks.mean(axis=(1, 3)), rest)
    return smooth


@dataclass(frozen=True)
class Averaging:
    """How the blurred pictures of a folder were averaged.

    Attributes:
        kind: "linear" (mean of stored values), "gamma" (mean in linear light), "undecided" or
            "mixed".
        q: mean of `brightness_ratio` over the pairs looked at.
        pairs: number of pairs looked at.
        odd: scenes that disagree with the others, for "mixed".
    """

    kind: str
    q: float
    pairs: int
    odd: list[str] = field(default_factory=list)


def averaging(root: Path, entries: Sequence[Entry], *, per_scene: int = 3) -> Averaging:
    """Tell mean of stored values from mean in linear light; see `brightness_ratio`.

    A scene counts as one kind only when all its pairs looked at agree (q below 0.25 or above 0.5);
    two kinds in one folder are "mixed".

    Args:
        root: folder that the paths of the entries start from.
        entries: pairs; at least 12 are looked at where there are as many.
        per_scene: pairs of each scene.
    """
    scenes: dict[str, list[Entry]] = {}
    for entry in entries:
        scenes.setdefault(entry.scene, []).append(entry)
    per_scene = max(per_scene, -(-SAMPLE // max(len(scenes), 1)))
    chosen = spread(list(scenes), SCENES)
    values: dict[str, list[float]] = {}
    for scene in chosen:
        for entry in spread(scenes[scene], per_scene):
            blurred, sharp = read_rgb(root / entry.blurred), read_rgb(root / entry.sharp)
            values.setdefault(scene, []).append(brightness_ratio(blurred, sharp))
    flat = [value for some in values.values() for value in some]
    mean = float(np.mean(flat)) if flat else 0.0
    low = [scene for scene, some in values.items() if max(some) < LINEAR]
    high = [scene for scene, some in values.items() if min(some) > GAMMA]
    if per_scene > 1 and low and high:
        return Averaging("mixed", mean, len(flat), min(low, high, key=len))
    kind = "linear" if mean < LINEAR else "gamma" if mean > GAMMA else "undecided"
    return Averaging(kind, mean, len(flat))

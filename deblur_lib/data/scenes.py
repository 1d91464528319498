"""Sharp scenes for the generated benchmark: crops of free photographs, and where they come from.

The photographs lie inside the wheels of scikit-image and matplotlib (public domain or CC0), so
nothing is downloaded. They are split by picture, never by crop: no photograph, no texture and no
procedural scene of training is ever seen in a test.
"""

from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from deblur_lib.data.leaves import draw_leaves

F32 = npt.NDArray[np.float32]

# name -> packaged file; the two motorcycle pictures show one scene and stay in one split
FILES = {
    "coffee": "skimage.data:coffee.png",
    "rocket": "skimage.data:rocket.jpg",
    "motorcycle-left": "skimage.data:motorcycle_left.png",
    "motorcycle-right": "skimage.data:motorcycle_right.png",
    "grace-hopper": "matplotlib:mpl-data/sample_data/grace_hopper.jpg",
    "tissue": "skimage.data:ihc.png",
    "brick": "skimage.data:brick.png",
    "grass": "skimage.data:grass.png",
    "astronaut": "skimage.data:astronaut.png",
    "chelsea": "skimage.data:chelsea.png",
    "gravel": "skimage.data:gravel.png",
}
TRAIN = ("coffee", "rocket", "motorcycle-left", "motorcycle-right", "grace-hopper", "tissue")
TEST = ("astronaut", "chelsea")
TRAIN_TEXTURES = ("brick", "grass")
TEST_TEXTURES = ("gravel",)
PHOTOGRAPHS = {"train": TRAIN, "validation": TRAIN, "test": TEST}
TEXTURES = {"train": TRAIN_TEXTURES, "validation": TRAIN_TEXTURES, "test": TEST_TEXTURES}
SMALLEST_SCALE = 0.55
LARGEST_SIZE = 288  # of a picture: the smallest photograph, chelsea, has 300 rows


class Scene(NamedTuple):
    """A sharp canvas, larger than the picture by the same margin on all sides.

    Attributes:
        picture: (side, side, 3) float32 in [0, 1], stored (gamma-encoded) values.
        source: photograph it comes from, "leaves" for a procedural one.
    """

    picture: F32
    source: str


@lru_cache(maxsize=len(FILES))
def photograph(name: str) -> npt.NDArray[np.uint8]:
    """One packaged picture, (H, W, 3) uint8; gray textures have three equal channels."""
    package, _, inside = FILES[name].partition(":")
    packaged = resources.files(package).joinpath(inside)
    with resources.as_file(packaged) as path, Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def draw_scene(
    rng: np.random.RandomState, split: str, size: int, margin: int, *, leaves: float
) -> Scene:
    """A scene of a split.

    Args:
        rng: generator of this pair.
        split: "train", "validation" or "test"; a test scene is always a photograph.
        size: side of the final picture.
        margin: pixels of canvas beyond the picture on each side.
        leaves: share of procedural scenes, 0 to 1.
    """
    procedural = rng.uniform() < leaves
    source = PHOTOGRAPHS[split][rng.randint(len(PHOTOGRAPHS[split]))]
    if procedural and split != "test":
        palette = _palette(rng, photograph(source))
        textures = [photograph(name)[:, :, 0] for name in TEXTURES[split]]
        return Scene(draw_leaves(rng, size + 2 * margin, palette, textures), "leaves")
    return Scene(crop_photograph(rng, photograph(source), size, margin), source)


def crop_photograph(
    rng: np.random.RandomState, picture: npt.NDArray[np.uint8], size: int, margin: int
) -> F32:
    """A random crop at a random scale, flipped or not, with a mild change of white balance.

    The picture itself always lies inside the photograph; only the margin may be mirrored.

    Args:
        rng: generator of this pair.
        picture: (H, W, 3) uint8.
        size: side of the final picture.
        margin: pixels of canvas beyond it on each side.
    """
    height, width = picture.shape[:2]
    scale = rng.uniform(min(1.0, max(SMALLEST_SCALE, size / min(height, width))), 1.0)
    reach, inner = (size + 2 * margin) / scale, size / scale
    place = rng.uniform(size=2)
    window = min(reach, min(height, width))  # side of what is cut out, in photograph pixels
    top, left = place * (np.array([height, width]) - window)
    side = max(round(window * scale), round(inner * scale))
    box = (left, top, left + window, top + window)
    cut = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX, box)
    canvas = np.asarray(cut, np.float32) / 255
    if rng.uniform() < 0.5:
        canvas = canvas[:, ::-1]
    gains = rng.uniform(0.85, 1.1, 3).astype(np.float32)
    missing = size + 2 * margin - side
    before = missing // 2
    if missing:
        edges = (before, missing - before)
        canvas = np.pad(canvas, (edges, edges, (0, 0)), mode="reflect")
    return np.ascontiguousarray(np.clip(canvas * gains, 0, 1))


def draw_cutout(rng: np.random.RandomState, split: str, side: int, *, leaves: float) -> F32:
    """A (side, side, 3) scene that moving objects are cut from; a tinted texture at times."""
    if rng.uniform() < 0.2:
        names = TEXTURES[split]
        gray = photograph(names[rng.randint(len(names))])
        tint: F32 = rng.uniform(0.5, 1.0, 3).astype(np.float32)
        return crop_photograph(rng, gray, side, 0) * tint
    return draw_scene(rng, split, side, 0, leaves=leaves).picture


def _palette(rng: np.random.RandomState, picture: npt.NDArray[np.uint8]) -> F32:
    """Colours of 256 random pixels, (256, 3) in [0, 1]."""
    rows = rng.randint(picture.shape[0], size=256)
    columns = rng.randint(picture.shape[1], size=256)
    colours: F32 = picture[rows, columns].astype(np.float32)
    return np.divide(colours, 255, dtype=np.float32)

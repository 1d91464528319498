"""Walking people as in HIDE: the portrait of the split, cut out, behind a wall that hides the cut.

The test has one portrait (astronaut), training and validation another (Grace Hopper), so no face of
a test was seen before. Clothes are recoloured, faces are not.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from deblur_lib.data.generated.scenes import F32, TEXTURES, crop_photograph, photograph
from deblur_lib.data.generated.settings import Split
from deblur_lib.data.generated.synthesis import Cutout, Motion, draw_motion

Range = Literal["close", "long"]


class Portrait(NamedTuple):
    """A person in a photograph: corners (column, row) of the outline, and around all skin."""

    name: str
    outline: tuple[tuple[int, int], ...]
    skin: tuple[tuple[int, int], ...]


# fmt: off
ASTRONAUT = Portrait("astronaut", (
    (168, 118), (157, 98), (158, 62), (176, 36), (205, 19), (235, 16), (266, 23), (289, 46),
    (298, 80), (294, 108), (278, 124), (268, 150), (257, 174), (284, 192), (298, 220), (303, 243),
    (322, 248), (344, 276), (356, 310), (361, 344), (330, 356), (303, 390), (288, 440), (28, 440),
    (32, 395), (40, 330), (47, 270), (72, 236), (110, 212), (113, 185), (130, 162), (160, 151),
    (184, 155), (180, 128),
), ((0, 0), (512, 0), (512, 150), (268, 184), (216, 194), (184, 176), (0, 140)))
HOPPER = Portrait("grace-hopper", (
    (158, 100), (174, 82), (178, 62), (196, 50), (222, 44), (232, 30), (260, 25), (290, 30),
    (301, 48), (328, 57), (350, 76), (355, 88), (369, 92), (369, 160), (366, 178), (374, 190),
    (370, 226), (360, 266), (360, 300), (340, 316), (364, 334), (400, 346), (440, 364), (486, 386),
    (508, 440), (508, 470), (24, 470), (37, 400), (48, 380), (130, 352), (198, 318), (196, 298),
    (166, 286), (160, 264), (155, 200), (163, 152), (157, 138),
), (
    (0, 0), (512, 0), (512, 308), (332, 312), (326, 338), (292, 402), (244, 408), (224, 376),
    (206, 332), (198, 308), (0, 308),
))
# fmt: on
PORTRAITS = {"train": HOPPER, "validation": HOPPER, "test": ASTRONAUT}
HEIGHTS = {"close": (0.7, 1.2), "long": (0.25, 0.42)}  # of a person, in sides of the picture
MOVED = 0.85  # probability that the camera moves
HIDDEN = 0.08  # part of a person's height that stands behind the wall


def draw_camera(rng: np.random.RandomState, blur: float, spread: float) -> Motion:
    """Motion of the whole scene; at times the camera stands still."""
    return draw_motion(
        rng,
        median=7.0,
        spread=0.7 * spread,
        shortest=0.0,
        longest=28.0,
        blur=blur if rng.uniform() < MOVED else 0.0,
    )


def draw_people(
    rng: np.random.RandomState,
    split: Split,
    size: int,
    distance: Range,
    *,
    blur: float,
    spread: float,
    margin: int,
) -> list[Cutout]:
    """People with their own motion, and the wall in front of them.

    Args:
        rng: generator of this pair.
        split: decides on portrait and textures.
        size: side of the picture.
        distance: "close" for one or two large people, "long" for two to five small ones.
        blur: factor on all lengths of motion.
        spread: factor on the spread of the lengths.
        margin: pixels of wall beyond the picture on each side.

    Returns:
        Cut-outs from back to front, the wall last.
    """
    count = rng.randint(1, 3) if distance == "close" else rng.randint(2, 6)
    heights = np.sort(rng.uniform(*HEIGHTS[distance], count)) * size  # the nearest last
    lowest = rng.uniform(0.72, 1.05) if distance == "close" else rng.uniform(0.6, 0.88)
    wall = max(lowest * size, heights[-1] - 0.12 * size)  # not more than some hair is cut off
    places = (rng.permutation(count) + rng.uniform(0.25, 0.75, count)) * (size / count)
    people = []
    for height, place in zip(heights, places, strict=True):
        colours, mask = draw_person(rng, split, round(height))
        motion = _walk(rng, blur, spread, scale=1.0 if distance == "close" else 0.6)
        base = wall + HIDDEN * height + 2 * blur
        left = place - mask.shape[1] / 2
        people.append(Cutout(colours, mask, base - len(mask), left, motion))
    return [*people, _draw_wall(rng, split, size, wall, margin)]


def draw_person(
    rng: np.random.RandomState, split: Split, height: int
) -> tuple[F32, npt.NDArray[np.float32]]:
    """The portrait of a split at some height: colours (height, w, 3) and mask (height, w)."""
    person, worn = cut_portrait(PORTRAITS[split])
    box = (round(person.width * height / person.height), height)
    values = np.asarray(person.resize(box, Image.Resampling.BOX), np.float32) / 255
    clothes = np.asarray(worn.resize(box, Image.Resampling.BOX), np.float32) / 255
    colours, mask = values[:, :, :3], values[:, :, 3]
    tone = colours.mean(axis=2, keepdims=True) ** np.float32(rng.uniform(0.5, 1.1))
    tint = rng.uniform(0.25, 1.0, 3).astype(np.float32)
    colours = colours + clothes[:, :, None] * (tone * tint - colours)
    colours = colours * rng.uniform(0.92, 1.06, 3).astype(np.float32)
    if rng.uniform() < 0.5:
        colours, mask = colours[:, ::-1], mask[:, ::-1]
    return np.clip(colours, 0, 1), np.ascontiguousarray(mask)


@lru_cache(maxsize=2)
def cut_portrait(portrait: Portrait) -> tuple[Image.Image, Image.Image]:
    """A person (RGBA, the cover as alpha) and the cover of the clothes (L), of one size."""
    corners = np.array(portrait.outline, np.float32)
    left, top = corners.min(axis=0).astype(int)
    right, bottom = corners.max(axis=0).astype(int)
    height, width = bottom - top, right - left
    colours = photograph(portrait.name)[top:bottom, left:right]
    cover = _eight_bit(_distance_inside(corners - (left, top), height, width))
    skin = np.array(portrait.skin, np.float32) - (left, top)
    clothes = _eight_bit(0.5 - _distance_inside(skin, height, width) / 4)  # a soft border
    return Image.fromarray(np.dstack([colours, cover])), Image.fromarray(clothes)


def _eight_bit(cover: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    values: npt.NDArray[np.uint8] = (np.clip(cover, 0, 1) * 255 + 0.5).astype(np.uint8)
    return values


def _distance_inside(corners: npt.NDArray[np.floating], height: int, width: int) -> F32:
    """Distance of each pixel to the outline of a polygon, negative outside, (height, width)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    nearest = np.full((height, width), np.inf, np.float32)
    inside = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x0 - along * dx, y - y0 - along * dy))
        if dy:
            inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * dx / dy)
    return np.where(inside, nearest, -nearest).astype(np.float32)


def _walk(rng: np.random.RandomState, blur: float, spread: float, *, scale: float) -> Motion:
    """Motion to a side with a slight bob and tilt."""
    drawn = draw_motion(
        rng,
        median=10.0 * scale,
        spread=0.5 * spread,
        shortest=0.0,
        longest=28.0,
        blur=blur,
        whole_scene=False,
    )
    way = rng.randint(2) * np.pi + rng.normal(0, 0.08)
    bob, tilt = rng.uniform(-1, 1, 2) * blur
    return Motion(drawn.length, way, drawn.accelerate, 3 * scale * bob, 0.03 * tilt)


def _draw_wall(
    rng: np.random.RandomState, split: Split, size: int, top: float, margin: int
) -> Cutout:
    """A textured wall from a row of the picture down, still against the scene."""
    names = TEXTURES[split]
    gray = photograph(names[rng.randint(len(names))])
    height = max(round(size + margin - top), 4)
    wall = crop_photograph(rng, gray, size + 2 * margin, 0)[:height]
    wall = wall * rng.uniform(0.6, 1.0, 3).astype(np.float32)
    wall[: max(round(0.012 * size), 1)] *= np.float32(0.6)  # the ledge
    return Cutout(wall, np.ones(wall.shape[:2], np.float32), top, -margin, Motion(0.0, 0.0))

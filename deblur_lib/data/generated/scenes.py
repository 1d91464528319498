"""Sharp scenes for generated pairs: crops of photographs and procedural pictures.

The photographs of the suite are declared in `photographs/photographs.yaml` with author and licence;
a user's own folder can take their place (`folders`). They are split by picture, never by crop: no
photograph and no procedural scene of one split is seen in another, and no texture of training in a
test. Test pairs take the photographs in turn, so each supplies the same number of crops.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml
from PIL import Image
from pydantic.dataclasses import dataclass as checked_dataclass

from deblur_lib.data.generated.leaves import draw_leaves
from deblur_lib.spec import STRICT, parse

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
LISTED = Path(__file__).parent / "photographs" / "photographs.yaml"
SMALLEST_SCALE = 0.55
LARGEST_SIZE = 288  # of a picture: the smallest photograph, chelsea, has 300 rows


@checked_dataclass(frozen=True, config=STRICT)
class Photograph:
    """A picture that pairs are made of.

    Attributes:
        name: how records call it.
        split: the only split that uses it, except that validation shares the training textures.
        title, author, licence: as its source states them.
        url: text of the licence, or where the picture is released.
        source: package and file it was taken from.
        file: a picture beside the list, or "package:path" of one inside an installed package.
        done: what was changed, "" where the file is as it came.
        kind: "texture" for a gray surface that objects and walls are made of.
    """

    name: str
    split: Split
    title: str
    author: str
    licence: str
    url: str
    source: str
    file: str
    done: str = ""
    kind: Literal["photograph", "texture"] = "photograph"


DECLARED: dict[str, Photograph] = {
    one.name: one
    for one in parse(
        tuple[Photograph, ...],
        yaml.safe_load(LISTED.read_text(encoding="utf-8")),
        source=LISTED.name,
    )
}


def _names(kind: str, split: Split) -> tuple[str, ...]:
    return tuple(one.name for one in DECLARED.values() if (one.kind, one.split) == (kind, split))


PHOTOGRAPHS = {split: _names("photograph", split) for split in SPLITS}
TEXTURES = {split: _names("texture", "test" if split == "test" else "train") for split in SPLITS}


class Scene(NamedTuple):
    """A sharp canvas, larger than the picture by the same margin on all sides.

    Attributes:
        picture: (side, side, 3) float32 in [0, 1], stored (gamma-encoded) values.
        source: photograph it comes from, "leaves" for a procedural one.
    """

    picture: F32
    source: str


@lru_cache(maxsize=len(DECLARED))
def photograph(name: str) -> U8:
    """One declared picture, (H, W, 3) uint8; gray textures have three equal channels."""
    package, _, inside = DECLARED[name].file.rpartition(":")
    packaged = resources.files(package).joinpath(inside) if package else LISTED.with_name(inside)
    with resources.as_file(packaged) as path, Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


@dataclass(frozen=True)
class Stock:
    """What the scenes of one pair are drawn from.

    Attributes:
        split: of the pair; decides on textures and portrait too.
        names: photographs of the split.
        read: pixels of a photograph, (H, W, 3) uint8.
        leaves: share of procedural scenes, 0 to 1; none in a test.
        turn: number of the pair where the photographs are taken in turn, None to draw one.
    """

    split: Split
    names: tuple[str, ...]
    read: Callable[[str], U8] = photograph
    leaves: float = 0.0
    turn: int | None = None

    def scene(
        self, rng: np.random.RandomState, size: int, margin: int, *, without: str = ""
    ) -> Scene:
        """A scene for a picture.

        Args:
            rng: generator of this pair.
            size: side of the final picture.
            margin: pixels of canvas beyond the picture on each side.
            without: a photograph that the picture shows already, used only if there is no other.
        """
        procedural = rng.uniform() < self.leaves
        names = tuple(name for name in self.names if name != without) or self.names
        drawn = rng.randint(len(names))
        source = names[drawn if self.turn is None else self.turn % len(names)]
        if procedural and self.split != "test":
            palette = _palette(rng, self.read(source))
            textures = [photograph(name)[:, :, 0] for name in TEXTURES[self.split]]
            return Scene(draw_leaves(rng, size + 2 * margin, palette, textures), "leaves")
        return Scene(crop_photograph(rng, self.read(source), size, margin), source)

    def cutout(self, rng: np.random.RandomState, side: int, *, behind: str) -> F32:
        """A (side, side, 3) scene that a moving object is cut from; a tinted texture at times.

        Args:
            rng: generator of this pair.
            side: of the square.
            behind: source of the background; the object comes from another photograph.
        """
        if rng.uniform() < 0.2:
            names = TEXTURES[self.split]
            gray = photograph(names[rng.randint(len(names))])
            tint: F32 = rng.uniform(0.5, 1.0, 3).astype(np.float32)
            return crop_photograph(rng, gray, side, 0) * tint
        free = Stock(self.split, self.names, self.read, self.leaves)
        return free.scene(rng, side, 0, without=behind).picture


def crop_photograph(rng: np.random.RandomState, picture: U8, size: int, margin: int) -> F32:
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


def _palette(rng: np.random.RandomState, picture: U8) -> F32:
    """Colours of 256 random pixels, (256, 3) in [0, 1]."""
    rows = rng.randint(picture.shape[0], size=256)
    columns = rng.randint(picture.shape[1], size=256)
    colours: F32 = picture[rows, columns].astype(np.float32)
    return np.divide(colours, 255, dtype=np.float32)

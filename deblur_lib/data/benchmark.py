"""The generated benchmark: pairs made from free photographs and procedural scenes.

| data id | blur |
|---|---|
| synth-gopro-linear | moving scene and objects, mean of STORED values (GoPro's folder `blur`) |
| synth-gopro-gamma | the same motion model, mean in LINEAR LIGHT (GoPro's folder `blur_gamma`) |
| synth-shake | camera shake, one kernel for the whole picture, convolved in linear light |

"Linear" is GoPro's word for the mean of stored values; see `synthesis`. Train and test on one id:
a network trained on one average loses on the other.

Every pair has its own generator, seeded by SHA-256 of "version.seed/split/id/index/attempt", so any
subset in any order gives the same pictures. Splits share no source picture, except that validation
uses new seeds of the training sources: it measures fitting.

A further variant is one function and one line of `VARIANTS`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from tqdm import tqdm

from deblur_lib.data.cache import PackedPairs, reopen, write_packed
from deblur_lib.data.reading import U8
from deblur_lib.data.scenes import F32, LARGEST_SIZE, draw_cutout, draw_scene
from deblur_lib.data.synthesis import (
    KERNEL_HALF,
    Averaging,
    Cutout,
    average_motion,
    blob_mask,
    convolve,
    draw_motion,
    shake_kernel,
)
from deblur_lib.errors import DataError, UsageError, unknown_name
from deblur_lib.provenance import settings_hash, versions
from deblur_lib.spec import STRICT, parse

VERSION = "1"  # raise it whenever a change alters any generated picture
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
ATTEMPTS = 60
PACKAGES = ("numpy", "scipy", "torch", "pillow", "scikit-image", "matplotlib")


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
        psnr: input PSNR in dB that validation and test pairs must have; others are redrawn.
        seed: another seed gives other pictures.
    """

    size: Annotated[int, Field(ge=32, le=LARGEST_SIZE)] = 256
    train: Annotated[int, Field(ge=1)] = 600
    validation: Annotated[int, Field(ge=1)] = 32
    test: Annotated[int, Field(ge=1)] = 48
    blur: Annotated[float, Field(gt=0, le=2)] = 1.0
    spread: Annotated[float, Field(ge=0, le=2)] = 1.0
    leaves: Annotated[float, Field(ge=0, le=1)] = 0.6
    still: Annotated[float, Field(ge=0, le=1)] = 0.04
    psnr: tuple[float, float] = (15.0, 32.0)
    seed: Annotated[int, Field(ge=0)] = 0


class Drawn(NamedTuple):
    """A pair before rounding: (size, size, 3) in [0, 1] each, source, length of blur in pixels."""

    blurred: F32
    sharp: F32
    source: str
    length: float


class Made(NamedTuple):
    """A finished pair: (size, size, 3) uint8 each, and its record in the index."""

    blurred: U8
    sharp: U8
    record: dict[str, Any]


def read_settings(settings: Mapping[str, Any] | None) -> Settings:
    """Check settings.

    Raises:
        UsageError: an unknown key (with the nearest known ones).
        DeclarationError: a value of the wrong type or out of range.
    """
    settings = dict(settings or {})
    known = [field.name for field in dataclass_fields(Settings)]
    for name in settings:
        if name not in known:
            see = "deblur_lib.data.benchmark.Settings"
            raise UsageError(unknown_name("setting of generated pictures", name, known, see=see))
    checked: Settings = parse(Settings, settings, source="settings of generated pictures")
    return checked


def build_benchmark(
    data_id: str,
    split: Split,
    settings: Mapping[str, Any] | None = None,
    *,
    cache: Path,
    progress: bool = True,
) -> PackedPairs:
    """Pairs of one split, generated once and kept in the cache.

    Args:
        data_id: an id of `VARIANTS`.
        split: "train", "validation" or "test".
        settings: any fields of `Settings`.
        cache: folder of all packed pictures.
        progress: show a progress bar.

    Raises:
        UsageError: unknown id, split or setting.
        DataError: the PSNR window cannot be met with these settings.
    """
    if data_id not in VARIANTS:
        raise UsageError(unknown_name("generated data set", data_id, VARIANTS))
    if split not in SPLITS:
        raise UsageError(unknown_name("split", split, SPLITS, see="deblur_lib.data"))
    checked = read_settings(settings)
    used = _used(checked, split) | {"data": data_id, "split": split, "generator": VERSION}
    digest = settings_hash(used, length=64)
    key = settings_hash([digest, versions(PACKAGES)], length=64)
    folder = Path(cache) / f"{data_id}-{split}-{digest[:10]}"
    stored = reopen(folder, key)
    if stored is not None:
        return stored
    count = getattr(checked, split)

    def made() -> Iterator[tuple[dict[str, Any], U8, U8]]:
        name = f"{data_id}/{split}"
        for index in tqdm(range(count), f"generate {name}", disable=not progress, leave=False):
            pair = make_pair(data_id, split, index, checked)
            yield pair.record, pair.blurred, pair.sharp

    header = {
        "data_id": f"{data_id}/{split}",
        "digest": digest,
        "expected": count,
        "key": key,
        "settings": used,
        "versions": versions(PACKAGES),
    }
    return write_packed(folder, header, [(checked.size, checked.size)] * count, made())


def make_pair(data_id: str, split: Split, index: int, settings: Settings | None = None) -> Made:
    """One pair, the same whichever other pairs are made.

    Raises:
        DataError: no attempt met the PSNR window.
    """
    settings = settings or Settings()
    low, high = settings.psnr
    for attempt in range(ATTEMPTS):
        rng = generator(f"{VERSION}.{settings.seed}/{split}/{data_id}/{index}/{attempt}")
        drawn = VARIANTS[data_id](rng, split, settings)
        blurred, sharp = _to_8bit(drawn.blurred), _to_8bit(drawn.sharp)
        psnr = _psnr(blurred, sharp)
        if split == "train" or low <= psnr <= high:
            leaves = drawn.source == "leaves"
            name = f"{split}-{index:04d}"
            record = {
                "name": name,
                "scene": f"leaves-{name}" if leaves else f"{drawn.source}-{index:04d}",
                "source": drawn.source,
                "attempt": attempt,
                "length": round(drawn.length, 3),
                "psnr": round(psnr, 3) if np.isfinite(psnr) else None,
            }
            return Made(blurred, sharp, record)
    raise DataError(
        f"{data_id}/{split} needs pairs with an input PSNR of {low:g} to {high:g} dB, {ATTEMPTS} "
        f"attempts at pair {index} gave none (the last {psnr:.1f} dB); change `blur` "
        f"({settings.blur:g}) or `psnr`"
    )


def generator(key: str) -> np.random.RandomState:
    """Generator of a key: the first 16 bytes of its SHA-256 as four little-endian words."""
    words = np.frombuffer(hashlib.sha256(key.encode()).digest()[:16], "<u4")
    return np.random.RandomState(words)


def _moving(
    rng: np.random.RandomState, split: Split, settings: Settings, *, averaging: Averaging
) -> Drawn:
    """A moving scene with up to two moving objects."""
    still = split == "train" and rng.uniform() < settings.still
    spread = 0.5 * settings.spread
    lengths = (0.5, spread, 0.0, 1.0) if still else (9.0, spread, 4.0, 28.0)
    median, spread, shortest, longest = lengths
    motion = draw_motion(
        rng,
        median=median,
        spread=spread,
        shortest=shortest,
        longest=longest,
        blur=settings.blur,
    )
    margin = int(np.ceil(20 * settings.blur))
    scene = draw_scene(rng, split, settings.size, margin, leaves=settings.leaves)
    count = 0 if still else rng.choice(3, p=(0.4, 0.4, 0.2))
    objects = [_object(rng, split, settings) for _ in range(count)]
    pair = average_motion(scene.picture, settings.size, motion, objects, averaging)
    return Drawn(*pair, scene.source, motion.length)


def _object(rng: np.random.RandomState, split: Split, settings: Settings) -> Cutout:
    motion = draw_motion(
        rng,
        median=8.0,
        spread=0.6 * settings.spread,
        shortest=0.0,
        longest=28.0,
        blur=settings.blur,
        whole_scene=False,
    )
    side = int(settings.size * rng.uniform(0.24, 0.56))
    picture = draw_cutout(rng, split, side, leaves=settings.leaves)
    row, column = rng.uniform(0.1, 0.9, 2) * settings.size - side / 2
    return Cutout(picture, blob_mask(rng, side), row, column, motion)


def _shaken(rng: np.random.RandomState, split: Split, settings: Settings) -> Drawn:
    """A scene blurred by one kernel."""
    still = split == "train" and rng.uniform() < settings.still
    length = 20 * np.exp(rng.normal(0, 0.45 * settings.spread))
    length = 2.0 if still else float(np.clip(length, 6, 60)) * settings.blur
    half = int(np.ceil(KERNEL_HALF * settings.blur))
    kernel = shake_kernel(rng, length, half)
    scene = draw_scene(rng, split, settings.size, half, leaves=settings.leaves)
    pair = convolve(scene.picture, settings.size, kernel, "gamma")
    return Drawn(*pair, scene.source, length)


VARIANTS: dict[str, Callable[[np.random.RandomState, Split, Settings], Drawn]] = {
    "synth-gopro-linear": partial(_moving, averaging="linear"),
    "synth-gopro-gamma": partial(_moving, averaging="gamma"),
    "synth-shake": _shaken,
}


def _used(settings: Settings, split: Split) -> dict[str, Any]:
    """The settings that can change the pictures of a split."""
    unused: set[str] = {one for one in SPLITS if one != split}
    unused |= {"psnr"} if split == "train" else {"still"}
    unused |= {"leaves"} if split == "test" else set()
    values = {key: value for key, value in asdict(settings).items() if key not in unused}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def _to_8bit(picture: F32) -> U8:
    rounded: U8 = np.floor(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return rounded


def _psnr(blurred: U8, sharp: U8) -> float:
    error = float(np.mean((blurred.astype(np.float64) - sharp) ** 2))
    return 10 * float(np.log10(255**2 / error)) if error else float("inf")

"""The generated benchmark: pairs made from free photographs and procedural scenes.

What each data id means stands in `variants`.

Every pair has its own generator, seeded by SHA-256 of "version.seed/split/id/index/attempt", so any
subset in any order gives the same pictures. Splits share no photograph and no procedural scene; a
pair's `scene` is its photograph, whatever the crop, or the procedural scene of its own.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from tqdm import tqdm

from deblur_lib.data.cache import PackedPairs, kept, write_packed
from deblur_lib.data.generated.folders import digest_of, open_stock
from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.generated.settings import SPLITS, Drawn, Settings, Split
from deblur_lib.data.generated.variants import BRIGHT, VARIANTS, WINDOWS
from deblur_lib.data.pairs import middle_frame
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError, DeclarationError, UsageError, unknown_name
from deblur_lib.provenance import settings_hash, versions
from deblur_lib.spec import parse

VERSION = "2"  # raise it whenever a change alters any generated picture
ATTEMPTS = 200
PACKAGES = ("numpy", "scipy", "torch", "pillow", "scikit-image", "matplotlib")


class Made(NamedTuple):
    """A finished pair: uint8 (size, size, 3) each (blurred may be a clip), its index record."""

    blurred: U8
    sharp: U8
    record: dict[str, Any]


class GeneratedPairs(PackedPairs):
    """Packed pairs that can tell the motion behind each of them.

    Args:
        folder, index: as of `PackedPairs`.
        variant: an id of `VARIANTS`.
        split: "train", "validation" or "test".
        settings: that the pairs were made with.
    """

    def __init__(
        self, folder: Path, index: dict[str, Any], variant: str, split: Split, settings: Settings
    ) -> None:
        super().__init__(folder, index)
        self.variant, self.split, self.settings = variant, split, settings

    def __reduce__(self) -> tuple[type["GeneratedPairs"], tuple[Any, ...]]:
        return type(self), (self.folder, self.index, self.variant, self.split, self.settings)

    def motion(self, index: int) -> Tensor | None:
        """The true motion of a pair, (2, H, W), see `truth`; None where its kind tells none.

        The pair is drawn again.
        """
        attempt = self.records[index]["attempt"]
        motion = _drawn(self.variant, self.split, index, attempt, self.settings).motion
        return motion() if motion else None


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
            see = "deblur_lib.data.generated.benchmark.Settings"
            raise UsageError(unknown_name("setting of generated pictures", name, known, see=see))
    checked: Settings = parse(Settings, settings, source="settings of generated pictures")
    if checked.psnr and not checked.psnr[0] < checked.psnr[1]:
        raise DeclarationError(
            f"psnr of generated pictures should be [lowest, highest] in dB, got {checked.psnr}"
        )
    if checked.photographs_for and not checked.photographs:
        raise DeclarationError(
            f"photographs_for={checked.photographs_for!r} needs a folder in `photographs`"
        )
    return checked


def build_benchmark(
    data_id: str,
    split: Split,
    settings: Mapping[str, Any] | None = None,
    *,
    cache: Path,
    progress: bool = True,
) -> GeneratedPairs:
    """Pairs of one split, generated once and kept in the cache.

    Args:
        data_id: an id of `VARIANTS`.
        split: "train", "validation" or "test".
        settings: any fields of `Settings`.
        cache: folder of all packed pictures.
        progress: show a progress bar.

    Raises:
        UsageError: unknown id, split or setting.
        DataError: the PSNR window cannot be met with these settings, or the folder of
            photographs cannot be used.
    """
    if data_id not in VARIANTS:
        raise UsageError(unknown_name("generated data set", data_id, VARIANTS))
    if split not in SPLITS:
        raise UsageError(unknown_name("split", split, SPLITS, see="deblur_lib.data"))
    checked = read_settings(settings)
    used = _used(checked, data_id, split) | {"data": data_id, "split": split, "generator": VERSION}
    digest = settings_hash(used, length=64)
    key = settings_hash([digest, versions(PACKAGES)], length=64)
    folder = Path(cache) / f"{data_id}-{split}-{digest[:10]}"
    count = getattr(checked, split)

    name = f"{data_id}/{split}"

    def made() -> Iterator[tuple[dict[str, Any], U8, U8]]:
        for index in tqdm(range(count), f"generate {name}", disable=not progress, leave=False):
            pair = make_pair(data_id, split, index, checked)
            yield pair.record, pair.blurred, pair.sharp

    header = {
        "data_id": name,
        "digest": digest,
        "expected": count,
        "key": key,
        "settings": used,
        "versions": versions(PACKAGES),
    }
    sizes = [(checked.size, checked.size)] * count
    packed = kept(folder, key, name, lambda: write_packed(folder, header, sizes, made()))
    return GeneratedPairs(packed.folder, packed.index, data_id, split, checked)


def make_pair(data_id: str, split: Split, index: int, settings: Settings | None = None) -> Made:
    """One pair, the same whichever other pairs are made.

    Raises:
        DataError: no attempt met the PSNR window, or the folder of photographs cannot be used.
    """
    settings = settings or Settings()
    low, high = _window(data_id, settings)
    for attempt in range(ATTEMPTS):
        drawn = _drawn(data_id, split, index, attempt, settings)
        blurred, sharp = to_8bit(drawn.blurred), to_8bit(drawn.sharp)
        psnr = u8_psnr(middle_frame(blurred), sharp)
        if split == "train" or low <= psnr <= high:
            leaves = drawn.source == "leaves"
            name = f"{split}-{index:04d}"
            record = {
                "name": name,
                "scene": f"leaves-{name}" if leaves else drawn.source,
                "source": drawn.source,
                "attempt": attempt,
                "length": round(drawn.length, 3),
                "psnr": round(psnr, 3) if np.isfinite(psnr) else None,
            }
            return Made(blurred, sharp, record)
    raise DataError(
        f"{data_id}/{split} needs pairs with an input PSNR of {low:g} to {high:g} dB, {ATTEMPTS} "
        f"attempts at pair {index} of {drawn.source} gave none (the last {psnr:.1f} dB); change "
        f"`blur` ({settings.blur:g}) or `psnr`"
    )


def _drawn(data_id: str, split: Split, index: int, attempt: int, settings: Settings) -> Drawn:
    rng = generator(f"{VERSION}.{settings.seed}/{split}/{data_id}/{index}/{attempt}")
    return VARIANTS[data_id](rng, open_stock(settings, split, index), settings)


def generator(key: str) -> np.random.RandomState:
    """Generator of a key: the first 16 bytes of its SHA-256 as four little-endian words."""
    words = np.frombuffer(hashlib.sha256(key.encode()).digest()[:16], "<u4")
    return np.random.RandomState(words)


def _window(data_id: str, settings: Settings) -> tuple[float, float]:
    """Input PSNR in dB that evaluation pairs must have."""
    return settings.psnr or WINDOWS.get(data_id, BRIGHT)


def _used(settings: Settings, data_id: str, split: Split) -> dict[str, Any]:
    """The settings that can change the pictures of a split."""
    unused: set[str] = {one for one in SPLITS if one != split} | {"photographs_for"}
    unused |= {"psnr"} if split == "train" else {"still"}
    unused |= {"leaves"} if split == "test" else set()
    chosen = asdict(settings) | {"psnr": _window(data_id, settings)}
    chosen["photographs"] = digest_of(settings, split)
    values = {key: value for key, value in chosen.items() if key not in unused}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def to_8bit(picture: F32) -> U8:
    rounded: U8 = np.floor(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return rounded


def u8_psnr(blurred: U8, sharp: U8) -> float:
    error = float(np.mean((blurred.astype(np.float64) - sharp) ** 2))
    return 10 * float(np.log10(255**2 / error)) if error else float("inf")


__all__ = ["VARIANTS", "Settings", "Split", "build_benchmark", "make_pair", "read_settings"]

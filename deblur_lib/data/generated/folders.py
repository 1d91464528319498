"""A folder of sharp photographs as the source of generated pairs.

Three forms: a folder with `train`, `validation` or `test` folders in it is taken as it is; a plain
folder is divided by picture in the order of the SHA-256 of the names, so 70 percent train, 10
validate and 20 test, whatever was on the disk first; with `photographs_for` all of it serves one
split. Textures and the portraits of walking people stay the suite's own.
"""

import hashlib
from functools import lru_cache, partial
from pathlib import Path

from deblur_lib.data.generated.scenes import PHOTOGRAPHS, Stock
from deblur_lib.data.generated.settings import SPLITS, Settings, Split
from deblur_lib.data.pictures.headers import SUFFIXES, is_picture, read_header
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.data.real.checks import garbled_names
from deblur_lib.errors import DataError

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1


def open_stock(settings: Settings, split: Split, index: int) -> Stock:
    """What the scenes of pair number `index` of a split are drawn from.

    Raises:
        DataError: the folder of photographs cannot be used, see `pictures_of`.
    """
    turn = index if split == "test" else None
    paths = pictures_of(settings, split)
    if paths is None:
        return Stock(split, PHOTOGRAPHS[split], leaves=settings.leaves, turn=turn)
    names = {path.name: path for path in paths}
    return Stock(split, tuple(names), partial(_read, names), settings.leaves, turn)


def pictures_of(settings: Settings, split: Split) -> list[Path] | None:
    """The user's photographs of a split, sorted by name; None where the suite's own serve it.

    Raises:
        DataError: no such folder, no pictures, too few to divide, or one smaller than `size`.
    """
    if not settings.photographs or settings.photographs_for not in (None, split):
        return None
    folder = Path(settings.photographs)
    if not folder.is_dir():
        raise DataError(f"photographs needs a folder of pictures, there is none at {folder}")
    parts = [one for one in SPLITS if (folder / one).is_dir()]
    if settings.photographs_for:
        chosen = _listed(folder)
    elif parts:
        if split not in parts:
            raise DataError(
                f"{folder} has {', '.join(f'{one}/' for one in parts)} but no {split}/; add it, or "
                f'let the folder serve one split with photographs_for="{parts[-1]}"'
            )
        chosen = _listed(folder / split)
    else:
        chosen = _divided(folder)[split]
    for path in chosen:
        _check_size(path, settings.size)
    return chosen


def digest_of(settings: Settings, split: Split) -> str | None:
    """SHA-256 over names and bytes of the user's photographs of a split, None without any."""
    paths = pictures_of(settings, split)
    if paths is None:
        return None
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _listed(folder: Path) -> list[Path]:
    found = sorted(one for one in folder.iterdir() if is_picture(one))
    if not found:
        raise DataError(f"{folder} holds no pictures ({', '.join(SUFFIXES)})")
    garbled = garbled_names([one.name for one in found])
    if garbled:
        raise DataError(f"{folder} holds names that are no UTF-8, first {garbled[0]}; rename them")
    return found


def _divided(folder: Path) -> dict[Split, list[Path]]:
    found = _listed(folder)
    if len(found) < len(SPLITS):
        raise DataError(
            f"{folder} holds {len(found)} pictures, at least {len(SPLITS)} are needed to train, "
            "validate and test on different ones; add some, or set photographs_for"
        )
    drawn = sorted(found, key=lambda path: hashlib.sha256(path.name.encode()).digest())
    test = max(1, round(TEST_SHARE * len(found)))
    held = test + max(1, round(VALIDATION_SHARE * len(found)))
    return {
        "test": sorted(drawn[:test]),
        "validation": sorted(drawn[test:held]),
        "train": sorted(drawn[held:]),
    }


def _check_size(path: Path, size: int) -> None:
    header = read_header(path)
    width, height = header.width, header.height
    if min(width, height) < size:
        raise DataError(
            f"{path} is {width}x{height}, pairs of {size}x{size} need {size} pixels on each side; "
            "choose a smaller size or take the picture out"
        )


def _read(paths: dict[str, Path], name: str) -> U8:
    return _decoded(paths[name], paths[name].stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _decoded(path: Path, changed: int) -> U8:
    return read_rgb(path)

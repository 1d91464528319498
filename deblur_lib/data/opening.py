"""One door to all pictures: generated, declared real sets, a user's own folders."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from deblur_lib.data.cache import pack
from deblur_lib.data.clips.making import MANIFEST
from deblur_lib.data.clips.pairs import as_clips, open_clips
from deblur_lib.data.generated.benchmark import build_benchmark, read_settings
from deblur_lib.data.generated.settings import SPLITS, Settings, Split
from deblur_lib.data.generated.variants import VARIANTS
from deblur_lib.data.pairs import PairedImages, PairSource
from deblur_lib.data.real.opening import open_own, open_source
from deblur_lib.data.real.sources import DVD, SOURCES
from deblur_lib.data.windows import PLACES, Windowed
from deblur_lib.errors import DeclarationError, UsageError, unknown_name

WHOLE = "whole"
FLOW_MADE = "dvd-flow"  # clips of zhao2020, which everyone makes from the videos
KINDS: dict[str, type] = {
    "partial": bool,
    "pack": bool,
    "clips": bool,
    "held_out": list,
    "every": int,
    "test_crop": str,
    "test_side": int,
}


def open_data(
    data_id: str,
    split: str,
    *,
    settings: Mapping[str, Any] | None = None,
    roots: Mapping[str, Path] | None = None,
    cache: Path,
    progress: bool = True,
) -> PairSource:
    """Open one split of a data set.

    Args:
        data_id: a generated set ("synth-gopro-linear"), a declared real one ("gopro-linear"), or
            any name that `roots` gives a folder for.
        split: "train", "validation" or "test". Where a real set has no validation part, some
            training scenes are held out for it, and training leaves them out.
        settings: of a generated set, see `benchmark.Settings`; of a real one: `partial` (accept an
            incomplete folder; the official count stays `expected`), `pack` (decode training and
            validation pictures once into the cache; default True), `clips` (make clips of three
            out of neighbouring frames; default False), `held_out` (scenes that validate), `every`
            (train on every so many of the pairs), `test_crop` (score a window of each test
            picture: "center", "max_motion" or "seeded", see `windows`; default "whole"),
            `test_side` (side of that window in pixels, default 256).
        roots: folder of each real data set; one made by `deblur data clips` gives clips.
        cache: folder of packed pictures.
        progress: show progress bars.

    Raises:
        UsageError: unknown data id, split or setting, or a real set without its folder.
        DataError: the folder cannot be used; see `open_source` and `PairedImages.from_folder`.
    """
    roots = {name: Path(path) for name, path in (roots or {}).items()}
    if split not in SPLITS:
        raise UsageError(unknown_name("split", split, SPLITS, see="deblur_lib.data"))
    part: Split = next(one for one in SPLITS if one == split)
    check_place(data_id, roots)
    if data_id in VARIANTS:
        return build_benchmark(data_id, part, settings, cache=cache, progress=progress)
    chosen = _read_settings(settings)
    every, packed = chosen.pop("every", 1), chosen.pop("pack", True)
    place, side = chosen.pop("test_crop", WHOLE), chosen.pop("test_side", 256)
    clips = chosen.pop("clips", False)
    pairs: PairedImages
    if (roots[data_id] / MANIFEST).is_file():
        pairs = open_clips(data_id, part, roots[data_id])
    elif data_id in SOURCES:
        pairs = open_source(data_id, part, roots[data_id], cache=cache, **chosen)
    else:
        pairs = open_own(data_id, part, roots[data_id])
    if clips:
        pairs = as_clips(pairs)
    if split == "test":
        return pairs if place == WHOLE else Windowed(pairs, place, side)
    if split == "train" and every > 1:
        pairs = pairs.kept(pairs.entries[::every], data_id=pairs.data_id)
    if not packed:
        return pairs
    return pack(pairs, Path(cache) / f"{data_id}-{split}", progress=progress)


def check_place(data_id: str, roots: Mapping[str, str | Path]) -> None:
    """Refuse an unknown data set, and a real one without its folder; errors as `open_data`."""
    if data_id in VARIANTS or data_id in roots:
        return
    if data_id == FLOW_MADE:
        raise UsageError(
            f"{data_id} needs its folder: get the videos from {DVD.page} ({DVD.licence}), run "
            f'`deblur data clips VIDEOS FOLDER`, and give roots={{"{data_id}": "FOLDER"}}'
        )
    if data_id not in SOURCES:
        raise UsageError(unknown_name("data set", data_id, {*VARIANTS, *SOURCES, *roots}))
    source = SOURCES[data_id]
    raise UsageError(
        f"{data_id} needs its folder: get it from {source.page} ({source.licence}) and give "
        f'roots={{"{data_id}": "<folder>"}}'
    )


def check_settings(data_id: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that a data set does not take; opens nothing, errors as `open_data`."""
    if data_id in VARIANTS:
        read_settings(settings)
    else:
        _read_settings(settings)


def settings_of(data_id: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without those that only the other kind of pictures, generated or real, knows."""
    others = KINDS if data_id in VARIANTS else {one.name for one in fields(Settings)}
    return {name: value for name, value in settings.items() if name not in others}


def _read_settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    chosen = dict(settings or {})
    for name, value in chosen.items():
        if name not in KINDS:
            see = "deblur_lib.data.opening"
            raise UsageError(unknown_name("setting of real pictures", name, KINDS, see=see))
        if type(value) is not KINDS[name]:
            raise DeclarationError(
                f"setting {name} of real pictures should be {KINDS[name].__name__}, got {value!r}"
            )
    for name, least in (("every", 1), ("test_side", 32)):
        if chosen.get(name, least) < least:
            raise DeclarationError(
                f"setting {name} of real pictures should be at least {least}, got {chosen[name]}"
            )
    place, known = chosen.get("test_crop", WHOLE), (WHOLE, *PLACES)
    if place not in known:
        raise UsageError(unknown_name("test_crop", place, known, see="deblur_lib.data.windows"))
    return chosen

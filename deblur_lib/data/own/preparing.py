"""A clean set out of a folder of pairs (`deblur data prepare`): one kind of file, plain names.

    OUT/[train|validation|test/]{blurred,sharp}/<scene>/<frame>.png    upright 8-bit RGB
    OUT/prepare.json     what it was made of and how; another order is refused
    OUT/digests.json     SHA-256 of every file, written when the set is complete

Files are written whole or not at all, so what is there already is not made again.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from deblur_lib import locks, seals
from deblur_lib.data.own.pairs import found_pairs, named_once, read_8bit
from deblur_lib.data.own.patterns import EXAMPLE
from deblur_lib.data.pictures.reading import U8
from deblur_lib.data.real.layouts import Entry
from deblur_lib.data.real.opening import OWN_SPLITS
from deblur_lib.errors import DataError, UsageError
from deblur_lib.files import atomic, check_writable, sweep
from deblur_lib.provenance import settings_hash
from deblur_lib.records import read_json, write_json

MADE = "prepare.json"
SHOWN = 5  # names printed for a kind of trouble
Say = Callable[[str], None]


@dataclass(frozen=True)
class Cut:
    """Squares cut out of every pair.

    Attributes:
        side: of a square, in pixels.
        step: between two squares; the last ones lie at the border.
    """

    side: int
    step: int


@dataclass(frozen=True)
class Done:
    """What became of a folder.

    Attributes:
        written: pairs that are there now.
        kept: of these, pairs that were there before.
        left_out: names of what no pair was made of, with the reason.
    """

    written: int
    kept: int
    left_out: dict[str, str]


class Task(NamedTuple):
    """A pair to write: its two files, and folder and name of what it becomes."""

    blurred: Path
    sharp: Path
    part: Path
    scene: str
    frame: str


def prepare_folder(
    source: Path,
    out: Path,
    *,
    pattern: str = "",
    cut: Cut | None = None,
    workers: int | None = None,
    progress: bool = True,
    say: Say = print,
) -> Done:
    """Make a clean set, or go on where an earlier call was stopped.

    Args:
        source: folder of pairs, with or without parts; see `pairs.found_pairs`.
        out: folder of the set.
        pattern: see `patterns`.
        cut: squares to cut; None keeps the pictures whole.
        workers: pictures at a time; None for as many as there are cores.
        progress: show a bar.
        say: told what is left out.

    Raises:
        DataError: no pairs, names that become the same, nothing that could be used.
        UsageError: `out` holds something else, or lies inside `source`.
    """
    source, out = Path(source), Path(out)
    if out.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"{out} lies inside {source}; choose a folder beside it")
    with locks.held(out, f"the pairs in {out}"):
        left_out: dict[str, str] = {}
        tasks = _tasks(source, out, pattern, cut, left_out)
        _begin(out, _order(tasks, source, pattern, cut))
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            results = pool.map(lambda task: _make(task, cut), tasks)
            bar = tqdm(results, "prepare", len(tasks), disable=not progress, leave=False)
            counts = Counter[str]()
            for task, made in zip(tasks, bar, strict=True):
                if isinstance(made, str):
                    left_out[task.blurred.relative_to(source).as_posix()] = made
                else:
                    counts.update(written=made[0], kept=made[1])
        _tell(left_out, say)
        if not counts["written"]:
            raise DataError(f"nothing of {source} could be used; see the reasons above")
        pictures = (one.relative_to(out).as_posix() for one in out.rglob("*.png"))
        seals.seal(out, sorted([*pictures, MADE]))
    return Done(counts["written"], counts["kept"], left_out)


def _tasks(
    source: Path, out: Path, pattern: str, cut: Cut | None, left_out: dict[str, str]
) -> list[Task]:
    """Everything to write, in order; pictures without a partner go to `left_out`."""
    parts = {
        split: source / name
        for split, names in OWN_SPLITS.items()
        for name in names
        if (source / name).is_dir()
    }
    tasks = []
    for split, folder in (parts or {"": source}).items():
        found = found_pairs(folder, pattern)
        if found is None:
            raise DataError(f"{folder} holds no pairs; name them by --pairs {EXAMPLE}")
        for alone, why in ((found.without_sharp, "sharp"), (found.without_blurred, "blurred")):
            left_out |= {f"{split}/{one}".lstrip("/"): f"no {why} partner" for one in alone}
        left_out |= {f"{split}/{one}".lstrip("/"): "a second file of its name" for one in
                     found.doubled}  # fmt: skip
        entries = named_once(found.entries)
        tasks += [_task(folder, out / split, entry, whole=cut is None) for entry in entries]
    names = Counter((one.part, one.scene.casefold(), one.frame.casefold()) for one in tasks)
    same = [name for name, count in names.items() if count > 1]
    if same:
        raise DataError(
            f"{len(same)} names become the same once they are plain, first "
            f"{same[0][1]}/{same[0][2]}; rename the files"
        )
    return tasks


def _task(folder: Path, part: Path, entry: Entry, *, whole: bool) -> Task:
    """A pair's task; whole pictures that are their own scene need no folder."""
    scene, frame = plain(entry.scene), plain(entry.name.removeprefix(f"{entry.scene}/"))
    inside = "" if whole and scene == frame else scene
    return Task(folder / entry.blurred, folder / entry.sharp, part, inside, frame)


def plain(name: str) -> str:
    """A name that every system takes: letters composed, all but letters, digits and -_. replaced.

    Slashes become underscores, so that a scene is one folder.
    """
    composed = unicodedata.normalize("NFC", name.encode(errors="replace").decode())
    return re.sub(r"[^\w.-]+", "_", composed).strip("._") or "_"


def _order(tasks: Sequence[Task], source: Path, pattern: str, cut: Cut | None) -> dict[str, object]:
    """What the set is made of, by which a later call knows it again."""
    stats = [(str(one.relative_to(source)), one.stat()) for task in tasks for one in task[:2]]
    files = settings_hash([[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats])
    return {"pattern": pattern, "cut": asdict(cut) if cut else None, "files": files}


def _begin(out: Path, order: dict[str, object]) -> None:
    """Claim the folder, or find it begun by the same order."""
    if (out / MADE).is_file():
        if read_json(out / MADE) != order:
            raise UsageError(
                f"{out} was made of other files or in another way; choose another folder, or "
                "delete it"
            )
        sweep(out, deep=True)
        return
    check_writable(out)
    if out.is_dir() and any(one for one in out.iterdir() if not one.name.startswith(".")):
        raise UsageError(f"{out} holds other files; choose a new folder")
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / MADE, order)


def _make(task: Task, cut: Cut | None) -> tuple[int, int] | str:
    """Write a pair, or its squares: how many there are, how many were there; or why none."""
    if cut is None and all(one.is_file() for one in _places(task, "")):
        return 1, 1
    try:
        blurred, sharp = read_8bit(task.blurred), read_8bit(task.sharp)
    except DataError as error:
        return str(error)
    if blurred.shape != sharp.shape:
        (h, w), (other_h, other_w) = blurred.shape[:2], sharp.shape[:2]
        return f"blurred is {w}x{h}, sharp is {other_w}x{other_h}"
    if np.array_equal(blurred, sharp):
        return "blurred and sharp are the same picture"
    if cut and min(sharp.shape[:2]) < cut.side:
        return f"smaller than {cut.side}x{cut.side}"
    counts = Counter[str]()
    for suffix, window in _windows(sharp.shape[0], sharp.shape[1], cut):
        places = _places(task, suffix)
        there = all(place.is_file() for place in places)
        counts.update(written=1, kept=int(there))
        if not there:
            for place, picture in zip(places, (blurred, sharp), strict=True):
                _save(place, picture[window])
    return counts["written"], counts["kept"]


def _places(task: Task, suffix: str) -> list[Path]:
    name = f"{task.frame}{suffix}.png"
    return [task.part / side / task.scene / name for side in ("blurred", "sharp")]


def _windows(height: int, width: int, cut: Cut | None) -> Iterator[tuple[str, tuple[slice, slice]]]:
    if cut is None:
        yield "", (slice(None), slice(None))
        return
    for top in _starts(height, cut):
        for left in _starts(width, cut):
            window = (slice(top, top + cut.side), slice(left, left + cut.side))
            yield f"_y{top:04}_x{left:04}", window


def _starts(length: int, cut: Cut) -> list[int]:
    last = length - cut.side
    return sorted({*range(0, last + 1, cut.step), last})


def _save(path: Path, picture: U8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path, durable=False) as temporary:
        Image.fromarray(np.ascontiguousarray(picture)).save(temporary, "PNG", compress_level=4)


def _tell(left_out: dict[str, str], say: Say) -> None:
    """Say what was left out, a few of each reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in left_out.items():
        reasons.setdefault(why, []).append(name.encode(errors="backslashreplace").decode())
    for why, names in reasons.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        say(f"left out, {why}: {', '.join(names[:SHOWN])}{more}")

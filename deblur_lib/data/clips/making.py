"""Training clips from sharp video: blurred frames by optical flow, good samples by rules.

What `make_clips` leaves behind:

    clips.json                              how everything was made, and why what was rejected
    <split>/<clip>/blur/000012.png          blurred frames, numbered as the sharp ones
    <split>/<clip>/sharp/000012.png         the sharp frames they belong to

A sample is three consecutive blurred frames and the sharp frame in the middle.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from deblur_lib.data.clips.flow import Blur, blurred_frame
from deblur_lib.data.clips.frames import (
    VIDEOS,
    Frames,
    exchanged,
    gaps,
    numbers_of,
    open_frames,
    thumbnail,
)
from deblur_lib.data.clips.selection import Quality, Rules, likeness, quality, reasons
from deblur_lib.data.pictures.headers import hidden, is_picture
from deblur_lib.data.pictures.reading import U8
from deblur_lib.data.real.sources import DVD
from deblur_lib.errors import DataError, UsageError
from deblur_lib.records import write_json, write_png

FORMAT = 1
MANIFEST = "clips.json"
TEST_EVERY = 7  # of the clips by name, where nothing else tells; 10 of 71 in the paper's source


class Made(NamedTuple):
    """One blurred frame: its number, both pictures (H, W, 3), what the rules look at."""

    number: int
    sharp: U8
    blurred: U8
    quality: Quality


def make_clips(
    source: Path,
    out: Path,
    *,
    blur: Blur | None = None,
    rules: Rules | None = None,
    test_clips: Sequence[str] = (),
    test_every: int = TEST_EVERY,
    every: int = 1,
    any_order: bool = False,
    progress: bool = True,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Make samples from every clip below a folder, or from one.

    Args:
        source: a video, a folder of numbered frames, or a folder of those.
        out: folder for the result; must not hold a result yet.
        blur: how frames are blurred.
        rules: which samples are kept.
        test_clips: names of the clips that test; where none is given, the official ones of the set
            that the paper took its videos from, else every `test_every`-th clip by name.
        test_every: see there.
        every: take every so many frames only, which makes the blur of a fast video longer; the
            frames are then numbered anew from 1.
        any_order: accept frames that seem to have changed places.
        progress: show a bar for each clip.
        say: receives one line per clip.

    Returns:
        What stands in clips.json.

    Raises:
        UsageError: an unknown test clip, or OpenCV is needed and not installed.
        DataError: no clips, frames that cannot be read or seem to be exchanged, or a result is
            there already.
    """
    blur, rules, out = blur or Blur(), rules or Rules(), Path(out)
    if (out / MANIFEST).exists():
        raise DataError(f"{out / MANIFEST} exists; choose another folder, or delete this one")
    found = find_clips(Path(source))
    splits = split_clips([name for name, _ in found], test_clips, test_every)
    clips = []
    for (name, frames), split in zip(found, splits, strict=True):
        _check_order(frames, any_order)
        folder = out / split / name
        clip = _make_clip(frames, folder, blur, rules, every, progress=progress)
        clips.append({"name": name, "split": split, "source": frames.path.name, **clip})
        if frames.lost:
            say(f"{name}: {frames.announced} frames are announced, only {frames.lost[0]} are there")
        rejected = ", ".join(f"{count} {why}" for why, count in clip["rejected"].items())
        say(
            f"{name} ({split}): {len(clip['samples'])} samples of {clip['made']} frames; {rejected}"
        )
    how = {"every": every, "blur": asdict(blur), "rules": asdict(rules)}
    manifest = {"format": FORMAT, **how, "clips": clips}
    write_json(out / MANIFEST, manifest)
    return manifest


def find_clips(source: Path) -> list[tuple[str, Frames]]:
    """Names and frames of all clips: of `source` itself, or of what lies directly in it.

    Raises:
        DataError: none are found, or two of one name.
    """
    inside = sorted(source.iterdir()) if source.is_dir() else []
    if not any(map(is_picture, inside)):
        clips = [
            one for one in inside if is_picture(one, VIDEOS) or (one.is_dir() and not hidden(one))
        ]
        if source.is_dir() and not clips:
            raise DataError(
                f"{source} holds no clip; needed a video, a folder of frames, or a folder of those"
            )
        names = [_name(one) for one in clips]
        for name in names:
            if names.count(name) > 1:
                raise DataError(f"{source} holds two clips called {name!r}; rename one of them")
        if clips:
            return [(_name(one), open_frames(one)) for one in clips]
    return [(_name(source), open_frames(source))]


def _name(clip: Path) -> str:
    return clip.resolve().name if clip.is_dir() else clip.stem


def split_clips(names: Sequence[str], test_clips: Sequence[str], test_every: int) -> list[str]:
    """Split of each clip, "train" or "test"; see `make_clips`. A single clip trains.

    Raises:
        UsageError: a test clip that is not there.
    """
    for name in test_clips:
        if name not in names:
            raise UsageError(f"no clip is called {name!r}; there are {', '.join(sorted(names))}")
    tests = set(test_clips) or set(names) & DVD.test_scenes
    if not tests and len(names) > 1:
        tests = set(sorted(names)[test_every - 1 :: test_every]) or {max(names)}
    return ["test" if name in tests else "train" for name in names]


def _check_order(frames: Frames, any_order: bool) -> None:
    places = [] if any_order else exchanged([thumbnail(one) for one in frames])
    if places:
        first = places[0]
        pair = frames.files[first : first + 2]
        names = " and ".join(one.name for one in pair) or f"{first + 1} and {first + 2}"
        raise DataError(
            f"{frames.path}: frames {names} seem to be exchanged ({len(places)} such place(s)); "
            "put them in order, or allow any order"
        )


def blurred_frames(
    frames: Frames, blur: Blur, *, every: int = 1, progress: bool = False
) -> Iterator[Made]:
    """Blur every frame that has both its neighbours; three sharp frames are in memory at a time."""
    held: deque[tuple[int, U8]] = deque(maxlen=3)
    numbers = numbers_of(frames.files)
    bar = tqdm(frames, frames.path.name, disable=not progress, leave=False)
    for count, picture in enumerate(bar):
        if count % every:
            continue
        held.append((numbers[count] if numbers else count + 1, picture))
        first, last = held[0][0], held[-1][0]
        if len(held) == 3 and last - first == 2 * every:
            (_, before), (number, frame), (_, after) = held
            number = number if every == 1 else number // every + 1
            made = blurred_frame(before, frame, after, blur, seed=number)
            rounded: U8 = np.floor(made.picture * 255 + 0.5).astype(np.uint8)
            found = quality(before, frame, after, made, rounded, blur)
            yield Made(number, frame, rounded, found)


def _make_clip(
    frames: Frames, folder: Path, blur: Blur, rules: Rules, every: int, *, progress: bool
) -> dict[str, Any]:
    held: deque[Made] = deque(maxlen=3)
    written: set[int] = set()
    samples: list[dict[str, Any]] = []
    rejected: Counter[str] = Counter()
    last: Made | None = None
    made = 0
    for one in blurred_frames(frames, blur, every=every, progress=progress):
        made += 1
        held.append(one)
        if len(held) < 3 or one.number - held[0].number != 2:
            continue
        middle = held[1]
        broken = _broken(held, rules, last)
        rejected.update(broken)
        if broken:
            continue
        last = middle
        samples.append({"name": f"{middle.number:06d}", "quality": _plain(middle.quality)})
        for each in held:
            if each.number not in written:
                write_png(folder / "blur" / f"{each.number:06d}.png", each.blurred)
                written.add(each.number)
        write_png(folder / "sharp" / f"{middle.number:06d}.png", middle.sharp)
    return {
        "frames": frames.announced,
        "gaps": [list(one) for one in gaps(frames.files)],
        "made": made,
        "rejected": dict(sorted(rejected.items())),
        "samples": samples,
    }


def _broken(held: Sequence[Made], rules: Rules, last: Made | None) -> list[str]:
    """Rules that the middle of three frames breaks; the others must be well made at least."""
    middle = held[1]
    found = set(reasons(middle.quality, rules))
    for beside in (held[0], held[2]):
        found |= set(reasons(beside.quality, rules)) & {"flow failed", "scene cut"}
    if not found and last is not None:
        close = middle.number - last.number < rules.stride
        if close or likeness(middle.sharp, last.sharp) >= rules.alike:
            found.add("too similar")
    return sorted(found)


def _plain(found: Quality) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found._asdict().items()}

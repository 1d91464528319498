"""Restore videos of any length, with as many frames in memory as the network takes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from deblur_lib.data.clips.frames import Frames, exchanged, gaps, open_frames, thumbnail
from deblur_lib.data.pictures import png16
from deblur_lib.errors import DataError
from deblur_lib.evaluation.restore import Say, Tile, from_levels, restore, to_levels
from deblur_lib.files import atomic
from deblur_lib.nn import Deblurrer
from deblur_lib.records import write_png
from deblur_lib.restoring import film, filming, plain
from deblur_lib.restoring.film import Film, Pixels
from deblur_lib.restoring.photos import dated

Bar = Callable[..., Iterable[Any]]  # the same frames, with a bar


def restore_video(
    network: Deblurrer,
    path: Path,
    target: Path,
    *,
    tile: Tile = "auto",
    pictures: bool = False,
    say: Say = print,
    bars: bool = True,
) -> list[str]:
    """Restore a video file, or a folder of numbered frames, frame by frame.

    A network for clips sees each frame with its neighbours; at both ends the clip is mirrored, so
    as many frames come out as went in. PyAV keeps sound, times, size and depth of a video; without
    it OpenCV writes one, and what is lost is told.

    Args:
        network: on the device.
        path: video, or folder of frames.
        target: file of the video (mp4), or folder for the pictures.
        tile: see `evaluation.restore`; for frames that do not fit in memory.
        pictures: write PNG files instead of a video, which loses nothing.
        say: receives at once what a user should know.
        bars: show a progress bar.

    Returns:
        Notes on the result.

    Raises:
        UsageError: OpenCV is needed and not installed.
        DataError: the video cannot be read, or not whole; what could be read is restored all the
            same, and later frames keep their times.
        RecordError: the result cannot be written whole.
    """
    bar = partial(tqdm, desc=path.name, unit="frame", disable=not bars)
    way = _restore_film if path.is_file() and film.installed() else _restore_frames
    notes = way(network, path, target, bar, tile=tile, pictures=pictures, say=_once(path, say))
    if target.is_file():
        dated(path, target)
    return notes


def _restore_film(
    network: Deblurrer, path: Path, target: Path, bar: Bar, *, tile: Tile, pictures: bool, say: Say
) -> list[str]:
    with film.opened(path) as source:
        restored = restore_frames(network, source, tile=tile, say=say)
        frames = bar(restored, total=source.stream.frames or None)
        if pictures:
            for count, frame in enumerate(frames, start=1):
                _write_picture(target / _numbered(count), frame)
            _trim(target, source.count)
            source.as_pictures()
        else:
            _write_film(frames, source, target)
        damage = source.damage
    if not source.count:
        raise plain.nothing(path)
    if damage:
        raise DataError(f"{path} -> {target}, {source.count} frames, but {damage}")
    return [f"{source.count} frames", *source.notes]


def _write_film(restored: Iterable[Pixels], source: Film, target: Path) -> None:
    import av

    with atomic(target) as part:
        with av.open(str(part), "w", options=filming.CONTAINER) as out:
            writer = filming.Writer(out, source)
            for frame in restored:
                writer.frame(frame)
            if not source.count:
                raise plain.nothing(source.path)
            writer.end()
        plain.check_whole(target, there=filming.frames_in(part), count=source.count)


def _restore_frames(
    network: Deblurrer, path: Path, target: Path, bar: Bar, *, tile: Tile, pictures: bool, say: Say
) -> list[str]:
    source = open_frames(path, hold=True)
    _warn(source, say)
    lost = [] if source.files else plain.losses(path, pictures=pictures)
    restored = restore_frames(network, source, tile=tile, say=say)
    frames = bar(restored, total=source.announced or None)
    if pictures:
        count = _write_pictures(frames, source, target)
    else:
        count = plain.write_video(frames, source, target)
    if not count:
        raise plain.nothing(path)
    if source.lost:
        raise DataError(f"{path} -> {target}, {count} frames, but {_told(source, count)}")
    notes = [f"{count} frames", *lost]
    if not source.files and source.announced not in (0, count):
        notes.append(f"its header announces {source.announced} frames")
    return notes


def _told(source: Frames, count: int) -> str:
    """What could not be read of a clip of which `count` frames came out."""
    inside = [source.name(position) for position in source.lost if position < count]
    parts = []
    if inside:
        shown = ", ".join(inside[:5]) + (", ..." if len(inside) > 5 else "")
        instead = "left out" if source.files else "replaced by a neighbour"
        parts.append(f"{len(inside)} cannot be read and are {instead} ({shown})")
    if len(inside) < len(source.lost):
        parts.append(f"its header announces {source.announced}")
    return "; ".join(parts)


def _once(path: Path, say: Say) -> Say:
    """Tell a text of a clip when it comes for the first time, not for each frame."""
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            say(f"{path}: {text}")

    return tell


def restore_frames(
    network: Deblurrer, frames: Iterable[Pixels], *, tile: Tile = "auto", say: Say = print
) -> Iterator[Pixels]:
    """Restore frames as they come, (H, W, 3) uint8 or uint16; holds `clip_length` of them."""
    for window in windows(frames, network.clip_length):
        clip = np.stack(window)[None]  # (1, T, H, W, 3)
        restored = restore(network, from_levels(clip), tile=tile, say=say)
        yield to_levels(restored[0], clip.dtype)


def windows(frames: Iterable[Pixels], length: int) -> Iterator[list[Pixels]]:
    """For each frame the `length` frames around it, mirrored at both ends of the clip."""
    half = length // 2
    held: deque[Pixels] = deque(maxlen=length)
    count = 0
    for frame in frames:
        held.append(frame)
        count += 1
        if count > half:
            yield _window(held, count, count - 1 - half, half)
    for centre in range(max(count - half, 0), count):
        yield _window(held, count, centre, half)


def _window(held: deque[Pixels], count: int, centre: int, half: int) -> list[Pixels]:
    first = count - len(held)  # number of the oldest frame that is held
    return [
        held[_mirrored(number, count) - first] for number in range(centre - half, centre + half + 1)
    ]


def _mirrored(number: int, count: int) -> int:
    """A frame number mirrored into 0 to count - 1 without repeating the first or last frame."""
    period = max(2 * (count - 1), 1)
    number %= period
    return min(number, period - number) if count > 1 else 0


def _warn(source: Frames, say: Say) -> None:
    missing = gaps(source.files)
    if missing:
        first, last = missing[0]
        say(
            f"{len(missing)} gap(s) in the numbers, first {first} to {last}; frames "
            "beside a gap are restored as if they were neighbours"
        )
    if len(source.files) > 3:
        for position in exchanged([thumbnail(frame) for frame in source]):
            names = " and ".join(one.name for one in source.files[position : position + 2])
            say(f"{names} seem to be exchanged")


def _write_pictures(restored: Iterable[Pixels], source: Frames, folder: Path) -> int:
    """Write each frame as a picture, but none for a picture that could not be read."""
    count = 0
    for count, frame in enumerate(restored, start=1):
        if not source.files:
            _write_picture(folder / _numbered(count), frame)
        elif count - 1 not in source.lost:
            _write_picture(folder / f"{source.files[count - 1].stem}.png", frame)
    if not source.files:
        _trim(folder, count)
    return count


def _numbered(count: int) -> str:
    return f"{count:06d}.png"


def _trim(folder: Path, count: int) -> None:
    """Remove what an earlier, longer result left in its folder."""
    while (left := folder / _numbered(count := count + 1)).is_file():
        left.unlink()


def _write_picture(path: Path, frame: Pixels) -> None:
    if frame.dtype == np.uint8:
        write_png(path, frame)
        return
    with atomic(path) as part:
        part.write_bytes(png16.encode(frame))

"""Restore videos of any length, with as many frames in memory as the network takes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from deblur_lib.data.clips.flow import opencv
from deblur_lib.data.clips.frames import Frames, exchanged, gaps, open_frames, thumbnail
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError, RecordError
from deblur_lib.evaluation.restore import Tile, from_8bit, restore, to_8bit
from deblur_lib.files import atomic
from deblur_lib.nn import Deblurrer
from deblur_lib.records import write_png

Say = Callable[[str], None]


def restore_video(
    network: Deblurrer,
    path: Path,
    target: Path,
    device: torch.device,
    *,
    tile: Tile = "auto",
    pictures: bool = False,
    say: Say = print,
) -> list[str]:
    """Restore a video file, or a folder of numbered frames, frame by frame.

    A network for clips sees each frame with its neighbours; at both ends the clip is mirrored, so
    as many frames come out as went in.

    Args:
        network: on the device.
        path: video, or folder of frames.
        target: file of the video (mp4), or folder for the pictures.
        device: where to compute.
        tile: see `evaluation.restore`; for frames that do not fit in memory.
        pictures: write PNG files instead of a video, which loses nothing.
        say: receives at once what a user should know.

    Returns:
        Notes on the result.

    Raises:
        UsageError: OpenCV is needed and not installed.
        DataError: the video cannot be read, or not whole; what could be read is restored all the
            same, with the neighbour of each lost frame in its place.
        RecordError: the result cannot be written whole.
    """
    source = open_frames(path, hold=True)
    _warn(source, say)
    restored = restore_frames(network, source, device, tile=tile, say=_once(source.path, say))
    bar = tqdm(restored, path.name, total=source.announced or None, unit="frame")
    count = _write_pictures(bar, source, target) if pictures else _write_video(bar, source, target)
    if not count:
        raise DataError(f"{path} holds no frame that can be read; convert it to mp4 or to pictures")
    if source.lost:
        raise DataError(f"{path} -> {target}, {count} frames, but {_told(source, count)}")
    notes = [f"{count} frames"] + ([] if source.files else ["sound is not copied"])
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
    network: Deblurrer,
    frames: Iterable[U8],
    device: torch.device | str = "cpu",
    *,
    tile: Tile = "auto",
    say: Say = print,
) -> Iterator[U8]:
    """Restore frames as they come, (H, W, 3) uint8 each; holds `clip_length` of them."""
    for window in windows(frames, network.clip_length):
        clip = from_8bit(np.stack(window)).to(device)[None]  # (1, T, 3, H, W)
        yield to_8bit(restore(network, clip, tile=tile, say=say)[0])


def windows(frames: Iterable[U8], length: int) -> Iterator[list[U8]]:
    """For each frame the `length` frames around it, mirrored at both ends of the clip."""
    half = length // 2
    held: deque[U8] = deque(maxlen=length)
    count = 0
    for frame in frames:
        held.append(frame)
        count += 1
        if count > half:
            yield _window(held, count, count - 1 - half, half)
    for centre in range(max(count - half, 0), count):
        yield _window(held, count, centre, half)


def _window(held: deque[U8], count: int, centre: int, half: int) -> list[U8]:
    first = count - len(held)  # number of the oldest frame that is held
    return [
        held[_mirrored(number, count) - first] for number in range(centre - half, centre + half + 1)
    ]


def _mirrored(number: int, count: int) -> int:
    """A frame number mirrored into 0 to count - 1 without repeating the first or last frame."""
    period = max(2 * (count - 1), 1)
    number %= period
    return min(number, period - number) if count > 1 else 0


def _warn(source: Frames, say: Callable[[str], None]) -> None:
    missing = gaps(source.files)
    if missing:
        first, last = missing[0]
        say(
            f"{source.path}: {len(missing)} gap(s) in the numbers, first {first} to {last}; frames "
            "beside a gap are restored as if they were neighbours"
        )
    if len(source.files) > 3:
        for position in exchanged([thumbnail(frame) for frame in source]):
            names = " and ".join(one.name for one in source.files[position : position + 2])
            say(f"{source.path}: {names} seem to be exchanged")


def _write_pictures(restored: Iterable[U8], source: Frames, folder: Path) -> int:
    """Write each frame as a picture, but none for a picture that could not be read."""
    count = 0
    for count, frame in enumerate(restored, start=1):
        if not source.files:
            write_png(folder / f"{count:06d}.png", frame)
        elif count - 1 not in source.lost:
            write_png(folder / f"{source.files[count - 1].stem}.png", frame)
    return count


def _write_video(restored: Iterable[U8], source: Frames, target: Path) -> int:
    """Write a video whole or not at all: what lies on the disk is read again and counted."""
    cv2 = opencv("writing a video")
    writer, count = None, 0
    with atomic(target) as part:
        try:
            for frame in restored:
                if writer is None:
                    height, width = frame.shape[:2]
                    kind = cv2.VideoWriter_fourcc(*"mp4v")
                    writer = cv2.VideoWriter(str(part), kind, source.rate, (width, height))
                    if not writer.isOpened():
                        raise DataError(f"{target} cannot be written; use --frames for pictures")
                writer.write(np.ascontiguousarray(frame[..., ::-1]))
                count += 1
        finally:
            if writer is not None:
                writer.release()
        if not count:
            raise DataError(f"{source.path} holds no frame that can be read; convert it to mp4")
        there = _frames_in(part)
        if there != count:
            raise RecordError(
                f"{target} was not written whole ({there} of {count} frames can be read again); "
                "free some space, or choose another --out"
            )
    return count


def _frames_in(video: Path) -> int:
    """Frames of a written video that can be read again."""
    try:
        return sum(1 for _ in open_frames(video))
    except DataError:
        return 0

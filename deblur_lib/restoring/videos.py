"""Restore videos of any length, with as many frames in memory as the network takes."""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from deblur_lib.data.clips.flow import opencv
from deblur_lib.data.clips.frames import VIDEOS, Frames, exchanged, gaps, open_frames, thumbnail
from deblur_lib.data.pictures.reading import U8
from deblur_lib.devices import resolve_device
from deblur_lib.errors import DataError, DeblurError
from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit
from deblur_lib.nn import Deblurrer
from deblur_lib.records import write_png
from deblur_lib.weights.checkpoint import open_network


def is_video(path: Path) -> bool:
    """True for a file whose name ends as a video's."""
    return path.suffix.lower() in VIDEOS


def restore_inputs(
    inputs: Sequence[str],
    weights: Path,
    out: Path,
    *,
    device: str = "auto",
    tile: int | None = None,
    frames: bool = False,
    say: Callable[[str], None] = print,
) -> tuple[int, int, list[str]]:
    """Restore what is a video among some inputs; one bad video does not stop the others.

    Args:
        inputs: a video is a file named as one, or a folder when the network takes clips.
        weights: these and all others as in `restore_video`.
        out: likewise.
        device: likewise.
        tile: likewise.
        frames: likewise.
        say: likewise.

    Returns:
        Videos done, videos that failed, and the inputs that are no videos.
    """
    clips = open_network(weights)[0].clip_length > 1
    done = failed = 0
    rest: list[str] = []
    for item in inputs:
        path = Path(item)
        if not is_video(path) and not (clips and path.is_dir()):
            rest.append(item)
            continue
        try:
            restore_video(path, weights, out, device=device, tile=tile, frames=frames, say=say)
        except DeblurError as error:
            failed += 1
            say(f"failed: {error}")
        else:
            done += 1
    return done, failed, rest


def restore_video(
    path: Path,
    weights: Path,
    out: Path,
    *,
    device: str = "auto",
    tile: int | None = None,
    frames: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Restore a video file, or a folder of numbered frames, frame by frame.

    A network for clips sees each frame with its neighbours; at both ends the clip is mirrored, so
    as many frames come out as went in.

    Args:
        path: video, or folder of frames.
        weights: checkpoint written by a run of this suite.
        out: folder for the result: a video of the same name (mp4), or pictures.
        device: auto, cpu, cuda or mps.
        tile: side of tiles for frames that do not fit in memory.
        frames: write PNG files instead of a video, which loses nothing; a folder always gives them.
        say: receives what a user should know.

    Returns:
        Number of frames written.

    Raises:
        UsageError: OpenCV is needed and not installed.
        DataError: the video cannot be read or written, or would be overwritten.
        CheckpointError: the checkpoint cannot be used.
    """
    source = open_frames(path)
    _warn(source, say)
    network, _ = open_network(weights)
    place = resolve_device(device)
    restored = restore_frames(network.to(place), source, place, tile=tile)
    bar = tqdm(restored, path.name, total=source.announced or None, unit="frame")
    if source.files or frames:
        target, count = _write_pictures(bar, source, out / path.stem)
    else:
        target, count = _write_video(bar, source, out / f"{path.stem}.mp4")
    if not count:
        raise DataError(f"{path} holds no frame that can be read; convert it to mp4 or to pictures")
    notes = [] if source.files else ["sound is not copied"]
    if not source.files and source.announced not in (0, count):
        notes.append(f"its header announces {source.announced} frames, {count} could be read")
    say(f"{path} -> {target}, {count} frames" + (f" ({'; '.join(notes)})" if notes else ""))
    return count


def restore_frames(
    network: Deblurrer,
    frames: Iterable[U8],
    device: torch.device | str = "cpu",
    *,
    tile: int | None = None,
) -> Iterator[U8]:
    """Restore frames as they come, (H, W, 3) uint8 each; holds `clip_length` of them."""
    for window in windows(frames, network.clip_length):
        clip = from_8bit(np.stack(window)).to(device)[None]  # (1, T, 3, H, W)
        yield to_8bit(restore(network, clip, tile=tile)[0])


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


def _write_pictures(restored: Iterable[U8], source: Frames, folder: Path) -> tuple[Path, int]:
    if source.files and folder.exists() and folder.samefile(source.path):
        raise DataError(f"{folder} holds the frames themselves; choose another --out")
    count = 0
    for frame in restored:
        name = source.files[count].stem if source.files else f"{count + 1:06d}"
        write_png(folder / f"{name}.png", frame)
        count += 1
    return folder, count


def _write_video(restored: Iterable[U8], source: Frames, target: Path) -> tuple[Path, int]:
    if target.exists() and target.samefile(source.path):
        raise DataError(f"{target} would be overwritten by its restoration; choose another --out")
    cv2 = opencv("writing a video")
    target.parent.mkdir(parents=True, exist_ok=True)
    writer, count = None, 0
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / target.name
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
        if count:
            part.replace(target)
    return target, count

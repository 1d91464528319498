"""Frames of a video in order: a video file, or a folder of numbered pictures. One at a time.

A folder's order is that of the last number in each name; missing and repeated numbers are told, and
two neighbours that were exchanged are found by their pictures.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from deblur_lib.data.clips.flow import opencv
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.errors import DataError

VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"}
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
RATE = 25.0  # frames a second where nothing is said
THUMBNAIL = 24  # side of the small pictures that order is judged by
SHORTER = 0.85  # an exchange of neighbours is told when it shortens the way through them to this


@dataclass(frozen=True)
class Frames:
    """Frames that can be read from the start as often as wanted.

    Attributes:
        path: the video file, or the folder.
        files: pictures of a folder in order; empty for a video.
        announced: number of frames, as the video's header has it; 0 where it does not say.
        rate: frames a second.
    """

    path: Path
    files: tuple[Path, ...] = ()
    announced: int = 0
    rate: float = RATE

    def __iter__(self) -> Iterator[U8]:
        """Each frame, (H, W, 3) uint8 RGB.

        Raises:
            DataError: a frame cannot be read, or has another size than the first.
        """
        size: tuple[int, ...] = ()
        for name, frame in self._pictures() if self.files else self._decoded():
            if size and frame.shape != size:
                raise DataError(
                    f"{self.path}, frame {name} is {frame.shape[1]}x{frame.shape[0]}, the first is "
                    f"{size[1]}x{size[0]}; the frames of a clip need one size"
                )
            size = frame.shape
            yield frame

    def _pictures(self) -> Iterator[tuple[str, U8]]:
        for path in self.files:
            yield path.name, read_rgb(path)

    def _decoded(self) -> Iterator[tuple[str, U8]]:
        cv2 = opencv("reading a video")
        video = cv2.VideoCapture(str(self.path))
        try:
            count = 0
            while True:
                good, frame = video.read()
                if not good:
                    break
                count += 1
                yield str(count), np.ascontiguousarray(frame[..., ::-1])
        finally:
            video.release()


def open_frames(path: Path) -> Frames:
    """Open a video file or a folder of numbered pictures.

    Raises:
        UsageError: a video, and OpenCV is not installed.
        DataError: nothing there that can be read as frames, or two pictures of one number.
    """
    path = Path(path)
    if path.is_dir():
        found = [one for one in path.iterdir() if one.suffix.lower() in PICTURES]
        files = sorted(found, key=lambda one: (number_of(one), one.name))
        if not files:
            raise DataError(f"{path} holds no pictures; needed numbered frames such as 000001.png")
        for first, second in pairwise(files):
            if number_of(first) == number_of(second):
                raise DataError(
                    f"{first.name} and {second.name} have one number; needed one clip, numbered"
                )
        return Frames(path, tuple(files), len(files))
    if not path.is_file():
        raise DataError(f"{path} does not exist; give a video file or a folder of frames")
    cv2 = opencv("reading a video")
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise DataError(f"{path} cannot be opened as a video; convert it to mp4 or to pictures")
        announced = max(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
        rate = float(video.get(cv2.CAP_PROP_FPS))
    finally:
        video.release()
    return Frames(path, (), announced, rate if 0 < rate < 1000 else RATE)


def number_of(path: Path) -> int:
    """The last number in a file's name; -1 where there is none."""
    found = re.findall(r"\d+", path.stem)
    return int(found[-1]) if found else -1


def gaps(files: Sequence[Path]) -> list[tuple[int, int]]:
    """First and last number of each run of missing frames."""
    numbers = [number_of(one) for one in files]
    return [(first + 1, second - 1) for first, second in pairwise(numbers) if second - first > 1]


def thumbnail(frame: U8) -> npt.NDArray[np.float32]:
    """A small grey picture, (24, 24), smooth enough that its change follows the motion."""
    small = Image.fromarray(frame).convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def exchanged(thumbnails: Sequence[npt.NDArray[np.float32]]) -> list[int]:
    """Positions k at which frames k and k + 1 seem to have changed places.

    Told where the way from frame k - 1 over both to k + 2 gets clearly shorter when they are
    exchanged; a clip without motion tells nothing.
    """
    found: list[int] = []
    for k in range(1, len(thumbnails) - 2):
        a, b, c, d = thumbnails[k - 1 : k + 3]
        way = _gap(a, b) + _gap(b, c) + _gap(c, d)
        if _gap(a, c) + _gap(c, b) + _gap(b, d) < SHORTER * way:
            found.append(k)
    return found


def _gap(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    return float(np.abs(first - second).mean())

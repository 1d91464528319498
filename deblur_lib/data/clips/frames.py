"""Frames of a video in order: a video file, or a folder of numbered pictures. One at a time.

A folder's order is that of the numbers in the names; missing and repeated numbers are told, and
two neighbours that were exchanged are found by their pictures. A frame that cannot be read ends
nothing without a word: it is an error, or a neighbour is held in its place and its position kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt
from PIL import Image

from deblur_lib.data.clips.opencv import opencv
from deblur_lib.data.pictures.headers import is_picture, mode_of
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.errors import DataError

VIDEOS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"}
COUNTED = {".mp4", ".m4v", ".mov", ".avi"}  # their headers count frames, others' are estimates
RATE = 25.0  # frames a second where nothing is said
THUMBNAIL = 24  # side of the small pictures that order is judged by
GIVE_UP = 1000  # failed readings in a row after which no further frame is expected
SHORTER = 0.85  # an exchange of neighbours is told when it shortens the way through them to this


@dataclass(frozen=True)
class Frames:
    """Frames that can be read from the start as often as wanted.

    Attributes:
        path: the video file, or the folder.
        files: pictures of a folder in order; empty for a video.
        announced: number of frames, as the video's header has it; 0 where it does not say.
        rate: frames a second.
        hold: a frame that cannot be read is replaced by the one before it (at the start by the
            first that can be read), so that time goes on as it should.
        lost: positions, from 0, that the last reading could not read; at the end of a video
            nothing is held in their place.
    """

    path: Path
    files: tuple[Path, ...] = ()
    announced: int = 0
    rate: float = RATE
    hold: bool = False
    lost: list[int] = field(default_factory=list, compare=False)

    def __iter__(self) -> Iterator[U8]:
        """Each frame, (H, W, 3) uint8 RGB.

        Raises:
            DataError: a frame cannot be read though later ones can, or has another size than the
                first.
        """
        self.lost.clear()
        shown: U8 | None = None
        waiting = 0  # frames lost before the first that can be read
        for position, frame in enumerate(self._pictures() if self.files else self._decoded()):
            if isinstance(frame, DataError):
                if not self.hold:
                    raise frame
                self.lost.append(position)
                if shown is None:
                    waiting += 1
                else:
                    yield shown
                continue
            if shown is not None and frame.shape != shown.shape:
                (height, width), (first, across) = frame.shape[:2], shown.shape[:2]
                raise DataError(
                    f"{self.path}, frame {self.name(position)} is {width}x{height}, the first is "
                    f"{across}x{first}; the frames of a clip need one size"
                )
            shown = frame
            for _ in range(waiting + 1):
                yield frame
            waiting = 0

    def name(self, position: int) -> str:
        """How a user knows the frame at a position: its file, or its number from 1."""
        return self.files[position].name if self.files else str(position + 1)

    def _pictures(self) -> Iterator[U8 | DataError]:
        for path in self.files:
            try:
                yield read_rgb(path)
            except DataError as error:
                yield error

    def _decoded(self) -> Iterator[U8 | DataError]:
        """Frames of a video; what fails at its end is no frame, whatever its header announces."""
        cv2 = opencv("reading a video")
        video = cv2.VideoCapture(str(self.path))
        try:
            count = failed = 0
            while failed < GIVE_UP and (failed == 0 or count + failed < self.announced):
                good, frame = video.read()
                if not good:
                    failed += 1
                    continue
                for position in range(count, count + failed):
                    yield DataError(
                        f"{self.path}, frame {self.name(position)} cannot be decoded, later ones "
                        "can; cut the video there, or copy it again"
                    )
                count, failed = count + failed + 1, 0
                yield np.ascontiguousarray(frame[..., ::-1])
            if self.path.suffix.lower() in COUNTED:
                self.lost.extend(range(count, min(self.announced, count + GIVE_UP)))
        finally:
            video.release()


def frame_files(folder: Path) -> list[Path]:
    """Pictures of a folder in the order of their numbers."""
    found = [one for one in folder.iterdir() if is_picture(one)]
    numbers = dict(zip(found, numbers_of(found), strict=True))
    return sorted(found, key=lambda one: (numbers[one], one.name))


def open_frames(path: Path, *, hold: bool = False) -> Frames:
    """Open a video file or a folder of numbered pictures.

    Args:
        path: the file or folder.
        hold: see `Frames`.

    Raises:
        UsageError: a video, and OpenCV is not installed.
        DataError: nothing there that can be read as frames, or two pictures of one number.
    """
    path = Path(path)
    if path.is_dir():
        files = frame_files(path)
        if not files:
            raise DataError(f"{path} holds no pictures; needed numbered frames such as 000001.png")
        numbered = zip(files, numbers_of(files), strict=True)
        for (first, number), (second, following) in pairwise(numbered):
            if number == following:
                raise DataError(
                    f"{first.name} and {second.name} have one number; needed one clip, numbered"
                )
        return Frames(path, tuple(files), len(files), hold=hold)
    if not S_ISREG(mode_of(path)):
        raise DataError(
            f"{path} does not exist, or is a pipe or device; give a video file or a folder of "
            "frames"
        )
    cv2 = opencv("reading a video")
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise DataError(f"{path} cannot be opened as a video; convert it to mp4 or to pictures")
        announced = max(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
        rate = float(video.get(cv2.CAP_PROP_FPS))
    finally:
        video.release()
    return Frames(path, (), announced, rate if 0 < rate < 1000 else RATE, hold)


def numbers_of(files: Sequence[Path]) -> list[int]:
    """The number of each frame: of the numbers in the names the last one in which they differ.

    Names that are not alike but for their numbers give their last one; -1 where there is none.
    """
    found = [re.findall(r"\d+", one.stem) for one in files]
    if len({re.sub(r"\d+", "#", one.stem) for one in files}) == 1 and all(found):
        columns = [k for k in range(len(found[0])) if len({one[k] for one in found}) > 1]
        return [int(one[columns[-1] if columns else -1]) for one in found]
    return [int(one[-1]) if one else -1 for one in found]


def gaps(files: Sequence[Path]) -> list[tuple[int, int]]:
    """First and last number of each run of missing frames."""
    numbers = numbers_of(files)
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

"""Video files through OpenCV, where PyAV is not installed; every loss is said."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from deblur_lib.data.clips.frames import Frames, open_frames
from deblur_lib.data.clips.opencv import opencv
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError, RecordError
from deblur_lib.files import atomic

UNEVEN = 0.25  # of the time between two frames: a larger difference is a rate that varies
LOOKED_AT = 200  # frames whose times are looked at


UNTIMED = "pictures do not hold the times of its frames, which are not evenly spaced"


def uneven(times: Sequence[float]) -> bool:
    """True when frames are shown at a rate that varies."""
    steps = np.diff(times)
    return bool(steps.size and np.abs(steps - np.median(steps)).max() > UNEVEN * np.median(steps))


def squared(wide: int, high: int) -> str:
    """What became of pixels that are not square."""
    return f"its pixels, {wide}:{high} wide, became square"


def losses(path: Path, *, pictures: bool) -> list[str]:
    """What OpenCV does not keep of a video; to keep it, `deblur-lib[video]` is needed.

    Args:
        path: the video.
        pictures: its frames become pictures, not a video.
    """
    cv2 = opencv("reading a video")
    video = cv2.VideoCapture(str(path))
    try:
        size = [
            int(video.get(one)) for one in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        ]
        kind = int(video.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)).to_bytes(4, "little", signed=True)
        aspect = [int(video.get(one)) for one in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN)]
        times = [video.get(cv2.CAP_PROP_POS_MSEC) for _ in range(LOOKED_AT) if video.grab()]
    finally:
        video.release()
    found = ["sound is not copied"]
    if not pictures:
        found.append("it was coded as MPEG-4 part 2")
        if size[0] % 2 or size[1] % 2:
            found.append("its odd size may have lost a pixel")
    if kind[:1] == b"Y" and kind[3] > 8:
        found.append(f"{kind[3]} bits became 8")
    if aspect[0] != aspect[1] and min(aspect) > 0:
        found.append(squared(*aspect))
    if uneven(times):
        found.append(UNTIMED if pictures else "its frames were evenly spaced, which they were not")
    return found


def write_video(restored: Iterable[U8], source: Frames, target: Path) -> int:
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
            raise nothing(source.path)
        check_whole(target, there=_frames_in(part), count=count)
    return count


def nothing(path: Path) -> DataError:
    """The error of a video without a frame."""
    return DataError(f"{path} holds no frame that can be read; convert it to mp4 or to pictures")


def check_whole(target: Path, *, there: int, count: int) -> None:
    """Refuse a written video that holds fewer frames than were written.

    Raises:
        RecordError: the disk is full.
    """
    if there != count:
        raise RecordError(
            f"{target} was not written whole ({there} of {count} frames can be read again); "
            "free some space, or choose another --out"
        )


def _frames_in(video: Path) -> int:
    """Frames of a written video that can be read again."""
    try:
        return sum(1 for _ in open_frames(video))
    except DataError:
        return 0

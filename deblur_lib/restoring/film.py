"""Video files as PyAV reads them, with all that a restoration keeps: sound, times, size, depth.

Needs `pip install 'deblur-lib[video]'`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deblur_lib.errors import DataError
from deblur_lib.files import ADVICE
from deblur_lib.restoring import plain

Pixels = npt.NDArray[Any]  # (H, W, 3) of 8 or 16 bits
ENCODERS = {False: "libx264", True: "libx265"}  # for 8 bits, and for more
FULL = 2  # number of the range that uses all values
HDR = {16: "PQ", 18: "HLG"}  # transfers of high dynamic range
FAILED = 1000  # packets in a row without a frame after which no further one is expected


def installed() -> bool:
    """True where PyAV is, with the encoders that are needed."""
    if find_spec("av") is None:
        return False
    import av

    return set(ENCODERS.values()) <= av.codecs_available


@dataclass
class Film:
    """A video that is read once, from its first frame to its last.

    Attributes:
        path: the file.
        container, stream: as PyAV has them.
        logged: what the decoder complains of.
        passing: given each packet of the other streams.
        times: when the frames that were given out are shown, in the stream's time base.
        notes: what a user should know.
    """

    path: Path
    container: Any
    stream: Any
    logged: list[Any]
    passing: Callable[[Any], None] = lambda packet: None
    times: deque[int] = field(default_factory=deque)
    notes: list[str] = field(default_factory=list)
    count: int = 0
    packets: int = 0
    broken: int = 0
    _last: int | None = None
    _end: int = 0  # time stamp of the last packet

    @property
    def deep(self) -> bool:
        """More than 8 bits a channel."""
        return bool(self.stream.format.components[0].bits > 8)

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average."""
        return Fraction(self.stream.average_rate or self.stream.guessed_rate or 25)

    def __iter__(self) -> Iterator[Pixels]:
        """Each frame upright, (H, W, 3) RGB, uint8 or uint16.

        Raises:
            DataError: a frame has another size than the first.
        """
        kind, first = "rgb48le" if self.deep else "rgb24", None
        if transfer := HDR.get(self.stream.codec_context.color_trc):
            self.note(f"it is HDR ({transfer}), unlike what networks learn from")
        for frame in self._decoded():
            self.broken += frame.is_corrupt
            if frame.interlaced_frame:
                self.note("its frames are interlaced and were restored as if they were not")
            plain = frame.reformat(
                format=kind, interpolation=exactly(), src_color_range=frame.color_range,
                dst_color_range=FULL,
            )  # fmt: skip
            pixels = np.rot90(plain.to_ndarray(), round(frame.rotation / 90))
            if first is not None and pixels.shape != first:
                raise DataError(
                    f"{self.path}, frame {self.count + 1} is {pixels.shape[1]}x{pixels.shape[0]}, "
                    f"the first is {first[1]}x{first[0]}; the frames of a clip need one size"
                )
            first = pixels.shape
            self._timed(frame.pts)
            yield np.ascontiguousarray(pixels)

    def note(self, text: str) -> None:
        """Tell something once."""
        if text not in self.notes:
            self.notes.append(text)

    def as_pictures(self) -> None:
        """Tell what pictures of the frames that were given out do not keep."""
        if self.container.streams.audio:
            self.note("its sound is not copied")
        aspect = self.stream.sample_aspect_ratio
        if aspect and aspect != 1:
            self.note(plain.squared(aspect.numerator, aspect.denominator))
        if plain.uneven(list(self.times)):
            self.note(plain.UNTIMED)

    @property
    def _step(self) -> int:
        """Time between two frames."""
        return max(round(1 / (self.rate * Fraction(self.stream.time_base))), 1)

    def _timed(self, shown: int | None) -> None:
        """Note when a frame is shown: as it says, else one step after the one before."""
        if shown is None or (self._last is not None and shown <= self._last):
            shown = 0 if self._last is None else self._last + self._step
        self._last = shown
        self.times.append(shown)
        self.count += 1

    def _decoded(self) -> Iterator[Any]:
        """Frames as PyAV has them; what cannot be decoded is counted and passed over."""
        import av

        packets, failed = self.container.demux(), 0
        while failed < FAILED:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self.broken += 1
                return
            if packet.stream.index != self.stream.index:
                self.passing(packet)
                continue
            self.packets += packet.size > 0
            self._end = packet.dts or self._end
            try:
                frames = packet.decode()
            except av.FFmpegError:
                failed, self.broken = failed + 1, self.broken + 1
                continue
            failed = 0
            yield from frames

    @property
    def damage(self) -> str:
        """What could not be read, once all was; empty where nothing was lost."""
        parts = []
        if self.broken:
            parts.append(f"{self.broken} of its frames cannot be read")
        elif self.logged:
            parts.append(f"its decoder met damage ({self.logged[0][2].strip()})")
        if self.stream.frames > self._reached:
            parts.append(f"its header announces {self.stream.frames}")
        return "; ".join(parts)

    @property
    def _reached(self) -> float:
        """How far the file goes, in what its header counts: frames, in AVI their earliest steps."""
        if self.container.format.name != "avi":
            return self.packets
        return self._end + 2 * self._end / max(self.packets - 1, 1)


@contextmanager
def opened(path: Path) -> Iterator[Film]:
    """Open a video.

    Raises:
        DataError: it cannot be opened, or holds no moving picture.
    """
    import av

    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as logged, _container(path) as container:
            cover = av.stream.Disposition.attached_pic
            streams = [one for one in container.streams.video if not one.disposition & cover]
            if not streams or not streams[0].format:
                raise DataError(f"{path} holds no moving picture that can be read")
            yield Film(path, container, streams[0], logged)
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in ADVICE:
            raise  # the disk, not the video
        raise DataError(f"{path} cannot be written anew ({error}); use --frames") from error
    finally:
        av.logging.set_level(level)


def _container(path: Path) -> Any:
    import av

    try:
        return av.open(str(path))
    except av.FFmpegError as error:
        raise DataError(
            f"{path} cannot be opened as a video ({error.strerror}); convert it to mp4 or to "
            "pictures"
        ) from error


def exactly() -> Any:
    """How colour planes are scaled: without a shift of colours."""
    from av.video.reformatter import Interpolation as How

    return How.BICUBIC | How.ACCURATE_RND | How.FULL_CHR_H_INT | How.FULL_CHR_H_INP

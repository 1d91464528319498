"""Video files as PyAV writes them: new frames, and everything else as it was."""

from pathlib import Path
from typing import Any

from deblur_lib.restoring.film import ENCODERS, FULL, Film, Pixels, exactly

BASE = {False: "yuv420p", True: "yuv420p10le"}  # kinds of pixels that every player shows
WHOLE = {False: "yuv444p", True: "yuv444p10le"}  # with a colour for each pixel
OPTIONS = {  # hardly to be told from the frames that were coded
    "libx264": {"crf": "12"},
    "libx265": {"crf": "12", "x265-params": "log-level=none"},
}
CONTAINER = {"movflags": "use_metadata_tags+faststart"}
OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder"}
PLAIN_SOUND = {1: "mono", 2: "stereo"}  # by channels, which some files do not name


class Writer:
    """Writes the frames of a film anew, with everything else that it holds."""

    def __init__(self, out: Any, film: Film) -> None:
        self.out, self.film = out, film
        self.picture: Any = None
        self.others: dict[int, tuple[Any, bool]] = {}  # by stream: its copy, whether coded again
        self.early: list[Any] = []  # packets that came before the first frame
        film.passing = self.other

    def frame(self, pixels: Pixels) -> None:
        """Write the next frame."""
        import av

        film = self.film
        if self.picture is None:
            self._start(pixels)
        context, shape = self.picture.codec_context, "rgb48le" if film.deep else "rgb24"
        plain = av.VideoFrame.from_ndarray(pixels, format=shape)
        coded = plain.reformat(
            format=context.pix_fmt, interpolation=exactly(), src_color_range=FULL,
            dst_colorspace=film.stream.codec_context.colorspace,
            dst_color_range=film.stream.codec_context.color_range,
        )  # fmt: skip
        coded.pts, coded.time_base = film.times.popleft(), film.stream.time_base
        self.out.mux(self.picture.encode(coded))

    def _start(self, pixels: Pixels) -> None:
        """Add the streams, once the size of the upright frames is known."""
        film, context = self.film, self.film.stream.codec_context
        height, width = pixels.shape[:2]
        name = ENCODERS[film.deep]
        self.picture = self.out.add_stream(name, rate=film.rate, options=OPTIONS[name])
        made = self.picture.codec_context
        made.width, made.height, made.pix_fmt = width, height, self._kind(width, height)
        made.time_base = film.stream.time_base
        if film.deep:
            made.codec_tag = "hvc1"  # the one that Apple's players take
        for told in ("colorspace", "color_range", "color_primaries", "color_trc"):
            setattr(made, told, getattr(context, told))
        if aspect := film.stream.sample_aspect_ratio:
            sideways = (width, height) != (context.width, context.height)
            made.sample_aspect_ratio = 1 / aspect if sideways else aspect
        for stream in film.container.streams:
            if stream.index != film.stream.index:
                self._add(stream)
        told = film.container.metadata.items()
        self.out.metadata.update({key: one for key, one in told if key not in OF_THE_FILE})
        for packet in self.early:
            self.other(packet)

    def _kind(self, width: int, height: int) -> str:
        """The pixels' kind in the file: as it was, where its encoder has it."""
        import av

        film, kind = self.film, str(self.film.stream.format.name)
        known = {one.name for one in av.Codec(ENCODERS[film.deep], "w").video_formats or ()}
        if (width % 2 or height % 2) and not kind.startswith(("yuv444", "yuvj444")):
            film.note("its odd size needs 4:4:4, which some players do not show")
            return WHOLE[film.deep]
        if kind in known and kind.startswith(("yuv", "gray")):
            return kind
        film.note(f"its pixels, {kind}, were coded as {BASE[film.deep]}")
        return BASE[film.deep]

    def _add(self, stream: Any) -> None:
        """Make room for another stream where the file takes it."""
        name = stream.codec_context.name if stream.codec_context else "data"
        if stream.type in ("audio", "subtitle") and name in self.out.supported_codecs:
            made, again = self.out.add_stream_from_template(stream), False
        elif stream.type == "audio":
            layout = PLAIN_SOUND.get(stream.layout.nb_channels, stream.layout.name)
            made, again = self.out.add_stream("aac", rate=stream.rate, layout=layout), True
            self.film.note(f"its sound ({name}) was coded anew as AAC")
        else:
            self.film.note(f"a stream of {stream.type} ({name}) was left out")
            return
        made.metadata.update(stream.metadata)
        self.others[stream.index] = made, again

    def other(self, packet: Any) -> None:
        """Pass on a packet of another stream."""
        if self.picture is None:
            self.early.append(packet)
            return
        made, again = self.others.get(packet.stream.index, (None, False))
        if made is None:
            return
        if again:
            for frame in packet.decode():
                self.out.mux(made.encode(_named(frame, made.layout.name)))
        elif packet.dts is not None:
            packet.stream = made
            self.out.mux(packet)

    def end(self) -> None:
        """Write what the encoders still hold."""
        for made in (self.picture, *(one for one, again in self.others.values() if again)):
            self.out.mux(made.encode())


def _named(frame: Any, layout: str) -> Any:
    """A piece of sound with a layout that encoders know."""
    import av

    made = av.AudioFrame.from_ndarray(frame.to_ndarray(), frame.format.name, layout)
    made.sample_rate, made.pts, made.time_base = frame.sample_rate, frame.pts, frame.time_base
    return made


def frames_in(path: Path) -> int:
    """Frames of a written video, by its packets; 0 where it cannot be opened."""
    import av

    try:
        with av.open(str(path)) as container:
            return sum(packet.size > 0 for packet in container.demux(video=0))
    except (av.FFmpegError, IndexError):
        return 0

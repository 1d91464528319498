"""Videos through PyAV keep sound, times, size, turn, shape of pixels, depth, colours and dates."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from test_videos import movie, write_video

from deblur_lib.data.pictures import png16
from deblur_lib.errors import DataError
from deblur_lib.nn import Deblurrer
from deblur_lib.restoring.sources import find
from deblur_lib.restoring.videos import restore_video

TICKS = Fraction(1, 600)
CODED = 5  # grey levels that coding a picture full of edges may change in the mean
Floats = np.ndarray


class Identity(Deblurrer):
    """Gives back the middle of its frames."""

    clip_length = 3

    def forward_all(self, blurred: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (blurred[:, 1],)


def encoded(
    path: Path,
    *,
    codec: str = "libx264",
    kind: str = "yuv420p",
    size: tuple[int, int] = (48, 64),
    count: int = 8,
    sound: str = "",
    times: tuple[int, ...] = (0, 20, 50, 60, 95, 100, 160, 161),
    turn: int = 0,
    matrix: int = 2,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video of a moving picture, with a tone."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as out:
        out.metadata["creation_time"] = "2024-05-06T07:08:09.000000Z"
        stream = out.add_stream(codec, rate=30, options=options or {})
        context = stream.codec_context
        stream.height, stream.width, stream.pix_fmt = *size, kind
        context.time_base, context.colorspace = TICKS, matrix
        if turn:
            stream.set_display_rotation(turn)
        if aspect:
            context.sample_aspect_ratio = aspect
        tone = out.add_stream(sound, rate=48000, layout="mono") if sound else None
        for frame, shown in zip(movie(count, 64), times, strict=False):
            pixels = np.ascontiguousarray(frame[: size[0], : size[1]])
            coded = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format=kind, dst_colorspace=matrix, interpolation="BICUBIC"
            )
            coded.pts, coded.time_base = shown, TICKS
            out.mux(stream.encode(coded))
        out.mux(stream.encode())
        if tone:
            for number in range(12):
                wave = np.sin(np.arange(1024, dtype=np.float32) / 9)[None] / 4
                part = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                part.sample_rate, part.pts = 48000, 1024 * number
                out.mux(tone.encode(part))
            out.mux(tone.encode())
    return path


def read(path: Path) -> dict[str, Any]:
    """What a video holds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        kinds = [one.type for one in container.streams]
        sound = [bytes(packet) for packet in container.demux(audio=0)] if "audio" in kinds else []
        container.seek(0)
        frames = list(container.decode(stream))
        return {
            "frames": [
                np.rot90(one.to_ndarray(format="rgb24"), one.rotation / 90) for one in frames
            ],
            "times": [float(one.pts * one.time_base) for one in frames],
            "sound": sound, "kinds": kinds, "codec": stream.codec_context.name,
            "pixels": stream.format.name, "aspect": stream.sample_aspect_ratio,
            "matrix": stream.codec_context.colorspace, "tag": stream.codec_context.codec_tag,
            "date": container.metadata.get("creation_time"), "turn": frames[0].rotation,
        }  # fmt: skip


def restored(path: Path, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """What a video held before and holds afterwards, and the notes."""
    target = tmp_path / "out" / f"{path.stem}.mp4"
    notes = restore_video(Identity(), path, target, say=lambda _: None)
    return read(path), read(target), notes


def gap(first: dict[str, Any], second: dict[str, Any]) -> float:
    both = zip(first["frames"], second["frames"], strict=True)
    return max(float(np.abs(a.astype(float) - b).mean()) for a, b in both)


def test_sound_times_date_and_colours_stay(tmp_path: Path) -> None:
    source = encoded(tmp_path / "a.mp4", sound="aac", matrix=1)
    before, after, notes = restored(source, tmp_path)
    assert notes == ["8 frames"]
    assert after["times"] == before["times"]
    assert after["sound"] == before["sound"]
    assert len(after["sound"]) > 10
    assert after["date"] == before["date"] == "2024-05-06T07:08:09.000000Z"
    assert (after["codec"], after["pixels"], after["matrix"]) == ("h264", "yuv420p", 1)
    assert gap(before, after) < CODED
    assert (tmp_path / "out" / "a.mp4").stat().st_mtime == source.stat().st_mtime


@pytest.mark.parametrize("matrix", [1, 2, 6])
@pytest.mark.parametrize("kind", ["yuv444p", "yuvj444p"])
def test_colours_are_not_shifted(tmp_path: Path, matrix: int, kind: str) -> None:
    source = encoded(tmp_path / "a.mp4", matrix=matrix, kind=kind, options={"crf": "1"})
    before, after, _ = restored(source, tmp_path)
    assert after["pixels"] == kind
    means = [one["frames"][3].reshape(-1, 3).mean(axis=0) for one in (before, after)]
    np.testing.assert_allclose(*means, atol=1.1)
    assert gap(before, after) < CODED


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_videos_come_out_upright(tmp_path: Path, turn: int) -> None:
    source = encoded(tmp_path / "a.mp4", turn=turn, aspect=Fraction(4, 3))
    before, after, _ = restored(source, tmp_path)
    assert after["turn"] == 0
    assert after["frames"][0].shape == ((48, 64, 3) if turn == 180 else (64, 48, 3))
    assert after["aspect"] == (Fraction(4, 3) if turn == 180 else Fraction(3, 4))
    assert gap(before, after) < CODED


def test_ten_bits_stay_ten(tmp_path: Path) -> None:
    source = encoded(
        tmp_path / "a.mkv", codec="libx265", kind="yuv420p10le",
        options={"x265-params": "log-level=none"},
    )  # fmt: skip
    before, after, _ = restored(source, tmp_path)
    assert (after["codec"], after["pixels"], after["tag"]) == ("hevc", "yuv420p10le", "hvc1")
    assert gap(before, after) < CODED
    notes = restore_video(
        Identity(), source, tmp_path / "frames", pictures=True, say=lambda _: None
    )
    assert not any("sound" in note for note in notes), "it has none"
    names = sorted(one.name for one in (tmp_path / "frames").iterdir())
    assert names == [f"{number:06d}.png" for number in range(1, 9)]
    assert png16.depth(tmp_path / "frames" / names[0]) == 16


def test_odd_sizes_stay(tmp_path: Path) -> None:
    source = encoded(tmp_path / "a.mp4", size=(45, 63), kind="yuv444p")
    before, after, notes = restored(source, tmp_path)
    assert after["frames"][0].shape == before["frames"][0].shape == (45, 63, 3)
    assert notes == ["8 frames"]
    source = encoded(
        tmp_path / "b.avi", size=(45, 63), codec="mpeg4", times=tuple(range(0, 160, 20))
    )
    before, after, notes = restored(source, tmp_path)
    assert after["frames"][0].shape == (45, 63, 3)
    assert "4:4:4" in notes[1]
    assert gap(before, after) < CODED


def test_sound_that_mp4_does_not_take_is_coded_anew_and_told(tmp_path: Path) -> None:
    source = encoded(tmp_path / "a.mkv", sound="pcm_u8")
    before, after, notes = restored(source, tmp_path)
    assert notes == ["8 frames", "its sound (pcm_u8) was coded anew as AAC"]
    assert after["kinds"] == ["video", "audio"]
    assert len(after["sound"]) >= 10
    assert np.diff(after["times"]) == pytest.approx(np.diff(before["times"]), abs=2e-3)


@pytest.mark.parametrize("suffix", ["MTS", "3gp", "flv"])
def test_videos_of_cameras_and_older_programs_are_known(tmp_path: Path, suffix: str) -> None:
    source = encoded(tmp_path / f"a.{suffix}", times=tuple(range(0, 160, 20)))
    (found,) = find([str(tmp_path)], clips=False).sources
    assert (found.path, found.kind) == (source, "video")
    before, after, _ = restored(source, tmp_path)
    assert len(after["frames"]) == len(before["frames"]) == 8


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = encoded(tmp_path / "a.mkv", count=8, options={"g": "4"})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + len(content) // 6] = bytes(len(content) // 6)
    path.write_bytes(bytes(content))
    return path


def test_damage_is_told_and_what_is_whole_is_restored(damaged: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with pytest.raises(DataError, match=r"frames, but (its decoder|\d+ of its frames)"):
        restore_video(Identity(), damaged, target, say=lambda _: None)
    assert 0 < len(read(target)["frames"]) <= 8


def test_what_comes_after_the_damage_is_restored_too(tmp_path: Path) -> None:
    shown = tuple(range(0, 60 * 20, 20))
    whole = encoded(tmp_path / "a.mp4", count=60, times=shown, options={"g": "10", "bf": "0"})
    with av.open(str(whole)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
        start, size = packets[20].pos, packets[20].size  # the key frame of the third group
    content = bytearray(whole.read_bytes())
    content[start + 4 : start + size] = bytes(size - 4)
    whole.write_bytes(bytes(content))
    target = tmp_path / "out.mp4"
    with pytest.raises(DataError, match="frames, but"):
        restore_video(Identity(), whole, target, say=lambda _: None)
    times = read(target)["times"]
    assert times[-1] == pytest.approx(float(shown[-1] * TICKS), abs=0.05)
    assert len(times) >= 40


def test_what_pictures_of_frames_do_not_keep_is_told(tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.mp4", sound="aac", aspect=Fraction(4, 3))
    notes = restore_video(Identity(), path, tmp_path / "frames", pictures=True, say=lambda _: None)
    assert set(notes[1:]) == {
        "its sound is not copied",
        "its pixels, 4:3 wide, became square",
        "pictures do not hold the times of its frames, which are not evenly spaced",
    }


def test_files_without_a_moving_picture_are_refused(tmp_path: Path) -> None:
    sound = tmp_path / "a.mp4"
    with av.open(str(sound), "w") as out:
        tone = out.add_stream("aac", rate=48000, layout="mono")
        part = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        part.sample_rate = 48000
        out.mux(tone.encode(part))
        out.mux(tone.encode())
    (tmp_path / "b.mp4").write_bytes(b"no video")
    for name, says in (("a.mp4", "no moving picture"), ("b.mp4", "cannot be opened as a video")):
        with pytest.raises(DataError, match=says):
            restore_video(Identity(), tmp_path / name, tmp_path / "out.mp4", say=lambda _: None)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "its frames were evenly spaced, which they were not"),
        ({"times": tuple(range(0, 160, 20))}, ""),
        ({"aspect": Fraction(4, 3)}, "its pixels, 4:3 wide, became square"),
        ({"size": (45, 63), "kind": "yuv444p"}, "its odd size may have lost a pixel"),
        (
            {
                "codec": "libx265",
                "kind": "yuv420p10le",
                "options": {"x265-params": "log-level=none"},
            },
            "10 bits became 8",
        ),
    ],
)
def test_opencv_tells_what_it_loses(
    tmp_path: Path, without_pyav: None, options: dict[str, Any], says: str
) -> None:
    source = encoded(tmp_path / "a.mp4", **options)
    notes = restore_video(Identity(), source, tmp_path / "b.mp4", say=lambda _: None)
    assert {"sound is not copied", "it was coded as MPEG-4 part 2"} < set(notes)
    assert says in notes if says else len(notes) == 3


def test_videos_of_opencv_go_through_pyav(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.avi", movie(5, 36))
    before, after, notes = restored(source, tmp_path)
    assert (len(after["frames"]), after["times"]) == (5, pytest.approx(before["times"], abs=2e-3))
    assert notes == ["5 frames"]

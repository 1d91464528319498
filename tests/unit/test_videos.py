"""Videos go in and come out frame by frame, however long, with a few frames in memory."""

import builtins
import dataclasses
import gc
import resource
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from networks import Same, stored
from PIL import Image

from deblur_lib.catalogue import build
from deblur_lib.cli import main
from deblur_lib.data.clips.frames import exchanged, gaps, open_frames, thumbnail
from deblur_lib.data.generated.moving import embedded_scene
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError, RecordError, UsageError
from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit
from deblur_lib.nn import Deblurrer
from deblur_lib.restoring import film
from deblur_lib.restoring.batch import Wishes, restore_inputs
from deblur_lib.restoring.videos import restore_frames, restore_video, windows

CLIP = {"channels": [4, 4, 4], "blocks": 1}


def movie(count: int, side: int = 32) -> list[U8]:
    scene = embedded_scene(0, size=side)
    times = np.arange(count) / 4 - count / 8
    return [np.round(255 * one).astype(np.uint8) for one in scene.render(times)]


def write_frames(folder: Path, frames: list[U8], first: int = 7) -> Path:
    folder.mkdir()
    for number, frame in enumerate(frames, start=first):
        Image.fromarray(frame).save(folder / f"{number:06d}.png")
    return folder


def write_video(path: Path, frames: list[U8], rate: float = 30.0) -> Path:
    cv2 = pytest.importorskip("cv2")
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


@pytest.fixture
def clip_weights(tmp_path: Path) -> Path:
    return stored(tmp_path / "clip" / "best.safetensors", "zhao2020", CLIP)


class Stamp(Deblurrer):
    """Gives back the mean of its frames."""

    name = "stamp"
    clip_length = 5

    def forward_all(self, blurred: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (blurred.mean(dim=1),)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("length", [1, 3, 5])
def test_windows_are_those_of_the_mirrored_clip(count: int, length: int) -> None:
    frames = [np.full((1, 1, 3), number, np.uint8) for number in range(count)]
    half = length // 2
    padded = np.pad(np.arange(count), half, mode="reflect" if count > 1 else "edge")
    found = [[int(one[0, 0, 0]) for one in window] for window in windows(frames, length)]
    assert found == [padded[start : start + length].tolist() for start in range(count)]


def test_frame_by_frame_equals_the_whole_clip() -> None:
    frames = movie(6)
    network = build("zhao2020", **CLIP)
    streamed = list(restore_frames(network, iter(frames)))
    assert len(streamed) == len(frames)
    padded = [frames[1], *frames, frames[-2]]
    clips = torch.stack([from_8bit(np.stack(padded[k : k + 3])) for k in range(len(frames))])
    for mine, clip in zip(streamed, clips, strict=True):
        np.testing.assert_array_equal(mine, to_8bit(restore(network, clip[None])[0]))


def test_memory_holds_a_few_frames_however_long_the_video() -> None:
    alive: set[int] = set()
    most = 0

    class Frame(np.ndarray):  # plain arrays take no weak references
        pass

    def endless() -> Iterator[U8]:
        for number in range(60):
            frame = np.full((8, 8, 3), number, np.uint8).view(Frame)
            alive.add(number)
            weakref.finalize(frame, alive.discard, number)
            yield frame
            del frame

    gc.freeze()  # what was there before need not be looked through
    for restored in restore_frames(Stamp(), endless()):
        gc.collect()
        most = max(most, len(alive))
        assert restored.shape == (8, 8, 3)
    gc.unfreeze()
    assert most <= Stamp.clip_length + 1


@pytest.mark.parametrize("kind", ["clip_weights", "weights"])
def test_a_video_keeps_count_size_and_rate(
    tmp_path: Path, without_pyav: None, kind: str, request: pytest.FixtureRequest
) -> None:
    source = write_video(tmp_path / "clip.mp4", movie(7, 36))
    weights = request.getfixturevalue(kind)
    said: list[str] = []
    assert restore_inputs([str(source)], weights, tmp_path / "out", say=said.append) == (1, 0)
    result = open_frames(tmp_path / "out" / "clip.mp4")
    pictures = list(result)
    assert (len(pictures), pictures[0].shape) == (7, (36, 36, 3))
    assert result.rate == pytest.approx(30.0)
    assert "7 frames; sound is not copied" in said[-1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip.mp4"]


def test_frames_of_a_video_can_be_kept_without_loss(tmp_path: Path, clip_weights: Path) -> None:
    source = write_video(tmp_path / "clip.mp4", movie(3))
    restore_inputs([str(source)], clip_weights, tmp_path / "out", wishes=Wishes(frames=True))
    names = sorted(path.name for path in (tmp_path / "out" / "clip").iterdir())
    assert names == ["000001.png", "000002.png", "000003.png"]


@pytest.mark.parametrize("pyav", [False, True])
def test_a_longer_result_leaves_no_frames_behind(
    tmp_path: Path, pyav: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "installed", lambda: pyav)
    out = tmp_path / "out"
    for count in (5, 2):
        source = write_video(tmp_path / "clip.mp4", movie(count))
        restore_video(Same(), source, out, pictures=True, say=lambda _: None)
        assert sorted(one.name for one in out.iterdir()) == [
            f"{number:06d}.png" for number in range(1, count + 1)
        ]


def test_the_command_restores_videos_frames_and_pictures(
    tmp_path: Path, clip_weights: Path, weights: Path
) -> None:
    clip, photo = clip_weights, weights
    folder = write_frames(tmp_path / "frames", movie(4))

    def run(weights: Path, *inputs: Path, options: tuple[str, ...] = ()) -> tuple[int, str]:
        arguments = ["restore", *map(str, inputs), "--weights", str(weights), "--out"]
        done = CliRunner().invoke(main, [*arguments, str(tmp_path / "out"), *options])
        return done.exit_code, done.output

    assert run(clip, folder)[0] == 0
    names = sorted(path.name for path in (tmp_path / "out" / "frames").iterdir())
    assert names == [f"{number:06d}.png" for number in (7, 8, 9, 10)]
    assert f"4 written to {tmp_path / 'out'}, 0 failed" in run(photo, folder)[1]
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    status, text = run(photo, bad, folder / "000007.png")
    assert status == 3
    assert "bad.mp4 cannot be opened as a video" in text
    assert f"{folder / '000007.png'}: {tmp_path / 'out' / '000007.png'} is there already" in text
    status, text = run(clip, folder / "000007.png", options=("--overwrite",))
    assert status == 3
    assert "give a video or a folder of its frames" in text


def test_a_gap_in_the_numbers_is_told(tmp_path: Path, clip_weights: Path) -> None:
    folder = write_frames(tmp_path / "frames", movie(6))
    (folder / "000009.png").unlink()
    assert gaps(open_frames(folder).files) == [(9, 9)]
    said: list[str] = []
    assert restore_inputs([str(folder)], clip_weights, tmp_path / "out", say=said.append) == (1, 0)
    assert "5 frames" in said[-1]
    assert "1 gap(s) in the numbers, first 9 to 9" in said[0]


@pytest.mark.parametrize("swapped", [2, 5])
def test_exchanged_frames_are_found_by_their_pictures(swapped: int) -> None:
    frames = movie(9, 64)
    assert exchanged([thumbnail(one) for one in frames]) == []
    frames[swapped], frames[swapped + 1] = frames[swapped + 1], frames[swapped]
    assert exchanged([thumbnail(one) for one in frames]) == [swapped]


def test_still_frames_are_not_called_exchanged() -> None:
    assert exchanged([thumbnail(movie(1)[0])] * 6) == []


def test_frames_that_are_no_clip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_frames(tmp_path / "nothing.mp4")
    with pytest.raises(DataError, match="holds no pictures"):
        open_frames(tmp_path)
    folder = write_frames(tmp_path / "frames", movie(2))
    Image.new("RGB", (9, 9)).save(folder / "000009.png")
    with pytest.raises(DataError, match=r"frame 000009.png is 9x9, the first is 32x32"):
        list(open_frames(folder))
    Image.new("RGB", (9, 9)).save(folder / "b000009.png")
    with pytest.raises(DataError, match="have one number"):
        open_frames(folder)


def test_a_restoration_never_overwrites_its_source(tmp_path: Path, weights: Path) -> None:
    source = write_video(tmp_path / "clip.mp4", movie(2))
    before = source.read_bytes()
    said: list[str] = []
    assert restore_inputs([str(source)], weights, tmp_path, say=said.append) == (0, 1)
    assert "written over the input" in said[0]
    assert source.read_bytes() == before


@pytest.mark.parametrize("pyav", [False, True])
@pytest.mark.parametrize("room", [5_000, 20_000])
def test_a_video_that_does_not_fit_on_the_disk_leaves_the_older_one(
    tmp_path: Path, room: int, pyav: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "installed", lambda: pyav)
    source = write_video(tmp_path / "clip.mp4", movie(30, 128))
    target = tmp_path / "out" / "clip.mp4"
    target.parent.mkdir()
    target.write_text("the older one")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises((RecordError, DataError)):
            restore_video(Same(), source, target, say=lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert target.read_text() == "the older one"
    assert list(target.parent.iterdir()) == [target]


def damaged(path: Path, frames: list[U8], *, cut: bool = False) -> Path:
    """A video whose middle is zeros, or whose index is whole and whose last part is gone."""
    content = bytearray(write_video(path, frames).read_bytes())
    middle = len(content) // 2
    if cut:
        content = content[: len(content) * 6 // 10]
    else:
        content[middle : middle + len(content) // 8] = bytes(len(content) // 8)
    path.write_bytes(content)
    return path


def test_a_damaged_video_keeps_its_time_and_is_told(tmp_path: Path, without_pyav: None) -> None:
    source = damaged(tmp_path / "clip.mp4", movie(30, 96))
    target = tmp_path / "out.mp4"
    with pytest.raises(DataError, match=r"30 frames, but .* cannot be read and are replaced"):
        restore_video(Same(), source, target, say=lambda _: None)
    result = list(open_frames(target))
    assert len(result) == 30
    whole = list(open_frames(write_video(tmp_path / "whole.mp4", movie(30, 96))))
    for k in (0, 29):  # the first and the last stand where they stood
        assert np.abs(result[k].astype(float) - whole[k]).mean() < 12
    with pytest.raises(DataError, match=r"frame \d+ cannot be decoded, later ones can"):
        list(open_frames(source))


@pytest.mark.parametrize("pyav", [False, True])
def test_a_video_cut_short_is_restored_as_far_as_it_goes_and_told(
    tmp_path: Path, pyav: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "installed", lambda: pyav)
    source = damaged(tmp_path / "clip.avi", movie(30, 96), cut=True)
    with pytest.raises(DataError, match=r"\d+ frames, but .*its header announces 30"):
        restore_video(Same(), source, tmp_path / "out.mp4", say=lambda _: None)
    assert 0 < len(list(open_frames(tmp_path / "out.mp4"))) < 30


def test_a_bad_frame_of_a_folder_is_left_out_and_told(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "frames", movie(5))
    (folder / "000007.png").write_bytes(b"no picture")
    (folder / "000009.png").write_bytes(b"")
    (folder / "._000008.png").write_bytes(b"hidden")
    with pytest.raises(DataError, match=r"5 frames, but 2 .* left out \(000007.png, 000009.png\)"):
        restore_video(Stamp(), folder, tmp_path / "out", pictures=True, say=lambda _: None)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["000008.png", "000010.png", "000011.png"]
    with pytest.raises(DataError, match=r"000007.png is not a picture"):
        list(open_frames(folder))


def test_a_header_that_announces_without_end_ends(tmp_path: Path) -> None:
    source = write_video(tmp_path / "clip.mp4", movie(3))
    frames = dataclasses.replace(open_frames(source), announced=2**31)
    assert len(list(frames)) == 3


def test_without_opencv_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "cv2":
            raise ImportError(name)
        return imported(name, *rest, **more)

    (tmp_path / "clip.mp4").write_bytes(b"")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"needs OpenCV.*pip install 'deblur-lib\[video\]'"):
        open_frames(tmp_path / "clip.mp4")

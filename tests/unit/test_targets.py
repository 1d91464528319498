"""What arguments name, and where each restoration goes: never over an input or one another."""

import os
from pathlib import Path

import pytest

from deblur_lib.data.clips.frames import frame_files, numbers_of
from deblur_lib.restoring.sources import find
from deblur_lib.restoring.targets import settle


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())


def targets(
    *inputs: str, out: str = "out", clips: bool = False, frames: bool = False
) -> dict[str, str]:
    """Target of each source below `out`; a refusal in its place begins with "no:"."""
    tasks = settle(find(inputs, clips=clips).sources, Path(out), frames=frames)
    return {
        str(one.source.path): f"no: {one.refusal}" if one.refusal
        else one.target.relative_to(out).as_posix()
        for one in tasks
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["a.png", "b/c.JPG", "d.webp"], ["a.png", "c.JPG", "d.png"]),
        (["a/IMG.jpg", "b/IMG.jpg"], ["a/IMG.jpg", "b/IMG.jpg"]),
        (["a/c/IMG.jpg", "a/d/c/IMG.jpg", "x.png"], ["c/IMG.jpg", "d/c/IMG.jpg", "x.png"]),
        (["IMG.jpg", "b/IMG.jpg"], ["IMG.jpg", "b/IMG.jpg"]),
        (["x.bmp", "x.png", "x.webp"], ["x.bmp.png", "x.png", "x.webp.png"]),
        (["a/x.bmp", "b/x.png"], ["a/x.png", "b/x.png"]),
        (["x.bmp", "x.png", "x.bmp.png"], ["x.bmp.png", "x.png", "x.bmp (2).png"]),
        (["IMG.png", "img.png"], ["IMG.png", "img (2).png"]),
        (["caf\u00e9.png", "cafe\u0301.png"], ["caf\u00e9.png", "cafe\u0301 (2).png"]),
        (["a/clip.mp4", "b/clip.mp4"], ["a/clip.mp4", "b/clip.mp4"]),
        (["clip.mov", "clip.avi", "clip.png"], ["clip.mov.mp4", "clip.avi.mp4", "clip.png"]),
    ],
)
def test_each_input_has_a_target_of_its_own(names: list[str], wanted: list[str]) -> None:
    touch(*names)
    assert list(targets(*names).values()) == wanted


def test_frames_and_clips_have_folders_of_their_own() -> None:
    touch("a/clip.mov", "a/clip.avi", "b/shot.one/1.png", "c/shot.one/1.png")
    assert targets("a", clips=True, frames=True) == {
        "a/clip.avi": "clip-avi", "a/clip.mov": "clip-mov",
    }  # fmt: skip
    assert targets("b/shot.one", "c/shot.one", clips=True) == {
        "b/shot.one": "b/shot.one", "c/shot.one": "c/shot.one",
    }  # fmt: skip
    assert targets("b/shot.one", clips=True) == {"b/shot.one": "shot.one"}


def test_no_target_is_an_input_by_whatever_name() -> None:
    touch("a/x.png", "b/x.png", "b/y.png", "c/1.png", "mine/z.png")
    Path("b/link").symlink_to("../a")
    assert targets("a/x.png", "b/x.png", out="b") == {"a/x.png": "a/x.png", "b/x.png": "b/x.png"}
    assert "over the input b/y.png" in targets("b/y.png", out="b")["b/y.png"]
    assert "over the input a/x.png" in targets("a/x.png", out="b/link")["a/x.png"]
    os.link("a/x.png", "mine/x.png")
    assert targets("a/x.png", out="mine")["a/x.png"].startswith("no:")
    Path("mine/y.png").symlink_to("../b/y.png")
    assert targets("b/y.png", out="mine")["b/y.png"].startswith("no:")
    assert targets("c", out=".", clips=True)["c"].startswith("no:")
    touch("clip.mp4", "clip/000001.png")
    found = targets("clip.mp4", "clip/000001.png", out=".", frames=True)
    assert found["clip.mp4"].startswith("no:")


def test_a_file_that_must_stay_is_no_target_either() -> None:
    touch("a/net.png", "b/net.png")
    (task,) = settle(
        find(["a/net.png"], clips=False).sources, Path("b"), others=[Path("b/net.png")]
    )
    assert "over the input b/net.png" in task.refusal


def test_patterns_folders_and_files_name_each_once() -> None:
    touch("one.png", "two.jpg", "notes.txt")
    found = find(["one.png", ".", "*.png", "./one.png"], clips=False)
    assert [one.path.name for one in found.sources] == ["one.png", "two.jpg"]


def test_every_argument_that_names_nothing_is_told() -> None:
    touch("good.png")
    Path("empty").mkdir()
    wrong = ["godo.png", "*.jpg", "", "nowhere/*.png", "[", "**x", "a" * 5000, "empty"]
    found = find(["good.png", *wrong], clips=False)
    assert [one.path.name for one in found.sources] == ["good.png"]
    assert len(found.failed) == len(wrong)
    assert found.failed[-1] == "empty is empty; needed pictures or videos"


def test_brackets_in_names_are_found() -> None:
    touch("album [2020]/IMG_1 (2).png", "IMG[1].png")
    found = find(["album [2020]/*.png", "IMG[1].png"], clips=False)
    assert [one.path.name for one in found.sources] == ["IMG_1 (2).png", "IMG[1].png"]


def test_a_folder_tells_what_it_passes_over_and_takes_its_videos() -> None:
    touch("f/a.jpg", "f/b.xcf", "f/c.XCF", "f/._a.jpg", "f/~tmp.png", "f/Thumbs", "f/d/e.png",
          "f/clip.mp4", "f/.clip.mp4")  # fmt: skip
    found = find(["f"], clips=False)
    assert [(one.path.name, one.kind) for one in found.sources] == [
        ("a.jpg", "photo"), ("clip.mp4", "video"),
    ]  # fmt: skip
    (note,) = found.notes
    assert note == "f: skipped 3 hidden, 1 without a suffix, 2 .xcf, 1 folder(s)"
    assert [one.kind for one in find(["f"], clips=True).sources] == ["frames", "video"]


@pytest.mark.parametrize(
    ("suffix", "wanted"),
    [
        ("", ["a.png", "b.JPEG", "c.tiff", "d.png", "e.mp4"]),
        (".jpg", ["a.jpg", "b.JPEG", "c.jpg", "d.jpg", "e.mp4"]),
        (".tif", ["a.tif", "b.tif", "c.tiff", "d.tif", "e.mp4"]),
    ],
)
def test_pictures_have_the_format_that_is_asked_for(suffix: str, wanted: list[str]) -> None:
    names = ["a.png", "b.JPEG", "c.tiff", "d.heic", "e.mp4"]
    touch(*names)
    tasks = settle(find(names, clips=False).sources, Path("out"), suffix=suffix)
    assert [one.target.name for one in tasks] == wanted
    touch("x/y.png", "x/y.jpg")
    tasks = settle(find(["x"], clips=False).sources, Path("out"), suffix=".png")
    assert [one.target.name for one in tasks] == ["y.jpg.png", "y.png"]


def test_an_earlier_result_is_replaced_only_when_asked(here: Path) -> None:
    touch("a/x.png", "b/x.png", "out/x.png")
    found = find(["a/x.png"], clips=False).sources
    (task,) = settle(found, Path("out"))
    assert "out/x.png is there already; --overwrite replaces it" in task.refusal
    assert not settle(found, Path("out"), overwrite=True)[0].refusal
    assert "over the input" in settle(found, Path("a"), overwrite=True)[0].refusal


def test_every_kind_of_photograph_in_a_folder_is_taken() -> None:
    names = [f"f/a.{one}" for one in ("AVIF", "heic", "HIF", "jfif", "gif", "jp2", "pgm", "webp")]
    touch(*names)
    found = find(["f"], clips=False)
    assert sorted(one.path.as_posix() for one in found.sources) == sorted(names)
    assert (found.failed, found.notes) == ([], [])


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["f_0001_v2.png", "f_0003_v2.png", "f_0002_v2.png"], [1, 2, 3]),
        (["2024-shot-9.png", "2024-shot-10.png"], [9, 10]),
        (["a1.png"], [1]),
        (["7.png", "cover.png"], [-1, 7]),
    ],
)
def test_the_number_of_a_frame_is_the_one_that_differs(
    names: list[str], numbers: list[int], here: Path
) -> None:
    touch(*(f"clip/{name}" for name in names))
    files = frame_files(here / "clip")
    assert numbers_of(files) == numbers

"""Photographs of any kind go in and come out as they were, and one bad file stops nothing."""

import json
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from networks import SMALL, Same, stored
from PIL import Image
from test_files import left_by

from deblur_lib.catalogue import build
from deblur_lib.cli import main
from deblur_lib.data.pictures import png16
from deblur_lib.data.pictures.reading import Picture
from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.restoring import batch
from deblur_lib.restoring.batch import restore_inputs
from deblur_lib.restoring.photos import restore_photo, suspicions
from deblur_lib.weights import shipped
from deblur_lib.weights.keeping import Keeping


def photo(path: Path, mode: str = "RGB", size: tuple[int, int] = (37, 22)) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    Image.fromarray(noise, "RGBA" if mode == "RGBA" else None).convert(mode).save(path)
    return path


def test_a_mixed_folder_is_restored_and_the_bad_file_is_named(
    tmp_path: Path, weights: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name, mode in (("a.png", "RGB"), ("b.png", "L"), ("c.png", "RGBA"), ("d.jpg", "RGB")):
        photo(album / name, mode)
    (album / "e.png").write_bytes((album / "a.png").read_bytes()[:100])
    said: list[str] = []
    done, failed = restore_inputs([str(album)], weights, tmp_path / "out", say=said.append)
    assert (done, failed) == (4, 1)
    assert any(line.startswith("failed:") and "e.png" in line for line in said)
    for name, mode in (("a.png", "RGB"), ("b.png", "L"), ("c.png", "RGBA")):
        with Image.open(tmp_path / "out" / name) as restored:
            assert (restored.mode, restored.size) == (mode, (37, 22))


def restored(weights: Path, *inputs: str | Path, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """Exit status and text of the command, which writes to <folder of the weights>/../out."""
    out = weights.parents[1] / "out"
    arguments = ["restore", *map(str, inputs), "--weights", str(weights), "--out", str(out)]
    done = CliRunner().invoke(main, [*arguments, *options])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_the_command_tells_by_its_status_how_it_went(tmp_path: Path, weights: Path) -> None:
    good = photo(tmp_path / "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert restored(weights, good)[0] == 0
    assert restored(weights, tmp_path / "none*.png")[0] == 2
    assert restored(weights, good, bad, options=("--overwrite",))[0] == 3
    status, text = restored(weights, good, tmp_path / "godo.png", "", options=("--overwrite",))
    assert status == 3
    assert "godo.png' names nothing that is there" in text
    assert "1 written" in text
    assert "2 failed" in text


def test_what_a_killed_call_left_is_removed(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "out").mkdir()
    left = tmp_path / "out" / left_by(tmp_path)
    (tmp_path / left.name).rename(left)
    assert restored(weights, photo(tmp_path / "a.png"))[0] == 0
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["a.png"]


def test_names_that_are_no_text_are_printed_all_the_same(tmp_path: Path, weights: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in (b"a\xff.png", b"b.png"):
        photo(album / os.fsdecode(name))
    status, text = restored(weights, album)
    assert (status, "2 written" in text, r"a\udcff.png ->" in text) == (0, True, True), text
    scored = ["score", str(album), str(tmp_path / "out"), "--quiet", "--format", "json"]
    found = json.loads(CliRunner().invoke(main, scored).output)
    assert list(found["pictures"]) == [os.fsdecode(b"a\xff.png"), "b.png"]


def test_quiet_shows_no_bar(tmp_path: Path, weights: Path) -> None:
    several = [photo(tmp_path / f"{number}.png") for number in range(3)]
    assert "input/s" in restored(weights, *several)[1]
    assert "input/s" not in restored(weights, *several, options=("--overwrite", "--quiet"))[1]


def test_weights_go_by_their_name_and_files_of_authors_are_added_first(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = photo(tmp_path / "one.png")
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    torch.save({"params": build("mimo_unet", **SMALL).state_dict()}, tmp_path / "NAFNet.pth")
    call = ["restore", str(one), "--out", str(tmp_path / "out"), "--weights"]
    done = CliRunner().invoke(main, [*call, str(tmp_path / "NAFNet.pth")])
    assert done.exit_code == 2
    assert "NAFNet.pth has no card; `deblur weights add` makes one" in done.output
    done = CliRunner().invoke(main, [*call, str(one)])
    assert (done.exit_code, "one.png is a picture; give weights" in done.output) == (2, True)
    done = CliRunner().invoke(main, [*call, "nafnett"])
    assert done.exit_code == 2
    assert "'nafnett'; See: deblur weights list (known: photo)" in done.output
    add = ["weights", "add", str(tmp_path / "NAFNet.pth"), "--network", "mimo_unet"]
    assert CliRunner().invoke(main, add).exit_code == 0
    done = CliRunner().invoke(main, [*call, "NAFNet"])
    assert (done.exit_code, "1 written" in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("tile", "status"),
    [("0", 2), ("-5", 2), ("x", 2), ("1.5", 2), ("auto", 0), ("none", 0), ("40", 0)],
)
def test_a_tile_is_a_side_or_a_word(tmp_path: Path, weights: Path, tile: str, status: int) -> None:
    one = photo(tmp_path / "one.png")
    assert restored(weights, one, options=("--tile", tile))[0] == status
    assert (tmp_path / "out" / "one.png").is_file() == (status == 0)


def test_large_pictures_are_tiled_unless_it_is_refused(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deblur_lib.evaluation.restore.AUTO_PIXELS", 1000)
    monkeypatch.setattr("deblur_lib.evaluation.restore.affordable_tile", lambda _: 64)
    monkeypatch.setattr("deblur_lib.nn.Deblurrer.tile_safe", False)
    wide = photo(tmp_path / "wide.png", size=(150, 20))
    assert "looks further than tiles of 64 px overlap" in restored(weights, wide)[1]
    whole = restored(weights, wide, options=("--tile", "none", "--overwrite"))
    assert whole[0] == 0
    assert "tiles" not in whole[1]


def test_without_weights_the_shipped_ones_are_taken_or_named(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = str(photo(tmp_path / "one.png"))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"holds no weights .*`deblur train --recipe photo`"):
        restore_inputs([one], None, tmp_path / "out")
    for suffix in (".safetensors", ".json"):
        weights.with_suffix(suffix).rename(tmp_path / f"photo{suffix}")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    assert restore_inputs([one], None, tmp_path / "out", say=lambda _: None) == (1, 0)


def test_the_format_that_is_asked_for_is_written_and_its_losses_told(
    tmp_path: Path, weights: Path
) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    (tmp_path / "deep.png").write_bytes(png16.encode(levels))
    photo(tmp_path / "clear.png", "RGBA")
    status, text = restored(
        weights, tmp_path / "deep.png", tmp_path / "clear.png", options=("--format", "jpg")
    )
    assert status == 3
    assert "16 bits became 8, as many as .jpg holds" in text
    assert f"failed: {tmp_path / 'clear.png'}: " in text
    assert "JPEG holds 8 bits without alpha" in text
    assert "--format png" in text
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["deep.jpg"]
    status, text = restored(weights, tmp_path / "deep.png")
    assert (status, png16.depth(tmp_path / "out" / "deep.png")) == (0, 16)


def test_what_a_photograph_says_of_itself_stays(tmp_path: Path, weights: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    with Image.open(photo(tmp_path / "one.png")) as picture:
        picture.save(tmp_path / "one.jpg", exif=exif, dpi=(240, 240))
    os.utime(tmp_path / "one.jpg", (1_000_000_000, 1_000_000_000))
    assert restored(weights, tmp_path / "one.jpg")[0] == 0
    result = tmp_path / "out" / "one.jpg"
    with Image.open(result) as picture:
        assert (picture.size, picture.info["dpi"]) == ((22, 37), (240, 240))
        assert (picture.getexif()[0x010F], picture.getexif()[0x0112]) == ("Maker", 1)
    assert result.stat().st_mtime == 1_000_000_000


def test_a_large_photograph_needs_few_bytes_a_pixel(tmp_path: Path) -> None:
    large = photo(tmp_path / "large.png", size=(900, 600))
    tracemalloc.start()
    try:
        restore_photo(Same(), large, tmp_path / "out.png", keeping=Keeping("detail", 0.0))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 32 * 900 * 600  # its float values take 12; 8-bit copies in and out 3 each


def test_the_inputs_own_folder_is_refused(tmp_path: Path, weights: Path) -> None:
    one = photo(tmp_path / "one.png")
    before = one.read_bytes()
    said: list[str] = []
    assert restore_inputs([str(one)], weights, tmp_path, say=said.append) == (0, 1)
    assert "written over the input" in said[0]
    assert one.read_bytes() == before


def hostile(folder: Path) -> list[Path]:
    """Files that are no pictures, each in its own way, and harmless to look at."""
    entry = struct.Struct("<HHII")
    tags = [(256, 4, 1, 60000), (257, 4, 1, 60000), (258, 3, 1, 16), (259, 3, 1, 1),
            (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 8)]  # fmt: skip
    deep = struct.pack("<2sHI", b"II", 42, 16) + bytes(8)
    deep += struct.pack("<H", len(tags)) + b"".join(entry.pack(*one) for one in tags) + bytes(4)
    made = {
        "empty.png": b"",
        "no_page.tif": struct.pack("<2sHI", b"II", 42, 0),
        "endless.tif": struct.pack("<2sHIH", b"II", 42, 8, 0) + struct.pack("<I", 8),
        "bomb.tif": deep,
        "many.tif": deep.replace(entry.pack(*tags[6]), entry.pack(277, 3, 1, 9)).replace(
            struct.pack("<I", 60000), struct.pack("<I", 9)
        ),
        "bomb.png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 2**30, 2**30,
                                                       8, 2, 0, 0, 0),
        "bomb.bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 2**30, 2**30, 1, 24,
                                        0, 0, 0, 0, 0, 0),
        "noise.webp": b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(range(256)),
        "noise.heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(range(256)),
        "noise.avif": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1av1C" + bytes(range(256)),
        "noise.jp2": b"\0\0\0\x0cjP  \r\n\x87\n\xff\x51" + bytes(range(256)),
        "bomb.pgm": b"P5 99999 99999 65535\n",
        "blank.ppm": b"P6" + b" " * 4000 + b"x",
    }  # fmt: skip
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in made]


def test_no_hostile_file_stops_the_good_one_after_it(tmp_path: Path, weights: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    bad = hostile(album)
    photo(album / "zebra.png")
    os.mkfifo(album / "pipe.png")
    (album / "gone.png").symlink_to("nowhere.png")
    status, text = restored(weights, album, "/dev/zero", album / "pipe.png")
    assert status == 3
    for one in bad:
        assert f"failed: {one}" in text or f"failed: {one.name}" in text
    assert "/dev/zero is a folder, pipe or device" in text
    assert "pipe.png is a folder, pipe or device" in text
    assert "skipped 2 pipe(s), device(s) or broken link(s)" in text
    assert f"1 written to {tmp_path / 'out'}, {len(bad) + 2} failed" in text


@pytest.mark.parametrize("error", [RuntimeError("odd"), MemoryError(), RecursionError("deep")])
def test_whatever_one_picture_meets_stops_only_that_one(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    first, second = photo(tmp_path / "a.png"), photo(tmp_path / "b.png")
    plain = batch.restore_photo

    def odd(network: Any, path: Path, *rest: Any, **more: Any) -> list[str]:
        if path == first:
            raise error
        return plain(network, path, *rest, **more)

    monkeypatch.setattr(batch, "restore_photo", odd)
    said: list[str] = []
    inputs = [str(first), str(second)]
    assert restore_inputs(inputs, weights, tmp_path / "out", say=said.append) == (1, 1)
    assert said[0].startswith(f"failed: {first} ({type(error).__name__}")


@pytest.mark.parametrize(("count", "shown"), [(1, [True]), (2, [False, False])])
def test_a_slow_method_shows_its_own_bar_for_a_single_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, shown: list[bool]
) -> None:
    seen: list[bool] = []

    def look(network: Any, *_: Any, **__: Any) -> list[str]:
        seen.append(network.shows_bar)
        return []

    options = {"divisor": 32, "reach": 2, "components": 2}
    path = tmp_path / "net" / "gong.safetensors"
    stored(path, "gong2017", options)
    monkeypatch.setattr(batch, "restore_photo", look)
    inputs = [str(photo(tmp_path / f"{number}.png")) for number in range(count)]
    restore_inputs(inputs, path, tmp_path / "out", say=lambda line: None)
    assert seen == shown


@pytest.mark.parametrize("made", ["a file", "below a file", "a locked folder"])
def test_an_output_that_cannot_be_is_refused_before_the_start(
    tmp_path: Path, weights: Path, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / ("x" if made == "below a file" else "")
    if made == "a locked folder":
        out = tmp_path / "locked"

        def refuse(**_: Any) -> Any:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(batch.tempfile, "TemporaryFile", refuse)
    with pytest.raises(UsageError, match=r"cannot take results .*; choose another --out"):
        restore_inputs([str(photo(tmp_path / "one.png"))], weights, out)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(CheckpointError):
        restore_inputs([str(photo(tmp_path / "one.png"))], weights, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (lambda rgb: rgb, "hardly changed"),
        (lambda rgb: np.full_like(rgb, rgb.mean()), "nearly flat"),
        (lambda rgb: rgb * np.array([1.4, 1, 1], dtype=np.float32), "mean moved"),
    ],
)
def test_a_suspicious_result_is_told(change: object, needle: str) -> None:
    rgb = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    before = Picture(rgb=rgb)
    told = suspicions(before, before.with_rgb(change(rgb)))  # type: ignore[operator]
    assert any(needle in line for line in told)


def test_a_plain_restoration_raises_no_suspicion() -> None:
    rgb = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    assert suspicions(Picture(rgb=rgb), Picture(rgb=np.clip(rgb * 1.05 - 0.02, 0, 1))) == []

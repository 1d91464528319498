"""The format zoo: what a photograph came with is what it leaves with; broken files say so."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from deblur_lib.data.clips.frames import open_frames
from deblur_lib.data.clips.making import find_clips
from deblur_lib.data.pictures import png16
from deblur_lib.data.pictures.headers import explained, read_header
from deblur_lib.data.pictures.reading import Picture, read_picture, read_rgb
from deblur_lib.data.pictures.writing import write_picture
from deblur_lib.data.real.layouts import list_pictures
from deblur_lib.errors import DataError

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (12, 17, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (12, 17, 4), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (12, 17, 4), dtype=np.uint16)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(array: np.ndarray, path: Path, mode: str | None = None, **options: object) -> Path:
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def deep_png(array: np.ndarray, path: Path) -> Path:
    path.write_bytes(png16.encode(array, ICC))
    return path


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


# name, maker, depth, gray, alpha, profile: 14 kinds of file that users bring
ZOO: list[tuple[str, Callable[[Path], Path], int, bool, bool, bool]] = [
    ("rgb.png", lambda p: save(RGB, p), 8, False, False, False),
    ("profile.png", lambda p: save(RGB, p, icc_profile=ICC), 8, False, False, True),
    ("rgba.png", lambda p: save(RGBA, p), 8, False, True, False),
    ("gray.png", lambda p: save(RGB, p, "L"), 8, True, False, False),
    ("grayalpha.png", lambda p: save(RGBA, p, "LA"), 8, True, True, False),
    ("palette.png", lambda p: save(RGB, p, "P"), 8, False, False, False),
    ("rgb16.png", lambda p: deep_png(DEEP[..., :3], p), 16, False, False, True),
    ("rgba16.png", lambda p: deep_png(DEEP, p), 16, False, True, True),
    ("gray16.png", lambda p: deep_png(DEEP[..., :1], p), 16, True, False, True),
    ("grayalpha16.png", lambda p: deep_png(DEEP[..., :2], p), 16, True, True, True),
    ("photo.jpg", lambda p: save(RGB, p, icc_profile=ICC), 8, False, False, True),
    ("print.jpg", lambda p: save(RGB, p, "CMYK"), 8, False, False, False),
    (
        "rgb16.tif",
        lambda p: tifffile.imwrite(p, DEEP[..., :3], photometric="rgb") or p,
        16,
        False,
        False,
        False,
    ),
    (
        "float.tif",
        lambda p: (
            tifffile.imwrite(p, (DEEP[..., :3] / 65535).astype(np.float32), photometric="rgb") or p
        ),
        32,
        False,
        False,
        False,
    ),
]


@pytest.mark.parametrize(("name", "make", "depth", "gray", "alpha", "icc"), ZOO)
def test_photograph_leaves_as_it_came(
    tmp_path: Path,
    name: str,
    make: Callable[[Path], Path],
    depth: int,
    gray: bool,
    alpha: bool,
    icc: bool,
) -> None:
    picture = read_picture(make(tmp_path / name))
    assert picture.rgb.shape == (12, 17, 3)
    assert picture.rgb.dtype == np.float32
    assert (picture.depth, picture.gray) == (depth, gray)
    assert (picture.alpha is not None, bool(picture.icc)) == (alpha, icc)
    out = tmp_path / ("out.tif" if depth == 32 else "out.png")
    write_picture(out, picture)
    again = read_picture(out)
    np.testing.assert_array_equal(again.rgb, picture.rgb)
    if alpha:
        np.testing.assert_array_equal(again.alpha, picture.alpha)
    assert (again.depth, again.gray, again.icc) == (picture.depth, picture.gray, picture.icc)


def test_a_picture_that_may_not_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    told = r"a\.png may not be read; get the right to"
    with pytest.raises(DataError, match=told), explained(tmp_path / "a.png"):
        raise PermissionError(13, "Permission denied")


def test_sixteen_bits_are_read_exactly(tmp_path: Path) -> None:
    picture = read_picture(deep_png(DEEP, tmp_path / "deep.png"))
    np.testing.assert_array_equal(np.rint(picture.rgb * 65535), DEEP[..., :3])
    np.testing.assert_array_equal(np.rint(picture.alpha * 65535), DEEP[..., 3])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_orientation_is_applied_to_the_pixels(
    tmp_path: Path, orientation: int, suffix: str
) -> None:
    path = save(RGB, tmp_path / f"turned{suffix}", exif=exif(orientation))
    way = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Pillow's transposition for each orientation
    wanted = Image.fromarray(RGB)
    if orientation > 1:
        wanted = wanted.transpose(Image.Transpose(way[orientation]))
    np.testing.assert_array_equal(np.rint(read_picture(path).rgb * 255), np.asarray(wanted))


def test_cmyk_and_palette_conversions_are_said(tmp_path: Path) -> None:
    assert "CMYK" in read_picture(save(RGB, tmp_path / "a.jpg", "CMYK")).notes[0]
    assert "palette" in read_picture(save(RGB, tmp_path / "b.png", "P")).notes[0]


def truncated(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


BROKEN: list[tuple[str, Callable[[Path], Path], str]] = [
    ("missing.png", lambda p: p, "is missing"),
    ("empty.png", lambda p: (p.write_bytes(b"") and p) or p, "is empty"),
    ("text.jpg", lambda p: (p.write_bytes(b"not a picture") and p) or p, "not a picture"),
    ("cut.png", lambda p: truncated(save(RGB, p)), "cannot be decoded"),
    ("cut16.png", lambda p: truncated(deep_png(DEEP, p)), "cannot be decoded"),
    (
        "cut.jpg",
        lambda p: truncated(save(np.tile(RGB, (20, 20, 1)), p)),
        "cannot be decoded",
    ),
]


@pytest.mark.parametrize("read", [read_rgb, read_picture])
@pytest.mark.parametrize(("name", "make", "says"), BROKEN)
def test_broken_file_names_itself(
    tmp_path: Path, name: str, make: Callable[[Path], Path], says: str, read: Callable
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read(make(tmp_path / name))
    assert name in str(caught.value)


def test_damaged_chunk_is_noticed(tmp_path: Path) -> None:
    path = deep_png(DEEP, tmp_path / "deep.png")
    content = bytearray(path.read_bytes())
    content[-40] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="cannot be decoded"):
        read_picture(path)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("deep.png", lambda p: deep_png(DEEP[..., :3], p), "has 16"),
        (
            "deep.tif",
            lambda p: tifffile.imwrite(p, DEEP[..., :3], photometric="rgb") or p,
            "has 16",
        ),
        ("gray.png", lambda p: save(RGB, p, "L"), "this one is gray"),
        ("palette.png", lambda p: save(RGB, p, "P"), "a palette picture"),
        ("print.jpg", lambda p: save(RGB, p, "CMYK"), "CMYK"),
        ("turned.jpg", lambda p: save(RGB, p, exif=exif(6)), "EXIF asks to turn"),
    ],
)
def test_pair_refuses_what_would_need_conversion(
    tmp_path: Path, name: str, make: Callable[[Path], Path], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        read_rgb(make(tmp_path / name))


def test_pair_drops_alpha_and_keeps_values(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_rgb(save(RGB, tmp_path / "a.png")), RGB)
    np.testing.assert_array_equal(read_rgb(save(RGBA, tmp_path / "b.png")), RGBA[..., :3])


def test_rounding_is_half_up(tmp_path: Path) -> None:
    values = np.array([[0.5, 1.5, 2.5]], np.float32)[:, :, None] / np.float32(255)
    write_picture(tmp_path / "a.png", Picture(np.repeat(values, 3, axis=2) + 1e-6))
    assert read_rgb(tmp_path / "a.png")[0, :, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "picture", "says"),
    [
        ("a.jpg", Picture(np.zeros((4, 4, 3), np.float32), depth=16), "JPEG holds 8 bits"),
        ("a.png", Picture(np.zeros((4, 4, 3), np.float32), depth=32), "write .tif"),
        ("a.gif", Picture(np.zeros((4, 4, 3), np.float32)), "needed one of"),
        ("a.png", Picture(np.full((4, 4, 3), np.nan, np.float32)), "not numbers"),
    ],
)
def test_writing_refuses_what_the_format_cannot_hold(
    tmp_path: Path, name: str, picture: Picture, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        write_picture(tmp_path / name, picture)
    assert list(tmp_path.iterdir()) == []


def test_float_pictures_need_a_white_level(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 4, 3), 7, np.float32), photometric="rgb")
    with pytest.raises(DataError, match=r"values in \[0, 1\], got 7 to 7"):
        read_picture(tmp_path / "a.tif")


def test_jpeg_of_a_profile_picture_keeps_it(tmp_path: Path) -> None:
    source = io.BytesIO()
    Image.fromarray(RGB).save(source, "PNG", icc_profile=ICC)
    (tmp_path / "a.png").write_bytes(source.getvalue())
    write_picture(tmp_path / "b.jpg", read_picture(tmp_path / "a.png"))
    assert read_picture(tmp_path / "b.jpg").icc == ICC


@pytest.mark.parametrize("read", [read_picture, read_rgb, read_header])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_nothing_waits_for_what_is_no_file(
    tmp_path: Path, read: Callable[[Path], object], kind: str
) -> None:
    path = {"device": Path("/dev/zero"), "folder": tmp_path}.get(kind, tmp_path / "pipe.png")
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(DataError, match="is a folder, pipe or device"):
        read(path)


def test_folders_pass_over_hidden_files_and_pipes(tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    for name in ("000001.png", "._000001.png", ".000002.png.x7.png", "~000003.png"):
        save(RGB, folder / name)
    os.mkfifo(folder / "000004.png")
    os.mkfifo(folder / "000004.mp4")
    (tmp_path / ".trash").mkdir()
    (tmp_path / "._clip.mp4").write_bytes(b"")
    assert [one.name for one in open_frames(folder).files] == ["000001.png"]
    assert [name for name, _ in find_clips(tmp_path)] == ["clip"]
    assert list_pictures(tmp_path) == ["clip/000001.png"]


def test_a_decoder_that_breaks_in_its_own_way_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RecursionError("deep")

    monkeypatch.setattr(Image, "open", breaks)
    with pytest.raises(DataError, match=r"a.png cannot be decoded \(deep\)"):
        read_rgb(save(RGB, tmp_path / "a.png"))

"""Pictures with more than 8 bits mean what their files declare, or are refused; none is clipped."""

import builtins
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageCms

from deblur_lib.data.pictures import png16
from deblur_lib.data.pictures.reading import Picture, read_picture
from deblur_lib.data.pictures.writing import write_picture
from deblur_lib.errors import DataError

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 65536, (12, 17, 3), dtype=np.uint16)
GRAY = RGB[..., :1]
ALPHA = np.clip(RNG.integers(0, 80000, (12, 17, 1)), 0, 65535).astype(np.uint16)
PREMULTIPLIED = np.rint(RGB * (ALPHA / 65535)).astype(np.uint16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tiff(pixels: np.ndarray, **options: Any) -> Callable[[Path], None]:
    single = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    return lambda path: tifffile.imwrite(path, single, **options)


def joined(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=2)


def netpbm(kind: int, white: int, pixels: np.ndarray) -> Callable[[Path], None]:
    head = f"P{kind}\n# a comment\n17 12\n{white}\n".encode()
    body = pixels.astype(">u2").tobytes()
    if kind < 4:
        body = " ".join(map(str, pixels.ravel())).encode()
    return lambda path: path.write_bytes(head + body) and None


def jp2(pixels: np.ndarray, bits: int) -> Callable[[Path], None]:
    made = imagecodecs.jpeg2k_encode(
        np.ascontiguousarray(pixels), level=0, codecformat="jp2", bitspersample=bits
    )
    return lambda path: path.write_bytes(made) and None


DEEP: list[tuple[str, Callable[[Path], None], np.ndarray, float]] = [
    ("white_is_0.tif", tiff(65535 - GRAY, photometric="miniswhite"), GRAY, 65535),
    ("big.tif", tiff(RGB, photometric="rgb", bigtiff=True), RGB, 65535),
    ("big_gray.tif", tiff(GRAY, photometric="minisblack", bigtiff=True), GRAY, 65535),
    ("lzw.tif", tiff(RGB, photometric="rgb", compression="lzw", predictor=True), RGB, 65535),
    (
        "planes.tif",
        tiff(RGB.transpose(2, 0, 1).copy(), photometric="rgb", planarconfig="separate"),
        RGB,
        65535,
    ),
    ("a.ppm", netpbm(6, 65535, RGB), RGB, 65535),
    ("b.ppm", netpbm(3, 1023, RGB >> 6), RGB >> 6, 1023),
    ("a.pgm", netpbm(5, 4095, GRAY >> 4), GRAY >> 4, 4095),
    ("gray.jp2", jp2(GRAY[..., 0], 16), GRAY, 65535),
    ("twelve.jp2", jp2(GRAY[..., 0] >> 4, 12), GRAY >> 4, 4095),
    ("colour.jp2", jp2(RGB, 16), RGB, 65535),
    (
        "ten.avif",
        lambda path: (
            path.write_bytes(imagecodecs.avif_encode(RGB >> 6, 100, bitspersample=10)) and None
        ),
        RGB >> 6,
        1023,
    ),
]


@pytest.mark.parametrize(("name", "make", "pixels", "white"), DEEP, ids=[one[0] for one in DEEP])
def test_all_bits_are_kept_in_and_out(
    tmp_path: Path, name: str, make: Callable[[Path], None], pixels: np.ndarray, white: float
) -> None:
    make(tmp_path / name)
    picture = read_picture(tmp_path / name)
    assert (picture.depth, picture.gray) == (16, pixels.shape[2] == 1)
    wanted = np.repeat(pixels, 3, axis=2) if picture.gray else pixels
    np.testing.assert_allclose(picture.rgb, wanted / white, atol=2e-7)
    assert picture.notes == ()
    for suffix in (".png", ".tif"):
        write_picture(tmp_path / f"out{suffix}", picture)
        again = read_picture(tmp_path / f"out{suffix}")
        np.testing.assert_array_equal(np.rint(again.rgb * 65535), np.rint(picture.rgb * 65535))


@pytest.mark.parametrize("colours", [RGB, GRAY], ids=["colour", "gray"])
def test_alpha_that_the_colours_hold_is_taken_out_of_them(
    tmp_path: Path, colours: np.ndarray
) -> None:
    held = np.rint(colours * (ALPHA / 65535)).astype(np.uint16)
    kind = "rgb" if colours.shape[2] == 3 else "minisblack"
    pixels = joined(held, ALPHA)
    tiff(pixels, photometric=kind, extrasamples=["assocalpha"], planarconfig="contig")(
        tmp_path / "a.tif"
    )
    picture = read_picture(tmp_path / "a.tif")
    seen = ALPHA[..., 0] > 6000
    wanted = np.broadcast_to(colours / 65535, (12, 17, 3))
    np.testing.assert_allclose(picture.rgb[seen], wanted[seen], atol=2e-4)
    np.testing.assert_allclose(picture.alpha, ALPHA[..., 0] / 65535, atol=1e-6)


def test_a_channel_of_no_meaning_is_left_out_and_told(tmp_path: Path) -> None:
    for name, pixels in (("a.tif", joined(RGB, ALPHA)), ("b.tif", joined(RGB, ALPHA) >> 8)):
        kind = np.uint16 if name == "a.tif" else np.uint8
        tiff(pixels.astype(kind), photometric="rgb", extrasamples=["unspecified"])(tmp_path / name)
        picture = read_picture(tmp_path / name)
        assert picture.alpha is None
        assert picture.notes == ("a channel of no declared meaning was left out",)


def test_floating_point_is_kept_whatever_its_length(tmp_path: Path) -> None:
    for kind in (np.float16, np.float32, np.float64):
        values = (RGB / 65535).astype(kind)
        tiff(values, photometric="rgb")(tmp_path / "a.tif")
        picture = read_picture(tmp_path / "a.tif")
        assert picture.depth == 32
        np.testing.assert_array_equal(picture.rgb, values.astype(np.float32))
    tiff(1 - GRAY / np.float32(65535), photometric="miniswhite")(tmp_path / "b.tif")
    np.testing.assert_allclose(
        read_picture(tmp_path / "b.tif").rgb[..., :1], GRAY / 65535, atol=1e-6
    )


def test_deep_cmyk_is_converted_as_its_8_bit_twin_and_told(tmp_path: Path) -> None:
    inks = RNG.integers(0, 256, (12, 17, 4), dtype=np.uint8)
    tiff(inks, photometric="separated")(tmp_path / "a.tif")
    tiff(inks.astype(np.uint16) * 257, photometric="separated")(tmp_path / "b.tif")
    plain, deep = (read_picture(tmp_path / name) for name in ("a.tif", "b.tif"))
    np.testing.assert_array_equal(deep.rgb, plain.rgb)
    assert "16-bit CMYK was read with 8 bits" in deep.notes
    assert (deep.depth, deep.alpha) == (8, None)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (tiff(RGB, photometric="cielab"), "16-bit CIELAB pixels"),
        (tiff(RGB.astype(np.int16), photometric="rgb"), "int16 samples"),
        (tiff(RGB.astype(np.uint32), photometric="rgb"), "uint32 samples"),
        (tiff(GRAY, photometric="palette", colormap=np.zeros((3, 65536), np.uint16)), "PALETTE"),
        (tiff(GRAY, photometric="cfa"), "16-bit CFA pixels"),
        (tiff(RGB, photometric="rgb", subfiletype=1), "its first page is a preview"),
        (tiff((RGB >> 8).astype(np.uint8), photometric="cielab"), "kind LAB"),
    ],
)
def test_what_is_not_converted_is_refused(
    tmp_path: Path, make: Callable[[Path], None], says: str
) -> None:
    make(tmp_path / "a.tif")
    with pytest.raises(DataError, match=says):
        read_picture(tmp_path / "a.tif")


def test_a_cameras_raw_file_is_not_taken_for_its_preview(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.DNG")
    with pytest.raises(DataError, match="camera's raw file; develop"):
        read_picture(tmp_path / "a.DNG")


def test_further_pages_are_told(tmp_path: Path) -> None:
    for pixels in (RGB, (RGB >> 8).astype(np.uint8)):
        tifffile.imwrite(tmp_path / "a.tif", np.stack([pixels] * 2), photometric="rgb")
        assert "only the first of several" in read_picture(tmp_path / "a.tif").notes[0]


def test_a_profile_that_no_longer_fits_is_left_out(tmp_path: Path) -> None:
    gray = b"\0" * 12 + b"mntr" + b"GRAY" + b"XYZ " + b"\0" * 104
    tiff(RGB, photometric="rgb", iccprofile=gray)(tmp_path / "a.tif")
    picture = read_picture(tmp_path / "a.tif")
    assert picture.icc == b""
    assert picture.notes == ("its colour profile does not fit its pixels and was left out",)
    tiff(GRAY, photometric="minisblack", iccprofile=gray)(tmp_path / "b.tif")
    assert read_picture(tmp_path / "b.tif").icc == gray


def test_heic_is_read_with_the_bits_it_has(tmp_path: Path) -> None:
    smooth = np.linspace(0, 65535, 64 * 48, dtype=np.uint16).reshape(48, 64, 1).repeat(3, 2)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    for name, pixels, mode in (
        ("ten.heic", smooth, "RGB;16"),
        ("misnamed.jpg", smooth >> 8, "RGB"),
    ):
        data = pixels.astype(np.uint16 if mode == "RGB;16" else np.uint8).tobytes()
        made = pillow_heif.from_bytes(mode=mode, size=(64, 48), data=data)
        made.info["exif"] = exif.tobytes()
        made.save(tmp_path / "made.heic", quality=-1)
        (tmp_path / "made.heic").rename(tmp_path / name)
        picture = read_picture(tmp_path / name)
        assert picture.depth == (16 if mode == "RGB;16" else 8)
        assert picture.rgb.max() > 0.99
        assert {48, 64} == set(picture.rgb.shape[:2])
        write_picture(tmp_path / "out.png", picture)
        with Image.open(tmp_path / "out.png") as written:
            assert written.getexif()[0x010F] == "Maker"
            assert written.getexif()[0x0112] == 1


@pytest.mark.parametrize(("name", "says"), [("a.heic", "HEIC"), ("ten.avif", "10 bits were read")])
def test_without_the_decoders_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    content = imagecodecs.avif_encode(RGB >> 6, 100, bitspersample=10)
    if name == "a.heic":
        content = b"\0\0\0\x18ftypheic" + bytes(99)
    (tmp_path / name).write_bytes(content)
    imported = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name in ("imagecodecs", "pillow_heif"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    try:
        (told,) = read_picture(tmp_path / name).notes
    except DataError as error:
        told = str(error)
    assert says in told
    assert "pip install 'deblur-lib[photos]'" in told


@pytest.mark.parametrize(
    "content",
    [b"P6 9 9 65535\n" + bytes(10), b"P2 2 1 999 7 x", b"P6 99999 99999 65535\n"],
)
def test_netpbm_files_that_are_damaged_or_endless_are_refused(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.ppm").write_bytes(content)
    with pytest.raises(DataError):
        read_picture(tmp_path / "a.ppm")


def test_chunks_of_colour_and_text_stay_in_a_png(tmp_path: Path) -> None:
    kept = [(b"gAMA", struct.pack(">I", 45455)), (b"tEXt", b"Title\0A bridge")]
    left = [(b"iCCP", b"icc\0\0" + zlib.compress(SRGB)), (b"tIME", bytes(7))]
    for pixels in (RGB, None):
        path = tmp_path / "a.png"
        if pixels is None:
            Image.new("RGB", (5, 4)).save(path)
        else:
            path.write_bytes(png16.encode(pixels))
        path.write_bytes(png16.extended(path.read_bytes(), [*kept, *left]))
        write_picture(tmp_path / "b.png", read_picture(path))
        found = list(png16.chunks((tmp_path / "b.png").read_bytes()))
        assert set(kept) <= set(found)
        assert [kind for kind, _ in found].count(b"iCCP") == 1
        assert b"tIME" not in [kind for kind, _ in found]


def test_large_pictures_are_written_band_by_band(tmp_path: Path) -> None:
    rgb = np.linspace(0, 1, 700 * 4 * 3, dtype=np.float32).reshape(700, 4, 3)
    write_picture(tmp_path / "a.png", Picture(rgb, depth=16))
    again = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(
        np.rint(again.rgb * 65535), np.floor(rgb.astype(float) * 65535 + 0.5)
    )

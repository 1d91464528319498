"""Camera, place, date, resolution and captions stay with a photograph; orientation is used up."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from deblur_lib.data.pictures.details import Details, upright
from deblur_lib.data.pictures.reading import read_picture
from deblur_lib.data.pictures.writing import write_picture
from deblur_lib.restoring.photos import dated

MAKE, DATE, TAKEN, WIDTH, HEIGHT = 0x010F, 0x0132, 0x9003, 0xA002, 0xA003
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
RGB = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
CAPTION = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x78\0\x03bay\0"


def exif(orientation: int = 6) -> Image.Exif:
    made = Image.Exif()
    made[MAKE], made[DATE], made[0x0112] = "Maker", "2024:05:06 07:08:09", orientation
    inner = made.get_ifd(0x8769)
    inner[TAKEN], inner[WIDTH], inner[HEIGHT] = "2024:05:06 07:08:08", 30, 20
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(48), IFDRational(51), IFDRational(30))
    return made


def source(path: Path, orientation: int = 6) -> Path:
    """A photograph that says all that one can say of itself."""
    told = exif(orientation)
    options: dict[str, object] = {"exif": told, "dpi": (300, 150)}
    if path.suffix in (".jpg", ".webp"):
        options["xmp"] = XMP
    if path.suffix == ".jpg":
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(CAPTION) + 2) + CAPTION
        options["comment"] = b"by hand"
    Image.fromarray(RGB).save(path, **options)
    return path


def tags(path: Path) -> Image.Exif:
    with Image.open(path) as picture:
        found = picture.getexif()
        for one in (0x8769, 0x8825):
            found.get_ifd(one)  # as long as the file is open
        return found


@pytest.mark.parametrize("target", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".avif"])
def test_camera_place_and_date_go_from_any_format_to_any(
    tmp_path: Path, kind: str, target: str
) -> None:
    picture = read_picture(source(tmp_path / f"a{kind}"))
    assert picture.rgb.shape == (30, 20, 3)
    write_picture(tmp_path / f"b{target}", picture)
    found = tags(tmp_path / f"b{target}")
    assert (found[MAKE], found[DATE]) == ("Maker", "2024:05:06 07:08:09")
    assert found.get(0x0112, 1) == 1
    inner = found.get_ifd(0x8769)
    assert (inner[TAKEN], inner[WIDTH], inner[HEIGHT]) == ("2024:05:06 07:08:08", 20, 30)
    assert found.get_ifd(0x8825)[2] == (48, 51, 30)
    np.testing.assert_allclose(
        read_picture(tmp_path / f"b{target}").rgb, picture.rgb, atol=0.2 if target == ".jpg" else 0
    )


def test_a_deep_tiff_keeps_what_it_says(tmp_path: Path) -> None:
    entries = [
        (MAKE, 2, None, "Maker", True),
        (0x0112, 3, 1, 6, True),
        (700, 1, len(XMP), XMP, True),
    ]
    tifffile.imwrite(
        tmp_path / "a.tif", RGB.astype(np.uint16) * 257, photometric="rgb", extratags=entries,
        resolution=(300, 150), resolutionunit="INCH", datetime="2024:05:06 07:08:09",
    )  # fmt: skip
    picture = read_picture(tmp_path / "a.tif")
    write_picture(tmp_path / "b.tif", picture)
    write_picture(tmp_path / "b.png", picture)
    for name in ("b.tif", "b.png"):
        found = tags(tmp_path / name)
        assert (found[MAKE], found[DATE]) == ("Maker", "2024:05:06 07:08:09")
        again = read_picture(tmp_path / name)
        assert again.rgb.shape == (30, 20, 3)
        assert again.details.dpi == pytest.approx((150, 300), abs=0.02)
        assert again.details.xmp == XMP.replace(b'"6"', b'"1"')


@pytest.mark.parametrize("target", [".jpg", ".png", ".tif"])
def test_resolution_and_xmp_turn_with_the_pixels(tmp_path: Path, target: str) -> None:
    write_picture(tmp_path / f"b{target}", read_picture(source(tmp_path / "a.jpg")))
    again = read_picture(tmp_path / f"b{target}")
    assert again.details.dpi == pytest.approx((150, 300), abs=0.02)
    assert b'tiff:Orientation="1"' in again.details.xmp


def test_captions_and_comments_of_a_jpeg_stay_in_a_jpeg(tmp_path: Path) -> None:
    write_picture(tmp_path / "b.jpg", read_picture(source(tmp_path / "a.jpg")))
    content = (tmp_path / "b.jpg").read_bytes()
    assert CAPTION in content
    assert b"by hand" in content


def test_only_what_would_be_wrong_is_changed_and_the_small_picture_is_gone(tmp_path: Path) -> None:
    head = b"MM\0*\0\0\0\x08"
    entries = [(0x010F, 2, 4, b"Abc\0"), (0x0112, 3, 1, b"\0\x06\0\0"), (0x927C, 7, 4, b"note")]
    first = struct.pack(">H", 3) + b"".join(
        struct.pack(">HHI4s", *one) for one in entries
    ) + struct.pack(">I", 62)  # fmt: skip
    block = head + first + bytes(12) + b"thumbnail"
    details, notes = upright(Details(exif=block), 6)
    assert notes == []
    assert len(details.exif) == len(block)
    changed = [k for k in range(len(block)) if block[k] != details.exif[k]]
    assert [block[k] for k in changed] == [6, 62]
    assert [details.exif[k] for k in changed] == [1, 0]


@pytest.mark.parametrize("block", [b"II*\0", b"XX" * 20, b"II*\0\xff\xff\xff\xff" + bytes(9)])
def test_damaged_exif_data_is_left_out_and_told(block: bytes) -> None:
    details, notes = upright(Details(exif=block), 1)
    assert details.exif == b""
    assert notes == ["its EXIF data is damaged and was left out"]


def test_a_result_has_the_date_of_its_source(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"")
    os.utime(tmp_path / "a", (1_000_000_000, 1_000_000_000))
    dated(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").stat().st_mtime == 1_000_000_000

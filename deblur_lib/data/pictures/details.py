"""What a picture file says besides its pixels: camera, place, date, resolution, captions.

A restoration keeps it. Only what would be wrong afterwards is changed, in place, so that makers'
own notes stay readable: the pixels are upright, and the small picture inside shows the blur.
"""

import re
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, TiffImagePlugin

from deblur_lib.data.pictures import png16
from deblur_lib.data.pictures.headers import ORIENTATION

EXIF_IFD, GPS_IFD, XMP_TAG = 0x8769, 0x8825, 700
SIZES = (0xA002, 0xA003)  # width and height, as EXIF repeats them
MARK = b"Exif\0\0"
# of a TIFF's own entries those that tell of the photograph, not of how its pixels are stored
TELLING = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432, *range(0x9C9B, 0x9CA0))
PNG_KEPT = {b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tEXt", b"zTXt", b"iTXt"}
JPEG_KEPT = {"APP13": b"\xff\xed", "COM": b"\xff\xfe"}  # captions of news agencies, comments
HELD_APART = (b"XML:com.adobe.xmp", b"Raw profile type")  # texts that hold XMP or EXIF
INCH = 0.0254  # m


@dataclass(frozen=True)
class Details:
    """What a file says besides its pixels.

    Attributes:
        exif: EXIF data in the form of a small TIFF file, of an upright picture.
        xmp: XMP packet.
        dpi: pixels an inch, across and down; None where the file does not say.
        chunks: PNG chunks (kind, content) of colour and text.
        segments: JPEG segments as they are in a file.
    """

    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    segments: bytes = b""


PLAIN = Details()  # of a file that says nothing


class Decoded(NamedTuple):
    """What a decoder makes of a file.

    Attributes:
        values: (H, W, C) float32, white at 1, as stored; C = 1 gray, 2 and 4 with alpha, 3 colour.
        depth: bits per channel to write it with: 8, 16, or 32 for floating point.
        orientation: how the pixels want to be turned, as EXIF counts (1 to 8).
        icc: colour profile, empty where the file has none.
        details: what else it says.
        notes: conversions that were made.
    """

    values: npt.NDArray[np.float32]
    depth: int
    orientation: int = 1
    icc: bytes = b""
    details: Details = PLAIN
    notes: tuple[str, ...] = ()


def scaled(pixels: npt.NDArray[np.generic], white: float) -> npt.NDArray[np.float32]:
    """Stored numbers (H, W) or (H, W, C) as `Decoded` has them."""
    values = pixels.astype(np.float32)
    values /= np.float32(white)
    return values if values.ndim == 3 else values[:, :, None]


def details_of(path: Path, picture: Image.Image) -> Details:
    """Details of a picture that Pillow has opened and loaded, as the file has them."""
    info = picture.info
    if picture.format == "TIFF":
        exif = _exif_of_tiff(picture)
        tags = picture.tag_v2  # type: ignore[attr-defined]
        xmp = tags.get(XMP_TAG, b"")
    else:
        exif = info.get("exif") or b""
        if not exif and len(found := picture.getexif()):
            exif = found.tobytes()  # a PNG that holds it as text
        xmp = info.get("xmp") or b""
    if isinstance(xmp, str):
        xmp = xmp.encode()
    dpi = info.get("dpi")
    dpi = (float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None
    chunks = tuple(_png_chunks(path)) if picture.format == "PNG" else ()
    segments = b""
    for name, content in getattr(picture, "applist", ()):
        if name in JPEG_KEPT:
            segments += JPEG_KEPT[name] + struct.pack(">H", len(content) + 2) + content
    return Details(exif.removeprefix(MARK), bytes(xmp), dpi, chunks, segments)


def _exif_of_tiff(picture: Image.Image) -> bytes:
    """EXIF data out of a TIFF's own entries."""
    found, told = picture.getexif(), Image.Exif()
    for tag in TELLING:
        if tag in found:
            told[tag] = found[tag]
    for tag in (EXIF_IFD, GPS_IFD):
        if inside := found.get_ifd(tag):
            told.get_ifd(tag).update(inside)
            told[tag] = told.get_ifd(tag)
    return told.tobytes() if len(told) else b""


def _png_chunks(path: Path) -> list[tuple[bytes, bytes]]:
    found = []
    with suppress(ValueError):  # what is damaged behind the pixels is no reason to refuse them
        for kind, body in png16.chunks(path.read_bytes()):
            if kind in PNG_KEPT and not body.startswith(HELD_APART):
                found.append((kind, body))
    return found


def upright(details: Details, orientation: int) -> tuple[Details, list[str]]:
    """Details of the picture after its pixels were turned as an orientation (1 to 8) asks.

    Returns:
        The details, and a note where the EXIF data is damaged and therefore left out.
    """
    sideways = orientation in (5, 6, 7, 8)
    xmp = re.sub(rb"(tiff:Orientation\s*(?:=\s*[\"']|>))\d", rb"\g<1>1", details.xmp)
    dpi = details.dpi[::-1] if details.dpi and sideways else details.dpi
    notes = []
    try:
        exif = _straightened(bytearray(details.exif), sideways) if details.exif else b""
    except (struct.error, KeyError, ValueError):
        exif, notes = b"", ["its EXIF data is damaged and was left out"]
    return replace(details, exif=exif, xmp=xmp, dpi=dpi), notes


def _straightened(data: bytearray, sideways: bool) -> bytes:
    """EXIF data with orientation 1, without the small picture, and with the sides exchanged."""
    order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]

    def entries(place: int, change: Callable[[int, int], None]) -> int:
        """Call `change` with each tag of a directory and where its entry lies; the end of it."""
        count: int = struct.unpack_from(f"{order}H", data, place)[0]
        for at in range(place + 2, place + 2 + 12 * count, 12):
            change(struct.unpack_from(f"{order}H", data, at)[0], at)
        return place + 2 + 12 * count

    inner: list[int] = []
    sides: dict[int, int] = {}

    def outer_entry(tag: int, at: int) -> None:
        if tag == ORIENTATION:
            struct.pack_into(f"{order}HIHH", data, at + 2, 3, 1, 1, 0)
        elif tag == EXIF_IFD:
            inner.append(struct.unpack_from(f"{order}I", data, at + 8)[0])

    def inner_entry(tag: int, at: int) -> None:
        if tag in SIZES:
            sides[tag] = at

    end = entries(struct.unpack_from(f"{order}I", data, 4)[0], outer_entry)
    if len(data) >= end + 4:
        struct.pack_into(f"{order}I", data, end, 0)
    for place in inner:
        entries(place, inner_entry)
    if sideways and len(sides) == 2:
        first, second = (slice(at + 2, at + 12) for at in sides.values())
        data[first], data[second] = data[second], data[first]
    return bytes(data)


def directory(exif: bytes) -> Image.Exif:
    """EXIF data as a dictionary by tag."""
    found = Image.Exif()
    if exif:
        found.load(MARK + exif)
    return found


def appended(inside: dict[int, Any], place: int) -> bytes:
    """A directory of entries in the form it has at a place of a little-endian TIFF file."""
    made = TiffImagePlugin.ImageFileDirectory_v2(b"II\x2a\0\0\0\0\0")
    known = {ExifTags.IFD.Interop, ExifTags.IFD.MakerNote}
    for tag, value in inside.items():
        if tag not in known or not isinstance(value, int | dict):
            made[tag] = value
    return made.tobytes(place)


def png_chunks(details: Details) -> list[tuple[bytes, bytes]]:
    """Chunks that tell a PNG's readers the details."""
    made = list(details.chunks)
    if details.dpi:
        across, down = (round(one / INCH) for one in details.dpi)
        made.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if details.exif:
        made.append((b"eXIf", details.exif))
    if details.xmp:
        made.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + details.xmp))
    return made

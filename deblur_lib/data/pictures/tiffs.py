"""TIFF files with more than 8 bits per channel, which Pillow alone reduces to 8, in and out."""

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from deblur_lib.data.pictures.details import (
    EXIF_IFD,
    GPS_IFD,
    TELLING,
    XMP_TAG,
    Decoded,
    Details,
    appended,
    details_of,
    directory,
    scaled,
)
from deblur_lib.data.pictures.headers import ORIENTATION, check_pixels
from deblur_lib.errors import DataError

ICC_TAG = 34675
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF
WHITE_IS_0, BLACK_IS_0, RGB, CMYK = 0, 1, 2, 5  # what a sample means, by TIFF's numbers
UNSIGNED, FLOAT = 1, 3  # how it is stored
LOOSE, PREMULTIPLIED = 0, 1  # further channels: of no declared meaning, alpha that colours hold
PREVIEW = 1  # bit of a page that is a small version of another
BYTES, ASCII, LONG = 1, 2, 4  # types of entries


def read_deep(path: Path) -> Decoded | Image.Image | None:
    """First page of a TIFF with more than 8 bits per channel.

    Returns:
        Its values by what the file declares; CMYK as an 8-bit picture, since no deeper one can be
        converted; None for any other file.

    Raises:
        DataError: it declares something that is neither converted nor a photograph.
        ValueError: the file is damaged.
    """
    with open(path, "rb") as stream:
        if stream.read(4) not in MAGIC:
            return None
    with tifffile.TiffFile(path) as stack:
        try:
            page = stack.pages.first
        except IndexError:
            raise ValueError("it holds no page") from None
        if isinstance(page, tifffile.TiffFrame) or page.subfiletype & PREVIEW:
            raise DataError(
                f"{path}: its first page is a preview, as camera raw files have one; develop the "
                "picture and save it as 16-bit TIFF"
            )
        if page.bitspersample <= 8 and page.sampleformat == UNSIGNED:
            return None
        _check_page(path, page)
        several = _has_second(stack)
        pixels: npt.NDArray[np.generic] = page.asarray()
        if pixels.ndim == 3 and page.planarconfig == 2:  # one plane after the other
            pixels = pixels.transpose(1, 2, 0)
        turned, icc = page.tags.get(ORIENTATION), page.tags.get(ICC_TAG)
        notes = ["only the first of several pages was read"] if several else []
    profile = bytes(icc.value) if icc else b""
    if page.photometric == CMYK:
        return _cmyk(pixels, page, profile)
    white = 1.0 if page.sampleformat == FLOAT else 2.0**page.bitspersample - 1
    values, more = _meant(scaled(pixels, white), page)
    found = details(path)
    depth = 32 if page.sampleformat == FLOAT else 16
    return Decoded(
        values, depth, int(turned.value) if turned else 1, profile, found, (*notes, *more)
    )


def _has_second(stack: tifffile.TiffFile) -> bool:
    try:
        return not int(stack.pages[1].aspage().subfiletype) & PREVIEW
    except IndexError:
        return False


def _check_page(path: Path, page: tifffile.TiffPage) -> None:
    """Refuse what is not converted, before memory is taken for it."""
    check_pixels(path, page.imagewidth, page.imagelength)
    if page.samplesperpixel > 4 or page.imagedepth > 1:
        raise DataError(
            f"{path} announces {page.samplesperpixel} channels in {page.imagedepth} layers; needed "
            "one layer of at most 4 channels"
        )
    advice = "save it as 16-bit RGB or gray"
    if page.photometric not in (WHITE_IS_0, BLACK_IS_0, RGB, CMYK):
        kind = getattr(page.photometric, "name", page.photometric)
        raise DataError(f"{path} holds {page.bitspersample}-bit {kind} pixels; {advice}")
    good = {UNSIGNED: range(9, 17), FLOAT: (16, 32, 64)}.get(page.sampleformat, ())
    if page.bitspersample not in good or (page.photometric == CMYK and page.bitspersample != 16):
        raise DataError(
            f"{path} holds {page.dtype} samples of {page.bitspersample} bits; needed 8-bit, 16-bit "
            f"or floating-point channels: {advice}"
        )


def _meant(
    values: npt.NDArray[np.float32], page: tifffile.TiffPage
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """What stored values (H, W, C) mean: 1 is white, alpha is apart from the colours."""
    notes = []
    colours = 3 if page.photometric == RGB else 1
    extra = tuple(page.extrasamples)[:1]
    if page.photometric == WHITE_IS_0:
        values[..., :1] = 1 - values[..., :1]
    if values.shape[2] > colours and extra in ((), (LOOSE,)):
        notes.append("a channel of no declared meaning was left out")
        values = values[..., :colours]
    elif extra == (PREMULTIPLIED,):
        values = separated(values)
    return values[..., : colours + 1], notes


def separated(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Colours that were multiplied by alpha, the last channel, as they were before."""
    colours, alpha = values[..., :-1], values[..., -1:]
    plain = np.divide(colours, alpha, out=np.zeros_like(colours), where=alpha > 0)
    return np.concatenate([np.clip(plain, 0, 1), alpha], axis=2)


def _cmyk(pixels: npt.NDArray[np.generic], page: tifffile.TiffPage, profile: bytes) -> Image.Image:
    """A 16-bit CMYK picture with 8 bits."""
    inks = np.rint(pixels[..., :4].astype(np.float32) / 257).astype(np.uint8)
    picture = Image.fromarray(inks, mode="CMYK")
    picture.info |= {"icc_profile": profile} if profile else {}
    return picture


def details(path: Path) -> Details:
    """Details of a TIFF whose pixels Pillow may know nothing about."""
    try:
        with Image.open(path) as picture:
            return details_of(path, picture)
    except (OSError, ValueError, SyntaxError):
        return Details()


def write(
    path: Path, pixels: npt.NDArray[np.generic], *, icc: bytes, alpha: bool, told: Details
) -> None:
    """Write (H, W, C) pixels of any depth with what is known of them."""
    gray = pixels.shape[2] < 3
    exif, dpi = directory(told.exif), told.dpi
    tifffile.imwrite(
        path,
        pixels[:, :, 0] if pixels.shape[2] == 1 else pixels,
        photometric="minisblack" if gray else "rgb",
        planarconfig="contig" if pixels.shape[2] > 1 else None,
        extrasamples=["unassalpha"] if alpha else None,
        iccprofile=icc or None,
        compression="zlib",
        metadata=None,
        software=False,
        resolution=dpi or None,
        resolutionunit="INCH" if dpi else None,
        extratags=_entries(exif, told.xmp),
    )
    inside = {tag: one for tag in (EXIF_IFD, GPS_IFD) if (one := exif.get_ifd(tag))}
    if inside:
        _add_directories(path, inside)


def _add_directories(path: Path, inside: dict[int, dict[int, Any]]) -> None:
    """Add directories below the only page of a file; the page's entries move to its end."""
    with open(path, "r+b") as stream:
        if stream.read(4) != MAGIC[0]:
            return  # beyond 4 GiB, where directories have another form
        (place,) = struct.unpack("<I", stream.read(4))
        stream.seek(place)
        (count,) = struct.unpack("<H", stream.read(2))
        entries = [stream.read(12) for _ in range(count)]
        stream.seek(0, os.SEEK_END)
        for tag, content in inside.items():
            stream.write(bytes(stream.tell() % 2))
            entries.append(struct.pack("<HHII", tag, LONG, 1, stream.tell()))
            stream.write(appended(content, stream.tell()))
        stream.write(bytes(stream.tell() % 2))
        place = stream.tell()
        entries.sort(key=lambda one: one[1::-1])
        stream.write(struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))
        stream.seek(4)
        stream.write(struct.pack("<I", place))


def _entries(exif: Image.Exif, xmp: bytes) -> list[tuple[int, int, int | None, object, bool]]:
    """Entries of a page for what EXIF data says of the photograph."""
    made: list[tuple[int, int, int | None, object, bool]] = []
    for tag in TELLING:
        value = exif.get(tag)
        if isinstance(value, str):
            made.append((tag, ASCII, None, value.encode("utf-8"), True))
        elif isinstance(value, bytes) and value:
            made.append((tag, BYTES, len(value), value, True))
    if xmp:
        made.append((XMP_TAG, BYTES, len(xmp), xmp, True))
    return made

"""What a file says about its picture before any pixel is decoded, and whether a pair may use it."""

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from deblur_lib.data.pictures import png16
from deblur_lib.errors import DataError, DeblurError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
PHOTOS = (  # what can be restored, beyond the kinds that pairs are made of
    *SUFFIXES, ".jpe", ".jfif", ".mpo", ".gif", ".jp2", ".j2k", ".avif", ".heic", ".heif", ".hif",
    ".pbm", ".pgm", ".ppm", ".pnm",
)  # fmt: skip
ORIENTATION = 0x0112  # EXIF tag
CONVERT = "make both upright 8-bit RGB PNG (`deblur data prepare` does)"
SEEN_AS = {
    "L": "gray",
    "LA": "gray",
    "1": "black and white",
    "P": "a palette picture",
    "PA": "a palette picture",
    "CMYK": "CMYK",
    "F": "floating point",
    "YCbCr": "YCbCr",
    "LAB": "Lab",
}


def mode_of(path: Path) -> int:
    """Mode bits of what a path names; 0 where nothing is, or nothing that may be looked at."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def hidden(path: Path) -> bool:
    """True for names of hidden and temporary files, as systems and editors leave them."""
    return path.name.startswith((".", "~"))


def is_picture(path: Path, suffixes: Collection[str] = SUFFIXES) -> bool:
    """True for an ordinary file named as a picture: nothing hidden, no folder, pipe or device."""
    return path.suffix.lower() in suffixes and not hidden(path) and S_ISREG(mode_of(path))


def check_pixels(path: Path, width: int, height: int) -> None:
    """Refuse a picture by what its header announces, before memory is taken for it.

    Raises:
        DataError: more pixels than Pillow's limit for a file that may be an attack.
    """
    most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
    if most and width * height > most:
        raise DataError(
            f"{path} announces {width}x{height} pixels, at most {most} are read; cut the picture "
            "into parts"
        )


class Header(NamedTuple):
    """What a file says about its picture, before any pixel is decoded.

    Attributes:
        width, height: size in pixels, as stored.
        mode: Pillow's mode ("RGB", "RGBA", "L", ...).
        depth: bits per channel.
        rotated: True when EXIF asks viewers to turn or mirror the stored pixels.
    """

    width: int
    height: int
    mode: str
    depth: int
    rotated: bool


def read_header(path: Path) -> Header:
    """Size and kind of a picture.

    Raises:
        DataError: the file is missing, empty or not a picture.
    """
    with opened(Path(path)) as picture:
        return header_of(Path(path), picture)


def unfit(header: Header) -> tuple[str, str] | None:
    """Why a picture cannot be part of a pair.

    Returns:
        A code ("depth", "colour", "rotated") and a sentence that says what to do; None if it fits.
    """
    if header.depth > 8:
        return "depth", (
            f"pairs need 8 bits per channel, this picture has {header.depth}; {CONVERT}"
        )
    if header.mode not in ("RGB", "RGBA", "RGBX"):
        kind = SEEN_AS.get(header.mode, f"of mode {header.mode}")
        return "colour", (f"pairs need RGB pictures, this one is {kind}; {CONVERT}")
    if header.rotated:
        return "rotated", (
            f"pairs need pixels stored upright, EXIF asks to turn this picture; {CONVERT}"
        )
    return None


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture; whatever goes wrong inside the block becomes a DataError that names it.

    Raises:
        DataError: the file is missing, empty, truncated, damaged or not a picture.
    """
    with explained(path), Image.open(path) as picture:
        yield picture


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every way in which a picture file can fail to decode into a DataError that names it."""
    if (kind := mode_of(path)) and not S_ISREG(kind):  # a pipe would wait for its other end
        raise DataError(f"{path} is a folder, pipe or device; needed a picture file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large photographs and odd metadata are not our matter
            yield
    except FileNotFoundError:
        raise DataError(f"{path} is missing; check the path") from None
    except PermissionError:
        raise DataError(f"{path} may not be read; get the right to, or copy it") from None
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        raise DataError(
            f"{path} is {'empty' if empty else 'not a picture that can be read'}; needed a PNG, "
            "JPEG, BMP, TIFF or WebP file"
        ) from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: {error}; cut the picture into parts") from None
    except DeblurError:
        raise
    except MemoryError:
        raise DataError(f"{path} needs more memory than there is; cut it into parts") from None
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise DataError(
            f"{path} cannot be decoded ({error or type(error).__name__}); copy or download it "
            "again, or save it as PNG"
        ) from error


def header_of(path: Path, picture: Image.Image) -> Header:
    """Header of a picture that `opened` gave."""
    depth = {"I": 32, "F": 32}.get(picture.mode, 16 if picture.mode.startswith("I;16") else 8)
    if picture.format == "PNG":
        depth = max(depth if picture.mode != "I" else 16, png16.depth(path))
    elif picture.format == "TIFF":
        bits = picture.tag_v2.get(258, 8)  # type: ignore[attr-defined]
        depth = max(bits) if isinstance(bits, tuple) else int(bits)
    # asking a PNG without EXIF for it would decode all its pixels
    told = picture.format != "PNG" or "exif" in picture.info
    rotated = told and picture.getexif().get(ORIENTATION, 1) not in (0, 1)
    return Header(*picture.size, picture.mode, max(depth, 8), rotated)

"""HEIC, and what AVIF and JPEG 2000 hold beyond 8 bits; each where its decoder is installed.

Needs `pip install 'deblur-lib[photos]'`.
"""

from pathlib import Path

import numpy as np

from deblur_lib.data.pictures.details import MARK, Decoded, Details, scaled
from deblur_lib.data.pictures.headers import check_pixels
from deblur_lib.data.pictures.tiffs import separated
from deblur_lib.errors import DataError

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}  # of HEIF
EXTRA = "pip install 'deblur-lib[photos]'"
HEAD = 1 << 16  # bytes at the start of a file in which its kind is declared
SRGB = 16  # colour space of JPEG 2000, by its number


def is_heif(path: Path) -> bool:
    """True for what says at its start that it is a HEIC picture, whatever its name."""
    with open(path, "rb") as stream:
        head = stream.read(64)
    return head[4:8] == b"ftyp" and head[8:12] in BRANDS and b"avif" not in head


def read_heif(path: Path) -> Decoded:
    """The primary picture of a HEIC file, with the bits it has.

    Raises:
        DataError: no decoder is installed.
        ValueError: the file is damaged.
    """
    try:
        import pillow_heif
    except ImportError:
        raise DataError(f"{path} is a HEIC picture; to read it: {EXTRA}") from None
    stack = pillow_heif.open_heif(path, convert_hdr_to_8bit=False)
    picture = stack[stack.primary_index]
    check_pixels(path, *picture.size)
    info, pixels = picture.info, np.asarray(picture)
    bits = int(info.get("bit_depth", 8)) if pixels.dtype == np.uint16 else 8
    values = scaled(pixels, 255 if bits == 8 else white_of(bits))
    if picture.mode.startswith("RGBa"):
        values = separated(values)
    exif = (info.get("exif") or b"").removeprefix(MARK)
    details = Details(exif=exif, xmp=info.get("xmp") or b"")
    notes = ["only the main one of several pictures was read"] if len(stack) > 1 else []
    # the decoder has turned the pixels
    return Decoded(
        values, 8 if bits == 8 else 16, 1, info.get("icc_profile") or b"", details, tuple(notes)
    )


def declared_bits(path: Path) -> int:
    """Bits per channel of an AVIF or JPEG 2000 file; 8 where it is neither."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD)
    if head[4:12] in (b"ftypavif", b"ftypavis") and (place := head.find(b"av1C")) > 0:
        flags = head[place + 6 : place + 7]
        return {0: 8, 2: 10, 3: 12}.get(flags[0] >> 5 & 3, 8) if flags else 8
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")):
        sizes = head.find(b"\xff\x51")
        bits = head[sizes + 40 : sizes + 41] if sizes > 0 else b""
        return (bits[0] & 127) + 1 if bits else 8
    return 8


def read_deep(path: Path, bits: int) -> Decoded | None:
    """A colour picture of an AVIF or JPEG 2000 file with more than 8 bits, without its details.

    Returns:
        None where no decoder is installed, or the pixels are not those of a colour picture.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        import imagecodecs
    except ImportError:
        return None
    content = path.read_bytes()
    if content[4:8] == b"ftyp":
        pixels = imagecodecs.avif_decode(content)
    else:
        place = content.find(b"colr\x01")
        if place > 0 and int.from_bytes(content[place + 7 : place + 11], "big") != SRGB:
            return None
        pixels = imagecodecs.jpeg2k_decode(content)
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype != np.uint16:
        return None
    return Decoded(scaled(pixels, 2**bits - 1), 16)


def white_of(bits: int) -> int:
    """White of numbers that were moved up to 16 bits, as Pillow's decoders do."""
    return ((1 << bits) - 1) << (16 - bits)

"""Reading pictures: strict for pairs that are scored, tolerant for photographs to restore.

A pair must be 8-bit RGB as stored, since every metric is computed on those values; anything that
would need a silent conversion is refused. A photograph to restore keeps what it came with: depth,
gray, alpha, colour profile; its EXIF orientation is applied to the pixels.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageCms

from deblur_lib.data.pictures import png16
from deblur_lib.data.pictures.headers import (
    ORIENTATION,
    check_pixels,
    explained,
    header_of,
    opened,
    unfit,
)
from deblur_lib.errors import DataError
from deblur_lib.files import atomic

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
ICC_TAG = 34675  # TIFF tag of the colour profile
WRITTEN = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def read_rgb(path: Path) -> U8:
    """Pixels of one picture of a pair.

    Args:
        path: PNG, JPEG, BMP, TIFF or WebP file with 8-bit RGB; an alpha channel is dropped.

    Returns:
        (H, W, 3) uint8, as stored: no colour management, no rotation.

    Raises:
        DataError: missing, truncated or damaged file; 16-bit, gray, palette or CMYK picture; a
            picture that EXIF asks to turn.
    """
    path = Path(path)
    with opened(path) as picture:
        picture.load()  # a PNG may state its orientation behind the pixels
        refusal = unfit(header_of(path, picture))
        if refusal:
            raise DataError(f"{path}: {refusal[1]}")
        return np.array(picture.convert("RGB"))


@dataclass(frozen=True)
class Picture:
    """A photograph on its way through a network.

    Attributes:
        rgb: (H, W, 3) float32 in [0, 1], upright; the three channels are equal for gray ones.
        alpha: (H, W) float32 in [0, 1], None where the file has none.
        depth: bits per channel of the file: 8, 16, or 32 for floating point.
        gray: True when the file held one channel (and alpha).
        icc: colour profile, empty where the file has none.
        notes: conversions that were made, for the user.
    """

    rgb: F32
    alpha: F32 | None = None
    depth: int = 8
    gray: bool = False
    icc: bytes = b""
    notes: tuple[str, ...] = ()

    def with_rgb(self, rgb: F32) -> "Picture":
        """The same photograph with other pixels of the same size."""
        return replace(self, rgb=rgb)


def read_picture(path: Path) -> Picture:
    """Read a photograph.

    Gray, alpha, 8 or 16 bits, 32-bit float TIFF and the ICC profile are kept, EXIF orientation is
    applied, palettes become RGB, CMYK becomes sRGB (through its own profile where it has one), of
    several frames the first is taken. The last three are said in `notes`.

    Raises:
        DataError: missing, truncated or damaged file, floating-point values outside [0, 1].
    """
    path = Path(path)
    with explained(path):
        deep = _deep_tiff(path)
        array, orientation, icc, notes = deep or _with_pillow(path)
    array = _turned(array if array.ndim == 3 else array[:, :, None], orientation)
    depth = {"u1": 8, "u2": 16, "f4": 32}.get(array.dtype.str[1:], 0)
    if not depth or array.shape[2] > 4:
        raise DataError(
            f"{path}: needed 8-bit, 16-bit or 32-bit float channels, at most 4, got {array.dtype} "
            f"x {array.shape[2]}; save it as 16-bit PNG or TIFF"
        )
    return _picture(path, array, depth, icc, tuple(notes))


Read = tuple[npt.NDArray[np.generic], int, bytes, list[str]]  # pixels, orientation, profile, notes


def _with_pillow(path: Path) -> Read:
    with Image.open(path) as picture:
        icc: bytes = picture.info.get("icc_profile") or b""
        several = getattr(picture, "n_frames", 1) > 1
        notes = ["only the first of several frames was read"] if several else []
        picture.load()  # Pillow turns TIFF pixels itself and then forgets the orientation
        orientation = picture.getexif().get(ORIENTATION, 1)
        if picture.format == "PNG" and header_of(path, picture).depth == 16:
            return png16.decode(path.read_bytes()), orientation, icc, notes
        plain, note = _plain(picture, icc)
        kept = b"" if picture.mode == "CMYK" else icc
        return np.asarray(plain), orientation, kept, notes + note


def _deep_tiff(path: Path) -> Read | None:
    """First page of a TIFF with more than 8 bits per channel; None for any other file."""
    with open(path, "rb") as stream:
        if stream.read(4) not in (b"II*\0", b"MM\0*"):
            return None
    with tifffile.TiffFile(path) as stack:
        try:
            page = stack.pages.first
        except IndexError:
            raise ValueError("it holds no page") from None
        if page.bitspersample <= 8:
            return None
        _check_page(path, page)
        array: npt.NDArray[np.generic] = page.asarray()
        turned, icc = page.tags.get(ORIENTATION), page.tags.get(ICC_TAG)
        if array.ndim == 3 and page.planarconfig == 2:  # one plane after the other
            array = array.transpose(1, 2, 0)
    return array, int(turned.value) if turned else 1, bytes(icc.value) if icc else b"", []


def _check_page(path: Path, page: tifffile.TiffPage) -> None:
    """Refuse what no photograph is before memory is taken for it; see `read_picture`."""
    check_pixels(path, page.imagewidth, page.imagelength)
    if page.samplesperpixel > 4 or page.imagedepth > 1:
        raise DataError(
            f"{path} announces {page.samplesperpixel} channels in {page.imagedepth} layers; needed "
            "one layer of at most 4 channels"
        )


def _picture(
    path: Path, array: npt.NDArray[np.generic], depth: int, icc: bytes, notes: tuple[str, ...]
) -> Picture:
    values = array.astype(np.float32)
    if depth == 32:
        if not (values.min() >= 0 and values.max() <= 1):
            raise DataError(
                f"{path}: floating-point pictures need values in [0, 1], got {values.min():g} to "
                f"{values.max():g}; divide by the white level"
            )
    else:
        values /= 2**depth - 1
    channels = array.shape[2]
    colour, alpha = (values, None) if channels in (1, 3) else (values[..., :-1], values[..., -1])
    gray = colour.shape[2] == 1
    rgb = np.ascontiguousarray(np.repeat(colour, 3, axis=2) if gray else colour)
    return Picture(rgb, alpha, depth, gray, icc, notes)


def _plain(picture: Image.Image, icc: bytes) -> tuple[Image.Image, list[str]]:
    """An 8-bit picture as L, LA, RGB or RGBA, and notes on conversions."""
    mode = picture.mode
    if mode in ("L", "LA", "RGB", "RGBA"):
        if "transparency" in picture.info:
            return picture.convert("RGBA"), ["transparent colour became an alpha channel"]
        return picture, []
    if mode in ("P", "PA"):
        target = "RGBA" if mode == "PA" or "transparency" in picture.info else "RGB"
        return picture.convert(target), [f"palette converted to {target}"]
    if mode == "1":
        return picture.convert("L"), ["black and white converted to gray"]
    if mode == "CMYK" and icc:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target_profile = ImageCms.createProfile("sRGB")
        try:
            done = ImageCms.profileToProfile(picture, source, target_profile, outputMode="RGB")
        except ImageCms.PyCMSError as error:
            raise ValueError(f"its colour profile cannot be used: {error}") from error
        assert done is not None  # profileToProfile returns None only with inPlace=True
        return done, ["CMYK converted to sRGB through its profile"]
    return picture.convert("RGB"), [f"{mode} converted to RGB without a profile"]


def _turned(array: npt.NDArray[np.generic], orientation: int) -> npt.NDArray[np.generic]:
    """Apply an EXIF orientation (1 to 8) to (H, W, C)."""
    if orientation in (5, 6, 7, 8):
        array = array.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def write_picture(path: Path, picture: Picture) -> None:
    """Write a photograph with the depth, gray, alpha and profile it came with, whole or not at all.

    Values are clipped and rounded half up.

    Args:
        path: .png (8 or 16 bits), .tif (any depth) or .jpg (8 bits, no alpha).
        picture: what to write.

    Raises:
        DataError: the format cannot hold the picture, or a value is not a number.
        RecordError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    array = _array(path, picture)
    suffix = path.suffix.lower()
    if suffix not in WRITTEN:
        raise DataError(f"{path}: needed one of {', '.join(WRITTEN)} to write, got {suffix!r}")
    if suffix == ".png" and picture.depth == 32:
        raise DataError(f"{path}: PNG holds 8 or 16 bits, the picture is float; write .tif")
    if suffix.startswith(".j") and (picture.depth > 8 or picture.alpha is not None):
        raise DataError(
            f"{path}: JPEG holds 8 bits without alpha, the picture has {picture.depth} bits"
            f"{' and alpha' if picture.alpha is not None else ''}; write .png"
        )
    with atomic(path) as temporary:
        if suffix.startswith(".tif"):
            _write_tiff(temporary, array, picture)
        elif picture.depth == 16:
            temporary.write_bytes(png16.encode(array.astype(np.uint16), picture.icc))
        else:
            plain = Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)
            options: dict[str, Any] = {"icc_profile": picture.icc} if picture.icc else {}
            if suffix.startswith(".j"):
                options |= {"quality": 95, "subsampling": 0}
            plain.save(temporary, **options)


def _array(path: Path, picture: Picture) -> npt.NDArray[np.generic]:
    """(H, W, 1 to 4) in the type of the file."""
    if not np.isfinite(picture.rgb).all():
        raise DataError(f"{path}: the picture holds values that are not numbers; nothing written")
    colour = (picture.rgb @ LUMA)[:, :, None] if picture.gray else picture.rgb
    parts = [colour] if picture.alpha is None else [colour, picture.alpha[:, :, None]]
    values = np.clip(np.concatenate(parts, axis=2), 0, 1)
    if picture.depth == 32:
        return values
    kind = np.uint8 if picture.depth == 8 else np.uint16
    peak = 2**picture.depth - 1
    rounded: npt.NDArray[np.generic] = np.floor(values.astype(np.float64) * peak + 0.5).astype(kind)
    return rounded


def _write_tiff(path: Path, array: npt.NDArray[np.generic], picture: Picture) -> None:
    tifffile.imwrite(
        path,
        array[:, :, 0] if array.shape[2] == 1 else array,
        photometric="minisblack" if picture.gray else "rgb",
        planarconfig="contig" if array.shape[2] > 1 else None,
        extrasamples=["unassalpha"] if picture.alpha is not None else None,
        iccprofile=picture.icc or None,
        compression="zlib",
    )

"""Reading pictures: strict for pairs that are scored, tolerant for photographs to restore.

A pair must be 8-bit RGB as stored, since every metric is computed on those values; anything that
would need a silent conversion is refused. A photograph to restore keeps what it came with: depth,
gray, alpha, colour profile, camera, place and date; its EXIF orientation is applied to the pixels.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from deblur_lib.data.pictures import netpbm, png16, tiffs
from deblur_lib.data.pictures.details import (
    PLAIN,
    Decoded,
    Details,
    details_of,
    scaled,
    upright,
)
from deblur_lib.data.pictures.headers import (
    ORIENTATION,
    explained,
    header_of,
    opened,
    unfit,
)
from deblur_lib.data.pictures.modern import (
    EXTRA,
    declared_bits,
    is_heif,
    read_deep,
    read_heif,
    white_of,
)
from deblur_lib.errors import DataError

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
RAW = (".arw", ".cr2", ".cr3", ".crw", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw")


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
        details: what else the file says; it tells of upright pixels.
        notes: conversions that were made, for the user.
    """

    rgb: F32
    alpha: F32 | None = None
    depth: int = 8
    gray: bool = False
    icc: bytes = b""
    details: Details = PLAIN
    notes: tuple[str, ...] = ()

    def with_rgb(self, rgb: F32) -> "Picture":
        """The same photograph with other pixels of the same size."""
        return replace(self, rgb=rgb)


def read_picture(path: Path) -> Picture:
    """Read a photograph.

    Gray, alpha, 8 to 16 bits, floating-point TIFF, the ICC profile and what else the file says are
    kept, and pixels mean what the file declares (white at 0, alpha in the colours). EXIF
    orientation is applied, palettes become RGB, CMYK becomes sRGB (through its own profile where
    it has one), of several frames the first is taken. Whatever is lost is said in `notes`.

    Raises:
        DataError: missing, truncated or damaged file, one that no decoder here reads, pixels that
            cannot be converted, floating-point values outside [0, 1].
    """
    path = Path(path)
    with explained(path):
        if path.suffix.lower() in RAW:
            raise DataError(
                f"{path} is a camera's raw file; develop the picture and save it as 16-bit TIFF"
            )
        found = _decoded(path)
        details, more = upright(found.details, found.orientation)
    notes, icc = [*found.notes, *more], found.icc
    values = turned(found.values, found.orientation)
    colour, alpha = (
        (values, None) if values.shape[2] in (1, 3) else (values[..., :-1], values[..., -1])
    )
    gray = colour.shape[2] == 1
    if found.depth == 32 and not (colour.min() >= 0 and colour.max() <= 1):
        raise DataError(
            f"{path}: floating-point pictures need values in [0, 1], got {colour.min():g} to "
            f"{colour.max():g}; divide by the white level"
        )
    if icc and icc[16:20] not in ((b"RGB ", b"GRAY") if gray else (b"RGB ",)):
        icc, notes = b"", [*notes, "its colour profile does not fit its pixels and was left out"]
    rgb = np.ascontiguousarray(np.repeat(colour, 3, axis=2) if gray else colour)
    return Picture(rgb, alpha, found.depth, gray, icc, details, tuple(notes))


def _decoded(path: Path) -> Decoded:
    """A file's pixels and details by the decoder that loses least."""
    if is_heif(path):
        return read_heif(path)
    deep = tiffs.read_deep(path) or netpbm.read_deep(path)
    if isinstance(deep, Decoded):
        return deep
    with deep or Image.open(path) as picture:
        icc: bytes = picture.info.get("icc_profile") or b""
        several = getattr(picture, "n_frames", 1) > 1
        notes = ["only the first of several frames was read"] if several else []
        picture.load()  # Pillow turns TIFF pixels itself and then forgets the orientation
        details, orientation = details_of(path, picture), picture.getexif().get(ORIENTATION, 1)
        if deep:
            notes.append("16-bit CMYK was read with 8 bits")
            details = tiffs.details(path)
        elif picture.format == "TIFF" and 0 in _extra(picture):
            notes.append("a channel of no declared meaning was left out")
        if picture.format == "PNG" and header_of(path, picture).depth == 16:
            values = scaled(png16.decode(path.read_bytes()), 65535)
            return Decoded(values, 16, orientation, icc, details, tuple(notes))
        bits = declared_bits(path)
        if bits > 8 and picture.mode == "I;16":
            values = scaled(np.asarray(picture), white_of(bits))
            return Decoded(values, 16, orientation, icc, details, tuple(notes))
        if bits > 8:
            if exact := read_deep(path, bits):
                return exact._replace(orientation=orientation, icc=icc, details=details)
            notes.append(f"{bits} bits were read as 8; to keep them: {EXTRA}")
        plain, kept, more = _plain(path, picture, icc)
        values = scaled(np.asarray(plain), 255)
    return Decoded(values, 8, orientation, kept, details, (*notes, *more))


def _extra(picture: Image.Image) -> tuple[int, ...]:
    """What a TIFF says of its channels beyond the colours."""
    found = picture.tag_v2.get(338, ())  # type: ignore[attr-defined]
    return found if isinstance(found, tuple) else (found,)


def _plain(path: Path, picture: Image.Image, icc: bytes) -> tuple[Image.Image, bytes, list[str]]:
    """An 8-bit picture as L, LA, RGB or RGBA, the profile it has then, and notes on conversions."""
    mode = picture.mode
    if mode in ("L", "LA", "RGB", "RGBA"):
        if "transparency" in picture.info:
            return picture.convert("RGBA"), icc, ["transparent colour became an alpha channel"]
        return picture, icc, []
    if mode in ("P", "PA"):
        target = "RGBA" if mode == "PA" or "transparency" in picture.info else "RGB"
        return picture.convert(target), icc, [f"palette converted to {target}"]
    if mode == "1":
        return picture.convert("L"), icc, ["black and white converted to gray"]
    if mode in ("RGBa", "La", "RGBX"):
        return picture.convert({"RGBa": "RGBA", "La": "LA", "RGBX": "RGB"}[mode]), icc, []
    if mode == "CMYK" and icc:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target_profile = ImageCms.createProfile("sRGB")
        try:
            done = ImageCms.profileToProfile(picture, source, target_profile, outputMode="RGB")
        except ImageCms.PyCMSError as error:
            raise ValueError(f"its colour profile cannot be used: {error}") from error
        assert done is not None  # profileToProfile returns None only with inPlace=True
        return done, b"", ["CMYK converted to sRGB through its profile"]
    if mode not in ("CMYK", "YCbCr"):
        raise DataError(
            f"{path} holds pixels of kind {mode}, which are not converted; save it as 16-bit PNG "
            "or TIFF"
        )
    kept = icc if mode == "YCbCr" else b""
    return picture.convert("RGB"), kept, [f"{mode} converted to RGB without a profile"]


def turned(values: F32, orientation: int) -> F32:
    """Apply an EXIF orientation (1 to 8) to (H, W, C)."""
    if orientation in (5, 6, 7, 8):
        values = values.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values

"""Writing photographs as they came: with their depth, gray, alpha, profile and details."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from deblur_lib.data.pictures import png16, tiffs
from deblur_lib.data.pictures.details import MARK, png_chunks
from deblur_lib.data.pictures.reading import Picture
from deblur_lib.errors import DataError
from deblur_lib.files import atomic

WRITTEN = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
LEVEL = 4  # of PNG: takes less time than the usual 6, for files that are hardly larger
BAND = 64  # rows that are converted at once, so that large pictures need little memory


def write_picture(path: Path, picture: Picture) -> None:
    """Write a photograph with all that it came with, whole or not at all.

    Values are clipped and rounded half up.

    Args:
        path: .png (8 or 16 bits), .tif (any depth) or .jpg (8 bits, no alpha).
        picture: what to write.

    Raises:
        DataError: the format cannot hold the picture or what is known of it, or a value is not a
            number.
        RecordError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITTEN:
        raise DataError(f"{path}: needed one of {', '.join(WRITTEN)} to write, got {suffix!r}")
    if suffix == ".png" and picture.depth == 32:
        raise DataError(f"{path}: PNG holds 8 or 16 bits, the picture is float; write .tif")
    if suffix.startswith(".j") and (picture.depth > 8 or picture.alpha is not None):
        raise DataError(
            f"{path}: JPEG holds 8 bits without alpha, the picture has {picture.depth} bits"
            f"{' and alpha' if picture.alpha is not None else ''}; write .png (--format png)"
        )
    pixels = _pixels(path, picture)
    with atomic(path) as temporary:
        if suffix.startswith(".tif"):
            alpha = picture.alpha is not None
            tiffs.write(temporary, pixels, icc=picture.icc, alpha=alpha, told=picture.details)
        elif suffix == ".png":
            temporary.write_bytes(_png(pixels, picture))
        else:
            _write_jpeg(path, temporary, pixels, picture)


def bands(height: int) -> Iterator[slice]:
    """The rows of a picture, some at a time."""
    return (slice(start, start + BAND) for start in range(0, height, BAND))


def _pixels(path: Path, picture: Picture) -> npt.NDArray[np.generic]:
    """(H, W, 1 to 4) in the type of the file."""
    height, width = picture.rgb.shape[:2]
    kind = {8: np.uint8, 16: np.uint16}.get(picture.depth, np.float32)
    colours = 1 if picture.gray else 3
    made = np.empty((height, width, colours + (picture.alpha is not None)), kind)
    peak = 2**picture.depth - 1
    for rows in bands(height):
        part = picture.rgb[rows]
        if not np.isfinite(part).all():
            raise DataError(
                f"{path}: the picture holds values that are not numbers; nothing written"
            )
        parts = [(part @ LUMA)[:, :, None] if picture.gray else part]
        if picture.alpha is not None:
            parts.append(picture.alpha[rows, :, None])
        values = np.clip(np.concatenate(parts, axis=2), 0, 1)
        exact = values if picture.depth == 32 else np.floor(values * np.float64(peak) + 0.5)
        made[rows] = exact
    return made


def _png(pixels: npt.NDArray[Any], picture: Picture) -> bytes:
    if picture.depth == 16:
        content = png16.encode(pixels, picture.icc)
    else:
        made = io.BytesIO()
        _image(pixels).save(made, "PNG", icc_profile=picture.icc or None, compress_level=LEVEL)
        content = made.getvalue()
    return png16.extended(content, png_chunks(picture.details))


def _write_jpeg(path: Path, place: Path, pixels: npt.NDArray[Any], picture: Picture) -> None:
    told = picture.details
    options: dict[str, Any] = {"exif": MARK + told.exif} if told.exif else {}
    options |= {"xmp": told.xmp} if told.xmp else {}
    options |= {"dpi": told.dpi} if told.dpi else {}
    options |= {"icc_profile": picture.icc} if picture.icc else {}
    try:
        _image(pixels).save(
            place, "JPEG", quality=95, subsampling=0, extra=told.segments, **options
        )
    except ValueError as error:
        raise DataError(
            f"{path}: what the file says of itself does not fit into a JPEG ({error}); write .png"
        ) from error


def _image(pixels: npt.NDArray[Any]) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)

"""Netpbm files (PGM, PPM) with more than 8 bits, which Pillow reduces to 8 or widens."""

import re
from pathlib import Path

import numpy as np

from deblur_lib.data.pictures.details import Decoded, scaled
from deblur_lib.data.pictures.headers import check_pixels

HEADER = re.compile(rb"P([2356])" + rb"(?:\s+|#[^\n]*\n)+(\d+)" * 3 + rb"\s")
PLAIN = b"23"  # kinds that hold their numbers as text


def read_deep(path: Path) -> Decoded | None:
    """A picture whose white is more than 255; None for any other file.

    Raises:
        DataError: it announces more pixels than are read.
        ValueError: the file is cut short or damaged.
    """
    with open(path, "rb") as stream:
        found = HEADER.match(stream.read(4096))
        if not found or not 255 < int(found[4]) < 65536:
            return None
        width, height, white = (int(found[number]) for number in (2, 3, 4))
        check_pixels(path, width, height)
        stream.seek(found.end())
        content = stream.read()
    channels = 3 if found[1] in b"36" else 1
    count = width * height * channels
    if found[1] in PLAIN:
        pixels = np.array(content.split()[:count], dtype=np.uint16)
    else:
        pixels = np.frombuffer(content[: 2 * count], dtype=">u2")
    if pixels.size < count or not count:
        raise ValueError(f"{pixels.size} of {count} numbers are there")
    values = scaled(pixels.reshape(height, width, channels), white)
    return Decoded(values.clip(0, 1), 16)

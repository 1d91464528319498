"""PNG files with 16 bits per channel, which Pillow alone reduces to 8.

Pillow undoes the row filters of such a file correctly but keeps one byte of every two. Its raw
modes choose which one, so two passes over the same data give the high and the low bytes.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = 33  # bytes up to the end of the first chunk
HIGH = np.uint16(256)  # weight of the first of two bytes
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # channels by PNG colour type (palettes have no 16 bits)


def depth(path: Path) -> int:
    """Bits per channel of a PNG file, 0 when the file is not a PNG."""
    with open(path, "rb") as stream:
        head = stream.read(26)
    if len(head) < 26 or head[:8] != SIGNATURE or head[12:16] != b"IHDR":
        return 0
    return head[24]


def decode(content: bytes) -> npt.NDArray[np.uint16]:
    """Pixels of a 16-bit PNG.

    Args:
        content: the whole file.

    Returns:
        (H, W, C) with C = 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha.

    Raises:
        ValueError: the file is cut short or damaged.
    """
    parts = list(chunks(content))
    width, height, _, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    data = b"".join(body for kind, body in parts if kind == b"IDAT")
    size = (width, height)

    def plane(mode: str, raw: str) -> npt.NDArray[np.uint16]:
        return np.asarray(Image.frombytes(mode, size, data, "zip", raw, interlaced), np.uint16)

    if CHANNELS[colour] == 1:
        return plane("I;16", "I;16B")[:, :, None]
    if (
        CHANNELS[colour] == 2
    ):  # four bytes per pixel look like RGBA: gray high, low, alpha high, low
        pairs = plane("RGBA", "RGBA")
        return pairs[..., 0::2] * HIGH + pairs[..., 1::2]
    mode = "RGB" if CHANNELS[colour] == 3 else "RGBA"
    return plane(mode, f"{mode};16B") * HIGH + plane(mode, f"{mode};16L")


def encode(pixels: npt.NDArray[np.uint16], icc: bytes = b"") -> bytes:
    """A 16-bit PNG file of (H, W, C) pixels, with an ICC profile if one is given."""
    height, width, channels = pixels.shape
    colour = next(kind for kind, count in CHANNELS.items() if count == channels)
    rows = np.frombuffer(pixels.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    above = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    filtered = np.pad(rows - above, ((0, 0), (1, 0)), constant_values=2)  # filter type 2: Up
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))]
    if icc:
        parts.append((b"iCCP", b"icc\0\0" + zlib.compress(icc)))
    parts += [(b"IDAT", zlib.compress(filtered.data, 6)), (b"IEND", b"")]
    return SIGNATURE + _file(parts)


def extended(content: bytes, parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A PNG file with further chunks (kind, content) behind its header."""
    return content[:HEADER] + _file(parts) + content[HEADER:]


def _file(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk of a PNG file.

    Raises:
        ValueError: the file is cut short or damaged.
    """
    place = len(SIGNATURE)
    while place < len(content):
        if len(content) < place + 12:
            raise ValueError("the file ends inside a chunk")
        (length,) = struct.unpack_from(">I", content, place)
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        check = content[place + 8 + length : place + 12 + length]
        if len(check) < 4 or zlib.crc32(kind + body) != struct.unpack(">I", check)[0]:
            raise ValueError(f"chunk {kind.decode('latin-1')} is cut short or damaged")
        yield kind, body
        if kind == b"IEND":
            return
        place += 12 + length
    raise ValueError("the file ends before its last chunk")

"""Restore whole pictures of any size: pad, tile where memory asks for it, crop, round.

This is the only place where pictures are padded, tiled and rounded to 8 bits, so every network is
treated alike.

Shape legend: B batch, T frames of a clip, H height, W width.
"""

import logging
from collections.abc import Callable
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation.appetite import affordable_tile
from deblur_lib.evaluation.inference import device_of, forward, give_back, name_of, out_of_memory
from deblur_lib.evaluation.tiling import LEAST, fitted, round_up, weights, windows
from deblur_lib.nn import Deblurrer, frames_for
from deblur_lib.nn.base import Border

AUTO_PIXELS = 2_000_000  # "auto" restores pictures up to this size whole
Tile = int | Literal["auto"] | None
Say = Callable[[str], None]

_log = logging.getLogger(__name__)


def restore(
    network: Deblurrer,
    blurred: Tensor,
    *,
    tile: Tile = None,
    overlap: int | None = None,
    say: Say = _log.warning,
    bar: str = "",
) -> Tensor:
    """Restore a batch of any size in float32, without gradient, in evaluation mode.

    The picture is continued on the right and at the bottom (mirrored, unless the network's `border`
    says otherwise) until the network can take it, and cropped afterwards. Where memory runs out,
    the batch is restored again in tiles of half the side, and so on down to 64 px.

    Args:
        network: on any device; its training flags are left as they were.
        blurred: (B, 3, H, W), for networks that take clips (B, T, 3, H, W); of longer clips the
            middle frames are taken. On any device; tiles are sent to the network one by one.
        tile: side of the tiles in pixels, None for the whole picture at once, "auto" for tiles as
            large as memory allows in pictures of more than two million pixels.
        overlap: pixels of context between neighbouring tiles, at least the receptive field for
            a result without trace of the tiles; 64, or what a small tile leaves, when None.
        say: told when memory ran out, and when tiles change what the network computes.
        bar: name of a progress bar over the tiles; none is shown where it is empty.

    Returns:
        (B, 3, H, W) float32 on the device of `blurred`, not clipped.

    Raises:
        UsageError: a batch of another shape or type, a tile too small for the overlap.
        EvaluationError: the network returned another shape, NaN or infinite values, or memory
            ran out with the smallest tiles too.
    """
    blurred = frames_for(network, blurred)
    _check(network, blurred)
    step = network.multiple_of
    height, width = padded(network, *blurred.shape[-2:])
    side, context = max(height, width), overlap or 0
    if tile == "auto":
        tile = affordable_tile(network) if height * width > AUTO_PIXELS else None
    if tile is not None:
        side, context = fitted(tile, overlap, step=step, least=network.minimum_size)
        side = min(side, max(height, width))
    smallest = round_up(max(LEAST, network.minimum_size, 2 * step), step)
    while True:
        if side < max(height, width) and not network.tile_safe:
            say(
                f"{name_of(network)} looks further than tiles of {side} px overlap, so they change "
                "what it computes; larger tiles change it less, none (--tile none) not at all"
            )
        try:
            return _in_tiles(network, blurred, (height, width), side, context, bar)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
        if side <= smallest:
            raise EvaluationError(
                f"{name_of(network)} ran out of memory on {blurred.shape[-2]}x{blurred.shape[-1]} "
                f"even in tiles of {side} px; free some memory or take a smaller batch or network"
            )
        tried, side = side, max(round_up(side // 2, step), smallest)
        side, context = fitted(side, None, step=step, least=network.minimum_size)
        say(
            f"{name_of(network)} ran out of memory at {tried} px; "
            f"restored again in tiles of {side} px that overlap by {context} px"
        )
        give_back(device_of(network, blurred))


def padded(network: Deblurrer, height: int, width: int) -> tuple[int, int]:
    """Height and width to which a picture is continued for a network."""
    more, least = int(network.border == "grey"), network.minimum_size
    down, across = network.multiples
    return round_up(max(height + more, least), down), round_up(max(width + more, least), across)


def tile_deviation(
    network: Deblurrer,
    blurred: Tensor,
    *,
    tile: int,
    overlap: int | None = None,
    say: Say = _log.warning,
) -> float:
    """Largest absolute difference between a picture restored in tiles and at once.

    Args:
        network: see `restore`.
        blurred: a picture that fits into memory whole; (B, 3, H, W).
        tile: side of the tiles in pixels.
        overlap: pixels of context.
        say: see `restore`.

    Returns:
        The difference on the scale on which white is 1; 1/255 is one grey level.
    """
    whole = restore(network, blurred, say=say)
    tiled = restore(network, blurred, tile=tile, overlap=overlap, say=say)
    return float((whole - tiled).abs().max())


def to_8bit(restored: Tensor) -> NDArray[np.uint8]:
    """Round a restored picture: clip to [0, 1], then floor(255 x + 0.5).

    Args:
        restored: (..., 3, H, W), white at 1.

    Returns:
        (..., H, W, 3).

    Raises:
        EvaluationError: NaN or infinite values.
    """
    return to_levels(restored, np.dtype(np.uint8))


def to_levels(restored: Tensor, kind: np.dtype[Any]) -> NDArray[Any]:
    """As `to_8bit` for any whole numbers, whose largest is white."""
    white = np.iinfo(kind).max
    values = restored.detach().to("cpu", torch.float32).numpy().astype(np.float64)
    if not np.isfinite(values).all():
        raise EvaluationError(
            f"a picture needs finite values, {np.count_nonzero(~np.isfinite(values))} of "
            f"{values.size} are not; restore it again or take an earlier checkpoint"
        )
    rounded = np.floor(np.clip(white * values, 0, white) + 0.5).astype(kind)
    return np.ascontiguousarray(np.moveaxis(rounded, -3, -1))


def from_8bit(picture: NDArray[np.uint8]) -> Tensor:
    """The float32 tensor (..., 3, H, W) in [0, 1] of 8-bit pictures (..., H, W, 3)."""
    return from_levels(picture)


def from_levels(picture: NDArray[Any]) -> Tensor:
    """As `from_8bit` for any whole numbers, whose largest is white."""
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, -3))
    return torch.from_numpy(planes.astype(np.float32)) / np.iinfo(picture.dtype).max


def _check(network: Deblurrer, blurred: Tensor) -> None:
    frames = network.clip_length
    wanted = (3,) if frames == 1 else (frames, 3)
    shape = tuple(blurred.shape)
    if len(shape) != len(wanted) + 3 or shape[1:-2] != wanted or 0 in shape:
        axes = "(B, 3, H, W)" if frames == 1 else f"(B, {frames}, 3, H, W)"
        raise UsageError(f"{name_of(network)} restores batches {axes}, got shape {shape}")
    if not blurred.is_floating_point():
        raise UsageError(
            f"restore needs floats in [0, 1], got {blurred.dtype}; take "
            "evaluation.restore.from_8bit first"
        )


def _in_tiles(
    network: Deblurrer, blurred: Tensor, size: tuple[int, int], side: int, context: int, bar: str
) -> Tensor:
    """The picture padded to `size`, restored window by window, and cropped again."""
    height, width = blurred.shape[-2:]
    rows = _continued(height, size[0], network.border)
    columns = _continued(width, size[1], network.border)
    across, down = (
        windows(length, min(length, side), context, step=network.multiple_of)
        for length in (size[1], size[0])
    )
    restored = torch.zeros(blurred.shape[0], 3, height, width, device=blurred.device)
    tiles = list(
        product(zip(down, weights(down), strict=True), zip(across, weights(across), strict=True))
    )
    for ((top, bottom), fade_down), ((left, right), fade_across) in tqdm(
        tiles, bar, unit="tile", leave=False, disable=not bar or len(tiles) < 2
    ):
        piece = blurred[..., rows[top:bottom, None], columns[left:right]]
        if network.border == "grey":
            piece[..., max(height - top, 0) :, :] = piece[..., max(width - left, 0) :] = 0.5
        part = forward(network, piece).to(blurred.device)
        if piece.shape[-2:] != size:
            part = part * (fade_down[:, None] * fade_across).to(blurred.device)
        there = restored[..., top:bottom, left:right]
        there += part[..., : there.shape[-2], : there.shape[-1]]
    return restored


def _continued(length: int, wanted: int, border: Border) -> Tensor:
    """Indices 0 to length - 1, then those of a border: mirrored as often as it takes, or the last.

    Mirroring repeats a single pixel.
    """
    mode: Literal["reflect", "edge"] = "reflect" if border == "mirror" else "edge"
    return torch.from_numpy(np.pad(np.arange(length), (0, wanted - length), mode=mode))

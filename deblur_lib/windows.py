"""The square window of a picture in which most happens, or in which two pictures differ most."""

import numpy as np
from numpy.typing import NDArray

Window = tuple[slice, slice]  # rows, columns


def strongest(gap: NDArray[np.generic], side: int) -> Window:
    """The window with the largest sum; the first of several.

    Args:
        gap: (H, W) of numbers, such as absolute differences between blurred and sharp.
        side: of the window; a shorter side of the map is taken whole.
    """
    height, width = min(side, gap.shape[0]), min(side, gap.shape[1])
    total = np.pad(gap.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    top, left = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)


def most_changed(blurred: NDArray[np.uint8], sharp: NDArray[np.uint8], side: int) -> Window:
    """The window in which two pictures (H, W, 3) differ most."""
    return strongest(np.abs(blurred.astype(np.int32) - sharp.astype(np.int32)).sum(axis=2), side)

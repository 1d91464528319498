"""The blur of the stored metric values: a 1x9 box mean in whole numbers, edge values repeated."""

import numpy as np

Picture = np.ndarray


def box_sum(sharp: Picture) -> Picture:
    """Sum of the nine pixels around each pixel of a row; whole numbers, so nothing is rounded."""
    wide = np.pad(sharp.astype(np.int64), ((0, 0), (4, 4), (0, 0)), mode="edge")
    return sum(wide[:, k : k + sharp.shape[1]] for k in range(9))


def box_blurred(sharp: Picture) -> Picture:
    return ((2 * box_sum(sharp) + 9) // 18).astype(np.uint8)

"""How blurred a picture is at its edges, from the picture alone.

An edge that a Gaussian of radius r blurred has, after two further Gaussians of 1 and 2 px, slopes
whose ratio R gives r: r^2 = (4 - R^2) / (R^2 - 1). After Zhuo and Sim, "Defocus map estimation from
a single image", Pattern Recognition 44 (2011). Blur along an edge leaves no trace in it, so motion
shows at edges across its way only.
"""

import numpy as np
import numpy.typing as npt

from deblur_lib.data.pictures.writing import LUMA

Map = npt.NDArray[np.float32]
CELL = 32  # px, side of the squares that a map tells of
SLOPE = 0.01  # least slope of an edge, white a pixel
FARTHEST = 8.0  # px, largest radius told; slopes cannot tell larger ones apart
CONTEXT = 16  # px that the Gaussians look beyond the rows they are computed for
ROWS = 16 * CELL  # rows computed at once


def blur_map(rgb: npt.NDArray[np.float32]) -> Map:
    """Mean radius of the blur in each square of a picture.

    Args:
        rgb: (H, W, 3), white at 1.

    Returns:
        (ceil(H / CELL), ceil(W / CELL)) in pixels, NaN where no edge shows it.
    """
    height, width = rgb.shape[:2]
    parts = []
    for start in range(0, height, ROWS):
        above, below = min(start, CONTEXT), min(max(height - start - ROWS, 0), CONTEXT)
        gray = rgb[start - above : start + ROWS + below] @ LUMA
        own = slice(above, len(gray) - below)
        radius, seen = (one[own] for one in radii(gray))
        rows, columns = (-(-n // CELL) for n in radius.shape)
        cell = np.arange(len(radius))[:, None] // CELL * columns + np.arange(width) // CELL
        count = np.bincount(cell[seen], minlength=rows * columns)
        total = np.bincount(cell[seen], radius[seen], minlength=rows * columns)
        mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        parts.append(mean.reshape(rows, columns))
    return np.concatenate(parts).astype(np.float32)


def radii(gray: Map) -> tuple[Map, npt.NDArray[np.bool_]]:
    """Radius of the blur at each pixel (H, W), and where an edge shows it."""
    from scipy.ndimage import gaussian_filter  # loads slowly, and few who restore need it

    fine, coarse = (
        [gaussian_filter(gray, sigma, order=order) for order in ((0, 1), (1, 0))]
        for sigma in (1, 2)
    )
    slope = np.hypot(*fine)
    across = np.abs(fine[0]) >= np.abs(fine[1])
    crest = np.where(across, _is_crest(slope, 1), _is_crest(slope, 0))
    seen = crest & (slope > SLOPE)
    ratio = np.square(slope / np.maximum(np.hypot(*coarse), 1e-6))
    square = (4 - ratio) / np.maximum(ratio - 1, 1e-6)
    return np.sqrt(np.clip(square, 0, FARTHEST**2)).astype(np.float32), seen


def _is_crest(slope: Map, axis: int) -> npt.NDArray[np.bool_]:
    """Where no neighbour along an axis is larger."""
    before, after = np.roll(slope, 1, axis), np.roll(slope, -1, axis)
    found: npt.NDArray[np.bool_] = (slope >= before) & (slope >= after)
    return found

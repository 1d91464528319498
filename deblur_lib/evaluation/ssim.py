"""Structural similarity in four conventions from one set of local moments.

Two pictures x and y enter through four local means: of x, of y, of x^2 + y^2 and of x y. Nothing
else occurs in the formula

    S = (2 mx my + C1) (2 cov + C2) / ((mx^2 + my^2 + C1) (vx + vy + C2)),

so a window costs four filters for each plane, shared by conventions that differ only in border,
mixing of channels or averaging. The filters run on strips of rows that stay in the cache, as
products with a small band matrix, several times faster than a plain correlation.

Shape legend: H height, W width of a picture; h, w those of a padded strip without its 5 px border.

Source: Wang et al. 2004, Eqs. (13) to (16); conventions as in `conventions`.
"""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

RADIUS = 5
BLOCK = 16  # outputs of one band matrix
STRIP = 2 * BLOCK  # rows worked on at a time
CUT = {"wang-rgb": RADIUS, "vol3d-rgb": 0, "uniform7-rgb": 3, "ssim-y": RADIUS}  # px, each side
PLANES = {"wang-rgb": 3, "vol3d-rgb": 3, "uniform7-rgb": 3, "ssim-y": 1}

_OFFSETS = np.arange(-RADIUS, RADIUS + 1)
_BELL = np.exp(-(_OFFSETS**2) / (2 * 1.5**2))
GAUSS: Floats = _BELL / _BELL.sum()
BOX: Floats = (np.abs(_OFFSETS) <= 3) / 7.0  # 7 taps, two zeros on each side
LUMA: Floats = np.array([65.481, 128.553, 24.966]) / 255

# 11 Gaussian taps across three channels, the outer channels repeated: three weights for each
_TAIL, _NEXT, _HERE = GAUSS[:RADIUS].sum(), GAUSS[RADIUS - 1], GAUSS[RADIUS]
MIX: Floats = np.array(
    [
        [_HERE + _TAIL, _NEXT, _TAIL - _NEXT],
        [_TAIL, _HERE, _TAIL],
        [_TAIL - _NEXT, _NEXT, _HERE + _TAIL],
    ]
)


def structural(restored: Picture, sharp: Picture, wanted: Collection[str]) -> dict[str, float]:
    """SSIM of two 8-bit colour pictures in one pass over their rows.

    Args:
        restored: (H, W, 3).
        sharp: (H, W, 3).
        wanted: any of "wang-rgb", "vol3d-rgb", "uniform7-rgb", "ssim-y".

    Returns:
        The mean of each wanted map; 1 where the two pictures are equal.
    """
    if not wanted:
        return {}
    height, width = sharp.shape[:2]
    x, y = _padded(restored), _padded(sharp)
    sums = dict.fromkeys(wanted, 0.0)
    for top in range(0, x.shape[0] - 2 * RADIUS, STRIP):
        strip = slice(top, top + STRIP + 2 * RADIUS)
        for name, similarity in _maps(x[strip], y[strip], wanted):
            cut = CUT[name]
            rows = slice(max(cut - top, 0), max(height - cut - top, 0))
            sums[name] += float(similarity[rows, cut : width - cut].sum())
    return {
        name: total / (PLANES[name] * (height - 2 * CUT[name]) * (width - 2 * CUT[name]))
        for name, total in sums.items()
    }


def _maps(x: Picture, y: Picture, wanted: Collection[str]) -> Iterator[tuple[str, Floats]]:
    """Each wanted map (h, w) of one strip, plane by plane; x and y are (h + 10, w + 10, 3)."""
    colour = set(wanted) - {"ssim-y"}
    planes: list[Floats] = []  # Gaussian means of R, G and B, (4, h, w) each
    for channel in range(3) if colour else ():
        stack = _products(*(one[..., channel].astype(np.float64) for one in (x, y)))
        if "uniform7-rgb" in colour:
            yield "uniform7-rgb", ssim_map(window_means(stack, BOX), sample=49)
        if colour != {"uniform7-rgb"}:
            planes.append(window_means(stack, GAUSS))
        if "wang-rgb" in colour:
            yield "wang-rgb", ssim_map(planes[-1])
    for r, g, b in MIX if "vol3d-rgb" in colour else ():
        yield "vol3d-rgb", ssim_map(r * planes[0] + g * planes[1] + b * planes[2])
    if "ssim-y" in wanted:
        yield "ssim-y", ssim_map(window_means(_products(luma(x), luma(y)), GAUSS))


def luma(picture: Picture) -> Floats:
    """Y of an 8-bit RGB picture, (H, W, 3) to (H, W), in 16 to 235 and not rounded."""
    y: Floats = picture.astype(np.float64) @ LUMA + 16
    return y


def ssim_map(means: Floats, *, peak: float = 255.0, sample: int = 0) -> Floats:
    """The similarity at every pixel.

    Args:
        means: (4, h, w), local means of x, y, x^2 + y^2 and x y.
        peak: largest value of a picture.
        sample: number of values in the window for sample (co)variances, 0 for population ones.

    Returns:
        (h, w).
    """
    scale = sample / (sample - 1) if sample else 1.0
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y, squares, product = means
    upper: Floats = mean_x * mean_y
    lower = mean_x * mean_x
    part = mean_y * mean_y
    lower += part  # mx^2 + my^2
    np.subtract(squares, lower, out=part)  # vx + vy
    part *= scale
    part += c2
    lower += c1
    lower *= part
    np.subtract(product, upper, out=part)  # cov
    part *= 2 * scale
    part += c2
    upper *= 2
    upper += c1
    upper *= part
    upper /= lower
    return upper


def valid_map(x: Floats, y: Floats, *, peak: float) -> Floats:
    """Gaussian SSIM map of two float planes where the window lies inside the picture.

    Args:
        x: (H, W).
        y: (H, W).
        peak: largest value of a picture.

    Returns:
        (H - 10, W - 10).
    """
    height, width = (length - 2 * RADIUS for length in x.shape)
    more = ((0, -height % BLOCK), (0, -width % BLOCK))
    means = window_means(_products(np.pad(x, more), np.pad(y, more)), GAUSS)
    return ssim_map(means, peak=peak)[:height, :width]


def window_means(planes: Floats, taps: Floats) -> Floats:
    """Weighted means over the square window whose rows and columns have the weights `taps`.

    Args:
        planes: (N, h + 10, w + 10), contiguous; h and w are multiples of 16.
        taps: (11,).

    Returns:
        (N, h, w).
    """
    count, tall, wide = planes.shape
    rows, columns, step = tall - 2 * RADIUS, wide - 2 * RADIUS, planes.itemsize
    band = np.zeros((BLOCK, BLOCK + 2 * RADIUS))
    for row in range(BLOCK):
        band[row, row : row + taps.size] = taps
    blocks = as_strided(  # (N, h / 16, 26, w + 10), overlapping by 10 rows
        planes,
        (count, rows // BLOCK, band.shape[1], wide),
        (tall * wide * step, BLOCK * wide * step, wide * step, step),
        writeable=False,
    )
    upright = np.matmul(band, blocks)  # (N, h / 16, 16, w + 10)
    spans = as_strided(  # (w / 16, N h, 26), overlapping by 10 columns
        upright,
        (columns // BLOCK, count * rows, band.shape[1]),
        (BLOCK * step, wide * step, step),
        writeable=False,
    )
    means = np.empty((count, rows, columns))
    target = as_strided(  # (w / 16, N h, 16), side by side
        means, (columns // BLOCK, count * rows, BLOCK), (BLOCK * step, columns * step, step)
    )
    np.matmul(spans, band.T, out=target)
    return means


def _products(x: Floats, y: Floats) -> Floats:
    """The four planes whose local means the formula needs, (4, h + 10, w + 10)."""
    stack = np.empty((4, *x.shape))
    stack[0], stack[1] = x, y
    np.multiply(x, x, out=stack[2])
    np.multiply(y, y, out=stack[3])
    stack[2] += stack[3]
    np.multiply(x, y, out=stack[3])
    return stack


def _padded(picture: Picture) -> Picture:
    """Edge values repeated 5 px on each side, and further until the blocks divide the size."""
    height, width = picture.shape[:2]
    rows, columns = (RADIUS, RADIUS + -height % BLOCK), (RADIUS, RADIUS + -width % BLOCK)
    return np.pad(picture, (rows, columns, (0, 0)), mode="edge")

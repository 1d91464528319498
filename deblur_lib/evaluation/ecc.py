"""Homography between two pictures by enhanced correlation (ECC), and the warp that applies it.

Written out because the protocol of RealBlur needs it and results must not depend on an optional
package; values agree with OpenCV, which rounds warp coordinates to 1/32 px.

Shape legend: H height, W width, C channels.

Source: Evangelidis and Psarakis 2008, forward additive form, Eqs. (17) to (22).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Floats = NDArray[np.float64]

ITERATIONS = 100
STRIP = 32  # rows worked on at a time
STILL = 1e-5  # px: no corner moves further in one step, so further steps change nothing
SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16
CUBIC = -0.75  # coefficient of the interpolation kernel


class NotConverged(Exception):
    """The correlation cannot be raised from here; the pictures share too little."""


def find_homography(template: Floats, moving: Floats) -> Floats:
    """The homography that takes coordinates of `template` to those of `moving`.

    Args:
        template: (H, W), gray.
        moving: same shape, gray.

    Returns:
        (3, 3), lower right entry 1, acting on (x, y, 1).

    Raises:
        NotConverged: flat pictures, or a step that would lower the correlation.
    """
    template, moving = _smooth(template), _smooth(moving)
    fields = np.stack((_slope(moving, 1), _slope(moving, 0), moving), axis=-1)
    fields = np.pad(fields, ((1, 1), (1, 1), (0, 0)))  # zero beyond the border
    warp = np.eye(3)
    for _ in range(ITERATIONS):
        step = _step(_gram(template, fields, warp))
        moved: Floats = warp + np.append(step, 0.0).reshape(3, 3)
        if _corner_motion(warp, moved, template.shape) < STILL:
            return moved
        warp = moved
    return warp


def _gram(template: Floats, fields: Floats, warp: Floats) -> Floats:
    """All products that a step needs, summed over the pixels where both pictures are seen.

    Args:
        template: (H, W).
        fields: (H + 2, W + 2, 3), slope along x, slope along y and the moving picture, padded.
        warp: (3, 3), the homography so far.

    Returns:
        (11, 11), products of the eight derivatives, the moving picture, the template and one.
    """
    height, width = template.shape
    total = np.zeros((11, 11))
    for top in range(0, height, STRIP):
        rows = range(top, min(top + STRIP, height))
        x, y, depth = _project(warp, rows, width)
        by_x, by_y, image = _sample(fields, x, y)
        inside = _inside(x, y, (height, width))
        by_x, by_y = by_x * inside / depth, by_y * inside / depth
        by_depth = -(x * by_x + y * by_y)
        across, down = np.arange(width, dtype=np.float64), np.array(rows, np.float64)[:, None]
        parts = (  # derivatives by the entries of the matrix, row by row
            *(by_x * across, by_x * down, by_x),
            *(by_y * across, by_y * down, by_y),
            *(by_depth * across, by_depth * down),
        )
        seen = (image * inside, template[top : rows.stop] * inside, inside)
        stack: Floats = np.stack((*parts, *seen), dtype=np.float64).reshape(11, -1)
        total += stack @ stack.T
    return total


def _step(gram: Floats) -> Floats:
    """The change of the eight parameters, in the order of the matrix; (8,)."""
    count = gram[10, 10]
    if count < 9:
        raise NotConverged
    mean_image, mean_fixed = gram[8, 10] / count, gram[9, 10] / count
    energy = gram[8, 8] - count * mean_image**2
    correlation = gram[8, 9] - count * mean_image * mean_fixed
    on_image = gram[:8, 8] - mean_image * gram[:8, 10]
    on_fixed = gram[:8, 9] - mean_fixed * gram[:8, 10]
    try:
        inverse = np.linalg.inv(gram[:8, :8])
    except np.linalg.LinAlgError as error:
        raise NotConverged from error
    upper = energy - on_image @ inverse @ on_image
    lower = correlation - on_fixed @ inverse @ on_image
    if not lower > 0 or not np.isfinite(upper):
        raise NotConverged
    step: Floats = inverse @ (on_fixed * (upper / lower) - on_image)
    return step


def _project(warp: Floats, rows: range, width: int) -> tuple[Floats, Floats, Floats]:
    """Where the pixels of some rows come from: x, y and the divisor, (rows, W) each."""
    x, y = np.arange(width, dtype=np.float64), np.array(rows, np.float64)[:, None]
    across, down, depth = (line[0] * x + line[1] * y + line[2] for line in warp)
    if not depth.min() > 0:  # part of the picture lies behind the viewer
        raise NotConverged
    return across / depth, down / depth, depth


def warp_cubic(picture: Floats, warp: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Fetch each pixel by cubic interpolation, the picture mirrored beyond its border.

    Args:
        picture: (H, W, C).
        warp: (3, 3), from coordinates of the result to those of `picture`.

    Returns:
        The warped picture, (H, W, C), and where it shows the picture itself, (H, W).
    """
    height, width = picture.shape[:2]
    x, y, _ = _project(warp, range(height), width)
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = _cubic(x - left), _cubic(y - top)  # (4, H, W)
    columns = [_mirror(left + k, width) for k in (-1, 0, 1, 2)]
    warped = np.zeros_like(picture)
    for k in range(4):
        rows = _mirror(top + k - 1, height)
        line = sum(w[..., None] * picture[rows, c] for w, c in zip(across, columns, strict=True))
        warped += down[k][..., None] * line
    return warped, _inside(x, y, (height, width))


def _cubic(t: Floats) -> Floats:
    """Weights of the pixels at -1, 0, 1 and 2 for a position t in [0, 1) after pixel 0."""
    a = CUBIC
    near = (((a + 2) * d - (a + 3)) * d * d + 1 for d in (t, 1 - t))
    far = (((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in (1 + t, 2 - t))
    first, last = far
    second, third = near
    return np.stack((first, second, third, last))


def _mirror(index: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices reflected at the outer edge of the first and last pixel (c b a | a b c)."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)


def _inside(x: Floats, y: Floats, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    column, row = np.rint(x), np.rint(y)
    found: NDArray[np.bool_] = (column >= 0) & (column < shape[1]) & (row >= 0) & (row < shape[0])
    return found


def _sample(fields: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Bilinear values of three padded planes, (rows, W) each; zero beyond the border."""
    tall, wide, _ = fields.shape
    x, y = np.clip(x, -1, wide - 2) + 1, np.clip(y, -1, tall - 2) + 1
    left = np.minimum(x.astype(np.int64), wide - 2)
    top = np.minimum(y.astype(np.int64), tall - 2)
    part_x, part_y = (x - left)[..., None], (y - top)[..., None]
    flat, here = fields.reshape(-1, 3), top * wide + left
    above = flat[here] * (1 - part_x) + flat[here + 1] * part_x
    below = flat[here + wide] * (1 - part_x) + flat[here + wide + 1] * part_x
    first, second, third = np.moveaxis(above * (1 - part_y) + below * part_y, -1, 0)
    return first, second, third


def _smooth(plane: Floats) -> Floats:
    for axis in (0, 1):
        plane = correlate1d(plane, SMOOTHING, axis=axis, mode="mirror")
    return plane


def _slope(plane: Floats, axis: int) -> Floats:
    slope: Floats = correlate1d(plane, [-0.5, 0.0, 0.5], axis=axis, mode="mirror")
    return slope


def _corner_motion(before: Floats, after: Floats, shape: tuple[int, ...]) -> float:
    height, width = shape
    corners = np.array([[0, width - 1, 0, width - 1], [0, 0, height - 1, height - 1], [1] * 4])
    old, new = before @ corners, after @ corners
    return float(np.abs(old[:2] / old[2] - new[:2] / new[2]).max())

"""Procedural dead-leaves scenes: occluding shapes of all sizes, as in natural pictures.

Shapes are drawn with numpy from signed distances with a ramp of one pixel, never with a drawing
library, whose anti-aliasing differs between versions. Some shapes are out of focus: without them a
network learns that everything must be sharp and damages soft regions of photographs.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.special import erfc

F32 = npt.NDArray[np.float32]

SHAPES = 220  # on a canvas of REFERENCE pixels; fewer on a smaller one
REFERENCE = 296
SMALLEST, LARGEST = 3.0, 0.35  # radius: pixels, share of the side
MEAN = 0.45  # brightness of a scene


def draw_leaves(
    rng: np.random.RandomState, side: int, palette: F32, textures: Sequence[npt.NDArray[np.uint8]]
) -> F32:
    """One scene.

    Args:
        rng: generator of this pair.
        side: side of the square canvas, in pixels.
        palette: (K, 3) colours of a photograph, in [0, 1].
        textures: gray textures, (H, W) uint8.

    Returns:
        (side, side, 3) float32 in [0, 1].
    """
    canvas = np.empty((side, side, 3), np.float32)
    canvas[:] = _colour(rng, palette)
    count = round(SHAPES * side / REFERENCE)
    soft_share = 0.4 if rng.uniform() < 0.6 else 0.0
    for number in range(count):
        radius = _radius(rng, side, large=number < count / 3)
        sigma = rng.uniform(0.6, 4.0) if rng.uniform() < soft_share else 0.0
        _draw_shape(rng, canvas, radius, sigma, palette, textures)
    for _ in range(rng.randint(3, 7)):
        _draw_line(rng, canvas, palette)
    for _ in range(rng.randint(1, 4)):
        _draw_word(rng, canvas, palette)
    gamma = np.clip(np.log(MEAN) / np.log(np.clip(canvas.mean(), 0.02, 0.98)), 0.5, 2.0)
    canvas = gaussian_filter(canvas ** np.float32(gamma), (0.45, 0.45, 0), truncate=3)
    scene: F32 = np.clip(canvas, 0, 1)
    return scene


def _radius(rng: np.random.RandomState, side: int, *, large: bool) -> float:
    """Radius in pixels, of density r^-3 between the bounds; from the upper part for `large`."""
    low, high = (0.1 * side, LARGEST * side) if large else (SMALLEST, LARGEST * side)
    u = rng.uniform()
    return float((low**-2 + u * (high**-2 - low**-2)) ** -0.5)


def _colour(rng: np.random.RandomState, palette: F32) -> F32:
    """Half from the photograph, half of low saturation over the whole tonal range."""
    if rng.uniform() < 0.5:
        drawn: F32 = palette[rng.randint(len(palette))]
        return drawn
    tone = rng.uniform(0.1, 0.9)
    colour: F32 = np.clip(tone + rng.normal(0, 0.05, 3), 0, 1).astype(np.float32)
    return colour


def _draw_shape(
    rng: np.random.RandomState,
    canvas: F32,
    radius: float,
    sigma: float,
    palette: F32,
    textures: Sequence[npt.NDArray[np.uint8]],
) -> None:
    side = len(canvas)
    row, column = rng.uniform(0, side, 2)
    angle = rng.uniform(0, np.pi)
    kind = rng.randint(3)  # ellipse, rectangle, polygon
    if kind == 1 and rng.uniform() < 0.5:
        angle = 0.0
    reach = radius * 1.45 + 3 * sigma + 1
    rows = slice(max(int(row - reach), 0), min(int(row + reach) + 2, side))
    columns = slice(max(int(column - reach), 0), min(int(column + reach) + 2, side))
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(row)
    x = np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(column)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = cos * x + sin * y, cos * y - sin * x  # along and across the shape
    distance = (_ellipse, _rectangle, _polygon)[kind](rng, u, v, radius)
    surface = _surface(rng, u, v, radius, palette, textures)
    if sigma:
        cover = (0.5 * erfc(distance / np.float32(sigma * np.sqrt(2)))).astype(np.float32)
        if surface.shape[0] > 1:
            surface = gaussian_filter(surface, (sigma, sigma, 0), truncate=2.5)
    else:
        cover = np.clip(0.5 - distance, 0, 1)
    patch = canvas[rows, columns]
    patch += cover[:, :, None] * (surface - patch)


def _ellipse(rng: np.random.RandomState, u: F32, v: F32, radius: float) -> F32:
    a, b = radius, radius * rng.uniform(0.4, 1.0)
    return (np.sqrt((u / np.float32(a)) ** 2 + (v / np.float32(b)) ** 2) - 1) * np.float32(b)


def _rectangle(rng: np.random.RandomState, u: F32, v: F32, radius: float) -> F32:
    a, b = radius, radius * rng.uniform(0.25, 1.0)
    return np.maximum(np.abs(u) - np.float32(a), np.abs(v) - np.float32(b))


def _polygon(rng: np.random.RandomState, u: F32, v: F32, radius: float) -> F32:
    """Convex polygon: the largest distance to its sides."""
    corners = rng.randint(3, 8)
    turns = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * (2 * np.pi / corners)
    reach = radius * rng.uniform(0.55, 0.85, corners)
    distance = np.full(np.broadcast_shapes(u.shape, v.shape), -np.inf, np.float32)
    for turn, far in zip(turns, reach, strict=True):
        away = np.float32(np.cos(turn)) * u + np.float32(np.sin(turn)) * v - np.float32(far)
        np.maximum(distance, away, out=distance)
    return distance


def _surface(
    rng: np.random.RandomState,
    u: F32,
    v: F32,
    radius: float,
    palette: F32,
    textures: Sequence[npt.NDArray[np.uint8]],
) -> F32:
    """Colours of a shape: (1, 1, 3) when flat and unshaded, else (h, w, 3)."""
    first = _colour(rng, palette)
    second = first + np.float32(rng.uniform(0.2, 0.8)) * (_colour(rng, palette) - first)
    kind = rng.choice(5, p=(0.4, 0.15, 0.1, 0.2, 0.15))  # flat, stripes, checks, noise, texture
    period = np.float32(rng.uniform(3, max(4.0, 0.6 * radius)))
    height, width = u.shape
    surface: npt.NDArray[np.floating] = np.broadcast_to(first, (1, 1, 3))
    if kind in (1, 2):
        mix = _square_wave(u, period)
        if kind == 2:
            mix = mix * (1 - 2 * _square_wave(v, period)) + _square_wave(v, period)
        surface = first + mix[:, :, None] * (second - first)
    elif kind == 3:
        contrast = np.float32(rng.uniform(0.03, 0.15))
        surface = first + contrast * _cut(rng, _noise(), height, width)[:, :, None]
    elif kind == 4:
        gray = textures[rng.randint(len(textures))]
        grain = _cut(rng, gray, height, width)[:, :, None] - gray.mean(dtype=np.float32)
        surface = first * (1 + np.float32(rng.uniform(0.4, 1.0) / 255) * grain)
    if rng.uniform() < 0.5:
        slope = np.float32(rng.uniform(-0.5, 0.5) / radius)
        surface = surface * (1 + slope * u[:, :, None])
    coloured: F32 = np.clip(surface, 0, 1).astype(np.float32, copy=False)
    return coloured


def _square_wave(x: F32, period: np.float32) -> F32:
    """0 and 1 in turn, with edges of one pixel."""
    phase = np.abs((x / period) % 1 - np.float32(0.5)) - np.float32(0.25)
    wave: F32 = np.clip(phase * period + np.float32(0.5), 0, 1)
    return wave


def _cut(rng: np.random.RandomState, field: npt.NDArray[np.generic], h: int, w: int) -> F32:
    """A random (h, w) window of a field, repeated where the field is too small."""
    top, left = rng.randint(field.shape[0]), rng.randint(field.shape[1])
    rows, columns = np.arange(top, top + h), np.arange(left, left + w)
    rows_cut = field.take(rows, axis=0, mode="wrap")
    window: F32 = rows_cut.take(columns, axis=1, mode="wrap").astype(np.float32)
    return window


@lru_cache(maxsize=1)
def _noise() -> F32:
    """A periodic field of 1/f noise, (256, 256), mean 0 and standard deviation 1."""
    white = np.random.RandomState(20240607).normal(size=(256, 256))
    rows, columns = np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(white) / frequency, (256, 256))
    noise: F32 = (field / field.std()).astype(np.float32)
    return noise


def _draw_line(rng: np.random.RandomState, canvas: F32, palette: F32) -> None:
    side = len(canvas)
    ends = rng.uniform(0, side, (2, 2))
    _draw_strokes(canvas, [ends], rng.uniform(0.7, 2.0), _colour(rng, palette))


def _draw_word(rng: np.random.RandomState, canvas: F32, palette: F32) -> None:
    """Three to six glyphs, each of random strokes between the points of a 3x5 lattice."""
    side = len(canvas)
    height = rng.uniform(9, 26)
    step, glyphs = height / 4, rng.randint(3, 7)
    corner = rng.uniform(0, side, 2) - (0, step * 2 * glyphs / 2)
    slope = rng.uniform(-0.2, 0.2)
    strokes = []
    for glyph in range(glyphs):
        points = np.stack([rng.randint(5, size=5), rng.randint(3, size=5)], axis=1)
        for start, stop in pairwise(points):
            ends = np.array([start, stop]) * step
            ends[:, 1] += glyph * step * 3
            ends[:, 0] += slope * ends[:, 1]
            strokes.append(ends + corner)
    _draw_strokes(canvas, strokes, rng.uniform(0.8, 0.12 * height), _colour(rng, palette))


def _draw_strokes(
    canvas: F32, strokes: Sequence[npt.NDArray[np.float64]], width: float, colour: F32
) -> None:
    """Straight strokes of a common width, each (2, 2): rows and columns of its ends."""
    side = len(canvas)
    for ends in strokes:
        low = np.maximum(np.floor(ends.min(axis=0) - width - 1), 0).astype(int)
        high = np.minimum(np.ceil(ends.max(axis=0) + width + 2), side).astype(int)
        if (high <= low).any():
            continue
        y = np.arange(low[0], high[0], dtype=np.float32)[:, None] - np.float32(ends[0, 0])
        x = np.arange(low[1], high[1], dtype=np.float32) - np.float32(ends[0, 1])
        dy, dx = (ends[1] - ends[0]).astype(np.float32)
        along = np.clip((y * dy + x * dx) / max(float(dy * dy + dx * dx), 1e-6), 0, 1)
        distance = np.hypot(y - along * dy, x - along * dx)
        cover = np.clip(np.float32(width / 2 + 0.5) - distance, 0, 1)[:, :, None]
        patch = canvas[low[0] : high[0], low[1] : high[1]]
        patch += cover * (colour - patch)

"""Camera shake as one kernel for the whole picture."""

import numpy as np
from scipy.signal import fftconvolve

from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.generated.synthesis import GAMMA, Averaging

PATH_STEPS = 160
KERNEL_HALF = 20  # half side of a kernel at full blur strength


def shake_kernel(
    rng: np.random.RandomState,
    length: float,
    half: int = KERNEL_HALF,
    *,
    turning: tuple[float, float] = (0.2, 1.0),
) -> F32:
    """Kernel of a camera shake.

    A particle moves at constant speed with random turning, a pull to the origin and rare reversals;
    its path is splatted bilinearly, with its centroid in the middle. A path too wide for the kernel
    is reduced to fit.

    Args:
        rng: generator of this pair.
        length: length of the path, in pixels.
        half: the kernel has 2 half + 1 pixels on each side.
        turning: least and greatest strength of the turning.

    Returns:
        (2 half + 1, 2 half + 1), sum 1.
    """
    strength = rng.uniform(*turning)
    turns = rng.normal(0, 0.09 * strength, PATH_STEPS)
    turns[rng.uniform(size=PATH_STEPS) < 0.02] += np.pi
    heading, place = rng.uniform(0, 2 * np.pi), np.zeros(2)
    path = np.empty((PATH_STEPS, 2))
    for step, turn in enumerate(turns):
        path[step] = place
        heading += turn
        speed = np.array([np.cos(heading), np.sin(heading)]) - 0.002 * place
        place = place + speed / max(np.hypot(*speed), 1e-9)
        heading = np.arctan2(speed[1], speed[0])
    path -= path.mean(axis=0)
    path *= min(length / PATH_STEPS, (half - 1) / np.abs(path).max())
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    low = np.floor(path).astype(int)
    part = path - low
    for rows, columns in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.abs(1 - rows - part[:, 0]) * np.abs(1 - columns - part[:, 1])
        np.add.at(kernel, (low[:, 0] + rows + half, low[:, 1] + columns + half), weight)
    normal: F32 = (kernel / kernel.sum()).astype(np.float32)
    return normal


def convolve(canvas: F32, size: int, kernel: F32, averaging: Averaging) -> tuple[F32, F32]:
    """Blur a canvas uniformly and cut the picture from its centre.

    Args:
        canvas: (side, side, 3); reflected where the kernel reaches beyond it.
        size: side of the picture.
        kernel: (k, k) with odd k; a true convolution, so the kernel is flipped.
        averaging: "gamma" to convolve in linear light, "linear" to convolve stored values.

    Returns:
        Blurred and sharp, each (size, size, 3) in [0, 1].

    Source: sang2018, Eq. (1); zhao2020, Eq. (1); li2026, Eq. (2); all without their noise.
    """
    power = np.float32(GAMMA if averaging == "gamma" else 1.0)
    half, margin = len(kernel) // 2, (len(canvas) - size) // 2
    window = slice(margin, margin + size)
    more = max(half - margin, 0)
    wide = np.pad(canvas, ((more, more), (more, more), (0, 0)), mode="reflect") ** power
    inner = slice(margin + more - half, margin + more + half + size)
    light = fftconvolve(wide[inner, inner], kernel[:, :, None], mode="valid", axes=(0, 1))
    return np.clip(light, 0, 1) ** (1 / power), canvas[window, window]

"""The wavelet SSIM that the test script of DeblurGAN-v2 computes.

It is called complex there, yet the wavelets are real and the picture is one long row, so it is not
the measure of Sampat et al. 2009; it is here because numbers were printed with it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import fftconvolve

WIDTHS = range(1, 31)
K = 0.01


def cw_ssim(restored: NDArray[np.uint8], sharp: NDArray[np.uint8]) -> float:
    """Similarity of wavelet coefficients at 30 widths, at most 1.

    Args:
        restored: (H, W, 3).
        sharp: (H, W, 3).

    Source: `cw_ssim_value` of pyssim 0.4.
    """
    one, other = _signal(restored), _signal(sharp)
    sizes = np.zeros((4, one.size))  # |a||b|, a^2 + b^2, ab, |ab| summed over the widths
    for wavelet in _wavelets(one.size):
        a, b = (fftconvolve(signal, wavelet, mode="same") for signal in (one, other))
        sizes += np.stack((np.abs(a) * np.abs(b), a**2 + b**2, a * b, np.abs(a * b)))
    magnitude = (2 * sizes[0] + K) / (sizes[1] + K)
    sign = (2 * np.abs(sizes[2]) + K) / (2 * sizes[3] + K)
    return float(np.mean(magnitude * sign))


def _signal(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float64).ravel()


def _wavelets(length: int) -> Iterator[NDArray[np.float64]]:
    """Ricker wavelets, each ten widths long unless the signal is shorter."""
    for width in WIDTHS:
        points = min(10 * width, length)
        place = (np.arange(points) - (points - 1) / 2) / width
        scale = 2 / (np.sqrt(3 * width) * np.pi**0.25)
        yield scale * (1 - place**2) * np.exp(-(place**2) / 2)

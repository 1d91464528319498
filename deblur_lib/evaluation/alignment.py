"""Scores after aligning the restored picture to the sharp one; each protocol gives PSNR and SSIM.

Alignment raises the score even where nothing is displaced (a gain, a sub-pixel shift), so these
numbers never share a column with plain ones.

Shape legend: H height, W width.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from deblur_lib.evaluation.ecc import NotConverged, find_homography, warp_cubic
from deblur_lib.evaluation.ssim import RADIUS, luma, valid_map

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]
Say = Callable[[str], None]

GRAY = np.array([0.299, 0.587, 0.114])
BORDER = 15  # px of the sharp picture that the shift search leaves out
REACH = 10  # px, largest shift tried
ROUNDING = 1e-9  # of the peak: errors that float arithmetic makes of equal pictures
FINE = 4  # tried shifts in one px


def aligned_scores(
    restored: Picture, sharp: Picture, wanted: Sequence[str], *, say: Say | None = None
) -> dict[str, float]:
    """Both numbers of every alignment protocol of which at least one is wanted.

    Args:
        restored: (H, W, 3).
        sharp: (H, W, 3).
        wanted: names such as "realblur-ecc-psnr".
        say: told when an alignment did not converge.
    """
    found: dict[str, float] = {}
    for protocol, measure in PROTOCOLS.items():
        if any(name.startswith(protocol) for name in wanted):
            decibel, similarity = measure(restored, sharp, say)
            found |= {f"{protocol}-psnr": decibel, f"{protocol}-ssim": similarity}
    return found


def realblur_ecc(restored: Picture, sharp: Picture, say: Say | None = None) -> tuple[float, float]:
    """PSNR and SSIM after a gain and a homography found by ECC.

    Where ECC does not converge the picture is scored unaligned and `say` is told.

    Source: Rim et al. 2020 (RealBlur), evaluation script.
    """
    x = sharp / 255.0
    z = _gain(restored / 255.0, x)
    if np.array_equal(x, z):  # a warp found by iteration would leave 1e-17 of error
        return math.inf, 1.0
    try:
        warped, seen = warp_cubic(z, find_homography(x @ GRAY, z @ GRAY))
    except NotConverged:
        warped, seen = z, np.ones(x.shape[:2], dtype=np.bool_)
        if say is not None:
            say("realblur-ecc did not converge; scored with a gain and no alignment")
    x, warped = x * seen[..., None], warped * seen[..., None]
    error = float(np.square(x - warped).sum()) / (3 * int(seen.sum()))
    inner = seen[RADIUS:-RADIUS, RADIUS:-RADIUS]
    channels = [
        float(valid_map(warped[..., c], x[..., c], peak=1.0)[inner].sum()) / int(inner.sum())
        for c in range(3)
    ]
    return _decibel(error, 1.0), sum(channels) / 3


def kohler(restored: Picture, sharp: Picture, say: Say | None = None) -> tuple[float, float]:
    """PSNR and SSIM of luma after a gain and a whole-pixel shift, for one sharp frame.

    The benchmark itself takes the best value over all sharp frames along the path.

    Source: Koehler et al. 2012, in the form of PVDNet's evaluation code.
    """
    x = sharp.astype(np.float64)
    z = _gain(restored.astype(np.float64), x)
    spectra = np.fft.rfft2(x.mean(axis=2)) * np.conj(np.fft.rfft2(z.mean(axis=2)))
    match = np.fft.irfft2(spectra, s=x.shape[:2])
    peak = np.unravel_index(int(np.argmax(match)), match.shape)
    shift = [int(p) - n if p > n // 2 else int(p) for p, n in zip(peak, match.shape, strict=True)]
    z = np.roll(z, shift, axis=(0, 1))
    for axis, moved in enumerate(shift):
        empty = slice(0, moved) if moved >= 0 else slice(moved, None)
        for one in (x, z):
            np.moveaxis(one, axis, 0)[empty] = 0
    a, b = z @ GRAY, x @ GRAY
    similarity = float(valid_map(a, b, peak=255.0).mean())
    return _decibel(float(np.square(a - b).mean()), 255.0), similarity


def shift_y(restored: Picture, sharp: Picture, say: Say | None = None) -> tuple[float, float]:
    """PSNR and SSIM of Y at the quarter-pixel shift with the least squared error.

    Source: Ren et al. 2020 (SelfDeblur), evaluation script without its downsampling.
    """
    moving, truth = luma(restored), luma(sharp)[BORDER:-BORDER, BORDER:-BORDER]
    middle = _whole_shift(moving, truth)
    steps = [step / FINE for step in range(-FINE, FINE + 1)]
    tried = [(middle[0] + dy, middle[1] + dx) for dy in steps for dx in steps]
    best, least = truth, math.inf
    for dy, dx in tried:
        if max(abs(dy), abs(dx)) <= REACH:
            window = _window(moving, truth.shape, dy, dx)
            error = float(np.square(window - truth).mean())
            if error < least:
                best, least = window, error
    return _decibel(least, 255.0), float(valid_map(best, truth, peak=255.0).mean())


PROTOCOLS: dict[str, Callable[[Picture, Picture, Say | None], tuple[float, float]]] = {
    "realblur-ecc": realblur_ecc,
    "shift-y": shift_y,
    "kohler": kohler,
}


def _whole_shift(moving: Floats, truth: Floats) -> tuple[int, int]:
    """The whole-pixel shift with the least squared error, all of them at once by correlation."""
    edge = BORDER - REACH
    field = moving[edge : moving.shape[0] - edge, edge : moving.shape[1] - edge]
    spectra = np.fft.rfft2(field) * np.conj(np.fft.rfft2(truth, s=field.shape))
    match = np.fft.irfft2(spectra, s=field.shape)[: 2 * REACH + 1, : 2 * REACH + 1]  # (21, 21)
    total = np.pad(np.square(field), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    rows, columns = truth.shape
    energy = total[rows:, columns:] - total[:-rows, columns:]
    energy = energy - total[rows:, :-columns] + total[:-rows, :-columns]
    dy, dx = np.unravel_index(int(np.argmin(energy - 2 * match)), match.shape)
    return int(dy) - REACH, int(dx) - REACH


def _window(moving: Floats, shape: tuple[int, ...], dy: float, dx: float) -> Floats:
    """The part of `moving` under the truth when it is shifted, by bilinear interpolation."""
    for axis, shift in enumerate((dy, dx)):
        whole = math.floor(shift)
        span = slice(BORDER + whole, BORDER + whole + shape[axis])
        later = slice(span.start + 1, span.stop + 1)
        lines = np.moveaxis(moving, axis, 0)
        part = shift - whole
        lines = lines[span] if part == 0 else (1 - part) * lines[span] + part * lines[later]
        moving = np.moveaxis(lines, 0, axis)
    return moving


def _gain(restored: Floats, sharp: Floats) -> Floats:
    """The restored picture times the factor that brings it nearest to the sharp one.

    Where the two share nothing, as with a black picture, the factor would be 0 and make every
    picture equal to a black one; there is none then.
    """
    energy, shared = (float(np.vdot(one, restored)) for one in (restored, sharp))
    return restored * (shared / energy) if shared > 0 else restored


def _decibel(error: float, peak: float) -> float:
    """PSNR in dB; infinite where nothing but the rounding of a gain or a warp is left."""
    return 10 * math.log10(peak**2 / error) if error > (ROUNDING * peak) ** 2 else math.inf

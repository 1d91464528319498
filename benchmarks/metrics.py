"""All default metric conventions on one 1280x720 pair: ours against scikit-image calls.

Both run on one thread in one process, taking turns, so a busy machine slows both alike.
Run: python benchmarks/metrics.py [--repeats N]
Exit status 1 when ours is less than 3 times as fast or differs by more than 1e-6.
"""
# ruff: noqa: E402

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import argparse
import sys
import time
from statistics import median

import numpy as np
from scipy.ndimage import correlate1d
from skimage import data, metrics
from skimage.filters import gaussian

from deblur_lib.evaluation.metrics import DEFAULT, score

FLOOR, TOLERANCE = 3.0, 1e-6
WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def pair() -> tuple[np.ndarray, np.ndarray]:
    """A 1280x720 photograph, blurred and sharp, (720, 1280, 3) uint8 each."""
    sharp = np.ascontiguousarray(np.tile(data.astronaut(), (2, 3, 1))[:720, :1280])
    mean = correlate1d(sharp.astype(np.float64), np.full(9, 1 / 9), axis=1, mode="nearest")
    return np.floor(mean + 0.5).astype(np.uint8), sharp


def reference(restored: np.ndarray, sharp: np.ndarray) -> dict[str, float]:
    """The same conventions, each by the scikit-image call that comes nearest."""
    x, y = (16 + one @ np.array([65.481, 128.553, 24.966]) / 255 for one in (restored, sharp))
    ssim = metrics.structural_similarity
    return {
        "psnr-rgb": metrics.peak_signal_noise_ratio(sharp, restored, data_range=255),
        "wang-rgb": ssim(restored, sharp, channel_axis=2, data_range=255, **WINDOW),
        "vol3d-rgb": _volume(restored, sharp),
        "uniform7-rgb": ssim(restored, sharp, channel_axis=2, data_range=255),
        "psnr-y": metrics.peak_signal_noise_ratio(y, x, data_range=255),
        "ssim-y": ssim(x, y, data_range=255, **WINDOW),
    }


def _volume(restored: np.ndarray, sharp: np.ndarray) -> float:
    x, y = restored.astype(np.float64), sharp.astype(np.float64)

    def mean(block: np.ndarray) -> np.ndarray:
        return gaussian(block, 1.5, mode="nearest", truncate=3.5, preserve_range=True)

    mx, my, xx, yy, xy = mean(x), mean(y), mean(x * x), mean(y * y), mean(x * y)
    c1, c2 = 2.55**2, 7.65**2
    upper = (2 * mx * my + c1) * (2 * (xy - mx * my) + c2)
    lower = (mx**2 + my**2 + c1) * (xx - mx**2 + yy - my**2 + c2)
    return float((upper / lower).mean())


def main() -> int:
    """Print times, ratio and largest difference; 0 when both reach what they must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    restored, sharp = pair()
    times: dict[str, list[float]] = {"ours": [], "scikit-image": []}
    found: dict[str, dict[str, float]] = {}
    for _ in range(repeats + 1):  # the first turn warms up
        for name, function in (("ours", score), ("scikit-image", reference)):
            start = time.perf_counter()
            found[name] = function(restored, sharp)
            times[name].append(time.perf_counter() - start)
    ours, theirs = (median(one[1:]) for one in times.values())
    for name in DEFAULT:
        print(f"{name:14s} {found['ours'][name]:.9f}  {found['scikit-image'][name]:.9f}")
    gap = max(abs(found["ours"][name] - found["scikit-image"][name]) for name in DEFAULT)
    print(f"ours {ours:.3f} s, scikit-image {theirs:.3f} s, median of {repeats} turns, 1 thread")
    print(f"ratio {theirs / ours:.1f} (at least {FLOOR:.0f}); largest gap {gap:.1e} (at most 1e-6)")
    return 0 if theirs / ours >= FLOOR and gap <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())

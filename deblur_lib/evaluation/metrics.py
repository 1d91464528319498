"""Scores of a restored picture under named conventions, all from one pass; no torch here.

Every metric is computed in float64 from two 8-bit pictures; rounding happens before, in
`restoring.to_8bit`. What each name fixes stands in `conventions`.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from deblur_lib.errors import DataError, UsageError
from deblur_lib.evaluation.alignment import aligned_scores
from deblur_lib.evaluation.conventions import ALIGNED, CONVENTIONS, DEFAULT, Convention, convention
from deblur_lib.evaluation.ssim import LUMA, structural
from deblur_lib.evaluation.wavelets import cw_ssim

__all__ = ["CONVENTIONS", "DEFAULT", "Convention", "score"]

UNROUNDED = {"psnr-float", "psnr-rgb-down"}  # take the floats
STRUCTURAL = ("wang-rgb", "vol3d-rgb", "uniform7-rgb", "ssim-y")


def score(
    restored: NDArray[np.uint8],
    sharp: NDArray[np.uint8],
    conventions: Sequence[str] = DEFAULT,
    *,
    restored_float: NDArray[np.floating] | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Score one picture under several conventions at once.

    Args:
        restored: (H, W, 3) uint8.
        sharp: same shape, uint8.
        conventions: names from `CONVENTIONS`.
        restored_float: (H, W, 3) in [0, 1] before rounding; needed by those of `UNROUNDED` alone.
        say: told when an alignment did not converge and the picture was scored unaligned.

    Returns:
        One value for each name, in the order asked for. Equal pictures have an infinite PSNR,
        which tables leave out of means and count, an SSIM of 1, edges of strength 1 and 0 % of
        values that are black by mistake.

    Raises:
        UsageError: unknown convention, or one of `UNROUNDED` without the floats.
        DataError: not 8-bit colour, different shapes, or too small for a convention.
    """
    known = [convention(name) for name in conventions]
    _check(restored, sharp, known)
    found = structural(restored, sharp, [name for name in STRUCTURAL if name in conventions])
    if "psnr-rgb" in conventions or "psnr-y" in conventions:
        gap = np.subtract(restored, sharp, dtype=np.int16).reshape(-1, 3).astype(np.float64)
        found["psnr-rgb"] = psnr(float(np.vdot(gap, gap)) / gap.size)
        found["psnr-y"] = psnr(float(np.square(gap @ LUMA).mean()))
    if "cw-ssim" in conventions:
        found["cw-ssim"] = cw_ssim(restored, sharp)
    if "edges-rgb" in conventions:
        found["edges-rgb"] = edges(restored, sharp)
    if "black-rgb" in conventions:
        found["black-rgb"] = 100 * float(((restored == 0) & (sharp != 0)).mean())
    for name in UNROUNDED & set(conventions):
        found[name] = _psnr_unrounded(name, restored_float, sharp)
    aligned = [name for name in conventions if name in ALIGNED]
    if aligned:
        found |= aligned_scores(restored, sharp, aligned, say=say)
    return {name: found[name] for name in conventions}


def psnr(error: float, *, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error; infinite where it is 0."""
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def edges(restored: NDArray[np.uint8], sharp: NDArray[np.uint8]) -> float:
    """Strength of the edges of a picture in parts of the sharp one's; infinite where that is flat.

    Two flat pictures have edges of the same strength, 1.
    """
    made, true = (
        sum(float(np.abs(np.diff(one.astype(np.int16), axis=axis)).mean()) for axis in (0, 1))
        for one in (restored, sharp)
    )
    return made / true if true else 1.0 if made == 0 else math.inf


def _psnr_unrounded(
    name: str, restored: NDArray[np.floating] | None, sharp: NDArray[np.uint8]
) -> float:
    if restored is None:
        raise UsageError(
            f"{name} needs the restored picture before rounding, got none; pass restored_float, "
            "or ask for psnr-rgb"
        )
    if restored.shape != sharp.shape:
        raise DataError(
            f"restored_float must have the sharp picture's shape {sharp.shape}, got "
            f"{restored.shape}; crop the padding first"
        )
    values = 255 * np.clip(restored.astype(np.float64), 0, 1)
    gap = (np.floor(values) if name == "psnr-rgb-down" else values) - sharp
    return psnr(float(np.square(gap).mean()))


def _check(restored: NDArray[np.uint8], sharp: NDArray[np.uint8], known: list[Convention]) -> None:
    for name, one in (("restored", restored), ("sharp", sharp)):
        if one.dtype != np.uint8:
            raise DataError(
                f"scores need 8-bit pictures, {name} is {one.dtype}; round it with "
                "evaluation.restore.to_8bit, the only place where pictures are rounded"
            )
        if one.ndim != 3 or one.shape[2] != 3:
            raise DataError(f"scores need pictures of shape (H, W, 3), {name} is {one.shape}")
    if restored.shape != sharp.shape:
        raise DataError(
            f"restored is {restored.shape}, sharp is {sharp.shape}; score pictures of one size"
        )
    least = max(known, key=lambda one: one.smallest, default=None)
    if least is not None and min(sharp.shape[:2]) < max(least.smallest, 1):
        raise DataError(
            f"{least.id} needs at least {least.smallest}x{least.smallest} pixels, got "
            f"{sharp.shape[0]}x{sharp.shape[1]}; leave it out or score larger pictures"
        )

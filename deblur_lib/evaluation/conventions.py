"""The metric conventions by name, and what each of them fixes. Loads neither numpy nor torch.

Papers print "PSNR" and "SSIM" for quantities that differ by up to 2 dB and 0.1 on the same two
pictures, so nothing in the suite is called just that: every score carries one of these names.
"""

from dataclasses import dataclass
from typing import Literal

from deblur_lib.errors import UsageError, unknown_name

ROUNDED = "both pictures 8-bit, rounded half up"
GAUSSIAN = "11x11 Gaussian, sigma 1.5, population moments"
LUMA = "Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, not rounded"
PER_PICTURE = "one value per picture; a table takes their plain mean"


@dataclass(frozen=True)
class Convention:
    """One way to turn a restored and a sharp picture into one number.

    Attributes:
        id: name used in rows, tables and declarations.
        metric: "psnr" (dB), "ssim" (at most 1), "edges" (ratio) or "black" (percent).
        values: which values are compared, and how they are rounded.
        peak: largest value a picture can take.
        window: local window of an SSIM, "" for a PSNR.
        border: which pixels count.
        averaging: how the pixels and channels become one number.
        alignment: what is done to the restored picture before comparing, "" for nothing.
        smallest: smallest height and width that can be scored, in pixels.
        source: who defined or uses it.
    """

    id: str
    metric: Literal["psnr", "ssim", "edges", "black"]
    values: str
    peak: float
    window: str
    border: str
    averaging: str
    alignment: str
    smallest: int
    source: str


ECC = (
    "one gain for the picture; homography by ECC, 100 iterations, gray, 5-tap smoothing; cubic warp"
)
KOHLER = "one gain for the picture; whole-pixel shift at the peak of the cross-correlation"
SHIFT = "quarter-pixel shift within 10 px, bilinear, least squared error"

_ALL = (
    Convention(
        "psnr-rgb", "psnr", ROUNDED, 255, "", "whole picture",
        "error over all pixels and channels together; " + PER_PICTURE, "", 1,
        "MATLAB psnr() on saved files: SRN, MPRNet, Restormer, Stripformer, NAFNet",
    ),
    Convention(
        "psnr-float", "psnr", "restored clipped to [0, 1] and not rounded", 1, "", "whole picture",
        "error over all pixels and channels together; " + PER_PICTURE, "", 1,
        "evaluation code of MIMO-UNet and ConvIR",
    ),
    Convention(
        "psnr-rgb-down", "psnr", "both pictures 8-bit, restored rounded down", 255, "",
        "whole picture", "error over all pixels and channels together; " + PER_PICTURE, "", 1,
        "programs of DeblurGAN and DeblurGAN-v2, which turn floats to 8 bits without rounding",
    ),
    Convention(
        "cw-ssim", "ssim", f"{ROUNDED}; gray as Pillow makes it", 255,
        "rows end to end as one signal, Ricker wavelets of widths 1 to 30",
        "whole signal, zeros beyond it", "mean of the map; " + PER_PICTURE, "", 1,
        "test script of DeblurGAN-v2: cw_ssim_value() of pyssim 0.4",
    ),
    Convention(
        "wang-rgb", "ssim", ROUNDED, 255, GAUSSIAN, "valid region: 5 px cut on each side",
        "mean of the map per channel, then of the channels; " + PER_PICTURE, "", 11,
        "Wang et al. 2004 per channel; DBGAN, ESTRNN, BasicSR; scikit-image with Gaussian weights",
    ),
    Convention(
        "vol3d-rgb", "ssim", ROUNDED, 255,
        "11x11x11 Gaussian, sigma 1.5, over the H x W x 3 block, population moments",
        "whole picture, edge values repeated on all sides and across the channels",
        "mean of the whole map; " + PER_PICTURE, "", 1,
        "MATLAB ssim() given colour pictures: nearly every SSIM printed for GoPro and HIDE",
    ),
    Convention(
        "uniform7-rgb", "ssim", ROUNDED, 255, "7x7 box, sample covariance (48 for 49 values)",
        "valid region: 3 px cut on each side",
        "mean of the map per channel, then of the channels; " + PER_PICTURE, "", 7,
        "default of scikit-image; training log of DeblurGAN-v2",
    ),
    Convention(
        "psnr-y", "psnr", f"{ROUNDED}; {LUMA}", 255, "", "whole picture",
        "error over all pixels; " + PER_PICTURE, "", 1,
        "MATLAB rgb2ycbcr() before psnr()",
    ),
    Convention(
        "ssim-y", "ssim", f"{ROUNDED}; {LUMA}", 255, GAUSSIAN,
        "valid region: 5 px cut on each side", "mean of the map; " + PER_PICTURE, "", 11,
        "MATLAB rgb2ycbcr() before the SSIM of Wang et al. 2004",
    ),
    Convention(
        "realblur-ecc-psnr", "psnr", ROUNDED + ", then / 255; not clipped after the warp", 1, "",
        "pixels that the warped picture covers", "error sum / mask sum; " + PER_PICTURE, ECC, 32,
        "evaluation script of RealBlur (Rim et al. 2020); MPRNet, Restormer, Stripformer, DeepRFT",
    ),
    Convention(
        "realblur-ecc-ssim", "ssim", ROUNDED + ", then / 255; not clipped after the warp", 1,
        GAUSSIAN, "map of the masked pictures times the mask, 5 px cut on each side",
        "map sum / mask sum per channel, then mean of the channels; " + PER_PICTURE, ECC, 32,
        "evaluation script of RealBlur (Rim et al. 2020); MPRNet, Restormer, Stripformer, DeepRFT",
    ),
    Convention(
        "shift-y-psnr", "psnr", f"{ROUNDED}; {LUMA}", 255, "",
        "15 px of the sharp picture cut on each side", "error over all pixels; " + PER_PICTURE,
        SHIFT, 41, "evaluation script of SelfDeblur (Ren et al. 2020); Lai 2016, Levin 2009",
    ),
    Convention(
        "shift-y-ssim", "ssim", f"{ROUNDED}; {LUMA}", 255, GAUSSIAN,
        "15 px of the sharp picture cut on each side, then the valid region",
        "mean of the map; " + PER_PICTURE, SHIFT, 41,
        "evaluation script of SelfDeblur (Ren et al. 2020), without its downsampling",
    ),
    Convention(
        "kohler-psnr", "psnr", f"{ROUNDED}; luma 0.299 R + 0.587 G + 0.114 B after aligning", 255,
        "", "whole picture; what the shift uncovers is 0 in both",
        "error over all pixels; " + PER_PICTURE, KOHLER, 11,
        "benchmark of Koehler et al. 2012, in the form of PVDNet's evaluation code",
    ),
    Convention(
        "kohler-ssim", "ssim", f"{ROUNDED}; luma 0.299 R + 0.587 G + 0.114 B after aligning", 255,
        GAUSSIAN, "valid region of the whole picture; what the shift uncovers is 0 in both",
        "mean of the map; " + PER_PICTURE, KOHLER, 11,
        "benchmark of Koehler et al. 2012, single-scale form of PVDNet's evaluation code",
    ),
    Convention(
        "edges-rgb", "edges", ROUNDED, 255, "", "whole picture",
        "mean absolute difference of neighbouring pixels, down and across, in parts of the sharp "
        "picture's; " + PER_PICTURE, "", 2,
        "ours: 1 has edges as strong as the sharp picture, less is smoother, more is overshoot",
    ),
    Convention(
        "black-rgb", "black", ROUNDED, 255, "", "whole picture",
        "percent of the values that are 0 where the sharp picture is not; " + PER_PICTURE, "", 1,
        "ours: what an output cut off at zero loses",
    ),
)  # fmt: skip

CONVENTIONS: dict[str, Convention] = {one.id: one for one in _ALL}
DEFAULT: tuple[str, ...] = (
    "psnr-rgb",
    "wang-rgb",
    "vol3d-rgb",
    "uniform7-rgb",
    "psnr-y",
    "ssim-y",
)
ALIGNED: tuple[str, ...] = tuple(one.id for one in _ALL if one.alignment)


def convention(name: str) -> Convention:
    """What a name stands for.

    Raises:
        UsageError: no convention has that name.
    """
    if name not in CONVENTIONS:
        see = "deblur_lib.evaluation.conventions"
        raise UsageError(unknown_name("metric convention", name, CONVENTIONS, see=see))
    return CONVENTIONS[name]

"""Which flow-made frames are good training samples: rules in place of a selection by hand.

Source: zhao2020, Sec. 1, drops samples that are hardly blurred, alike, or show no clear object; the
numbers, and the rules on failed synthesis, are ours.
"""

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.ndimage import laplace, sobel

from deblur_lib.data.clips.flow import Blur, Blurred, gray, optical_flow, shift
from deblur_lib.data.pictures.reading import U8
from deblur_lib.spec import STRICT

EDGE = 60.0  # Sobel length, in grey levels, from which a pixel is an edge
LOST = 1.5  # pixels of disagreement between forward and backward flow
THUMBNAIL = 160  # width of the pictures that likeness is judged by
BINS = 32


@dataclass(frozen=True, config=STRICT)
class Rules:
    """Limits of a good sample.

    Attributes:
        trail: shortest and longest blur trail, in pixels (90th percentile).
        sharpness: largest variance of the Laplacian of the blurred frame over the sharp one's.
        psnr: largest PSNR of the blurred frame, in dB.
        edges: smallest share of edge pixels in the sharp frame.
        lost: largest share of pixels whose flow does not come back.
        cut: largest distance of grey histograms between neighbours (0 to 1); above is a scene cut.
        dark: smallest mean grey level.
        stride: frames between two samples of a clip, at least.
        alike: SSIM of small pictures from which two samples are called alike.
    """

    trail: tuple[float, float] = (2.0, 60.0)
    sharpness: Annotated[float, Field(gt=0)] = 0.8
    psnr: float = 36.0
    edges: Annotated[float, Field(ge=0, le=1)] = 0.02
    lost: Annotated[float, Field(ge=0, le=1)] = 0.3
    cut: Annotated[float, Field(ge=0, le=1)] = 0.4
    dark: float = 8.0
    stride: Annotated[int, Field(ge=1)] = 3
    alike: float = 0.95


class Quality(NamedTuple):
    """Numbers that the rules look at; see `Rules`."""

    trail: float
    sharpness: float
    psnr: float
    edges: float
    lost: float
    cut: float
    level: float


def quality(before: U8, frame: U8, after: U8, made: Blurred, blurred: U8, blur: Blur) -> Quality:
    """Measure a blurred frame.

    Args:
        before: the sharp frame before, (H, W, 3).
        frame: the one that was blurred.
        after: the one after.
        made: what `blurred_frame` gave.
        blurred: its picture in 8 bits.
        blur: how it was made.
    """
    sharp, soft = gray(frame).astype(np.float32), gray(blurred).astype(np.float32)
    length = np.concatenate([np.hypot(*np.moveaxis(one, -1, 0)) for one in made[1:]])
    error = float(np.mean((frame.astype(np.float64) - blurred) ** 2))
    edges = np.hypot(sobel(sharp, 0), sobel(sharp, 1)) / 4 > EDGE / 4
    lost = [
        _lost(frame, other, flow, blur.flow)
        for other, flow in ((before, made.backward), (after, made.forward))
    ]
    return Quality(
        trail=float(np.percentile(length, 90)) * 2 * blur.l / (blur.n + 1),
        sharpness=float(laplace(soft).var() / max(float(laplace(sharp).var()), 1e-6)),
        psnr=10 * float(np.log10(255**2 / max(error, 1e-4))),
        edges=float(edges.mean()),
        lost=max(lost),
        cut=max(histogram_distance(frame, before), histogram_distance(frame, after)),
        level=float(sharp.mean()),
    )


def _lost(frame: U8, other: U8, flow: npt.NDArray[np.float32], kind: str) -> float:
    """Share of pixels whose way there and back ends more than 1.5 pixels away."""
    back = optical_flow(other, frame, kind)
    there = shift(back, -flow, 1.0)  # the way back, looked up where each pixel went
    gap = np.hypot(*np.moveaxis(flow + there, -1, 0))
    return float((gap > LOST).mean())


def histogram_distance(first: U8, second: U8) -> float:
    """Half the sum of absolute differences of two grey histograms, 0 to 1."""
    shares = [
        np.histogram(gray(one), BINS, (0, 256))[0] / one[..., 0].size for one in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def reasons(found: Quality, rules: Rules) -> list[str]:
    """Names of the rules that a sample breaks; empty for a good one."""
    broken = {
        "hardly blurred": found.trail < rules.trail[0]
        or found.sharpness > rules.sharpness
        or found.psnr > rules.psnr,
        "blurred too far": found.trail > rules.trail[1],
        "no clear object": found.edges < rules.edges,
        "flow failed": found.lost > rules.lost,
        "scene cut": found.cut > rules.cut,
        "dark": found.level < rules.dark,
    }
    return [name for name, true in broken.items() if true]


def likeness(first: U8, second: U8) -> float:
    """SSIM (8x8 boxes) of small grey copies of two frames; 1 for equal frames."""
    a, b = (_small(one) for one in (first, second))
    mean_a, mean_b = a.mean(axis=(1, 3)), b.mean(axis=(1, 3))
    var_a, var_b = a.var(axis=(1, 3)), b.var(axis=(1, 3))
    both = (a * b).mean(axis=(1, 3)) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _small(frame: U8) -> npt.NDArray[np.float64]:
    """Grey blocks (rows, 8, columns, 8) of a copy at most 160 pixels wide."""
    height, width = frame.shape[:2]
    share = min(1.0, THUMBNAIL / width)
    size = [max(8, round(side * share) // 8 * 8) for side in (width, height)]
    small = Image.fromarray(frame).convert("L").resize((size[0], size[1]), Image.Resampling.BOX)
    return np.asarray(small, np.float64).reshape(size[1] // 8, 8, size[0] // 8, 8)

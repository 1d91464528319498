"""Blur made from sharp frames: interpolate between neighbours along the optical flow, and average.

For frame f with neighbours before and after, sub-frame i of a side is f moved by the share
i / (N + 1) of the flow towards that neighbour. The blurred frame is the mean of f and of the L
sub-frames nearest to it on each side, so with N = 20 and L = 10 the exposure covers 0.952 of the
time between two frames.

Source: zhao2020, Sec. 1, Eqs. (2) and (3).
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.data.clips.opencv import opencv
from deblur_lib.data.generated.moving import AVERAGED, SUBFRAMES
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import UsageError
from deblur_lib.spec import STRICT

F32 = npt.NDArray[np.float32]
GAMMA = 2.2
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, config=STRICT)
class Blur:
    """How a blurred frame is made.

    Attributes:
        n: sub-frames between two frames, N of the paper.
        l: sub-frames averaged on each side of the frame, L of the paper.
        flow: method of optical flow, a name of `FLOWS`.
        warp: "backward" samples the frame at the flow of each target pixel; "scatter" moves each
            pixel to the nearest one and leaves what was there in holes, as earlier code did.
        blend: mix each sub-frame with the neighbour moved the other way, by their distance in time.
        eq3: "mean" counts the frame once; "literal" is the printed sum, L times too much of the
            frame and 43 percent too bright, cut at white; "literal_3l" divides that by 3L.
        crf: "none" averages stored values; "gamma" averages light (value^2.2).
        noise: standard deviation of added noise, in grey levels of 255.
    """

    n: Annotated[int, Field(ge=1)] = SUBFRAMES
    l: Annotated[int, Field(ge=1)] = AVERAGED  # noqa: E741
    flow: Literal["dis", "farneback", "tvl1"] = "dis"
    warp: Literal["backward", "scatter"] = "backward"
    blend: bool = False
    eq3: Literal["mean", "literal", "literal_3l"] = "mean"
    crf: Literal["none", "gamma"] = "none"
    noise: Annotated[float, Field(ge=0)] = 0.0

    def __post_init__(self) -> None:
        if self.l > self.n:
            raise UsageError(
                f"l, the sub-frames averaged, may be n ({self.n}) at most, got {self.l}"
            )


class Blurred(NamedTuple):
    """A blurred frame (H, W, 3) in [0, 1], not rounded, and its flow towards both neighbours."""

    picture: F32
    backward: F32  # (H, W, 2), columns and rows in pixels, towards the frame before
    forward: F32  # the same towards the frame after


def _dis(first: U8, second: U8) -> F32:
    cv2 = opencv("optical flow by DIS")
    flow: F32 = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(
        first, second, None
    )
    return flow


def _farneback(first: U8, second: U8) -> F32:
    cv2 = opencv("optical flow by Farneback")
    flow: F32 = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    return flow


def _tvl1(first: U8, second: U8) -> F32:
    from skimage.registration import optical_flow_tvl1

    rows, columns = optical_flow_tvl1(first / 255, second / 255, attachment=10)
    return np.stack([columns, rows], axis=-1).astype(np.float32)


FLOWS: dict[str, Callable[[U8, U8], F32]] = {
    "dis": _dis,  # medium preset
    "farneback": _farneback,  # settings of the code that zhao2020's recipe comes from
    "tvl1": _tvl1,  # scikit-image; slow, needs no OpenCV
}


def usable_flow() -> Literal["dis", "tvl1"]:
    """The default method where OpenCV is installed, else the one that needs nothing more."""
    return "dis" if find_spec("cv2") else "tvl1"


def gray(picture: U8) -> U8:
    """Luma of a picture, (H, W) uint8."""
    rounded: U8 = np.round(picture @ np.array(LUMA)).astype(np.uint8)
    return rounded


def optical_flow(first: U8, second: U8, kind: str = "dis") -> F32:
    """Where each pixel of the first picture lies in the second.

    Args:
        first: (H, W, 3) uint8.
        second: likewise.
        kind: a name of `FLOWS`.

    Returns:
        (H, W, 2): columns and rows in pixels.

    Raises:
        UsageError: OpenCV is needed and not installed.
    """
    return FLOWS[kind](gray(first), gray(second))


def shift(picture: F32, flow: F32, share: float, *, warp: str = "backward") -> F32:
    """A picture moved along a share of a flow, (H, W, C) like the picture.

    Args:
        picture: (H, W, C).
        flow: (H, W, 2).
        share: part of the flow, 0 for the picture itself.
        warp: see `Blur`.
    """
    height, width = flow.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None]
    if warp == "scatter":
        target = np.round(
            np.stack([rows + share * flow[..., 1], columns + share * flow[..., 0]])
        ).astype(int)
        inside = (target >= 0).all(0) & (target[0] < height) & (target[1] < width)
        moved = picture.copy()
        moved[target[0][inside], target[1][inside]] = picture[inside]
        return moved
    x = (columns - share * flow[..., 0]) * (2 / max(width - 1, 1)) - 1
    y = (rows - share * flow[..., 1]) * (2 / max(height - 1, 1)) - 1
    grid = torch.from_numpy(np.stack([x, y], axis=-1))[None]
    source = torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, -1, 0)))[None]
    sampled: Tensor = F.grid_sample(
        source, grid, mode="bilinear", padding_mode="reflection", align_corners=True
    )
    return np.ascontiguousarray(np.moveaxis(sampled[0].numpy(), 0, -1))


def subframe(frame: F32, neighbour: F32, flow: F32, number: int, blur: Blur) -> F32:
    """Sub-frame `number` (1 is nearest to the frame) on the way to a neighbour, (H, W, 3).

    Source: zhao2020, Eq. (2).
    """
    share = number / (blur.n + 1)
    moved = shift(frame, flow, share, warp=blur.warp)
    if not blur.blend:
        return moved
    other = shift(neighbour, flow, share - 1, warp=blur.warp)
    return (1 - share) * moved + share * other


def blurred_frame(
    before: U8, frame: U8, after: U8, blur: Blur | None = None, *, seed: int = 0
) -> Blurred:
    """Blur one frame with the help of its neighbours.

    Args:
        before: the frame before, (H, W, 3) uint8.
        frame: the frame that is blurred.
        after: the frame after.
        blur: how.
        seed: of the noise.

    Raises:
        UsageError: OpenCV is needed and not installed.

    Source: zhao2020, Eq. (3), the frame counted once.
    """
    blur = blur or Blur()
    flows = tuple(optical_flow(frame, one, blur.flow) for one in (before, after))
    power = GAMMA if blur.crf == "gamma" else 1.0
    sharp, *neighbours = (
        ((one / 255) ** power).astype(np.float32) for one in (frame, before, after)
    )
    own = 1 if blur.eq3 == "mean" else blur.l
    total = own * sharp
    for one in _sides(sharp, neighbours, flows, blur):
        total = total + one
    total /= 3 * blur.l if blur.eq3 == "literal_3l" else 2 * blur.l + 1
    picture = np.clip(total, 0, 1) ** np.float32(1 / power)
    if blur.noise:
        rng = np.random.default_rng(seed)
        grain = rng.standard_normal(picture.shape, np.float32) * np.float32(blur.noise / 255)
        picture = np.clip(picture + grain, 0, 1)
    return Blurred(picture.astype(np.float32), *flows)


def _sides(sharp: F32, neighbours: list[F32], flows: tuple[F32, ...], blur: Blur) -> Iterator[F32]:
    for neighbour, flow in zip(neighbours, flows, strict=True):
        for number in range(1, blur.l + 1):
            yield subframe(sharp, neighbour, flow, number, blur)

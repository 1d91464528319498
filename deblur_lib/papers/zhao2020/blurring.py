"""Pictures for Fig. 2 of zhao2020: a blurred frame in the making, beside its exact exposure."""

from typing import Any

import numpy as np
from matplotlib.colors import hsv_to_rgb

from deblur_lib.data.clips.flow import Blur, blurred_frame, subframe, usable_flow
from deblur_lib.data.generated.moving import embedded_scene
from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.pictures.reading import U8

SHOWN = 112  # side of the pictures
NUMBERS = (1, 5, 10)  # sub-frames shown on each side


def blur_panels() -> dict[str, Any]:
    """Pictures of Fig. 2: how a blurred frame is made, and the exact exposure beside it."""
    scene = embedded_scene(0)
    frames = [_rounded(scene.frame(time)) for time in (-1, 0, 1)]
    blur = Blur(flow=usable_flow())
    before, frame, after = frames
    made = blurred_frame(before, frame, after, blur)
    exact = scene.exposure([0])[0]
    longest = float(np.percentile(np.hypot(made.forward[..., 0], made.forward[..., 1]), 98))
    pictures = {
        "before": frames[0],
        "frame": frames[1],
        "after": frames[2],
        "flow_before": flow_colours(made.backward, longest),
        "flow_after": flow_colours(made.forward, longest),
        "made": _rounded(made.picture),
        "exact": _rounded(exact),
        "difference": _rounded(10 * np.abs(made.picture - exact)),
    }
    inner: list[dict[str, str]] = []
    for side, flow, which in (("before", made.backward, 0), ("after", made.forward, 2)):
        numbers = reversed(NUMBERS) if which == 0 else NUMBERS
        for number in numbers:
            label = f"{side}_{number}"
            moved = subframe(_floats(frame), _floats(frames[which]), flow, number, blur)
            pictures[label] = _rounded(moved)
            inner.append({"label": label, "title": f"{number} of 20 to f(t{'-+'[which // 2]}1)"})
    literal = blurred_frame(before, frame, after, Blur(flow=blur.flow, eq3="literal"))
    pictures["literal"] = _rounded(literal.picture)
    titles = {
        "before": "f(t-1)",
        "frame": "f(t)",
        "after": "f(t+1)",
        "flow_before": f"flow to f(t-1), {blur.flow}",
        "flow_after": f"flow to f(t+1), {blur.flow}",
        "made": f"b(t), {_psnr(made.picture, exact):.1f} dB",
        "exact": "exact exposure",
        "difference": "10 x |difference|",
        "literal": f"Eq. (3) literal, {_psnr(literal.picture, exact):.1f} dB",
    }
    first = [{"label": one, "title": titles[one]} for one in list(titles)[:5]]
    last = [{"label": one, "title": titles[one]} for one in list(titles)[5:]]
    low = (scene.size - SHOWN) // 2
    window = (slice(low, low + SHOWN), slice(low, low + SHOWN))
    cut = {name: np.ascontiguousarray(one[window]) for name, one in pictures.items()}
    return {"blur": {"rows": [first, inner, last], "pictures": cut}}


def flow_colours(flow: F32, longest: float) -> U8:
    """A flow field (H, W, 2) in colour: direction as hue, length as saturation."""
    hue = (np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi)) % 1
    length = np.clip(np.hypot(flow[..., 0], flow[..., 1]) / max(longest, 1e-6), 0, 1)
    return _rounded(hsv_to_rgb(np.stack([hue, length, np.ones_like(hue)], axis=-1)))


def _floats(picture: U8) -> F32:
    return picture.astype(np.float32) / np.float32(255)


def _rounded(picture: Any) -> U8:
    rounded: U8 = np.floor(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return rounded


def _psnr(picture: F32, other: F32) -> float:
    error = float(np.mean((picture.astype(np.float64) - other) ** 2))
    return 10 * float(np.log10(1 / max(error, 1e-12)))

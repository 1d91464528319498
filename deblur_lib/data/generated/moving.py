"""Clips of a moving scene that can be rendered at any instant, so their exposure is known exactly.

Time counts frames: frame k is the scene at t = k. Its exposure is the mean of the 2L + 1 pictures
at t = k + i / (N + 1), i = -L..L, of stored values, as zhao2020 averages them; with N = 20 and
L = 10 it covers 0.952 of the time between two frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deblur_lib.data.generated.leaves import draw_leaves
from deblur_lib.data.generated.scenes import F32
from deblur_lib.data.generated.synthesis import Cutout, Motion, blob_mask, render

SUBFRAMES, AVERAGED = 20, 10  # N and L of zhao2020, Eqs. (2) and (3)


@dataclass(frozen=True)
class MovingScene:
    """A scene whose camera and objects move on one smooth path.

    Attributes:
        canvas: (side, side, 3) in [0, 1], larger than the picture.
        size: side of the picture, cut from the centre of the canvas.
        motion: of the whole scene, with u in frames.
        objects: cut-outs with their own motion, u in frames too.
    """

    canvas: F32
    size: int
    motion: Motion
    objects: tuple[Cutout, ...] = ()

    def render(self, times: Sequence[float] | npt.NDArray[np.float64]) -> F32:
        """The scene at some instants, (K, size, size, 3) in [0, 1]."""
        u = np.asarray(times, dtype=np.float64)
        frames = render(self.canvas, self.size, self.motion, self.objects, u)
        pictures: F32 = frames.clamp(0, 1).permute(0, 2, 3, 1).numpy()
        return pictures

    def frame(self, time: float) -> F32:
        """The scene at one instant, (size, size, 3)."""
        picture: F32 = self.render([time])[0]
        return picture

    def exposure(
        self, frames: Sequence[float], *, subframes: int = SUBFRAMES, averaged: int = AVERAGED
    ) -> F32:
        """The blurred frames around some instants, (T, size, size, 3): zhao2020, Eq. (3)."""
        shifts = np.arange(-averaged, averaged + 1) / (subframes + 1)
        return np.stack([self.render(time + shifts).mean(axis=0) for time in frames])


def embedded_scene(seed: int = 0, *, size: int = 240) -> MovingScene:
    """The scene that tests and figures measure the flow-made blur on.

    The camera moves by (5, 2) pixels and turns by 0.8 degrees from frame to frame; one patch of
    about a third of the side crosses it by (-7, 4) pixels a frame, so edges are covered and bared.

    Args:
        seed: another seed gives another scene.
        size: side of the picture in pixels.
    """
    rng = np.random.RandomState(seed)
    palette: F32 = rng.uniform(0.1, 0.9, (256, 3)).astype(np.float32)
    textures = [rng.randint(0, 256, (64, 64)).astype(np.uint8)]
    canvas = draw_leaves(rng, size + 96, palette, textures)
    side = size // 3
    patch = draw_leaves(rng, side, palette, textures)
    camera = Motion(float(np.hypot(5, 2)), float(np.arctan2(2, 5)), turn=float(np.deg2rad(0.8)))
    own = Motion(float(np.hypot(12, 2)), float(np.arctan2(2, -12)))  # (-7, 4) less the camera
    corner = 0.5 * (size - side)
    return MovingScene(
        canvas, size, camera, (Cutout(patch, blob_mask(rng, side), corner, corner, own),)
    )

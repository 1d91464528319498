"""How each kind of generated pair is drawn: a function and a line of `VARIANTS` each.

What the kinds are is said in `kinds`.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from deblur_lib.data.generated import lai, night, people, truth
from deblur_lib.data.generated.kernels import KERNEL_HALF, convolve, shake_kernel
from deblur_lib.data.generated.moving import AVERAGED, MovingScene
from deblur_lib.data.generated.scenes import Stock
from deblur_lib.data.generated.settings import Drawn, Settings, strength
from deblur_lib.data.generated.synthesis import (
    Averaging,
    Cutout,
    Motion,
    average_motion,
    blob_mask,
    draw_motion,
)

BRIGHT = (15.0, 32.0)  # input PSNR in dB of evaluation pairs
WINDOWS = {  # where it differs: dark pictures score higher, nearly sharp ones much
    "synth-realblur-r": (15.0, 40.0),
    "synth-clip-short": (32.0, 99.0),
}
OBJECTS = (0.4, 0.4, 0.2)  # probability of 0, 1 and 2 moving objects
QUALITY = 30  # of JPEG
CLIP_FRAMES = (-1, 0, 1)
CLIP_MARGIN = 48  # pixels of canvas around a clip's picture at blur 1


def _moving(
    rng: np.random.RandomState, stock: Stock, settings: Settings, *, averaging: Averaging
) -> Drawn:
    """A moving scene with up to two moving objects."""
    still, motion = _camera(rng, stock, settings)
    margin = int(np.ceil(20 * settings.blur))
    scene = stock.scene(rng, settings.size, margin)
    count = 0 if still else rng.choice(3, p=OBJECTS)
    objects = [_object(rng, stock, settings, behind=scene.source) for _ in range(count)]
    pair = average_motion(scene.picture, settings.size, motion, objects, averaging)
    told = partial(truth.moving, settings.size, motion, objects)
    return Drawn(*pair, scene.source, motion.length, told)


def _far(rng: np.random.RandomState, stock: Stock, settings: Settings) -> Drawn:
    """A moving scene whose path is longer than what a narrow network sees."""
    motion = draw_motion(
        rng, median=34.0, spread=0.15, shortest=26.0, longest=44.0, blur=1.0
    )  # fmt: skip
    scene = stock.scene(rng, settings.size, 36)
    pair = average_motion(scene.picture, settings.size, motion, (), "linear")
    told = partial(truth.moving, settings.size, motion)
    return Drawn(*pair, scene.source, motion.length, told)


def _compressed(rng: np.random.RandomState, stock: Stock, settings: Settings) -> Drawn:
    """A moving scene whose blurred picture went through strong JPEG compression."""
    drawn = _moving(rng, stock, settings, averaging="linear")
    stored = (np.clip(drawn.blurred, 0, 1) * 255 + 0.5).astype(np.uint8)
    return drawn._replace(blurred=night.through_jpeg(stored, QUALITY))


def _clip(
    rng: np.random.RandomState, stock: Stock, settings: Settings, *, averaged: int = AVERAGED
) -> Drawn:
    """Consecutive frames of a moving scene; camera and objects go on without a break."""
    still, motion = _camera(rng, stock, settings)  # u counts frames
    margin = int(np.ceil(CLIP_MARGIN * settings.blur))
    scene = stock.scene(rng, settings.size, margin)
    count = 0 if still else rng.choice(3, p=OBJECTS)
    objects = [
        _object(rng, stock, settings, behind=scene.source, median=7.0, spread=0.5)
        for _ in range(count)
    ]
    moving = MovingScene(scene.picture, settings.size, motion, tuple(objects))
    pair = moving.exposure(CLIP_FRAMES, averaged=averaged), moving.frame(0)
    return Drawn(*pair, scene.source, motion.length)


def _camera(rng: np.random.RandomState, stock: Stock, settings: Settings) -> tuple[bool, Motion]:
    """Whether the pair is nearly still, and the motion of the whole scene."""
    still = stock.split == "train" and rng.uniform() < settings.still
    median, shortest, longest = (0.5, 0.0, 1.0) if still else (9.0, 4.0, 28.0)
    spread = 0.5 * settings.spread
    motion = draw_motion(
        rng,
        median=median,
        spread=spread,
        shortest=shortest,
        longest=longest,
        blur=settings.blur,
    )
    return still, motion


def _object(
    rng: np.random.RandomState,
    stock: Stock,
    settings: Settings,
    *,
    behind: str,
    median: float = 8.0,
    spread: float = 0.6,
) -> Cutout:
    motion = draw_motion(
        rng,
        median=median,
        spread=spread * settings.spread,
        shortest=0.0,
        longest=28.0,
        blur=settings.blur,
        whole_scene=False,
    )
    side = int(settings.size * rng.uniform(0.24, 0.56))
    picture = stock.cutout(rng, side, behind=behind)
    row, column = rng.uniform(0.1, 0.9, 2) * settings.size - side / 2
    return Cutout(picture, blob_mask(rng, side), row, column, motion)


def _shaken(rng: np.random.RandomState, stock: Stock, settings: Settings) -> Drawn:
    """A scene blurred by one kernel."""
    still = stock.split == "train" and rng.uniform() < settings.still
    length = 20 * np.exp(rng.normal(0, 0.45 * settings.spread))
    length = 2.0 if still else float(np.clip(length, 6, 60)) * settings.blur
    half = int(np.ceil(KERNEL_HALF * settings.blur))
    kernel = shake_kernel(rng, length, half)
    scene = stock.scene(rng, settings.size, half)
    pair = convolve(scene.picture, settings.size, kernel, "gamma")
    return Drawn(*pair, scene.source, length, partial(truth.uniform, settings.size, kernel))


def _lai_uniform(rng: np.random.RandomState, stock: Stock, settings: Settings) -> Drawn:
    """A scene blurred by one kernel of the benchmark's kind."""
    blur = strength(rng, stock.split, settings)
    number = rng.randint(lai.BLURS)
    kernel, length = lai.draw_kernel(
        rng, number, blur=blur, spread=settings.spread, fixed=stock.split == "test"
    )
    scene = stock.scene(rng, settings.size, len(kernel) // 2)
    blurred, sharp = convolve(scene.picture, settings.size, kernel, "linear")
    told = partial(truth.uniform, settings.size, kernel)
    return Drawn(lai.add_noise(rng, blurred), sharp, scene.source, length, told)


def _lai_nonuniform(
    rng: np.random.RandomState, stock: Stock, settings: Settings, *, anchor: lai.Anchor
) -> Drawn:
    """A scene seen from a camera that turns and moves."""
    blur = strength(rng, stock.split, settings)
    number = rng.randint(lai.BLURS)
    poses = lai.draw_poses(
        rng, number, blur=blur, spread=settings.spread, fixed=stock.split == "test"
    )
    margin = int(np.ceil(lai.MARGIN * blur))
    scene = stock.scene(rng, settings.size, margin)
    blurred, sharp = lai.average_poses(scene.picture, settings.size, poses, anchor)
    told = partial(truth.turning, settings.size, poses)
    noisy = lai.add_noise(rng, blurred)
    return Drawn(noisy, sharp, scene.source, lai.path_length(poses), told)


def _lai_full(
    rng: np.random.RandomState, stock: Stock, settings: Settings, *, anchor: lai.Anchor
) -> Drawn:
    """The same at full strength."""
    return _lai_nonuniform(rng, stock, replace(settings, blur=1.0, spread=1.0), anchor=anchor)


def _night(
    rng: np.random.RandomState,
    stock: Stock,
    settings: Settings,
    *,
    development: night.Development,
) -> Drawn:
    """A night scene with lamps, blurred by one kernel before the camera clips."""
    blur = strength(rng, stock.split, settings)
    length = 15 * np.exp(rng.normal(0, 0.45 * settings.spread))
    length = float(np.clip(length, 6, 60)) * blur
    half = max(int(np.ceil(KERNEL_HALF * blur)), 2)
    kernel = shake_kernel(rng, length, half, turning=night.TURNING)
    margin = half + night.EDGE
    scene = stock.scene(rng, settings.size, margin)
    radiance = night.light_scene(rng, scene.picture, settings.size)
    pair = night.expose_pair(rng, radiance, settings.size, kernel, development)
    return Drawn(*pair, scene.source, length, partial(truth.uniform, settings.size, kernel))


def _walking(
    rng: np.random.RandomState, stock: Stock, settings: Settings, *, distance: people.Range
) -> Drawn:
    """People who walk behind a wall, seen from a camera that may move."""
    blur = strength(rng, stock.split, settings)
    camera = people.draw_camera(rng, blur, settings.spread)
    margin = int(np.ceil(20 * blur))
    person = people.PORTRAITS[stock.split].name
    scene = stock.scene(rng, settings.size, margin, without=person)
    walkers = people.draw_people(
        rng, stock.split, settings.size, distance, blur=blur, spread=settings.spread, margin=margin
    )
    pair = average_motion(scene.picture, settings.size, camera, walkers, "gamma")
    longest = camera.length + max(one.motion.length for one in walkers)
    told = partial(truth.moving, settings.size, camera, walkers)
    return Drawn(*pair, scene.source, longest, told)


VARIANTS: dict[str, Callable[[np.random.RandomState, Stock, Settings], Drawn]] = {
    "synth-gopro-linear": partial(_moving, averaging="linear"),
    "synth-gopro-gamma": partial(_moving, averaging="gamma"),
    "synth-gopro-far": _far,
    "synth-gopro-jpeg": _compressed,
    "synth-clip": _clip,
    "synth-clip-short": partial(_clip, averaged=1),
    "synth-shake": _shaken,
    "synth-lai-uniform": _lai_uniform,
    "synth-lai-nonuniform": partial(_lai_nonuniform, anchor="centre"),
    "synth-lai-nonuniform-first": partial(_lai_nonuniform, anchor="first"),
    "synth-lai-nonuniform-full": partial(_lai_full, anchor="centre"),
    "synth-lai-nonuniform-first-full": partial(_lai_full, anchor="first"),
    "synth-realblur-j": partial(_night, development="j"),
    "synth-realblur-r": partial(_night, development="r"),
    "synth-hide-close": partial(_walking, distance="close"),
    "synth-hide-long": partial(_walking, distance="long"),
}

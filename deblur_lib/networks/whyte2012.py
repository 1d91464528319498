"""Whyte et al. (CVPR 2010, IJCV 2012): blur as the rotations of a shaken camera, without training.

The released maximum a posteriori variant: `kernels.camera_shake` finds the weights of rotations
from one picture, Richardson-Lucy with saturation (CPCV 2011) restores it with them. Nothing is
drawn at random.

Shape legend: H, W height and width of the picture.
"""

import os
from collections.abc import Callable
from functools import partial

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from deblur_lib.errors import UsageError
from deblur_lib.kernels.camera_shake import ROUNDS, Search, find_shake, pyramid
from deblur_lib.kernels.filter_flow import FilterFlow
from deblur_lib.kernels.gradient_priors import direct, krishnan_fergus
from deblur_lib.kernels.richardson_lucy import richardson_lucy
from deblur_lib.kernels.rotation import Camera, RotationBlur, Shake, motion_field
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.nn.parts import choose

LONGEST = 1024  # pixels of the longer side of the picture that the blur is estimated from
SATURATED = 235.5 / 256  # stored value from which a pixel tells nothing to the estimation
SHOWN = 512 * 512  # pixels above which a picture has a bar of its own
RESPONSES = {"gamma": 2.2, "stored": 1.0}  # exponent from stored values to light
BLURS = {"exact": RotationBlur, "eff": FilterFlow}


class Whyte2012(EstimatingDeblurrer):
    """Find how the camera turned, then deconvolve.

    Args:
        side: N, side of the largest blur kernel in pixels, odd; the picture may be scaled down to
            a longer side of 1024 px for the search, and N counts pixels of that size.
        f35: focal length in 35 mm terms; 35 is the published guess where it is unknown.
        response: "gamma" works on stored values to the power of 2.2, "stored" on these.
        approximation: "exact" warps the picture once for each rotation, "eff" blurs patches
            uniformly: for pictures of more than about 256 px.
        bet: price of the sum of weights; the defaults of both are those of the released front
            ends, whose file of defaults has 5 and 0.0005.
        alpha: weight of the squared differences in the deconvolutions of the search.
        final: last deconvolution, "rl", "direct" or "krishnan-fergus".
        iterations: of Richardson-Lucy.
        levels: most levels of the pyramid.
        rotations: most rotations with a weight.

    Raises:
        UsageError: an unknown choice, or a side that is even or below 3.

    Source: Whyte, Sivic, Zisserman and Ponce, "Non-uniform Deblurring for Shaken Images", IJCV
    2012; Whyte, Sivic and Zisserman, "Deblurring Shaken and Partially Saturated Images", 2011.
    """

    name = "whyte2012"
    learns = "nothing"
    minimum_size = 16

    def __init__(
        self,
        *,
        side: PositiveInt = 41,
        f35: PositiveFloat = 35.0,
        response: str = "gamma",
        approximation: str = "eff",
        bet: NonNegativeFloat = 0.01,
        alpha: PositiveFloat = 0.005,
        final: str = "rl",
        iterations: PositiveInt = 25,
        levels: PositiveInt = 9,
        rotations: PositiveInt = 200,
    ) -> None:
        super().__init__()
        if side < 3 or side % 2 == 0:
            raise UsageError(f"whyte2012 needs an odd side of at least 3 px, got {side}")
        self.f35, self.iterations = f35, iterations
        self.exponent = choose("response", response, RESPONSES)
        self.blur = choose("approximation", approximation, BLURS)
        self.deconvolution = choose("final", final, FINALS)
        self.search = Search(side, approximation, bet, alpha, levels, rotations)

    def estimate(self, blurred: Tensor) -> Shake:
        """Rotations of the camera from one picture (3, H, W) of stored values."""
        scale = min(1.0, LONGEST / max(blurred.shape[-2:]))
        size = tuple(round(side * scale) for side in blurred.shape[-2:])
        small = F.interpolate(blurred[None], size=size, mode="bilinear", antialias=True)[0]
        camera = Camera.of(size, self.f35)
        rounds = ROUNDS * len(pyramid(camera, self.search))
        with self._bar("estimate", rounds, blurred) as bar:
            return find_shake(
                self._light(small), small.amax(dim=0) >= SATURATED, camera, self.search, step=bar.update
            )

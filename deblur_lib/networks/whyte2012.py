"""Whyte et al. (CVPR 2010, IJCV 2012): blur as the rotations of a shaken camera, without training.

The released maximum a posteriori variant: `kernels.camera_shake` finds the weights of rotations
from one picture, Richardson-Lucy with saturation (CPCV 2011) restores it with them. Nothing is
drawn at random.

Shape legend: H, W height and width of the picture.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.kernels.camera_shake import Search, find_shake
from deblur_lib.kernels.epll import Progress, progress_bar
from deblur_lib.kernels.filter_flow import FilterFlow
from deblur_lib.kernels.gradient_priors import direct, krishnan_fergus
from deblur_lib.kernels.richardson_lucy import Build, richardson_lucy
from deblur_lib.kernels.rotation import Camera, RotationBlur, Shake, motion_field
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.nn.parts import choose
from deblur_lib.nn.precision import without_autocast

LONGEST = 1024  # pixels of the longer side of the picture that the blur is estimated from
SATURATED = 235.5 / 256  # stored value from which a pixel tells nothing to the estimation
RESPONSES = {"gamma": 2.2, "stored": 1.0}  # exponent from stored values to light
BLURS: dict[str, Build] = {"exact": RotationBlur, "eff": FilterFlow}


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
        self.f35 = f35
        self.exponent = choose("response", response, RESPONSES)
        build = choose("approximation", approximation, BLURS)
        finals: dict[str, Callable[..., Tensor]] = {
            "direct": partial(direct, alpha=alpha),
            "krishnan-fergus": krishnan_fergus,
            "rl": partial(richardson_lucy, build=build, iterations=iterations),
        }
        self._final = choose("final", final, finals)
        self.search = Search(side, approximation, bet, alpha, levels, rotations)

    @torch.no_grad()
    def estimate(self, blurred: Tensor) -> Shake:
        """Rotations of the camera from one picture (3, H, W) of stored values, on the processor."""
        scale = min(1.0, LONGEST / max(blurred.shape[-2:]))
        size = tuple(round(side * scale) for side in blurred.shape[-2:])
        stored = blurred.detach().cpu().float()[None]
        small = F.interpolate(stored, size=size, mode="bilinear", antialias=True)[0]
        saturated = small.amax(dim=0) >= SATURATED
        light, camera = small**self.exponent, Camera.of(_size(small), self.f35)
        with self._working("rotations", small) as progress:
            return find_shake(light, saturated, camera, self.search, progress)

    @torch.no_grad()
    def deconvolve(self, blurred: Tensor, blur: Shake) -> Tensor:
        """Restore one picture (3, H, W) whose rotations are known, found or true."""
        light = blurred.detach().cpu().float() ** self.exponent
        camera = Camera.of(_size(blurred), self.f35)
        with self._working("deconvolution", light) as progress:
            restored = self._final(light, camera, blur, progress=progress)
        return (restored.clamp(0, 1) ** (1 / self.exponent)).to(blurred.device)

    def motion(self, blur: Shake, size: tuple[int, int]) -> Tensor:
        """The line that each pixel's path resembles most, (2, H, W)."""
        return motion_field(Camera.of(size, self.f35), blur)

    @contextmanager
    def _working(self, what: str, on: Tensor) -> Iterator[Progress]:
        """In float32, with a bar where bars are shown."""
        shown = self.shows_bar
        with without_autocast(on), progress_bar(f"{self.name}: {what}", shown=shown) as progress:
            yield progress


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[-2], picture.shape[-1]

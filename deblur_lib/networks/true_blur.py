"""A control that is told the true motion: the ceiling of methods that estimate straight motion.

Nothing is estimated; EPLL restores each picture under the line that its true path resembles most
(see `data.generated.truth`). What it still lacks is lost to deconvolution, to noise, and to paths
that are not straight.
"""

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import BETAS, STRENGTH, epll, progress_bar
from deblur_lib.kernels.line import line_blur
from deblur_lib.kernels.mixture import Mixture
from deblur_lib.nn.estimating import EstimatingDeblurrer


class TrueBlur(EstimatingDeblurrer):
    """Deconvolve with the motion that a generated picture was made with.

    Args:
        components: Gaussians of the prior of patches.
        patches: gray patches that the prior is fitted to.
        rounds: of fitting, at most.
        strength: lambda of EPLL, see `kernels.epll`.
        betas: of EPLL, one round each.

    Source: Gong et al. (2017), the column "true flow" of their first table, rebuilt.
    """

    name = "true_blur"
    learns = "nothing"
    needs_motion = True

    def __init__(
        self,
        *,
        components: PositiveInt = 200,
        patches: PositiveInt = 200_000,
        rounds: PositiveInt = 100,
        strength: PositiveFloat = STRENGTH,
        betas: Sequence[float] = BETAS,
    ) -> None:
        super().__init__()
        self.patches, self.rounds = patches, rounds
        self.strength, self.betas = strength, tuple(betas)
        self.prior = Mixture(components)

    def prepare(self, sharp: Tensor, seed: int) -> None:
        """Fit the prior to gray patches of the crops."""
        self.prior.fit_crops(sharp, seed, patches=self.patches, rounds=self.rounds)

    def estimate(self, blurred: Tensor) -> Any:
        """Nothing is estimated.

        Raises:
            UsageError: always; only generated pictures tell their motion.
        """
        raise UsageError(
            f"{self.name} needs the true motion, which only generated pictures tell; take a "
            "network that estimates it"
        )

    @torch.no_grad()
    def deconvolve(self, blurred: Tensor, blur: Tensor) -> Tensor:
        """EPLL of one picture (3, H, W) under the line blur of a motion (2, H, W)."""
        with progress_bar(self.name, shown=self.shows_bar) as progress:
            return epll(
                blurred,
                line_blur(blur),
                self.prior,
                strength=self.strength,
                betas=self.betas,
                progress=progress,
            )

    def motion(self, blur: Tensor, size: tuple[int, int]) -> Tensor:
        """The motion itself."""
        return blur

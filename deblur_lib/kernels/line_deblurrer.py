"""Base of the methods whose blur is a line at every pixel: EPLL takes it away."""

from collections.abc import Sequence

import torch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import epll, progress_bar
from deblur_lib.kernels.line import line_blur
from deblur_lib.kernels.mixture import Mixture
from deblur_lib.nn.estimating import EstimatingDeblurrer


class LineDeblurrer(EstimatingDeblurrer):
    """Restore under a field of lines (2, H, W) with a prior of patches.

    Args:
        components: Gaussians of the prior of patches.
        patches: gray patches that the prior is fitted to.
        rounds: of fitting, at most.
        strength: lambda of EPLL, see `kernels.epll`.
        betas: of EPLL, one round each.

    Raises:
        UsageError: a strength or a beta that is not above 0, or no beta at all.
    """

    def __init__(
        self,
        *,
        components: int,
        patches: int,
        rounds: int,
        strength: float,
        betas: Sequence[float],
    ) -> None:
        super().__init__()
        if not betas or min(strength, *betas) <= 0:
            raise UsageError(
                f"{self.name} needs a strength and at least one beta above 0, got {strength} and "
                f"{list(betas)}"
            )
        self.patches, self.rounds = patches, rounds
        self.strength, self.betas = strength, tuple(betas)
        self.prior = Mixture(components)

    def prepare(self, sharp: Tensor, seed: int) -> None:
        """Fit the prior to gray patches of the crops."""
        self.prior.fit_crops(sharp, seed, patches=self.patches, rounds=self.rounds)

    @torch.no_grad()
    def deconvolve(self, blurred: Tensor, blur: Tensor) -> Tensor:
        """EPLL of one picture (3, H, W) under the line blur of a field, estimated or true."""
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
        """The field itself."""
        return blur

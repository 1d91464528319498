"""A control that is told the true motion: the ceiling of methods that estimate straight motion.

Nothing is estimated; EPLL restores each picture under the line that its true path resembles most
(see `data.generated.truth`). What it still lacks is lost to deconvolution, to noise, and to paths
that are not straight.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import BETAS, STRENGTH
from deblur_lib.kernels.line_deblurrer import LineDeblurrer


class TrueBlur(LineDeblurrer):
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
        super().__init__(
            components=components, patches=patches, rounds=rounds, strength=strength, betas=betas
        )

    def estimate(self, blurred: Tensor) -> Any:
        """Nothing is estimated.

        Raises:
            UsageError: always; only generated pictures tell their motion.
        """
        raise UsageError(
            f"{self.name} needs the true motion, which only generated pictures tell; take a "
            "network that estimates it"
        )

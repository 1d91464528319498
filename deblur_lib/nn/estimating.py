"""Base of the kernel-based methods: estimate the blur of a picture, then deconvolve with it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from deblur_lib.nn.base import Deblurrer, check_input


class EstimatingDeblurrer(Deblurrer):
    """A method in two steps that can be looked at, and replaced by the truth, one by one.

    Pictures are restored one after another, without gradients.

    Attributes:
        learns: "blur" where training teaches the estimator, from sharp pictures alone; "nothing"
            where nothing is trained.
        needs_motion: True for a control that is told the true motion of each generated pair.
        shows_bar: True shows a progress bar while one picture is restored.
        found: the blur of each picture of the last batch.
    """

    tile_safe = False
    multiple_of = 1
    learns: ClassVar[Literal["nothing", "blur"]] = "blur"
    needs_motion: ClassVar[bool] = False
    shows_bar: bool = False
    found: Sequence[Any] = ()

    def prepare(self, sharp: Tensor, seed: int) -> None:
        """Fit what is no weight, such as a prior of patches, into buffers of the network.

        Args:
            sharp: crops of training pictures, (N, 3, H, W) in [0, 1].
            seed: of everything drawn at random.
        """

    def blur_loss(self, sharp: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of the estimator on sharp crops that it blurs itself.

        Args:
            sharp: (B, 3, H, W) in [0, 1].
            generator: draws the blur.

        Returns:
            Scalars by name; their sum is minimised.

        Raises:
            TypeError: this method learns nothing.
        """
        raise TypeError(f"{self.name} learns nothing")

    def judge(self, sharp: Tensor, generator: torch.Generator) -> float:
        """How good the estimator is on sharp crops that it blurs itself: higher is better.

        Minus the mean squared error of the motion, in square pixels.

        Raises:
            TypeError: this method learns nothing.
        """
        raise TypeError(f"{self.name} learns nothing")

    @abstractmethod
    def estimate(self, blurred: Tensor) -> Any:
        """The blur of one picture (3, H, W): a motion field, or weights of camera rotations."""

    @abstractmethod
    def deconvolve(self, blurred: Tensor, blur: Any) -> Tensor:
        """Restore one picture (3, H, W) whose blur is known; (3, H, W) in [0, 1]."""

    @abstractmethod
    def motion(self, blur: Any, size: tuple[int, int]) -> Tensor:
        """The blur as a field for figures: (2, H, W), to the right and down, in pixels.

        Args:
            blur: as of `estimate`.
            size: height and width of the picture.
        """

    @torch.no_grad()
    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """The restored batch, picture by picture, float32."""
        check_input(self, blurred)
        pictures = blurred.float()
        self.found = [self.estimate(one) for one in pictures]
        restored = [self.deconvolve(*both) for both in zip(pictures, self.found, strict=True)]
        return (torch.stack(restored),)

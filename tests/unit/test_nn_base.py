"""The one check of inputs that all networks share."""

from typing import ClassVar

import pytest
import torch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer, check_input


class Clips(Deblurrer):
    multiple_of = 2
    minimum_size = 6
    clip_length: ClassVar[int] = 5

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        check_input(self, blurred)
        return (blurred[:, 2],)


def test_a_fitting_clip_passes() -> None:
    assert Clips()(torch.zeros(2, 5, 3, 6, 8)).shape == (2, 3, 6, 8)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 5, 3, 6, 7), "Clips needs height and width divisible by 2, got 6x7; use evaluation"),
        ((2, 5, 3, 4, 8), "Clips needs height and width of at least 6, got 4x8; use evaluation"),
        ((2, 3, 3, 6, 8), r"needs a batch \(B, 5, 3, H, W\) .* got shape \(2, 3, 3, 6, 8\)"),
        ((2, 3, 6, 8), r"needs a batch \(B, 5, 3, H, W\) .* got shape \(2, 3, 6, 8\)"),
        ((2, 5, 1, 6, 8), r"needs a batch \(B, 5, 3, H, W\) .* got shape \(2, 5, 1, 6, 8\)"),
    ],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Clips()(torch.zeros(shape))


def test_a_network_without_a_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Deblurrer defines neither"):
        Deblurrer()(torch.zeros(1, 3, 4, 4))

"""Doubling without the shift by half a pixel, on numbers that can be read."""

import pytest
import torch

from deblur_lib.nn.resize import double


@pytest.mark.parametrize(("beyond", "last"), [("replicate", 4.0), ("constant", 2.0)])
def test_old_values_stay_at_even_places(beyond: str, last: float) -> None:
    row = torch.tensor([0.0, 2.0, 4.0])
    expected = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, last])
    wide = double(row.expand(1, 1, 3, 3), beyond=beyond)
    assert torch.equal(wide[0, 0, 0], expected)
    high = double(row[:, None].expand(1, 1, 3, 3), beyond=beyond)
    assert torch.equal(high[0, 0, :, 0], expected)


def test_a_single_pixel_and_a_corner() -> None:
    assert torch.equal(double(torch.ones(1, 2, 1, 1)), torch.ones(1, 2, 2, 2))
    fading = torch.tensor([[1.0, 0.5], [0.5, 0.25]]).expand(1, 2, 2, 2)
    assert torch.equal(double(torch.ones(1, 2, 1, 1), beyond="constant"), fading)

"""How far layers look, against the gradient of real ones."""

import pytest
import torch
from torch import nn

from deblur_lib.nn import reach

LAYERS = {
    "same": (nn.Conv1d(1, 1, 5, padding=2), lambda span: reach.same(span, 1, kernel=5)),
    "down": (
        nn.Conv1d(1, 1, 5, stride=2, padding=1),
        lambda span: reach.down(span, kernel=5, before=1),
    ),
    "up": (nn.ConvTranspose1d(1, 1, 4, 2, 1), reach.up),
    "up_by_three": (
        nn.ConvTranspose1d(1, 1, 5, 3, 2),
        lambda span: reach.up(span, kernel=5, padding=2, stride=3),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("pixel", range(6, 12))
def test_spans_are_those_of_the_layer(name: str, pixel: int) -> None:
    layer, span = LAYERS[name]
    nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, 40, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0, 0, pixel], x)
    seen = gradient.flatten().nonzero()
    assert span((pixel, pixel)) == (int(seen.min()), int(seen.max()))


def test_the_widest_phase_counts() -> None:
    assert [last - first + 1 for first, last in map(reach.up, [(4, 4), (5, 5), (4, 5)])] == [
        2
    ] * 2 + [3]
    assert reach.widest(lambda span: reach.same(span, 3), step=1) == 7
    assert reach.widest(lambda span: (0, span[1]), step=4) == 4

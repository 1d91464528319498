"""NAFNet against the published code: a whole picture, filled borders, and local means."""

import pytest
import torch

from deblur_lib import catalogue
from golden import goldens

NAME = "nafnet_gopro_width32"


@pytest.mark.parametrize(
    ("output", "shape", "window"),
    [
        (0, (1, 3, 64, 96), 384),
        (1, (1, 3, 50, 75), None),
        (2, (1, 3, 128, 160), 96),  # the published rule for training on 64 px
    ],
)
def test_network_agrees_with_the_reference(
    output: int, shape: tuple[int, ...], window: int | None
) -> None:
    golden = goldens.load(NAME)
    network = catalogue.build("nafnet", pool_window=window).eval()
    goldens.fill(network, golden)
    with torch.inference_mode():
        restored = network(goldens.random_input(shape))
    goldens.assert_agrees(restored, golden, f"output_{output}")


def test_state_dict_is_the_published_one() -> None:
    listed = {key: tuple(shape) for key, shape, _ in goldens.load(NAME).about["state_dict"]}
    with torch.device("meta"):
        ours = catalogue.build("nafnet").state_dict()
    assert {key: tuple(value.shape) for key, value in ours.items()} == listed

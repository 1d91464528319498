"""How much is added to a picture, and what: no more than a network needs, or as published."""

from typing import Any

import pytest
import torch
from torch import Tensor

from deblur_lib import catalogue
from deblur_lib.errors import UsageError
from deblur_lib.evaluation.restore import padded, restore
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.base import Border

# convir is not among them: the published program pads to 32, which it could do without
NARROW: dict[str, dict[str, Any]] = {
    "deblurgan": {"features": 4, "blocks": 1},
    "deblurgan_v2": {"backbone": "mobilenet", "pyramid_channels": 4, "head_channels": 4},
    "deepdeblur": {"features": 4, "blocks": 1},
    "dmphn": {"features": 4},
    "mb_taylorformer_v2": {"dim": (8, 16, 16, 16), "num_blocks": (1, 1, 1, 1)},
    "mimo_unet": {"base_channels": 4, "blocks": 1},
    "mprnet": {"features": 8, "unet_step": 4, "orsnet_step": 2, "cabs": 1},
    "mtrnn": {"base_channels": 4, "blocks": 1, "iterations": 2},
    "rdn": {"features": 4},
    "restormer": {"dim": 8, "blocks": (1, 1, 1, 1), "refinement": 1},
    "srn": {"features": 4, "blocks": 1},
    "stripformer": {"features": 8, "bottleneck": 20, "decoder": 12, "blocks": (2, 2)},
    "svrnn": {"features": 4, "gates": 4},
    "unet_seresnext": {"features": 4, "planes": 16, "depths": (1, 1, 1, 1)},
}


def runs(network: Deblurrer, height: int, width: int) -> bool:
    """Whether a network restores a size that its declaration may exclude."""

    class Lenient(type(network)):  # type: ignore[misc]
        @property
        def multiples(self) -> tuple[int, int]:
            return 1, 1

    network.__class__, network.minimum_size = Lenient, 1
    shape = (1, 3, height, width) if network.clip_length == 1 else (1, 3, 3, height, width)
    try:
        with torch.no_grad():
            return network(torch.rand(shape)).shape[-2:] == (height, width)
    except (RuntimeError, ValueError):
        return False


@pytest.mark.parametrize("name", NARROW)
def test_no_network_asks_for_larger_multiples_than_it_needs(name: str) -> None:
    network = catalogue.build(name, **NARROW[name]).eval()
    step = network.multiple_of
    fits = max(network.minimum_size, 4 * step)
    assert runs(network, fits, fits + step)
    assert not runs(network, fits + step // 2, fits)
    assert not runs(network, fits, fits + step // 2)


@pytest.mark.parametrize(
    ("options", "multiples"),
    [({}, (8, 8)), ({"stages": 2}, (8, 8)), ({"levels": 4}, (16, 8))],
)
def test_dmphn_is_padded_to_what_its_patches_need(
    options: dict[str, int], multiples: tuple[int, int]
) -> None:
    network = catalogue.build("dmphn", features=4, **options).eval()
    assert network.multiples == multiples
    assert padded(network, 184, 328) == (184 if multiples[0] == 8 else 192, 328)
    blurred = torch.rand(1, 3, *multiples)
    with torch.no_grad():
        assert torch.equal(restore(network, blurred), network(blurred))
    with pytest.raises(UsageError, match=r"divisible by (8|16 and 8), got 12x8"):
        network(torch.rand(1, 3, 12, 8))


class Shown(Deblurrer):
    """Keeps what it was given."""

    multiple_of = 4

    def __init__(self, border: Border) -> None:
        super().__init__()
        self.border, self.seen = border, list[Tensor]()

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        self.seen.append(blurred)
        return (blurred,)


@pytest.mark.parametrize(
    ("border", "added"),
    [("mirror", [4.0, 3.0]), ("edge", [5.0, 5.0]), ("grey", [0.5, 0.5])],
)
def test_borders(border: Border, added: list[float]) -> None:
    network, blurred = Shown(border), torch.arange(6.0).expand(1, 3, 4, 6).clone()
    assert torch.equal(restore(network, blurred), blurred)
    (seen,) = network.seen
    assert seen[0, 0, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, *added]
    assert seen.shape[-2] == (8 if border == "grey" else 4)  # a whole block where it fits already


def test_tiles_see_the_same_border() -> None:
    whole, tiled = Shown("grey"), Shown("grey")
    blurred = torch.rand(1, 3, 90, 130)
    restore(whole, blurred)
    restored = restore(tiled, blurred, tile=64, overlap=8)
    torch.testing.assert_close(restored, blurred)
    assert torch.equal(tiled.seen[-1][..., -1, -1], whole.seen[0][..., -1, -1])


@pytest.mark.parametrize(
    ("name", "border"), [("deblurgan_v2", "grey"), ("deepdeblur", "edge"), ("srn", "edge")]
)
def test_published_borders_are_options(name: str, border: str) -> None:
    network = catalogue.build(name, **NARROW[name], border=border)
    assert network.border == border
    with pytest.raises(UsageError, match="option border"):
        catalogue.build(name, **NARROW[name], border="black")


def test_dropout_of_the_published_test_is_repeatable() -> None:
    torch.manual_seed(0)
    plain = catalogue.build("deblurgan", **NARROW["deblurgan"]).eval()
    network = catalogue.build("deblurgan", **NARROW["deblurgan"], test_dropout=True).eval()
    network.load_state_dict(plain.state_dict())
    blurred = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        one, again, without = network(blurred), network(blurred), plain(blurred)
    assert torch.equal(one, again)
    assert (one - without).abs().max() > 1e-3
    none = catalogue.build("deblurgan", features=4, blocks=1, dropout=0.0, test_dropout=True).eval()
    none.load_state_dict(plain.state_dict())
    with torch.no_grad():
        assert torch.equal(none(blurred), without)


def test_deepdeblur_enlarges_by_five_pixels_whatever_its_kernels() -> None:
    network = catalogue.build("deepdeblur", features=4, blocks=1, kernel=3)
    shapes = {name: tuple(one.shape) for name, one in network.state_dict().items()}
    assert shapes["conv_end_models.1.uppath.0.weight"] == (12, 3, 5, 5)
    assert shapes["body_models.0.body.0.weight"] == (4, 6, 3, 3)


def test_mimo_unet_plus_draws_its_masks_in_the_published_order() -> None:
    network = catalogue.build("mimo_unet_plus", base_channels=4, blocks=1)
    seen: list[tuple[int, ...]] = []
    network.drop.register_forward_hook(lambda _, given, __: seen.append(tuple(given[0].shape)))
    network(torch.rand(1, 3, 16, 16))
    assert seen == [(1, 8, 8, 8), (1, 4, 16, 16)]

"""Pictures of any size from 1 to 97 pixels keep it through evaluation's padding."""

from collections.abc import Callable

import network_checks as checks
import pytest
import torch
from network_checks import batch

from deblur_lib.evaluation.restore import restore
from deblur_lib.networks.deepdeblur import DeepDeblur
from deblur_lib.nn import Deblurrer
from deblur_lib.papers.lu2025.network import DSGformer
from deblur_lib.papers.sang2018.network import SangGenerator

NETWORKS: dict[str, Callable[[], Deblurrer]] = {
    "sang2018": lambda: SangGenerator(features=4, blocks=1),
    "deepdeblur": lambda: DeepDeblur(features=4, blocks=1),
    "dsgformer": lambda: DSGformer(dim=4, blocks=1, heads=1),
    "dsgformer_restormer": lambda: DSGformer(dim=4, blocks=1, heads=1, layout="restormer"),
}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_any_size_is_kept(name: str) -> None:
    torch.manual_seed(0)
    checks.keeps_any_size(NETWORKS[name]())


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_padding_changes_nothing_where_none_is_needed(name: str) -> None:
    torch.manual_seed(0)
    checks.needs_no_padding(NETWORKS[name](), batch(64, 128, 1))


def test_tiles_with_the_receptive_field_as_overlap_equal_the_whole() -> None:
    torch.manual_seed(0)
    network = SangGenerator(features=4, blocks=1)  # four 5x5 layers look 8 pixels around
    assert network.tile_safe
    blurred = torch.rand(1, 3, 90, 70)
    whole = restore(network, blurred)
    tiled = restore(network, blurred, tile=64, overlap=24)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)
    assert not DSGformer(dim=4, blocks=1).tile_safe

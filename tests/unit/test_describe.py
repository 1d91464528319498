"""Architecture tables come from the network that runs, row by row."""

import json

import torch
from torch import Tensor, nn

from deblur_lib.networks.deepdeblur import DeepDeblur
from deblur_lib.nn.describe import layer_table, listing, receptive_field


class Shared(nn.Module):
    """One convolution used twice, a parameter of its own, a layer that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(2))
        self.idle = nn.Conv2d(3, 3, 1)
        self.ways = nn.ModuleList([nn.Sequential(nn.Conv2d(3, 4, (1, 3), stride=2), nn.ReLU())])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(self.conv(x)) * self.scale[0]
        return x, self.ways[0](x)


def test_rows_in_order_of_running_with_shared_and_own_parameters() -> None:
    network = Shared().train()
    rows = layer_table(network, torch.zeros(2, 3, 8, 9))
    assert rows == [
        {
            "name": "conv",
            "kind": "Conv2d",
            "kernel": [3, 3],
            "stride": [1, 1],
            "output": [3, 8, 9],
            "parameters": 84,
            "calls": 2,
        },
        {
            "name": "ways.0.0",
            "kind": "Conv2d + ReLU",
            "kernel": [1, 3],
            "stride": [2, 2],
            "output": [4, 4, 4],
            "parameters": 40,
            "calls": 1,
        },
        {
            "name": "",
            "kind": "Shared (own)",
            "kernel": None,
            "stride": None,
            "output": [4, 4, 4],
            "parameters": 2,
            "calls": 1,
        },
    ]
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert json.loads(json.dumps(rows)) == rows


def test_depth_counts_modules_and_skips_containers() -> None:
    example = torch.zeros(1, 3, 8, 8)
    assert [row["name"] for row in layer_table(Shared(), example, depth=0)] == [""]
    assert layer_table(Shared(), example, depth=0)[0]["parameters"] == 84 + 2 + 12 + 40
    names = [row["name"] for row in layer_table(Shared(), example, depth=1, fold=False)]
    assert names == ["conv", "ways.0.0", "ways.0.1", ""]


def test_an_error_in_the_network_leaves_no_hook_behind() -> None:
    network = Shared()
    try:
        layer_table(network, torch.zeros(1, 5, 8, 8))
    except RuntimeError:
        assert not any(module._forward_hooks for module in network.modules())
    else:
        raise AssertionError("five channels went through")


def test_a_full_size_network_is_described_without_memory() -> None:
    with torch.device("meta"):
        network, frame = DeepDeblur(), torch.empty(1, 3, 720, 1280)
        rows = layer_table(network, frame, depth=1)
        blocks = layer_table(network, frame, depth=2)
    assert [row["kind"] for row in rows] == ["ScaleNet", "UpConv", "ScaleNet", "UpConv", "ScaleNet"]
    assert [row["output"] for row in rows][::2] == [
        [3, 180, 320],
        [3, 360, 640],
        [3, 720, 1280],
    ]
    assert sum(row["parameters"] for row in rows) == 11_721_321
    assert sum(row["kind"] == "ResBlock" for row in blocks) == 57


def test_receptive_field_of_a_chain_with_strides() -> None:
    chain = nn.Sequential(nn.Conv2d(3, 3, 5), nn.Conv2d(3, 3, 3, stride=2), nn.Conv2d(3, 3, 3))
    rows = layer_table(chain, torch.zeros(1, 3, 32, 32))
    assert receptive_field(rows) == 5 + 2 + 4


def test_a_listing_joins_equal_neighbours_and_keeps_the_sum() -> None:
    blocks = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)))
    network = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.ReLU(), blocks, nn.Flatten())
    rows = layer_table(network, torch.zeros(1, 3, 6, 8))
    shown = listing(rows)
    assert [row["layers"] for row in shown] == ["1", "2 to 4", "5"]
    assert [row["output"] for row in shown] == ["8x6x4", "8x6x4", "192"]
    assert [row["kernel"] for row in shown] == ["5x5", "3x3", ""]
    assert [row["parameters"] for row in shown] == [304, 3 * 148, 0]
    assert listing([]) == []

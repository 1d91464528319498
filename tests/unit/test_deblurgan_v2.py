"""DeblurGAN-v2: sizes, maps of the pyramid, narrow options, backbone files, what it refuses."""

from pathlib import Path

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.networks import inception_resnet_v2, mobilenet_v2
from deblur_lib.networks.deblurgan_v2 import DeblurGANv2

NARROW = {
    "backbone": "mobilenet",
    "pyramid_channels": 8,
    "head_channels": 4,
    "backbone_width": 0.25,
}


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("backbone", "used", "published"),
    [("inception", 35_840_099, 60_929_291), ("mobilenet", 2_106_627, 3_312_707)],
)
def test_parameter_count(backbone: str, used: int, published: int) -> None:
    assert checks.parameter_count(DeblurGANv2, backbone=backbone, tail=False) == used
    assert checks.parameter_count(DeblurGANv2, backbone=backbone, tail=True) == published


@pytest.mark.parametrize(
    ("backbone", "encoders", "features"),
    [
        ("inception", [(32, 127), (64, 62), (192, 29), (1088, 14), (2080, 6)], (128, 256)),
        ("mobilenet", [(16, 128), (24, 64), (32, 32), (64, 16), (160, 8)], (64, 128)),
    ],
)
def test_maps_of_a_crop_of_256(
    backbone: str, encoders: list[tuple[int, int]], features: tuple[int, int]
) -> None:
    with torch.device("meta"):
        network = DeblurGANv2(backbone=backbone).eval()
        x = picture = torch.rand(1, 3, 256, 256)
        for level, (channels, side) in enumerate(encoders):
            x = network.fpn.get_submodule(f"enc{level}")(x)
            assert x.shape[1:] == (channels, side, side)
        maps = network.fpn(picture)
    head, pyramid = features
    sides = [(head, 128), (pyramid, 64), (pyramid, 32), (pyramid, 16), (pyramid, 8)]
    assert [one.shape[1:] for one in maps] == [(width, side, side) for width, side in sides]


def test_every_weight_receives_a_gradient() -> None:
    network = DeblurGANv2(**NARROW)
    network(torch.rand(2, 3, 64, 96)).square().mean().backward()
    assert checks.idle(network, above=1e-9, cancelled="bias$") == []


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 160)])
def test_restores_at_the_size_of_the_input(size: tuple[int, int]) -> None:
    blurred = torch.rand(1, 3, *size)
    network = DeblurGANv2(**NARROW).eval()
    assert network(blurred).shape == blurred.shape
    torch.nn.init.zeros_(network.final.weight)
    torch.nn.init.zeros_(network.final.bias)
    torch.testing.assert_close(network(blurred), blurred)


def test_smallest_picture_of_the_inception_backbone() -> None:
    network = DeblurGANv2(pyramid_channels=8, head_channels=4).eval()
    assert network.minimum_size == 128
    with torch.no_grad():
        assert network(torch.rand(1, 3, 128, 160)).shape == (1, 3, 128, 160)
    with pytest.raises(UsageError, match="deblurgan_v2 needs height and width of at least 128"):
        network(torch.rand(1, 3, 96, 160))


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"backbone": "mobilnet"}, "did you mean 'mobilenet'"),
        (
            {"backbone": "inception", "backbone_width": 0.5},
            "backbone_width 0.5 needs the mobilenet",
        ),
        ({"backbone": "mobilenet", "backbone_width": 0.5, "tail": True}, "without its tail"),
    ],
)
def test_options_that_do_not_exist_are_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle), torch.device("meta"):
        DeblurGANv2(**options)


def test_channels_at_a_width_are_multiples_of_eight() -> None:
    assert mobilenet_v2.widths() == mobilenet_v2.WIDTHS
    assert mobilenet_v2.widths(0.25) == (8, 8, 8, 16, 40)
    assert mobilenet_v2.widths(1.4) == (24, 32, 48, 88, 224)


def test_a_public_backbone_file_fills_the_encoders_only(tmp_path: Path) -> None:
    public = torch.nn.ModuleDict({"features": torch.nn.Sequential(*mobilenet_v2.features())})
    path = tmp_path / "mobilenet.pth"
    torch.save(public.state_dict() | {"classifier.weight": torch.zeros(1000, 1280)}, path)
    network = DeblurGANv2(backbone="mobilenet", backbone_weights=str(path))
    ours = network.state_dict()
    for key, one in public.state_dict().items():
        for alias, encoder in mobilenet_v2.ALIASES.items():
            if key.startswith(alias):
                assert torch.equal(ours[key.replace(alias, f"fpn.{encoder}", 1)], one), key
    assert set(inception_resnet_v2.ALIASES.values()).isdisjoint(mobilenet_v2.ALIASES)


def test_a_wrong_backbone_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(CheckpointError, match="holds no weights of this backbone"):
        DeblurGANv2(backbone="mobilenet", backbone_weights=str(path))
    path.write_bytes(b"cut short")
    with pytest.raises(CheckpointError, match="holds no weights of this backbone"):
        DeblurGANv2(backbone="mobilenet", backbone_weights=str(path))
    torch.save({"conv2d_1a.conv.weight": torch.zeros(32, 3, 3, 3)}, path)
    with pytest.raises(CheckpointError, match=r"lacks \d+ entries of the backbone, first enc0"):
        DeblurGANv2(backbone="mobilenet", backbone_weights=str(path))


def test_a_start_at_the_identity_gives_the_picture_back() -> None:
    blurred = torch.rand(1, 3, 64, 64)
    network = DeblurGANv2(**NARROW, start="identity").eval()
    assert torch.allclose(network(blurred), blurred, atol=1e-6)
    assert not torch.allclose(DeblurGANv2(**NARROW).eval()(blurred), blurred, atol=1e-3)
    with pytest.raises(UsageError, match="start"):
        DeblurGANv2(**NARROW, start="zero")

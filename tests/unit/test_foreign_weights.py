"""Weights and cards from elsewhere: loaded where they fit, else refused at once and in words."""

import contextlib
import os
import random
from pathlib import Path

import pytest
import torch
from networks import stored
from training_parts import Tiny, load_published, tiny

from deblur_lib import catalogue
from deblur_lib.errors import CheckpointError, DeblurError
from deblur_lib.records import read_json, write_json
from deblur_lib.weights import checkpoint
from deblur_lib.weights.checkpoint import open_network, save
from deblur_lib.weights.tensors import write_tensors

CARD = {
    "step": 1, "metrics": {}, "run": "", "data": {}, "library": "", "weight_set": "net",
    "sha256": "0", "fingerprint": [], "notes": [],
}  # fmt: skip


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.fixture
def of_catalogue(tmp_path: Path) -> Path:
    """A checkpoint that `open_network` builds."""
    return stored(tmp_path / "net.safetensors")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"base_channels": 10**9}, "at most 1024 can be"),
        ({"base_channels": 10**400}, "at most 1024 can be"),
        ({"base_channels": 1000}, "of another shape"),
        ({"blocks": 1000}, "more weights than net.safetensors holds"),
        ({"blocks": -1}, "option blocks of mimo_unet"),
        ({"dropout": float("nan")}, "at most 1024 can be"),
        ({"dropout": 7.0}, "build no mimo_unet .*between 0 and 1"),
        ({"colour": 3}, "no option of mimo_unet is called 'colour'"),
    ],
)
def test_absurd_cards_are_refused_at_once(of_catalogue: Path, options: dict, told: str) -> None:  # type: ignore[type-arg]
    card = read_json(of_catalogue.with_suffix(".json"))
    write_json(of_catalogue.with_suffix(".json"), card | {"options": card["options"] | options})
    with pytest.raises(DeblurError, match=told):
        open_network(of_catalogue)


def test_a_file_that_a_card_names_is_not_opened(tmp_path: Path) -> None:
    options = {"backbone": "mobilenet", "pyramid_channels": 4, "head_channels": 4}
    path, trap = tmp_path / "net.safetensors", tmp_path / "trap"
    os.mkfifo(trap)  # opening it would wait for ever
    network = catalogue.build("deblurgan_v2", backbone_width=0.25, **options)
    given = options | {"backbone_width": 0.25, "backbone_weights": str(trap)}
    save(path, network, name="deblurgan_v2", options=given)
    assert_equal(open_network(path)[0].state_dict(), network.state_dict())


def test_what_a_network_usually_takes_is_never_refused(tmp_path: Path) -> None:
    options = {"patches": 200_000, "betas": [50.0, 800.0]}
    write_json(tmp_path / "net.json", CARD | {"network": "gong2017", "options": options})
    card = checkpoint.read_card(tmp_path / "net.safetensors")
    checkpoint._check_numbers(card, tmp_path / "net.safetensors")


@pytest.mark.parametrize("container", ["params", "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_published_weights(tmp_path: Path, container: str, prefix: str) -> None:
    held = {f"{prefix}{name}": one for name, one in tiny().state_dict().items()}
    torch.save({container: held, "epoch": 3}, tmp_path / "net.pth")
    network = Tiny()
    load_published(tmp_path / "net.pth", network)
    assert_equal(network.state_dict(), tiny().state_dict())


def test_published_file_with_code_is_not_run(tmp_path: Path) -> None:
    torch.save(tiny(), tmp_path / "whole.pth")
    with pytest.raises(CheckpointError, match="holds more than tensors") as told:
        load_published(tmp_path / "whole.pth", Tiny())
    assert "weights_only" not in str(told.value)  # how to run what lies in it is no advice
    torch.save({"epoch": 3, "nets": [1]}, tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match=r"holds no network .* found \['epoch', 'nets'\]"):
        load_published(tmp_path / "none.pth", Tiny())
    (tmp_path / "empty.pth").touch()
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(CheckpointError, match=r"empty.pth holds more than .* \(.+\); it was not"):
        load_published(tmp_path / "empty.pth", Tiny())
    with pytest.raises(CheckpointError, match=r"folder.pth needs files of weights .*holds none"):
        load_published(tmp_path / "folder.pth", Tiny())
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:500])
    with pytest.raises(CheckpointError, match="is cut short"):
        load_published(tmp_path / "cut.pth", Tiny())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_no_damage_to_published_weights_is_a_traceback(tmp_path: Path, suffix: str) -> None:
    path, tensors = tmp_path / f"net{suffix}", tiny().state_dict()
    torch.save(tensors, path) if suffix == ".pth" else write_tensors(path, tensors)
    whole, luck = path.read_bytes(), random.Random(5)
    for _ in range(60):
        place = luck.randrange(len(whole) if suffix == ".pth" else 400)
        flipped = whole[:place] + bytes([luck.randrange(256)]) + whole[place + 1 :]
        path.write_bytes(
            luck.choice([flipped, whole[:place], flipped[:place] + whole[place // 2 :]])
        )
        with contextlib.suppress(CheckpointError):
            load_published(path, Tiny())

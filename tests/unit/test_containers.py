"""Published weights in every wrapping: opened, or refused with what the file is."""

import argparse
import io
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from training_parts import Tiny, tiny

from deblur_lib.errors import CheckpointError
from deblur_lib.weights.containers import Found, open_container
from deblur_lib.weights.published import fit, load_published
from deblur_lib.weights.tensors import write_tensors

STATE = tiny().state_dict()


def prefixed(prefix: str, state: dict[str, Tensor] = STATE) -> dict[str, Tensor]:
    return {f"{prefix}{name}": one for name, one in state.items()}


def other(state: dict[str, Tensor] = STATE) -> dict[str, Tensor]:
    return {name: one + 1 for name, one in state.items()}


def assert_loads(path: Path) -> Found:
    network = Tiny()
    load_published(path, network)
    for name, one in network.state_dict().items():
        assert torch.equal(one, STATE[name]), name
    return open_container(path)


WRAPPINGS: dict[str, Any] = {
    "bare": STATE,
    "ordered": OrderedDict(STATE),
    "data parallel": prefixed("module."),
    "compiled, then parallel": prefixed("module._orig_mod."),
    "BasicSR": {"params": prefixed("module.")},
    "BasicSR with means": {"params": other(), "params_ema": STATE},
    "MIMO-UNet": {"model": STATE},
    "MPRNet": {"epoch": 3, "state_dict": prefixed("module."), "optimizer": {"lr": 1.0}},
    "Stripformer's last": {"model_state": STATE, "optimizer_state": {"step": 5}},
    "DeepDeblur": {"G": STATE},
    "DeepDeblur against another": {"G": STATE, "D": other()},
    "net_g below net": {"net": {"state_dict": STATE}},
    "netG": {"netG": STATE, "netD": {"x": torch.zeros(3)}},
    "means of timm": {"state_dict": other(), "state_dict_ema": prefixed("module.")},
    "g_ema": {"g": other(), "g_ema": STATE, "d": {"x": torch.zeros(2)}},
    "model_ema": {"model": other(), "model_ema": STATE},
    "settings of means alone": {"ema": {"decay": 0.9}, "model": STATE},
    "averaged": {"n_averaged": torch.tensor(4), **prefixed("module.")},
    "Lightning": {
        "pytorch-lightning_version": "2.0",
        "hyper_parameters": {"args": argparse.Namespace(lr=1e-4, name="x")},
        "state_dict": prefixed("model.net.") | {"loss.vgg.0.weight": torch.zeros(4)},
    },
    "game in one dict": {"state_dict": prefixed("generator.") | {"critic.w": torch.zeros(2)}},
    "means beside the last": prefixed("online.net.", other()) | prefixed("ema.net."),
    "counter beside tensors": {**STATE, "epoch": 7, "psnr": np.float64(31.5), "name": "gopro"},
    "counters of operations": STATE | dict.fromkeys(
        ("total_ops", "head.total_params"), torch.tensor(1.0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_wrapping_is_opened(tmp_path: Path, wrapping: str, legacy: bool) -> None:
    path = tmp_path / "net.pth"
    torch.save(WRAPPINGS[wrapping], path, _use_new_zipfile_serialization=not legacy)
    found = assert_loads(path)
    assert list(found.files) == ["net.pth"]
    assert len(found.files["net.pth"]) == 64


def test_what_was_chosen_and_left_out_is_told(tmp_path: Path) -> None:
    torch.save(WRAPPINGS["BasicSR with means"], tmp_path / "a.pth")
    assert open_container(tmp_path / "a.pth").told == (
        "took 'params_ema' of 'params', 'params_ema'",
    )
    torch.save(WRAPPINGS["counter beside tensors"], tmp_path / "b.pth")
    (told,) = open_container(tmp_path / "b.pth").told
    assert told == "left out what are no tensors: epoch, name, psnr"
    told_of_fit = fit(Tiny(), WRAPPINGS["Lightning"]["state_dict"]).told
    assert told_of_fit == ("took what stands below 'model.net.'; left out loss. (1)",)
    (told,) = fit(Tiny(), WRAPPINGS["counters of operations"]).told
    assert told == "left out 2 counters of wrappers, first total_ops"


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    for name in ("fpn.h5", "MIMO-UNet.pkl", "net.pth.tar", "weights"):
        torch.save(STATE, tmp_path / name)
        assert_loads(tmp_path / name)


def test_half_precision_is_taken(tmp_path: Path) -> None:
    torch.save({name: one.half() for name, one in STATE.items()}, tmp_path / "half.pth")
    network = Tiny()
    load_published(tmp_path / "half.pth", network)
    assert all(one.dtype == torch.float32 for one in network.state_dict().values())


@pytest.mark.parametrize("suffix", ["pkl", "safetensors"])
def test_a_folder_of_parts(tmp_path: Path, suffix: str) -> None:
    for part in ("head", "tail"):
        state = {
            name.partition(".")[2]: one for name, one in STATE.items() if name.startswith(part)
        }
        path = tmp_path / f"{part}.{suffix}"
        if suffix == "pkl":
            torch.save(prefixed("module.", state), path, _use_new_zipfile_serialization=False)
        else:
            write_tensors(path, state)
    torch.save({"state": {0: {"step": 1}}, "param_groups": [{"lr": 1e-4}]}, tmp_path / "optim.pt")
    (tmp_path / "log.txt").write_text("epoch 1")
    (tmp_path / "._head.pkl").write_bytes(b"\0\5\x16\7")
    found = assert_loads(tmp_path)
    assert found.told == (
        "left out 2 files that hold no weights, first ._head.pkl",
        "left out optim.pt, which holds no network",
    )
    assert sorted(found.files) == [f"head.{suffix}", "optim.pt", f"tail.{suffix}"]


def test_a_folder_of_shards(tmp_path: Path) -> None:
    names = list(STATE)
    write_tensors(tmp_path / "model-00001-of-00002.safetensors", {names[0]: STATE[names[0]]})
    rest = {name: STATE[name] for name in names[1:]}
    write_tensors(tmp_path / "model-00002-of-00002.safetensors", rest)
    assert_loads(tmp_path)
    write_tensors(tmp_path / "model-00003-of-00002.safetensors", rest)
    with pytest.raises(CheckpointError, match="in two files"):
        open_container(tmp_path)


class Scripted(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


def refused(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    code = tmp_path / "whole.pth"
    torch.save(tiny(), code)
    script = tmp_path / "script.pt"
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(Scripted()).save(str(script))
    packed = tmp_path / "packed.pth"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("net.pth", b"x")
    tar = tmp_path / "old.tar"
    with tarfile.open(tar, "w") as held:
        held.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    found = {
        "code": (code, "it holds objects of .*Tiny"),
        "TorchScript": (script, "it is a TorchScript program"),
        "archive": (packed, "it is an archive of other files"),
        "tar": (tar, "holds more than tensors"),
    }
    for name, begins, told in (
        ("keras.h5", b"\x89HDF\r\n", "it is an HDF5 file"),
        ("lfs.pth", b"version https://git-lfs.github.com/spec/v1\n", "a pointer to a large file"),
        ("page.pth", b"<!DOCTYPE html><html>", "it is a web page"),
        ("net.caffemodel", b"\n\x07VGG", "it is weights of Caffe"),
        ("deblur.model-523000.index", b"\0\0", "part of a checkpoint of TensorFlow"),
    ):
        (tmp_path / name).write_bytes(begins)
        found[name] = (tmp_path / name, told)
    return found


def test_other_files_are_refused_with_what_they_are(tmp_path: Path) -> None:
    for path, told in refused(tmp_path).values():
        with pytest.raises(CheckpointError, match=told):
            open_container(path)


def test_a_difference_is_told_in_groups() -> None:
    class Wide(Tiny):
        def __init__(self) -> None:
            super().__init__(width=9)
            self.parts = nn.ModuleList(nn.Conv2d(1, 1, 1) for _ in range(4))

    gone = {f"gone.{n % 2}.{n}.weight": torch.zeros(1) for n in range(8)}
    found = fit(Wide(), STATE | gone)
    assert not found.fits
    assert "8 missing in the file: parts.0.* (2), parts.1.* (2), " in found.difference()
    assert "8 unexpected in the file: gone.0.* (4), gone.1.* (4)" in found.difference()
    assert "head.bias (file (8,), network (9,))" in found.difference()

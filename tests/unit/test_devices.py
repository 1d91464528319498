from pathlib import Path

import pytest
import torch

from deblur_lib import devices
from deblur_lib.devices import (
    accelerator_name,
    declared_precision,
    resolve_device,
    resolve_precision,
)
from deblur_lib.errors import DeviceError

CPU = torch.device("cpu")


def test_cpu_is_always_there_and_has_no_accelerator() -> None:
    assert resolve_device("cpu") == CPU
    assert accelerator_name(CPU) == ""


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_the_fastest_device(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert resolve_device("auto").type == expected


def test_no_cuda_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"'cuda' was asked for.* take --device auto"):
        resolve_device("cuda")


def test_one_of_several_gpus_is_taken_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(DeviceError, match=r"'cuda:2' was asked for, there are 2: cuda:0 to cuda:1"):
        resolve_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"'cuda:1' was asked for.* take --device auto"):
        resolve_device("cuda:1")


@pytest.mark.parametrize("name", ["cuda:", "cuda:x", "cuda:-1", "cpu:0", "mps:1", "auto:0"])
def test_numbers_of_other_devices_are_unknown(name: str) -> None:
    with pytest.raises(DeviceError, match="no device is called"):
        resolve_device(name)


def test_unknown_names() -> None:
    with pytest.raises(DeviceError, match="no device is called 'gpu'"):
        resolve_device("gpu")
    with pytest.raises(DeviceError, match="'bf15'; did you mean 'bf16'"):
        resolve_precision("bf15", CPU)


@pytest.mark.parametrize(
    ("features", "asked", "expected"),
    [
        ({"amx_bf16": True}, "auto", "bf16"),
        ({"avx512_bf16": True}, "auto", "bf16"),
        ({"avx2": True}, "auto", "fp32"),
        ({}, "auto", "fp32"),
        ({"amx_bf16": True}, "fp32", "fp32"),
        ({}, "bf16", "bf16"),
    ],
)
def test_precision_on_a_processor(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], asked: str, expected: str
) -> None:
    monkeypatch.setattr(devices, "processor_features", lambda: features)
    assert resolve_precision(asked, CPU) == expected


def test_a_declared_precision_is_kept_where_the_device_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "processor_features", lambda: {"avx2": True})
    assert [declared_precision(one, CPU) for one in ("fp32", "bf16")] == ["fp32", "bf16"]
    assert declared_precision("bf16", torch.device("mps")) == "fp32"


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "fp32"), ((8, 0), "bf16")])
def test_precision_on_cuda(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Test GPU")
    cuda = torch.device("cuda")
    assert resolve_precision("auto", cuda) == expected
    if expected == "fp32":
        with pytest.raises(DeviceError, match=r"Test GPU has no unit .* capability 8.0"):
            resolve_precision("bf16", cuda)


def test_features_of_a_processor_are_read_from_linux(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    listing.write_text("model name\t: Some\nflags\t\t: fpu avx512_bf16 amx_bf16\nflags: no\n")
    assert set(devices.processor_features(listing)) == {"fpu", "avx512_bf16", "amx_bf16"}

"""Where a network runs, in which precision, with how many threads: as asked, or what is there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from deblur_lib.errors import DeviceError, unknown_name
from deblur_lib.profiles import DEVICES, PRECISIONS


def resolve_device(name: str) -> torch.device:
    """The device to compute on.

    Args:
        name: "auto" (CUDA, else Apple's GPU, else the processor), "cpu", "cuda", "mps", or one of
            several GPUs by its number ("cuda:1").

    Raises:
        DeviceError: unknown name, or a device that this machine or this torch does not have.
    """
    kind, colon, number = name.partition(":")
    if kind not in DEVICES or (colon and (kind != "cuda" or not number.isdecimal())):
        raise DeviceError(
            unknown_name("device", name, [*DEVICES, "cuda:0"], see="deblur restore --help")
        )
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[kind]:
        raise DeviceError(
            f"device {name!r} was asked for, torch {torch.__version__} finds only "
            f"{', '.join(kind for kind, found in there.items() if found)}; take --device auto, or "
            f"install the driver and a torch built for {kind}"
        )
    if number and int(number) >= (count := torch.cuda.device_count()):
        raise DeviceError(
            f"device {name!r} was asked for, there are {count}: cuda:0 to cuda:{count - 1}"
        )
    return torch.device(name)


def picture_layout(device: torch.device) -> torch.memory_format:
    """The memory layout in which a device's convolutions are fastest; weights take it too."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def laid(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Pictures (B, 3, H, W) on their device in its layout; clips (B, T, 3, H, W) as they are."""
    flat = pictures.ndim == 4
    return pictures.contiguous(memory_format=picture_layout(device)) if flat else pictures


def check_devices(count: int, device: torch.device) -> None:
    """Refuse to train on more devices than there are; a processor may run any number of processes.

    Raises:
        DeviceError: says how many there are.
    """
    there = {"cuda": torch.cuda.device_count(), "cpu": count}.get(device.type, 1)
    if count > there:
        raise DeviceError(
            f"{count} devices were asked for, torch {torch.__version__} finds {there} of kind "
            f"{device.type!r}; take devices={there} or fewer"
        )


def resolve_precision(name: str, device: torch.device) -> str:
    """The precision of the forward pass: "fp32" or "bf16".

    Args:
        name: "auto" (bf16 where the hardware multiplies bfloat16 itself), "fp32" or "bf16".
        device: where the network runs.

    Raises:
        DeviceError: unknown name, or bf16 on a device that has no unit for it.
    """
    if name not in PRECISIONS:
        see = "deblur reproduce --help"
        raise DeviceError(unknown_name("precision", name, PRECISIONS, see=see))
    if name == "fp32":
        return "fp32"
    fast = _multiplies_bf16(device)
    if name == "bf16" and not fast and device.type != "cpu":
        raise DeviceError(
            f"precision 'bf16' was asked for, {accelerator_name(device) or device} has no unit for "
            "it (CUDA needs capability 8.0 or more); take precision auto or fp32"
        )
    return "bf16" if fast or name == "bf16" else "fp32"  # a processor can emulate it, slowly


def declared_precision(name: str, device: torch.device) -> str:
    """The precision of a run that nobody asked for by name: as declared, where the device can.

    A processor without units for bfloat16 emulates it, slowly, so that the run stays the same.

    Args:
        name: "fp32" or "bf16", from the declaration.
        device: where the network runs; fp32 where it is an accelerator that has no bf16 at all.
    """
    able = device.type == "cpu" or _multiplies_bf16(device)
    return name if able else "fp32"


def accelerator_name(device: torch.device) -> str:
    """Name of the accelerator ("NVIDIA H200"), "" on a processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple GPU" if device.type == "mps" else ""


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type == "mps":
        return False
    return any(processor_features().get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def processor_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> Mapping[str, Any]:
    """Instruction sets of the processor by name; empty where neither system nor torch says."""
    try:
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return dict.fromkeys(line.partition(":")[2].split(), True)
    except OSError:
        pass
    ask = getattr(torch.cpu, "get_capabilities", None)  # newer torch, every system
    return ask() if ask else {}


@contextmanager
def processor_threads(count: int | None) -> Iterator[None]:
    """A number of processor threads for a while; None leaves torch's."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

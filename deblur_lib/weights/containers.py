"""Published weights as files hold them: whatever wraps the tensors is opened, nothing is run.

Read are safetensors and what torch.save wrote, one file or a folder of parts. A state dict may lie
below other keys; a file that is something else is refused with what it is.
"""

import argparse
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deblur_lib import provenance
from deblur_lib.errors import CheckpointError
from deblur_lib.weights.tensors import read_tensors

AVERAGED = (
    *("params_ema", "ema_state_dict", "state_dict_ema", "model_ema", "g_ema", "ema", "ema_model"),
    *("generator_ema", "net_g_ema"),
)
PLAIN = (
    *("params", "state_dict", "model_state_dict", "model_state", "model", "netG", "net_g"),
    *("generator", "G", "g", "net", "network", "weights", "module"),
)
CONTAINERS = (*AVERAGED, *PLAIN)  # the running means of a training before its last weights
WRAPPERS = ("module.", "_orig_mod.", "_forward_module.")  # data parallel, compiled, Fabric
SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".pkl", ".bin", ".tar", ".h5", ".th")
_SCALAR = np.float64(0).__reduce__()[0]  # what pickles call to make a number of NumPy
# settings and scores beside the tensors; none of these runs code
INERT: list[Any] = [
    argparse.Namespace,
    np.dtype,
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    *(type(np.dtype(one)) for one in "?bhilqBHILQefd"),
]
# how files begin that are no weights this library reads -> what they are
BEGINNINGS = (
    (b"\x89HDF", "an HDF5 file (Keras), and holds no tensors of PyTorch"),
    (b"version https://git-lfs", "a pointer to a large file: fetch the file itself (git lfs pull)"),
    (b"<", "a web page, as a download that needs a confirmation leaves: download it by hand"),
    (b"\x1f\x8b", "a compressed archive: unpack it first"),
    (b"7z\xbc\xaf", "a compressed archive: unpack it first"),
    (b"Rar!", "a compressed archive: unpack it first"),
)
ENDINGS = {
    ".caffemodel": "weights of Caffe",
    ".t7": "weights of Torch7",
    ".onnx": "a graph of ONNX",
    ".index": "part of a checkpoint of TensorFlow",
    ".meta": "part of a checkpoint of TensorFlow",
    ".data-00000-of-00001": "part of a checkpoint of TensorFlow",
}


@dataclass(frozen=True)
class Found:
    """What a file or a folder of parts holds.

    Attributes:
        tensors: by the names in the file; those of a part begin with the part's name.
        files: SHA-256 of each file read, by its name.
        told: what was chosen or left out on the way, in words.
    """

    tensors: dict[str, Tensor]
    files: dict[str, str]
    told: tuple[str, ...] = ()


def open_container(path: Path) -> Found:
    """Named tensors of a published file, or of a folder of parts.

    Raises:
        CheckpointError: unreadable, holds code, is of another kind, or holds no network.
    """
    path = Path(path)
    told: list[str] = []
    if path.is_dir():
        return _folder(path, told)
    return Found(_file(path, told), {path.name: provenance.file_digest(path)}, tuple(told))


def _folder(path: Path, told: list[str]) -> Found:
    """Parts of one network; tensors are called by the part and their name in it."""
    inside = sorted(one for one in path.iterdir() if one.is_file())
    parts = [one for one in inside if one.suffix in SUFFIXES and not one.name.startswith(".")]
    if not parts:
        raise CheckpointError(
            f"{path} needs files of weights ({', '.join(SUFFIXES)}), holds "
            f"{', '.join(one.name for one in inside[:5]) or 'none'}; give the folder that has them"
        )
    if len(parts) < len(inside):
        left = [one.name for one in inside if one not in parts]
        told.append(f"left out {len(left)} files that hold no weights, first {left[0]}")
    shards = any("-of-" in one.stem for one in parts)
    tensors: dict[str, Tensor] = {}
    for part in parts:
        held = unwrapped(_file(part, told, needed=False))
        names = held if shards else {f"{part.stem}.{name}": one for name, one in held.items()}
        twice = tensors.keys() & names.keys()
        if twice:
            raise CheckpointError(
                f"{path} holds {min(twice)} in two files; give the file that is meant, or a folder "
                "with the parts of one network alone"
            )
        tensors |= names
    return Found(
        tensors,
        {one.name: provenance.file_digest(one) for one in parts},
        tuple(dict.fromkeys(told)),
    )


def _file(path: Path, told: list[str], *, needed: bool = True) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        with torch.serialization.safe_globals(INERT), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error below says it
            held = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; check the path") from None
    except Exception as error:  # whatever a damaged or foreign file makes of the reader
        why = _refused(path) or _in_a_line(error)
        raise CheckpointError(
            f"{path} holds more than tensors, is cut short or is no such file ({why}); it was not "
            "run. Take an untouched copy, or convert it to safetensors where you trust it"
        ) from error
    found = _search(held, told)
    if found is None and not needed:
        told.append(f"left out {path.name}, which holds no network")
        return {}
    if found is None:
        names = sorted(map(str, held)) if isinstance(held, Mapping) else type(held).__name__
        raise CheckpointError(
            f"{path} holds no network under any of {', '.join(CONTAINERS)}; found {names}; store "
            "the state dict alone"
        )
    return found


def _in_a_line(error: Exception) -> str:
    """What the reader says, without its advice to run what the file holds."""
    if isinstance(error, pickle.UnpicklingError):
        return "other objects than tensors"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _refused(path: Path) -> str:
    """What a file is that cannot be read, where that can be seen; "" elsewhere."""
    try:
        with open(path, "rb") as stream:
            first = stream.read(64).lstrip()
        for ending, kind in ENDINGS.items():
            if path.name.endswith(ending):
                return f"it is {kind}, convert it with the program it belongs to"
        for beginning, kind in BEGINNINGS:
            if first.startswith(beginning):
                return f"it is {kind}"
        other = _of_zip(path) if zipfile.is_zipfile(path) else ""
        if other:
            return other
        classes = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
        return f"it holds objects of {', '.join(classes[:3])}" if classes else ""
    except Exception:  # a damaged file; the reader's own words are told
        return ""


def _of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any("/code/" in name or name.endswith("constants.pkl") for name in names):
        return "it is a TorchScript program: code, and tensors without their training names"
    if not any(name.endswith("data.pkl") for name in names):
        return "it is an archive of other files: unpack it first"
    return ""


def _search(held: Any, told: list[str]) -> dict[str, Tensor] | None:
    """The tensors of a network below keys that containers use, None where there are none."""
    if not isinstance(held, Mapping):
        return None
    found = [name for name in CONTAINERS if isinstance(held.get(name), Mapping)]
    for name in found:
        inner = _search(held[name], told)
        if inner:
            if len(found) > 1:
                told.append(f"took {name!r} of {', '.join(map(repr, sorted(found)))}")
            return inner
    tensors = {str(name): one for name, one in held.items() if isinstance(one, Tensor)}
    others = [str(name) for name, one in held.items() if not isinstance(one, Tensor)]
    if others and tensors:
        told.append(f"left out what are no tensors: {', '.join(sorted(others)[:5])}")
    return tensors or None


def unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors without the prefixes that parallel and compiled wrappers add to all."""
    names = dict(tensors)
    while True:
        for wrapper in WRAPPERS:
            if names and all(name.startswith(wrapper) for name in names):
                names = {name.removeprefix(wrapper): one for name, one in names.items()}
                break
        else:
            return names


def prefixes(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What may stand before a network's own names in a file, the most fitting first.

    Args:
        names: names in the file.
        wanted: names of the network.
    """
    counted: dict[str, int] = {"": 0}
    for own in _spread(wanted):
        for name in names:
            if name == own or name.endswith(f".{own}"):
                counted.setdefault(name.removesuffix(own), 0)
    known = set(names)
    for prefix in counted:
        counted[prefix] = sum(f"{prefix}{own}" in known for own in wanted)
    return sorted(counted, key=lambda one: (-counted[one], "ema" not in one, one))


def _spread(wanted: Sequence[str], count: int = 12) -> Iterator[str]:
    """A few names from all over a network."""
    yield from wanted[:: max(1, len(wanted) // count)]

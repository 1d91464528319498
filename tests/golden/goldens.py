"""Golden outputs: what a reference network returned for one input and weights made by a rule.

A golden is two files in `data/`: `<name>.json` lists the reference's state dict and says where it
comes from, `<name>.npz` holds input and outputs. No weights are stored; `fill` makes them from
the names alone, so a network of ours can be compared with the reference without any download.

To remake one: build the reference at the commit in its JSON, give every entry the value of
`weight`, run it on `input` on a CPU in the mode that the JSON names, and store the outputs.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

DATA = Path(__file__).resolve().parent / "data"

# Largest difference that the order of additions may make, in standard deviations of the array.
USUAL = 1e-4
OF_INPUT = 1e-3  # where statistics of the input itself take part: train-mode arrays and these two
INPUT_STATISTICS = ("rdn", "unet_seresnext")
FAINT = 5e-5  # where a tensor of the network moves its output by little more than the usual
FAINTEST = ("convir", "mprnet", "nafnet_gopro_width32", "restormer", "stripformer")


@dataclass(frozen=True)
class Golden:
    """One reference network.

    `about` is the JSON file, `arrays` the archive; `input` is always among the arrays, rebuilt
    and checked against its digest where the archive does not hold it.
    """

    name: str
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def blurred(self) -> Tensor:
        """The input, in the range that the reference expects (see `about["input_range"]`)."""
        return self.array("input")

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """output_0, output_1, ... in this order; `about["arrays"]` says what each one is."""
        count = sum(key.startswith("output_") for key in self.arrays)
        return tuple(self.array(f"output_{index}") for index in range(count))

    def array(self, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[key].copy())

    def tolerance(self, key: str) -> float:
        """Largest difference from an array, in its standard deviations. Tests have no other."""
        trained = self.about["arrays"].get(key, "").startswith("train mode")
        if trained or self.name in INPUT_STATISTICS:
            return OF_INPUT
        return FAINT if self.name in FAINTEST else USUAL


def names() -> list[str]:
    """All goldens in `data/`."""
    return sorted(path.stem for path in DATA.glob("*.json"))


def load(name: str) -> Golden:
    """Read a golden; a missing input is rebuilt, and every input is checked by its digest."""
    about = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    with np.load(DATA / f"{name}.npz") as archive:
        arrays = dict(archive)
    if "input" not in arrays:
        arrays["input"] = random_input(tuple(about["input_shape"])).numpy()
    digest = hashlib.sha256(np.ascontiguousarray(arrays["input"]).tobytes()).hexdigest()
    assert digest == about["input_sha256"], f"{name}: the input is not the reference's"
    return Golden(name, about, arrays)


def random_input(shape: tuple[int, ...]) -> Tensor:
    """The input rule: uniform numbers in [0, 1) of one fixed stream."""
    return torch.from_numpy(np.random.default_rng(0).random(shape, dtype=np.float32))


def weight(key: str, shape: tuple[int, ...], gain: float) -> Tensor:
    """The weight rule: numbers seeded by the name, scaled by what the name and shape tell."""
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    rng = np.random.default_rng(zlib.crc32(key.encode("utf-8")))
    n = np.asarray(rng.standard_normal(size=shape, dtype=np.float32))
    if key.endswith("running_mean"):
        value = np.float32(0.1) * n
    elif key.endswith("running_var"):
        value = 1 + np.float32(0.1) * np.abs(n)
    elif len(shape) >= 2:
        value = n * np.float32(gain / math.sqrt(math.prod(shape[1:])))
    elif len(shape) == 1 and key.endswith("weight"):
        value = 1 + np.float32(0.1) * n
    else:
        value = np.float32(0.1) * n
    return torch.from_numpy(np.asarray(value, dtype=np.float32))


def weights(golden: Golden) -> dict[str, Tensor]:
    """Value of every entry of the reference's state dict, constants and shared tensors included."""
    constants, aliases = golden.about.get("exceptions", {}), golden.about.get("aliases", {})
    values = {}
    for key, shape, _ in golden.about["state_dict"]:
        if key in constants:
            numbers = np.asarray(constants[key], dtype=np.float32).reshape(shape)
            values[key] = torch.from_numpy(numbers)
        else:
            values[key] = weight(aliases.get(key, key), tuple(shape), golden.about["gain"])
    return values


def fill(
    network: nn.Module, golden: Golden, rename: Callable[[str], str | None] = lambda key: key
) -> None:
    """Give a network the reference's weights, strictly.

    Every entry of the reference must find its place, and every entry of the network a value. Only
    second names of shared tensors (`aliases`) may be missing in the network.

    Args:
        network: ours.
        golden: the reference.
        rename: our name for a name of the reference; None drops the entry (say why at the call).
    """
    aliases = golden.about.get("aliases", {})
    ours = network.state_dict()
    given = {}
    for key, value in weights(golden).items():
        name = rename(key)
        if name is None or (key in aliases and name not in ours):
            continue
        assert name not in given, f"{golden.name}: two entries of the reference become {name}"
        given[name] = value
    network.load_state_dict(given, strict=True)


def assert_agrees(ours: Tensor, golden: Golden, key: str = "output_0") -> None:
    """Ours has the shape of an array of the reference and differs by less than its tolerance."""
    reference, tolerance = golden.array(key), golden.tolerance(key)
    assert ours.shape == reference.shape, f"{tuple(ours.shape)} is not {tuple(reference.shape)}"
    gap = difference(ours, reference)
    assert gap < tolerance, f"{key} of {golden.name}: {gap:.2e} standard deviations"


def assert_all_agree(ours: Sequence[Tensor], golden: Golden) -> None:
    """Ours are output_0, output_1, ... of the reference, all of them, in this order."""
    assert len(ours) == len(golden.outputs)
    for number, one in enumerate(ours):
        assert_agrees(one, golden, f"output_{number}")


def difference(ours: Tensor, reference: Tensor) -> float:
    """Largest absolute difference, in standard deviations of the reference."""
    return float((ours.detach() - reference).abs().max() / reference.std())

"""The state to resume from: two slots written in turn, so that one whole state is always there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from deblur_lib import provenance
from deblur_lib.errors import CheckpointError, RecordError
from deblur_lib.records import read_json, write_json
from deblur_lib.weights.tensors import read_tensors, write_tensors

SLOTS = ("resume-a", "resume-b")


def save_state(folder: Path, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
    """Write a state over the older slot: tensors first, then the JSON that vouches for them.

    Args:
        folder: folder of the run.
        tensors: weights, optimiser moments, generator states, by name.
        counters: JSON-like values; "step" orders the slots.

    Raises:
        RecordError: full disk or unwritable folder; the newest earlier state is intact.
    """
    path = folder / f"{min(SLOTS, key=lambda slot: _step(folder, slot))}.safetensors"
    write_tensors(path, tensors)
    sealed = {"counters": dict(counters), "sha256": provenance.file_digest(path)}
    write_json(path.with_suffix(".json"), sealed)


def load_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any], list[str]] | None:
    """The newest whole state, or None where no training was stopped.

    Returns:
        Tensors, counters, and a note for each state that was damaged and passed over.

    Raises:
        CheckpointError: states are there and none is whole.
    """
    damaged: dict[Path, str] = {}
    steps = {slot: _step(folder, slot) for slot in SLOTS}
    for slot in sorted(SLOTS, key=lambda slot: (steps[slot] >= 0, -steps[slot])):
        path = folder / f"{slot}.safetensors"
        if not path.with_suffix(".json").is_file():
            continue
        if steps[slot] >= 0 and path.is_file():
            sealed = read_json(path.with_suffix(".json"))
            if provenance.file_digest(path) == sealed["sha256"]:
                for one in damaged:
                    one.with_suffix(".json").unlink()  # the next state takes its place
                return read_tensors(path), sealed["counters"], list(damaged.values())
        step = steps[slot] if steps[slot] >= 0 else "unknown"
        damaged[path] = f"{path.name} was damaged (its step: {step}) and passed over"
    if damaged:
        what = "; ".join(damaged.values())
        raise CheckpointError(
            f"{folder} holds no whole state to resume from ({what}); delete the folder and train "
            "again"
        )
    return None


def drop_states(folder: Path) -> None:
    """Delete both slots once the run is finished."""
    for slot in SLOTS:
        for suffix in (".json", ".safetensors"):
            (folder / f"{slot}{suffix}").unlink(missing_ok=True)


def _step(folder: Path, slot: str) -> int:
    """Step of a slot, -1 where there is none that could be read."""
    try:
        return int(read_json(folder / f"{slot}.json")["counters"]["step"])
    except (RecordError, KeyError, TypeError, ValueError):
        return -1

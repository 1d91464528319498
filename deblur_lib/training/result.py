"""What a finished training leaves: `fit.json`, by which it is never done twice."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deblur_lib.data.pairs import PairSource
from deblur_lib.errors import CheckpointError, RecordError, UsageError
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_json, write_json
from deblur_lib.spec import Train
from deblur_lib.training.state import load_state
from deblur_lib.weights.checkpoint import read_card, weights_file

NAME = "fit.json"
STEPS = "recipe.steps"
CODE = "code"  # the setting that tells by which code a training was done


@dataclass(frozen=True)
class Fit:
    """A finished training.

    Attributes:
        steps: optimiser steps of the recipe.
        best_step: step of the weights with the best validation PSNR.
        best_psnr: that PSNR, in dB ("psnr-rgb", mean over pictures).
        seconds: wall time of training and validation, over all sittings.
        weights: the best weights (safetensors; its card lies beside it).
        log: log.csv.
        device, precision, threads: of the last sitting.
        skipped: steps left out because loss or gradient were not finite.
        notes: things a reader should know (a resume, a damaged state passed over).
        code: digest of the code that trained, "" where none was given.
    """

    steps: int
    best_step: int
    best_psnr: float
    seconds: float
    weights: Path
    log: Path
    device: str
    precision: str
    threads: int
    skipped: int
    notes: tuple[str, ...]
    code: str = ""


def settings_of(
    network: str,
    options: Mapping[str, Any],
    recipe: Train,
    seed: int,
    train: PairSource,
    validation: PairSource,
    code: str = "",
    first: str = "",
) -> dict[str, Any]:
    """Everything that decides the numbers of a training, as plain JSON values; see `loop.fit`."""
    settings = {
        "network": network,
        "options": dict(options),
        "seed": seed,
        "train": {train.data_id: train.digest},
        "validation": {validation.data_id: validation.digest},
        **{f"recipe.{name}": value for name, value in dataclasses.asdict(recipe).items()},
        **({CODE: code} if code else {}),
        **({"first": first} if first else {}),
    }
    plain: dict[str, Any] = json.loads(json.dumps(settings))  # as it will be read back
    return plain


def check_same(
    stored: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path, *, more: bool = False
) -> None:
    """Refuse to go on in a folder that holds another training; old ones do not tell their code.

    Args:
        stored: settings of the training in the folder.
        wanted: those of the training asked for.
        folder: for the error.
        more: accept one that only has more steps.

    Raises:
        UsageError: naming every setting that differs.
    """
    if more and longer(stored, wanted):
        return
    names = sorted(stored.keys() | wanted.keys() - ({CODE} - stored.keys()))
    differ = [name for name in names if stored.get(name) != wanted.get(name)]
    if differ == [CODE]:
        raise UsageError(
            f"{folder} was trained by other code than today's; delete it to train anew, or take it "
            "as it is with train='keep'"
        )
    changed = [f"{one} was {stored.get(one)!r}, now {wanted.get(one)!r}" for one in differ]
    if changed:
        raise UsageError(
            f"{folder} holds another training: {'; '.join(changed)}. Choose another folder, or "
            "delete this one to start anew"
        )


def longer(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the training asked for is the stored one with more steps."""
    alike = {**stored, STEPS: None} == {**wanted, STEPS: None}
    return alike and bool(stored[STEPS] < wanted[STEPS])


def write_fit(folder: Path, fit: Fit, settings: Mapping[str, Any]) -> None:
    """Declare a training finished."""
    values = dataclasses.asdict(fit) | {"weights": fit.weights.name, "log": fit.log.name}
    log = file_digest(fit.log)
    write_json(folder / NAME, {"settings": dict(settings), "fit": values, "log": log})


def reopen(folder: Path) -> None:
    """Take the declaration back that a training is finished, since it goes on.

    Raises:
        CheckpointError: there is no state to go on from.
    """
    if not (folder / NAME).is_file():
        return
    if load_state(folder) is None:
        raise CheckpointError(
            f"{folder} holds a finished training without the state to go on from; begin another "
            "one with its weights (--init-from), or delete the folder"
        )
    (folder / NAME).unlink()


def read_fit(folder: Path, settings: Mapping[str, Any], *, more: bool = False) -> Fit | None:
    """The finished training of a folder, None where there is none with whole weights.

    Args:
        folder: of the training.
        settings: what it must have been done with.
        more: give None for one that only has fewer steps.

    Raises:
        UsageError: the folder holds another training.
        RecordError: the record or the log of the training was damaged.
    """
    if not (folder / NAME).is_file():
        return None
    stored = read_json(folder / NAME)
    if more and longer(stored["settings"], settings):
        return None
    log = folder / stored["fit"]["log"]
    if "log" in stored and (not log.is_file() or file_digest(log) != stored["log"]):
        raise RecordError(
            f"{log} is gone, or was cut or changed after the training; delete {folder} and run the "
            "same command again, which trains this run anew"
        )
    check_same(stored["settings"], settings, folder)
    values = stored["fit"]
    values |= {"weights": folder / values["weights"], "log": log}
    try:
        weights_file(values["weights"], read_card(values["weights"]))
    except CheckpointError:
        return None
    return Fit(**values | {"notes": tuple(values["notes"])})

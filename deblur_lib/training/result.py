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
from deblur_lib.weights.checkpoint import read_card, weights_file

NAME = "fit.json"
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
) -> dict[str, Any]:
    """Everything that decides the numbers of a training, as plain JSON values."""
    settings = {
        "network": network,
        "options": dict(options),
        "seed": seed,
        "train": {train.data_id: train.digest},
        "validation": {validation.data_id: validation.digest},
        **{f"recipe.{name}": value for name, value in dataclasses.asdict(recipe).items()},
        **({CODE: code} if code else {}),
    }
    plain: dict[str, Any] = json.loads(json.dumps(settings))  # as it will be read back
    return plain


def check_same(stored: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    """Refuse to go on in a folder that holds another training; old ones do not tell their code.

    Raises:
        UsageError: naming every setting that differs.
    """
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


def write_fit(folder: Path, fit: Fit, settings: Mapping[str, Any]) -> None:
    """Declare a training finished."""
    values = dataclasses.asdict(fit) | {"weights": fit.weights.name, "log": fit.log.name}
    log = file_digest(fit.log)
    write_json(folder / NAME, {"settings": dict(settings), "fit": values, "log": log})


def read_fit(folder: Path, settings: Mapping[str, Any]) -> Fit | None:
    """The finished training of a folder, None where there is none with whole weights.

    Raises:
        UsageError: the folder holds another training.
        RecordError: the record or the log of the training was damaged.
    """
    if not (folder / NAME).is_file():
        return None
    stored = read_json(folder / NAME)
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

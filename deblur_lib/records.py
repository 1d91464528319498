"""What a run leaves behind: one row per picture and metric convention, and one manifest.

Rows and manifests are the only source of every number in tables, notebooks and book. They are
checked when written and when read. No torch here.

A results folder (of one paper at one profile) holds:

    rows.csv            all rows of all runs
    manifests.json      one manifest per run
    curves.csv          training curves: run, method, seed, step, name, value
    costs.csv           cost of each network: method, name, value, unit (says of which size)
    probes.json         small arrays that figures need (heat maps, gate weights), by name
    checks.csv, .json   rows on pictures for checking only, and what those are; see report.checks
    pictures/<data>/<picture>/<method>.png     8-bit crops for the visual figures; <data> is
                        "panels" for pictures that the structure probes drew
    derived/            tables, figures and verdicts made from the above
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from deblur_lib.errors import RecordError
from deblur_lib.spec import STRICT, ProfileName


@dataclass(frozen=True, config=STRICT)
class Row:
    """The score of one restored picture under one metric convention.

    Attributes:
        paper: room id.
        profile: budget the run belongs to.
        method: method id within the room.
        run: run id; "-" for the identity row.
        seed: seed of the run; -1 for the identity row.
        dataset: printed data set this stands for ("gopro_test").
        data: data id actually scored ("synth-gopro-linear/test").
        picture: name of the picture within the data.
        scene: unit over which intervals are computed.
        convention: named metric convention ("psnr-rgb").
        value: the score; infinite where the two pictures are equal.
    """

    paper: str
    profile: ProfileName
    method: str
    run: str
    seed: int
    dataset: str
    data: str
    picture: str
    scene: str
    convention: str
    value: float


ROW_COLUMNS: tuple[str, ...] = tuple(Row.__dataclass_fields__)


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """Everything needed to say where a run's rows come from.

    Attributes:
        run: run id.
        paper, profile, method, seed: what was run.
        network: catalogue name.
        options: options of the network.
        train: the recipe as used.
        settings_hash: hash of all settings that can change a number.
        data: data ids used, with the digest of each.
        commit: commit of the code, "" outside a checkout.
        dirty: True when tracked files differed from that commit.
        versions: versions of the packages that compute.
        hardware: processor, cores, memory, accelerator.
        device, precision: where and how it was trained.
        threads: processor threads used.
        steps: optimiser steps done.
        pictures_meant, pictures_used: number of test pictures, by data id.
        seconds_training, seconds_scoring: wall time.
        best_step: step of the scored weights.
        weights_digest: SHA-256 of the scored weights file.
        started: UTC time, ISO 8601.
        notes: things a reader should know (a retry with smaller tiles).
        cautions: what must stand beside every number of this run (random VGG19 weights).
    """

    run: str
    paper: str
    profile: ProfileName
    method: str
    seed: int
    network: str
    options: dict[str, Any]
    train: dict[str, Any]
    settings_hash: str
    data: dict[str, str]
    commit: str
    dirty: bool
    versions: dict[str, str]
    hardware: dict[str, str]
    device: str
    precision: str
    threads: int
    steps: int
    pictures_meant: dict[str, int]
    pictures_used: dict[str, int]
    seconds_training: float
    seconds_scoring: float
    best_step: int
    weights_digest: str
    started: str
    notes: list[str] = Field(default_factory=list)
    cautions: list[str] = Field(default_factory=list)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place only when the block succeeds.

    Raises:
        RecordError: the disk is full or the folder cannot be written; `path` is left as it was.
    """
    path = Path(path)
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
        os.close(handle)
        yield Path(name)
        with open(name, "rb+") as done:
            os.fsync(done.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise RecordError(
            f"{path} could not be written ({error.strerror or error}); it is unchanged, free some "
            "space or choose another folder and run the same command again"
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an 8-bit picture (H, W, 3) without metadata, whole or not at all."""
    with atomic(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", optimize=True)


def write_json(path: Path, data: Any, *, sort: bool = True) -> None:
    """Write JSON, whole or not at all; keys are sorted unless their order means something."""
    write_text(path, json.dumps(data, indent=1, sort_keys=sort, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        RecordError: the file is missing or cut short.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing; run the notebook or `deblur reproduce` first"
        ) from None
    except ValueError as error:
        raise RecordError(f"{path} is not valid JSON ({error}); delete it and run again") from error


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV, whole or not at all."""
    frame = pd.DataFrame([vars(row) for row in rows], columns=list(ROW_COLUMNS))
    write_text(path, frame.to_csv(index=False, lineterminator="\n", float_format="%.9g"))


def read_rows(path: Path) -> pd.DataFrame:
    """Read and check rows.

    Returns:
        A frame with the columns of `Row`.

    Raises:
        RecordError: missing file, missing or unknown column, wrong type, or a double row.
    """
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(("run", "picture", "scene"), str))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing; run the notebook or `deblur reproduce` first"
        ) from None
    except ValueError as error:
        raise RecordError(f"{path} is not a row file ({error}); delete it and run again") from error
    check_rows(frame, source=str(path))
    return frame


def check_rows(frame: pd.DataFrame, *, source: str) -> None:
    """Refuse rows that break the schema; see `read_rows`."""
    if tuple(frame.columns) != ROW_COLUMNS:
        raise RecordError(
            f"{source}: columns should be {', '.join(ROW_COLUMNS)}, are {', '.join(frame.columns)}"
        )
    try:
        rows_of(frame)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecordError(
            f"{source}: {first['msg']} in column {'.'.join(map(str, first['loc']))}, got "
            f"{first.get('input')!r}"
        ) from error
    keys = ["method", "run", "seed", "dataset", "picture", "convention"]
    double = frame[frame.duplicated(keys)]
    if len(double):
        raise RecordError(
            f"{source}: {len(double)} row(s) stand twice, first {dict(double.iloc[0])}"
        )


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows that a frame holds, each checked."""
    records = frame.astype(object).to_dict(orient="records")
    return [Row(**{str(name): value for name, value in one.items()}) for one in records]


_MANIFEST = TypeAdapter(Manifest)
_MANIFESTS = TypeAdapter(list[Manifest])


def write_manifests(path: Path, manifests: Iterable[Manifest]) -> None:
    """Write manifests as JSON, sorted by run, whole or not at all."""
    ordered = sorted(manifests, key=lambda one: one.run)
    write_json(path, [_MANIFEST.dump_python(one, mode="json") for one in ordered])


def read_manifests(path: Path) -> list[Manifest]:
    """Read and check manifests.

    Raises:
        RecordError: missing file, unknown or missing key, wrong type.
    """
    try:
        return _MANIFESTS.validate_json(json.dumps(read_json(path)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecordError(
            f"{path}: {first['msg']} at {'.'.join(map(str, first['loc']))}, "
            f"got {first.get('input')!r}"
        ) from error

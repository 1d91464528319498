"""What a run leaves behind: one row per picture and metric convention, and one manifest.

Rows and manifests are the only source of every number in tables, notebooks and book. They are
checked when written and when read. No torch here.

A results folder (of one paper at one profile) holds:

    rows.csv            all rows of all runs
    manifests.json      one manifest per run
    curves.csv          training curves: run, method, seed, step, name, value
    costs.csv           cost of each network: method, name, value, unit (says of which size)
    probes.json         small arrays that figures need (heat maps, gate weights), by name
    trained.json        of these, what trained networks show, where a pass came in parts
    own.safetensors     weights of the paper's own network, first seed, with own.json, their card
    checks.csv, .json   rows on pictures for checking only, and what those are; see report.checks
    digests.json        digest of each of these, checked by whoever reads one; see seals
    pictures/<data>/<picture>/<method>.png     8-bit crops for the visual figures; <data> is
                        "panels" for pictures that the structure probes drew
    derived/            tables, figures and verdicts made from the above
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from deblur_lib.errors import RecordError
from deblur_lib.files import atomic
from deblur_lib.spec import PROFILES, STRICT, ProfileName

if TYPE_CHECKING:  # tables are read by few of those who read records, and pandas loads slowly
    import pandas as pd


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
NUMBERS = ("seed", "step", "value")  # columns of stored tables that hold numbers; all others text
MISSING = ("", "nan", "NaN")  # what stands for no number; "NA" and "null" may be names
SEAL = "seal"  # key under which a JSON object carries the digest of its other entries


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
        code: digests of the code that trained and that scored it, see `code`; empty in old runs.
        origin: of weights of others: files with digests, repository, licence; empty where trained.
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
    code: dict[str, str] = Field(default_factory=dict)
    origin: dict[str, Any] = Field(default_factory=dict)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        RecordError: it cannot be written, or holds a name that is no UTF-8.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        part = text[max(0, error.start - 20) : error.end + 20]
        raise RecordError(
            f"{path} would hold a name that is no UTF-8 (in {part!a}); rename that file"
        ) from error
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an 8-bit picture (H, W, 3) without metadata, whole or not at all."""
    with atomic(path, durable=False) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", optimize=True)


def write_json(path: Path, data: Any, *, sort: bool = True) -> None:
    """Write JSON, whole or not at all; keys are sorted unless their order means something.

    An object carries the digest of everything else in it, which `read_json` checks.
    """
    if isinstance(data, dict):
        data = {**data, SEAL: _digest(data)}
    write_text(path, json.dumps(data, indent=1, sort_keys=sort, ensure_ascii=False) + "\n")


def _digest(data: Any) -> str:
    """SHA-256 of what JSON makes of some data, in any order of keys."""
    text = json.dumps(json.loads(json.dumps(data)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_json(path: Path) -> Any:
    """Read a JSON file and check its digest, where it carries one.

    Raises:
        RecordError: the file is missing, cut short, or was changed after it was written.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing; run the notebook or `deblur reproduce` first"
        ) from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not valid JSON ({error}); delete it and run again") from error
    if isinstance(data, dict) and SEAL in data and data.pop(SEAL) != _digest(data):
        raise RecordError(
            f"{path} was changed or damaged after it was written; delete it and run again"
        )
    return data


def read_whole(path: Path) -> Any | None:
    """The same of a file that can be made again; None where it is missing or damaged."""
    try:
        return read_json(path)
    except (RecordError, OSError):
        return None


def write_rows(path: Path, rows: "Iterable[Row] | pd.DataFrame") -> None:
    """Write rows, or a frame of rows that were read, as CSV, whole or not at all."""
    import pandas as pd

    frame = (
        rows
        if isinstance(rows, pd.DataFrame)
        else pd.DataFrame([vars(row) for row in rows], columns=list(ROW_COLUMNS))
    )
    write_text(path, frame.to_csv(index=False, lineterminator="\n", float_format="%.9g"))


def read_rows(path: Path) -> "pd.DataFrame":
    """Read and check rows.

    Returns:
        A frame with the columns of `Row`.

    Raises:
        RecordError: missing file, missing or unknown column, wrong type, or a double row.
    """
    frame = read_table(path, ROW_COLUMNS)
    check_rows(frame, source=str(path))
    return frame


def read_table(path: Path, columns: tuple[str, ...]) -> "pd.DataFrame":
    """Read a stored table; text is read as text, whatever a picture is called.

    Args:
        path: CSV file.
        columns: its columns, numbers in those of `NUMBERS`.

    Raises:
        RecordError: missing file, other columns, or a text where a number should be.
    """
    import pandas as pd

    numbers = [name for name in columns if name in NUMBERS]
    try:
        frame = pd.read_csv(
            path,
            dtype=dict.fromkeys((name for name in columns if name not in NUMBERS), str),
            keep_default_na=False,
            na_values={name: list(MISSING) for name in numbers},
        )
        if tuple(frame.columns) != columns:
            raise ValueError(f"it has {', '.join(frame.columns)}")
        return frame.astype(dict.fromkeys({"value"} & set(numbers), float))
    except FileNotFoundError:
        raise RecordError(
            f"{path} is missing; run the notebook or `deblur reproduce` first"
        ) from None
    except (ValueError, TypeError) as error:
        raise RecordError(
            f"{path}: columns should be {', '.join(columns)} with numbers as value ({error}); "
            "delete the file and run again"
        ) from error


def check_rows(frame: "pd.DataFrame", *, source: str) -> None:
    """Refuse rows that break the schema; see `read_rows`."""
    if tuple(frame.columns) != ROW_COLUMNS:
        raise RecordError(
            f"{source}: columns should be {', '.join(ROW_COLUMNS)}, are {', '.join(frame.columns)}"
        )
    try:
        rows_of(_suspect(frame))
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


def _suspect(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The rows that may break the schema; where the columns have its types, a look at profiles."""
    from pandas.api.types import is_float_dtype, is_integer_dtype, is_string_dtype

    texts = [frame[name] for name in ROW_COLUMNS if name not in NUMBERS]
    typed = (
        all(map(is_string_dtype, texts))
        and is_integer_dtype(frame["seed"])
        and is_float_dtype(frame["value"])
    )
    return frame[~frame["profile"].isin(PROFILES)] if typed else frame


def rows_of(frame: "pd.DataFrame") -> list[Row]:
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

"""Stored comparisons of other executions with the published rows, and the floor they measure.

Two executions of the same seeds differ when the processor, its instruction sets or the number of
threads differ. How much is measured: each comparison that is recorded beside the published rows, in
agreement.json, holds the difference of every row and both verdicts on every check. The file belongs
to these rows alone, by their digest; where runs are added, a record stays as long as those that it
was held against are published unchanged.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from deblur_lib import seals
from deblur_lib.errors import RecordError
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_json, write_json
from deblur_lib.spec import STRICT

NAME = "agreement.json"
INPUT = "identity"
LOST = 3.0  # dB below the blurred picture: such a row drifts, and no other row by as much
SAME = 1e-4  # of a mean, in its unit: a row that moves by less went through the same sums


@dataclass(frozen=True, config=STRICT)
class Difference:
    """One row now and as published: mean scores over the pictures and seeds of both."""

    method: str
    dataset: str
    convention: str
    ours: float
    published: float
    trained: bool

    @property
    def value(self) -> float:
        """Ours less the published, in the unit of the convention."""
        return self.ours - self.published


@dataclass(frozen=True, config=STRICT)
class Words:
    """Verdicts on a claim, published and ours, and ours on its checks, each by its rows alone."""

    claim: str
    published: str
    ours: str
    checks: list[str]


class Execution(NamedTuple):
    """What another execution of the same rows says.

    Attributes:
        words: verdicts on the checks of each claim, by its rows alone.
        moved: trained rows that moved; with none of them in a check, it repeated its sums, and says
            nothing on it.
    """

    words: Mapping[str, list[str]]
    moved: frozenset[str]


@dataclass(frozen=True, config=STRICT)
class Record:
    """One execution beside the published rows.

    Attributes:
        label: its name, e.g. "two threads".
        executed: digest of its rows.csv.
        hardware: each processor that ran it, with instruction sets where the environment set them.
        versions: versions of the packages that computed, by package.
        threads, precisions, commits: of its runs.
        rows: difference of every row that was executed again.
        claims: verdicts on every claim that both sides could judge.
        runs: the published runs that were executed again.
        against: digest of their published rows.
    """

    label: str
    executed: str
    hardware: list[dict[str, str]]
    versions: dict[str, list[str]]
    threads: list[int]
    precisions: list[str]
    commits: list[str]
    rows: list[Difference]
    claims: list[Words]
    runs: list[str] = field(default_factory=list)
    against: str = ""

    @property
    def moved(self) -> frozenset[str]:
        """The trained rows that moved; the agreement of others says nothing, see `moved`."""
        return moved(self.rows)

    @property
    def trained(self) -> frozenset[str]:
        """The trained rows."""
        return frozenset(one.method for one in self.rows if one.trained)

    @property
    def differing(self) -> list[str]:
        """Ids of the claims with other verdicts than the published rows."""
        return [one.claim for one in self.claims if one.published != one.ours]

    @property
    def agreed(self) -> int:
        """Number of claims with the same verdict on both sides."""
        return sum(one.published == one.ours for one in self.claims)

    @property
    def execution(self) -> Execution:
        """What it says by itself."""
        return Execution({one.claim: one.checks for one in self.claims}, self.moved)


_RECORDS = TypeAdapter(list[Record])


def read_records(folder: Path) -> list[Record]:
    """Records that belong to the rows of a published folder; none where the rows changed since.

    Raises:
        RecordError: the file breaks its schema.
    """
    path = folder / NAME
    seals.check(folder, NAME)
    if not belongs(path, folder / "rows.csv"):
        return []
    try:
        stored = json.dumps(read_json(path)["records"])
        return _RECORDS.validate_json(stored, strict=True)
    except (ValidationError, KeyError) as error:
        told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "no such key"
        raise RecordError(
            f"{path}: a list of records is needed under 'records' ({told}); delete the file and "
            "record again"
        ) from error


def belongs(path: Path, rows: Path) -> bool:
    """True when stored records were made from this rows.csv."""
    if not (path.is_file() and rows.is_file()):
        return False
    stored: Any = read_json(path)
    return isinstance(stored, dict) and stored.get("rows") == file_digest(rows)


def carry(source: Path, target: Path) -> None:
    """Take along to another folder the records of runs whose rows are the same there."""
    if source == target or not (target / "rows.csv").is_file():
        return
    if belongs(source / NAME, target / "rows.csv"):
        shutil.copyfile(source / NAME, target / NAME)
        seals.renew(target, NAME)
        return
    told = [one for one in read_records(source) if one.against]
    kept = [one for one in told if rows_digest(target, one.runs) == one.against]
    if kept:
        _write(target, kept)


def rows_digest(folder: Path, runs: Iterable[str]) -> str:
    """Digest of the rows of some runs, as they are written in a results folder."""
    stored = pd.read_csv(folder / "rows.csv", dtype=str, keep_default_na=False)
    lines = stored[stored["run"].isin([*runs])].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256("".join(sorted(lines.splitlines(keepends=True))).encode()).hexdigest()


def add_record(folder: Path, record: Record) -> None:
    """Store a record in a published folder, in place of an earlier one of the same label."""
    _write(folder, [*(one for one in read_records(folder) if one.label != record.label), record])


def _write(folder: Path, told: list[Record]) -> None:
    records = _RECORDS.dump_python(told, mode="json")
    write_json(folder / NAME, {"rows": file_digest(folder / "rows.csv"), "records": records})
    seals.renew(folder, NAME)


def floors(records: Iterable[Record]) -> dict[tuple[str, str], float]:
    """Root mean square of the differences of trained rows, by data set and convention.

    A row that went through the same sums measures nothing. One that ends `LOST` below the blurred
    picture in an execution is left out: it would set the floor of all others.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for record in records:
        lost, told = _lost(record), record.moved
        for row in record.rows:
            if row.method in told and (row.method, row.dataset) not in lost:
                found.setdefault((row.dataset, row.convention), []).append(row.value)
    return {key: float(np.sqrt(np.mean(np.square(values)))) for key, values in found.items()}


def moved(rows: Iterable[Difference]) -> frozenset[str]:
    """The trained rows that some mean shows to have moved, by `SAME` or more."""
    return frozenset(one.method for one in rows if one.trained and abs(one.value) >= SAME)


def _lost(record: Record) -> set[tuple[str, str]]:
    """Method and data set of the rows that end far below the blurred picture in decibels."""
    scored = [one for one in record.rows if "psnr" in one.convention]
    inputs = {(one.dataset, one.convention): one.ours for one in scored if one.method == INPUT}
    return {
        (one.method, one.dataset)
        for one in scored
        if min(one.ours, one.published) < inputs.get((one.dataset, one.convention), -np.inf) - LOST
    }

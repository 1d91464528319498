"""The table of what networks cost on one machine: its rows, and where they are stored."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from deblur_lib import provenance, seals
from deblur_lib.devices import accelerator_name
from deblur_lib.errors import UsageError
from deblur_lib.records import read_json, write_json, write_text

NAME = "networks"


@dataclass(frozen=True)
class Measured:
    """One measurement; times in seconds, memory in bytes.

    Attributes:
        network, options, rows: see `benching.Subject`; options as JSON, rows parted by blanks.
        what: "forward" or "step".
        batch, height, width: of the pictures that the network was given.
        precision: "fp32" or "bf16".
        device: name of the accelerator, or "cpu".
        threads: of the processor.
        parameters, macs, flops: of the network and of one forward pass on these pictures; None
            where no counter sees the work.
        counter: how these were counted.
        seconds, low, high, repeats: median and quartiles, and of how many calls.
        peak_memory, memory_by: most bytes alive at once, and how they were found.
        load, others, busy: see `timing.Machine`.
        why: why there are no seconds; "" where there are.
    """

    network: str
    options: str
    rows: str
    what: str
    batch: int
    height: int
    width: int
    precision: str
    device: str
    threads: int
    parameters: int
    macs: int | None
    flops: int | None
    counter: str
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    repeats: int = 0
    peak_memory: int | None = None
    memory_by: str = ""
    load: float = 0.0
    others: float = 0.0
    busy: bool = False
    why: str = ""


COLUMNS: tuple[str, ...] = tuple(Measured.__dataclass_fields__)


def place(one: Measured) -> tuple[str | int, ...]:
    """What two measurements have in common where one repeats the other."""
    return one.network, one.options, one.what, one.height, one.width, one.precision


def stored(folder: Path, device: torch.device) -> list[Measured]:
    """The measurements of a folder, none where there is no table yet.

    Raises:
        UsageError: the table is of another machine or of other versions.
        RecordError: it was cut or changed since it was stored.
    """
    path = folder / f"{NAME}.json"
    if not path.is_file():
        return []
    seals.check(folder)
    told = read_json(path)
    there = told["machine"] | told["versions"]
    for name, here in (
        provenance.hardware(accelerator_name(device)) | provenance.versions()
    ).items():
        if here != there.get(name):
            raise UsageError(
                f"{path} was measured with {name} {there.get(name)}, here it is {here}: "
                "one table tells of one machine; take another --out"
            )
    return [Measured(**one) for one in told["rows"]]


def put(rows: Sequence[Measured], new: Measured) -> list[Measured]:
    """Rows with a new one, in the place of what it repeats."""
    return list(({place(one): one for one in rows} | {place(new): new}).values())


def write(folder: Path, rows: Sequence[Measured], device: torch.device) -> None:
    """Store rows as CSV and, with what the machine is, as JSON."""
    text = io.StringIO()
    sheet = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    sheet.writeheader()
    sheet.writerows(asdict(one) for one in rows)
    write_text(folder / f"{NAME}.csv", text.getvalue())
    told = {
        "machine": provenance.hardware(accelerator_name(device)),
        "versions": provenance.versions(),
        "commit": provenance.commit()._asdict(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": [asdict(one) for one in rows],
    }
    write_json(folder / f"{NAME}.json", told)
    seals.seal(folder)

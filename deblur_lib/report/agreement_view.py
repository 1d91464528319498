"""How an agreement is shown: tables for chapters and the command line, data for JSON."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib.errors import MissingRowsError
from deblur_lib.records import Manifest
from deblur_lib.report import markup, numbers
from deblur_lib.report.agreement import ITSELF, UNMEASURED, Agreement, compare, compared_columns
from deblur_lib.report.floors import LOST, Difference, Record, floors, read_records
from deblur_lib.report.results import Results
from deblur_lib.report.rules import NOT_JUDGED
from deblur_lib.report.verdicts import COLOURS
from deblur_lib.spec import Paper

LEFT = {"processor": "9em"}
FLOOR = "floor"
UNREPEATED = "No other execution of them is recorded yet."
FLOORS = "the floor that each of them measures"


def shown(ours: Results, folder: Path, paper: Paper) -> markup.View:
    """The comparison for a chapter; one line where there is nothing to compare.

    Args:
        ours: the rows that the chapter shows.
        folder: the published results folder of their profile.
        paper: the declaration.
    """
    if ours.folder == folder:
        return _itself(read_records(folder), paper)
    try:
        return view(compare(ours, folder, paper))
    except MissingRowsError as error:
        return _plain(f"Not compared: {error}.")


def _itself(records: Sequence[Record], paper: Paper, notes: Sequence[str] = ()) -> markup.View:
    text = ITSELF if records else f"{ITSELF} {UNREPEATED}"
    return _plain(text, _recorded(records, paper), notes)


def _plain(
    text: str, blocks: Sequence[tuple[str, pd.DataFrame]] = (), notes: Sequence[str] = ()
) -> markup.View:
    return markup.View(text, "", [*blocks], [*notes], "agreement", left=LEFT)


def view(found: Agreement) -> markup.View:
    """The sentence, a table of rows, a table of verdicts and notes."""
    if found.sentence == ITSELF:
        return _itself(found.records, found.paper, found.notes)
    checks = [pair for claim in found.claims for pair in claim.checks]
    same = sum(before == now for before, now in checks)
    alone = sum(one.alone.published == one.alone.ours for one in found.claims)
    guarded = sum(one.published == one.ours == NOT_JUDGED for one in found.claims)
    notes = [
        f"now: {_where(found.ours)}",
        f"published: {_where(found.published)}",
        "floor: root mean square difference of the trained rows between other recorded executions "
        f"and the published one, without rows {LOST:g} dB or more below the blurred picture",
        f"single checks with the same verdict: {same} of {len(checks)}",
        f"same verdicts, by the rows of each side alone: {alone} of {len(found.claims)}",
        f"verdicts that both sides withhold from rows that are there: {guarded}",
        *found.notes,
    ]
    return markup.View(
        title=found.sentence,
        caption="each cell: mean now, mean published, and the difference below",
        blocks=[
            ("rows", _rows(found)),
            ("verdicts, those that differ first", _verdicts(found)),
            *_recorded(found.records, found.paper),
        ],
        notes=notes,
        key="agreement",
        left=LEFT,
        colours=COLOURS,
    )


def _rows(found: Agreement) -> pd.DataFrame:
    """One row per method and the floor below, one column per data set and convention."""
    titles = {one.id: one.title for one in found.paper.methods}
    table: dict[str, dict[str, str]] = {}
    for key, column in compared_columns(found.paper).items():
        rows = [row for row in found.rows if (row.dataset, row.convention) == key]
        if rows:
            cells = {titles[row.method]: _cell(row, column.metric) for row in rows}
            floor = found.floors.get(key)
            cells[FLOOR] = UNMEASURED if floor is None else numbers.number(floor, column.metric)
            table[f"{column.dataset} {column.title}"] = cells
    order = [*titles.values(), FLOOR]
    frame = pd.DataFrame(table)
    return frame.reindex([one for one in order if one in frame.index]).fillna("–")


def _cell(row: Difference, metric: str) -> str:
    both = f"{numbers.number(row.ours, metric)} / {numbers.number(row.published, metric)}"
    return f"{both}\n{numbers.number(row.value, metric, sign=True)}"


def _verdicts(found: Agreement) -> pd.DataFrame:
    claims = sorted(found.claims, key=lambda one: one.same)
    return pd.DataFrame(
        {
            "published": [one.published for one in claims],
            "now": [one.ours for one in claims],
            "now, by its rows alone": [one.alone.ours for one in claims],
            "same": ["yes" if one.same else "no" for one in claims],
        },
        index=pd.Index([one.claim.rpartition("-")[2] for one in claims], name="id"),
    )


def _recorded(records: Sequence[Record], paper: Paper) -> list[tuple[str, pd.DataFrame]]:
    """What other executions of the published rows showed; nothing where none is recorded."""
    if not records:
        return []
    table = {
        one.label: {
            "processor": " and ".join(map(_processor, one.hardware)),
            "threads": " and ".join(map(str, one.threads)),
            "precision": " and ".join(one.precisions),
            "runs repeated": str(len(one.runs)) if one.runs else "all",
            "same verdicts, by its rows alone": f"{one.agreed} of {len(one.claims)}",
            "other verdicts": ", ".join(name.rpartition("-")[2] for name in one.differing) or "–",
            "rows that moved": f"{len(one.moved)} of {len(one.trained)}"
            if one.moved
            else "none: the same sums, which tests nothing",
        }
        for one in records
    }
    measured = {one.label: floors([one]) for one in records} | {"all": floors(records)}
    told = {}
    for key, column in compared_columns(paper).items():
        values = [one.get(key, math.nan) for one in measured.values()]
        if key in measured["all"]:
            texts = numbers.together(values, column.metric)
            told[f"{column.dataset} {column.title}"] = dict(zip(measured, texts, strict=True))
    blocks = (
        ("other executions of the published rows", "execution", table),
        (FLOORS, "data set and metric", told),
    )
    return [
        (heading, pd.DataFrame.from_dict(rows, orient="index").rename_axis(first))
        for heading, first, rows in blocks
    ]


def _where(listed: Sequence[Manifest]) -> str:
    """Processor, accelerator, threads, precision and commit of some runs, each once."""
    parts = {
        "": [_processor(one.hardware) for one in listed],
        "with": [one.hardware.get("accelerator", "none").replace("none", "") for one in listed],
        "threads": [str(one.threads) for one in listed],
        "precision": [one.precision for one in listed],
        "commit": [one.commit[:10] + ("+" if one.dirty else "") for one in listed],
    }
    told = {name: [one for one in sorted(set(values)) if one] for name, values in parts.items()}
    return ", ".join(f"{name} {' and '.join(one)}".strip() for name, one in told.items() if one)


def _processor(hardware: Mapping[str, str]) -> str:
    """A processor with the limits that the environment set to its instruction sets."""
    return " ".join(hardware.get(name, "") for name in ("processor", "instruction_sets")).strip()


def as_dict(found: Agreement) -> dict[str, Any]:
    """The comparison as plain data."""
    return {
        "paper": found.paper.id,
        "sentence": found.sentence,
        "agreed": found.agreed,
        "compared": len(found.claims),
        "rows": [
            vars(row)
            | {
                "difference": row.value,
                "floor": found.floors.get((row.dataset, row.convention)),
            }
            for row in found.rows
        ],
        "claims": [dataclasses.asdict(one) | {"same": one.same} for one in found.claims],
        "notes": list(found.notes),
    }

"""Does it repeat? Rows just executed beside the published ones of the same profile.

Compared is what both sides have: the mean of every row, beside the floor that other executions
measured (see `floors`), and the verdict on every claim, judged on each side by the same rules.
Where a direction counts only if other executions show it (see `rules`), those recorded before are
the others of the published rows; for ours the published rows are one more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from deblur_lib.errors import MissingRowsError
from deblur_lib.provenance import file_digest
from deblur_lib.records import Manifest
from deblur_lib.report import columns, numbers, verdicts
from deblur_lib.report.common import common_part, same_runs
from deblur_lib.report.expressions import keys
from deblur_lib.report.floors import (
    Difference,
    Execution,
    Record,
    Words,
    floors,
    moved,
    read_records,
    rows_digest,
)
from deblur_lib.report.results import NO_RUN, Results
from deblur_lib.report.rules import NOT_JUDGED, Verdict
from deblur_lib.report.weighing import value_of
from deblur_lib.spec import Column, Paper

ITSELF = "These are the published rows; nothing was executed again."
UNMEASURED = "not measured yet"


@dataclass(frozen=True)
class Pair:
    """Verdicts on one claim, published and now.

    Attributes:
        claim: its id.
        published, ours: the verdicts, held against other executions where the budget needs it.
        checks: both verdicts on each of its checks.
        alone: the verdicts by the rows of each side alone.
    """

    claim: str
    published: str
    ours: str
    checks: tuple[tuple[str, str], ...]
    alone: Words

    @property
    def same(self) -> bool:
        """True when both words are the same."""
        return self.published == self.ours


@dataclass(frozen=True)
class Agreement:
    """A run beside the published one; only what both have.

    Attributes:
        paper: the declaration.
        rows: mean of each row, data set and convention that was executed again.
        claims: verdicts on each claim that could be judged on both sides.
        notes: what was left out.
        records: other executions recorded beside the published rows.
        ours: our runs that were executed again; none where these are the published ones.
        published: the published runs.
        again: those of them that ours repeat.
        folder: the published results folder.
        executed: digest of our rows.csv.
    """

    paper: Paper
    rows: tuple[Difference, ...]
    claims: tuple[Pair, ...]
    notes: tuple[str, ...]
    records: tuple[Record, ...]
    ours: tuple[Manifest, ...]
    published: tuple[Manifest, ...]
    again: tuple[str, ...]
    folder: Path
    executed: str

    @property
    def floors(self) -> dict[tuple[str, str], float]:
        """What the recorded executions measured, by data set and convention."""
        return floors(self.records)

    @property
    def agreed(self) -> int:
        """Number of claims with the same verdict on both sides."""
        return sum(one.same for one in self.claims)

    def metric(self, row: Difference) -> str:
        """The printed metric that a row's convention stands for."""
        return compared_columns(self.paper)[row.dataset, row.convention].metric

    @property
    def sentence(self) -> str:
        """The whole comparison in one sentence."""
        if not self.ours:
            return ITSELF
        told = f"agree on {self.agreed} of {len(self.claims)} verdicts"
        text = f"Your run and the published one {told if self.claims else 'share no judged claim'}"
        if not any(row.value for row in self.rows):
            return f"{text}; every row is the same to the last stored digit."
        decibels = [row for row in self.rows if row.trained and self.metric(row) == "psnr_db"]
        if not decibels:
            return f"{text}."
        largest = max(decibels, key=lambda row: abs(row.value))
        floor = self.floors.get((largest.dataset, largest.convention))
        title = columns.method_of(self.paper, largest.method).title
        told = UNMEASURED if floor is None else f"{numbers.number(floor, 'psnr_db')} dB"
        return (
            f"{text}; the largest difference of a row is "
            f"{numbers.number(abs(largest.value), 'psnr_db')} dB ({title}, {largest.dataset}), "
            f"the floor is {told}."
        )

    def record(self, label: str) -> Record:
        """This comparison as a record beside the published rows.

        Raises:
            MissingRowsError: nothing was executed again.
        """
        if not self.ours:
            raise MissingRowsError(
                "a record needs rows that were executed again, these are the published ones; run "
                "them elsewhere, or in a workspace of their own (DEBLUR_RUNS), first"
            )
        runs = self.ours
        packages = sorted({name for one in runs for name in one.versions})
        return Record(
            label=label,
            executed=self.executed,
            hardware=[dict(one) for one in sorted({tuple(one.hardware.items()) for one in runs})],
            versions={
                name: sorted({one.versions[name] for one in runs if name in one.versions})
                for name in packages
            },
            threads=sorted({one.threads for one in runs}),
            precisions=sorted({one.precision for one in runs}),
            commits=sorted({one.commit for one in runs}),
            rows=list(self.rows),
            claims=[one.alone for one in self.claims],
            runs=list(self.again),
            against=rows_digest(self.folder, self.again),
        )


def compare(ours: Results, folder: Path, paper: Paper) -> Agreement:
    """Hold a run against the published one of its profile.

    Args:
        ours: the rows just executed.
        folder: the published results folder.
        paper: the declaration.

    Raises:
        MissingRowsError: nothing is published, or both sides have no trained row in common.
    """
    if not (folder / "rows.csv").is_file():
        raise MissingRowsError(
            f"nothing is published of {paper.id} at profile {ours.profile}, so there is nothing to "
            "compare with; `deblur publish` would publish these rows"
        )
    published = Results.load(folder)
    mine, theirs, notes = common_part(ours, published)
    same = same_runs(ours, published)
    again = {one for one in mine.rows["run"].unique() if one not in same and one != NO_RUN}
    if same and again:
        notes.append(
            f"{len(same)} runs are the published ones themselves; the rows below are those of the "
            f"{len(again)} others"
        )
    executed = file_digest(ours.folder / "rows.csv")
    records = tuple(one for one in read_records(folder) if one.executed != executed)
    rows = _rows(mine.rows, theirs.rows, again, paper) if again else ()
    return Agreement(
        paper=paper,
        rows=rows,
        claims=_claims(mine, theirs, paper, [one.execution for one in records], moved(rows)),
        notes=tuple(notes),
        records=records,
        ours=tuple(one for one in ours.manifests if one.run in again),
        published=published.manifests,
        again=tuple(theirs.rows["run"][mine.rows["run"].isin(again)].unique()),
        folder=folder,
        executed=executed,
    )


def compared_columns(paper: Paper) -> dict[tuple[str, str], Column]:
    """The column of each data set and convention that is held against the print."""
    found: dict[tuple[str, str], Column] = {}
    for table in paper.tables:
        for column in table.columns:
            if not (columns.is_cost(column) or columns.is_beside(table, column)):
                found.setdefault((column.dataset, column.convention), column)
    return found


def _rows(
    mine: pd.DataFrame, theirs: pd.DataFrame, again: set[str], paper: Paper
) -> tuple[Difference, ...]:
    """Means over the pictures with finite scores; both frames hold the same rows in one order."""
    both = mine.assign(published=theirs["value"])
    both = both[both["run"].isin([*again, NO_RUN])]
    both = both[np.isfinite(both["value"]) & np.isfinite(both["published"])]
    means = both.groupby(["method", "dataset", "convention"])[["value", "published"]].mean()
    return tuple(
        Difference(
            method=method.id,
            dataset=key[0],
            convention=key[1],
            ours=float(means.at[(method.id, *key), "value"]),
            published=float(means.at[(method.id, *key), "published"]),
            trained=method.network != "identity",
        )
        for method in paper.methods
        for key in compared_columns(paper)
        if (method.id, *key) in means.index
    )


def _claims(
    mine: Results,
    theirs: Results,
    paper: Paper,
    others: list[Execution],
    again: frozenset[str],
) -> tuple[Pair, ...]:
    alone = [verdicts.judge(replace(side, executions=()), paper) for side in (mine, theirs)]
    first = Execution({one.claim.id: _words(one.our_parts) for one in alone[1]}, again)
    found = []
    for one, other in zip(*alone, strict=True):
        checks = one.claim.our_checks
        there = [
            all(value_of(key, mine, paper) is not None for key in keys(check.expr))
            for check in checks
        ]  # every row and cost that a check needs, whatever its verdict
        if not checks or not (all(there) or _judged(one.ours, other.ours)):
            continue
        ours, published = verdicts.held(one, [*others, first]), verdicts.held(other, others)
        parts = [
            (before.verdict, now.verdict)
            for before, now, rows in zip(published.our_parts, ours.our_parts, there, strict=True)
            if rows or _judged(before, now)
        ]
        words = Words(
            claim=one.claim.id,
            published=other.ours.verdict,
            ours=one.ours.verdict,
            checks=_words(one.our_parts),
        )
        pair = Pair(words.claim, published.ours.verdict, ours.ours.verdict, tuple(parts), words)
        found.append(pair)
    return tuple(found)


def _words(parts: Sequence[Verdict]) -> list[str]:
    return [one.verdict for one in parts]


def _judged(*both: Verdict) -> bool:
    return any(one.verdict != NOT_JUDGED for one in both)

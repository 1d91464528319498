"""The paper's claims, held against its own tables and against our rows by the rules of `rules`.

A claim gets two verdicts. The one against the print is arithmetic on the printed cells. The one
against our rows takes, for every key, the scores of that method under the convention of the
table's column; all pictures are resampled together, so that differences are paired. The rules are
told in `rules.RULES`, which the book prints as it stands.

Keys in expressions:
    T1.gopro_test.psnr_db.wan2023     a cell: table, data set, metric, method
    cost.wan2023.macs                 a cost of a method, from costs.csv: parameters, macs, seconds,
                                      peak_memory
    cost.msrm32.parameters            a count of a single block, from probes["costs"]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from deblur_lib import papers
from deblur_lib.errors import DeclarationError, unknown_name
from deblur_lib.report import markup
from deblur_lib.report.expressions import evaluate, keys
from deblur_lib.report.floors import Execution
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CAPPED,
    CONTRADICTED,
    DIRECTION,
    INSEPARABLE,
    NOT_JUDGED,
    OTHER,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    Verdict,
    at,
    limit,
    not_judged,
    printed_verdict,
    repeated,
    weakest,
)
from deblur_lib.report.weighing import on_rows
from deblur_lib.spec import Check, Claim, Paper, Table

COLOURS = {  # Okabe-Ito tints; the word stands in every cell, the colour only helps
    SUPPORTED: "#bfe3d3",
    DIRECTION: "#d6e9f5",
    INSEPARABLE: "#f2f0c8",
    OTHER: "#f9e6da",
    CONTRADICTED: "#f3cdb4",
    NOT_JUDGED: "#ececec",
    UNTESTABLE: "#ececec",
}

NONE_OF_OURS = "it is about the printed numbers alone"
SHOWN = 2  # checks of a claim whose numbers its line tells


@dataclass(frozen=True)
class Judgement:
    """Verdicts on one claim; `printed_parts` and `our_parts` give one verdict per check.

    `profile` is the budget of our rows, without which their verdict means nothing; "" without rows.
    """

    claim: Claim
    printed: Verdict
    ours: Verdict
    printed_parts: tuple[Verdict, ...]
    our_parts: tuple[Verdict, ...]
    profile: str

    @property
    def told(self) -> str:
        """Verdict on our rows with its budget: "contradicted at study"."""
        return at(self.ours.verdict, self.profile)


def judge(results: Results | None, paper: Paper) -> list[Judgement]:
    """Verdicts on all claims of a paper.

    Args:
        results: stored rows, or None to judge the print alone.
        paper: the declaration.

    Raises:
        DeclarationError: a claim names a table, data set, metric or method that is not declared,
            or mixes metrics in one expression.
    """
    printed = {one.key: one.value for one in papers.printed_cells(paper.id)}
    others = results.executions if results else ()
    return [
        held(_judge(claim, printed, results, paper), others) for claim in papers.claims(paper.id)
    ]


def _judge(
    claim: Claim, printed: Mapping[str, float], results: Results | None, paper: Paper
) -> Judgement:
    profile = results.profile if results else ""
    for check in (*claim.checks, *claim.our_checks):
        check_keys(check, paper)
    if claim.untestable:
        verdict = Verdict(UNTESTABLE, claim.untestable)
        return Judgement(claim, verdict, verdict, (), (), profile)
    by_print = tuple(_on_print(check, printed) for check in claim.checks if check.scope != "ours")
    by_rows = tuple(on_rows(check, results, paper) for check in claim.our_checks)
    return Judgement(
        claim,
        _joined(by_print, "the paper prints no number for it"),
        _joined(by_rows, NONE_OF_OURS),
        by_print,
        by_rows,
        profile,
    )


def held(alone: Judgement, executions: Sequence[Execution]) -> Judgement:
    """A judgement by our rows alone, held against other executions where the budget needs it.

    Args:
        alone: the judgement.
        executions: what each says, where it moved a row of the check.
    """
    words = [(one.words.get(alone.claim.id, []), one.moved) for one in executions]
    words = [one for one in words if len(one[0]) == len(alone.our_parts)]  # of the claim as it is
    if not words or not alone.our_parts or alone.profile not in CAPPED:
        return alone
    parts = tuple(
        repeated(one, [other[number] for other, moved in words if _rows(check) & moved])
        for number, (one, check) in enumerate(
            zip(alone.our_parts, alone.claim.our_checks, strict=True)
        )
    )
    return replace(alone, ours=_joined(parts, NONE_OF_OURS), our_parts=parts)


def _rows(check: Check) -> set[str]:
    return {one.rpartition(".")[2] for one in keys(check.expr)}


def _joined(parts: tuple[Verdict, ...], none: str) -> Verdict:
    if not parts:
        return not_judged(none)
    return Verdict(weakest([one.verdict for one in parts]), "; ".join(_reasons(parts)))


def _reasons(parts: tuple[Verdict, ...]) -> list[str]:
    """The reason of the checks of a claim; where they differ, one of each kind with its numbers."""
    same = {part: [i for i, one in enumerate(parts, 1) if one == part] for part in parts}
    if len(same) == 1:
        return [parts[0].reason]
    return [
        f"({', '.join(map(str, numbers))}) {part.verdict}: {part.reason}"
        for part, numbers in same.items()
    ]


def check_keys(check: Check, paper: Paper) -> None:
    """Refuse an expression that names what the paper does not declare.

    Raises:
        DeclarationError: see `judge`.
    """
    metrics = set()
    for key in keys(check.expr):
        parts = key.split(".")
        if parts[0] == "cost" and len(parts) == 3:
            continue
        table = next((one for one in paper.tables if one.id == parts[0]), None)
        known = _cell_keys(table) if table else [one.id for one in paper.tables]
        if key not in known:
            raise DeclarationError(
                unknown_name("cell", key, known, see=f"papers/{paper.id}/experiment.py")
            )
        metrics.add(parts[2])
    if len(metrics) > 1:
        raise DeclarationError(f"{check.expr!r} mixes metrics {sorted(metrics)}; use one per check")


def _cell_keys(table: Table) -> list[str]:
    return [
        f"{table.id}.{column.dataset}.{column.metric}.{method}"
        for column in table.columns
        for method in table.methods
    ]


def _on_print(check: Check, printed: Mapping[str, float]) -> Verdict:
    missing = [key for key in keys(check.expr) if key not in printed]
    if missing:
        return not_judged(f"not printed: {', '.join(missing)}")
    return printed_verdict(check, float(evaluate(check.expr, printed)))


# --- showing --------------------------------------------------------------------------------------


def as_dicts(judgements: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Verdicts with their reasons, ready for JSON."""
    return [
        {
            "id": one.claim.id,
            "section": one.claim.section,
            "statement": one.claim.statement,
            "kind": one.claim.kind,
            "note": _note(one.claim),
            "question_of_ours": one.claim.ours,
            "checks": [vars(check) for check in one.claim.checks],
            "printed": {
                **one.printed._asdict(),
                "parts": [part._asdict() for part in one.printed_parts],
            },
            "profile": one.profile,
            "told": one.told,
            "ours": {**one.ours._asdict(), "parts": [part._asdict() for part in one.our_parts]},
        }
        for one in judgements
    ]


def counts(judgements: Iterable[Judgement]) -> dict[str, dict[str, int]]:
    """How many of the paper's claims got each verdict, against the print and against our rows."""
    judged = [one for one in judgements if not one.claim.ours]
    return {
        side: {word: sum(getattr(one, side).verdict == word for one in judged) for word in VERDICTS}
        for side in ("printed", "ours")
    }


def styled(judgements: Iterable[Judgement]) -> markup.View:
    """A view for notebooks: verdict first; what no number decides is shown on demand."""
    judged = sorted(judgements, key=lambda one: VERDICTS.index(one.ours.verdict))
    tested = [one for one in judged if one.ours.verdict not in (NOT_JUDGED, UNTESTABLE)]
    other = [one for one in judged if one not in tested]
    numbered = [(one, note) for one in judged if (note := _note(one.claim))]
    marks = {one.claim.id: [number] for number, (one, _) in enumerate(numbered, 1)}
    open_ones = f"Claims without a verdict ({len(other)})"
    blocks = {"Claims with a verdict": tested, open_ones: other}
    return markup.View(
        title="Verdicts on the paper's claims",
        caption="claimed, measured: against the rows above, with both intervals together; print: "
        "against the paper's own tables",
        blocks=[(name, _table(some, marks)) for name, some in blocks.items() if some],
        notes=sorted({limit(one.profile) for one in judged if one.profile in CAPPED}),
        key="claims",
        left={"claim": "12em", "claimed, measured": "10em", "print": "5em", "why": "15em"},
        first="6em",
        colours=COLOURS | {one.told: COLOURS[one.ours.verdict] for one in judged},
        footnotes=[f"{_number(one)}: {note}" for one, note in numbered],
        folded=frozenset({open_ones}),
        choices=("verdict",),
    )


def _table(judged: list[Judgement], marks: Mapping[str, list[int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "claim": [
                markup.marked(
                    f"{_number(one)}, {one.claim.place}: {one.claim.statement}",
                    marks.get(one.claim.id, []),
                )
                for one in judged
            ],
            "claimed, measured": [short(one) or "–" for one in judged],
            "print": [one.printed.verdict for one in judged],
            "why": [_why(one) for one in judged],
        },
        index=pd.Index([one.told for one in judged], name="verdict"),
    )


def _number(one: Judgement) -> str:
    return one.claim.id.rpartition("-")[2]


def _why(one: Judgement) -> str:
    """The reason, each check on its line; what a budget cannot say stands below the table."""
    told = "\n".join(_reasons(one.our_parts)) if one.our_parts else one.ours.reason
    return told.replace(f"; {limit(one.profile)}", "")


def short(one: Judgement) -> str:
    """The checks that decide a claim, each on its line, the others counted; "" without numbers."""
    deciding = [part.short for part in one.our_parts if part.verdict == one.ours.verdict]
    shown = [text for text in dict.fromkeys(deciding) if text][:SHOWN]
    rest = len(one.our_parts) - len(shown)
    more = [f"and {rest} more check{'s' if rest > 1 else ''}"] if shown and rest else []
    return "\n".join([*shown, *more])


def stood_in(claim: Claim) -> str:
    """Which rows of ours stand for printed ones, in words; "" where none do."""
    paper = papers.load(claim.id.rpartition("-")[0])
    titles = {one.id: one.title for one in paper.methods}
    return "; ".join(
        f"“{titles[ours]}” takes the place of the printed row “{titles[printed]}”"
        for printed, ours in claim.stand_ins.items()
    )


def _note(claim: Claim) -> str:
    """What a reader should know, the rows that stand for printed ones among it."""
    held = stood_in(claim)
    return f"{claim.note} In our rows {held}.".lstrip() if held else claim.note

"""For readers who check: the ledger with links, what search finds, repetition, a checklist."""

import dataclasses
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deblur_lib import papers
from deblur_lib.book.blocks import fold, html_table
from deblur_lib.book.budgets import PAGE, anchor
from deblur_lib.book.front import in_order
from deblur_lib.files import atomic
from deblur_lib.records import read_json
from deblur_lib.report import agreement_view, budget, cells, checks, coverage, differences, numbers
from deblur_lib.report.agreement import compared_columns
from deblur_lib.report.columns import main_column, method_of, table_of
from deblur_lib.report.floors import Record, floors, read_records
from deblur_lib.report.markup import pipes
from deblur_lib.report.results import Results
from deblur_lib.report.standing import stored as budgets
from deblur_lib.spec import Paper

HEADS = ("row", "column", "printed", "ours", "kind", "reason")
REPEATED = (
    "paper",
    "budget",
    "other executions",
    "claims judged alike by all of them",
    "floors of PSNR [dB]",
)
INDEX = "numbers-index.js"
Entry = dict[str, Any]


def ledger(stored: Mapping[str, Results], shown: Mapping[str, set[str]]) -> str:
    """The page of coverage: counts, then every printed number, a folded table for each table.

    Args:
        stored: the largest stored results of each paper.
        shown: names of the tables that each chapter shows, where it is of these results.
    """
    entries = {name: coverage.entries(papers.load(name), stored[name]) for name in stored}
    found = [one for some in entries.values() for one in some]
    parts = [coverage.counts_table(coverage.summarise(found)), ""]
    parts += ["```{raw} html", '<p class="ledger-filter"></p>', "```", ""]
    for name, some in entries.items():
        paper = papers.load(name)
        parts += [f"## {name}", "", "```{raw} html"]
        for number in dict.fromkeys(str(one["table"]) for one in some):
            mine = [one for one in some if one["table"] == number]
            address = _address(name, number, stored[name].profile, shown)
            parts.append(_folded(paper, number, mine, address))
        parts += ["```", ""]
    return "\n".join(parts)


def _address(paper: str, table: str, profile: str, shown: Mapping[str, set[str]]) -> str:
    """Where a table stands: in its chapter, or where the budgets that no chapter shows are."""
    if paper not in shown:
        return f"{PAGE}.html#{anchor(paper, profile)}"
    name = f"T_{paper}_{table}"
    return f"notebooks/{paper}.html" + (f"#{name}_0" if name in shown[paper] else "")


def _folded(paper: Paper, name: str, some: list[Entry], address: str) -> str:
    ours = sum(one["ours"] is not None for one in some)
    told = html.escape(f"{paper.id}, {table_of(paper, name).number}")
    summary = f"{told}: {ours} of {len(some)} numbers have one of ours beside them"
    rows = [_row(paper, one, address) for one in some]
    return fold(summary, html_table(HEADS, rows, told), "dl-fold ledger")


def _row(paper: Paper, one: Entry, address: str) -> list[str]:
    ours = numbers.number(one["ours"], one["metric"])
    apart = ", ".join(differences.kinds(one["gap_reason"]))
    reason = one["why"] or (f"differs in {apart}" if apart else "")
    kind = one["kind"] + (f" ({one['profile']})" if one["ours"] is not None else "")
    title = method_of(paper, one["method"]).title
    told = (title, _column(paper, one), one["reported"], ours, kind, reason)
    texts = [html.escape(str(text)) for text in told]
    texts[2:4] = [f'<a href="{address}">{text}</a>' if text != "–" else text for text in texts[2:4]]
    return texts


def _column(paper: Paper, one: Entry) -> str:
    column = main_column(table_of(paper, one["table"]), one["dataset"], one["metric"])
    return f"{one['dataset']}, {column.title if column else one['metric']}"


def write_index(target: Path, stored: Mapping[str, Results], shown: Mapping[str, set[str]]) -> None:
    """Write what the search page looks numbers and titles up in.

    Args:
        target: folder of the file.
        stored: the largest stored results of each paper.
        shown: names of the tables that each chapter shows, where it is of these results.
    """
    found = [
        [
            one["reported"].strip(),
            numbers.number(one["ours"], one["metric"]),
            f"{name}, {table_of(paper, one['table']).number}: "
            f"{method_of(paper, one['method']).title}, {_column(paper, one)}",
            _address(name, one["table"], stored[name].profile, shown),
        ]
        for name in stored
        for paper in [papers.load(name)]
        for one in coverage.entries(paper, stored[name])
    ]
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    with atomic(target / INDEX) as temporary:
        temporary.write_text(f"window.deblurNumbers = {text};\n", encoding="utf-8")


def repeats(stored: Mapping[str, Results], published: Path) -> str:
    """What the last execution and other recorded ones agree on, paper by paper, as Markdown.

    The table at its head counts only executions that did other sums than the published one.
    """
    parts, heads = [], []
    for name, results in stored.items():
        for profile, one in budgets(published, name, results).items():
            folder = published / name / profile
            records = read_records(folder)
            heads.append((name, profile, *_repeated(records, papers.load(name))))
            if not records and (one.folder == folder or profile != results.profile):
                continue  # nothing to hold them against
            found = agreement_view.shown(one, folder, papers.load(name))
            shown = dataclasses.replace(found, key=f"agreement_{name}_{profile}").fenced()
            parts += [f"## {name}, profile {profile}", "", shown]
    return "\n".join([pipes(REPEATED, heads), "", *parts])


def _repeated(records: Sequence[Record], paper: Paper) -> tuple[str, str, str]:
    """Executions that count, claims on which all of them agree, and how far rows lie apart."""
    others = [one for one in records if one.moved]
    if not others:
        return "none recorded", "–", "–"
    asked = {claim.claim for one in others for claim in one.claims}
    shared = asked.difference(*(one.differing for one in others))
    apart = [
        value
        for key, value in floors(others).items()
        if compared_columns(paper)[key].metric == "psnr_db"
    ]
    ends = numbers.together([min(apart), max(apart)], "psnr_db", ends=True) if apart else ["–"]
    alike = f"{len(shared)} of {len(asked)}" if asked else "–"
    return str(len(others)), alike, " to ".join(dict.fromkeys(ends))


def checklist(stored: Mapping[str, Results]) -> str:
    """What a reader of a study of learning asks, answered by declarations and manifests."""
    parts = []
    for name in in_order(stored):
        answers = _answers(papers.load(name), stored[name])
        parts += [f"## {name}", "", pipes(("question", "answer"), answers.items()), ""]
    return "\n".join(parts)


def _answers(paper: Paper, results: Results) -> dict[str, str]:
    runs = budget.trained(results)
    rows = results.rows
    counted = coverage.summarise(coverage.entries(paper, results))["all"]
    hours = sum(one.seconds_training for one in runs) / 3600
    scoring = sum(one.seconds_scoring for one in results.manifests) / 3600
    claims = [one for one in papers.claims(paper.id) if not one.ours]
    scored = [
        f"{key}: {len(set(some['picture']))} pictures of {len(set(some['scene']))} photographs"
        for key, some in rows.groupby("dataset")
    ]
    seeds = sorted({one.seed for one in runs})
    sets = results.folder / checks.SETS
    checked = ", ".join(read_json(sets)) if sets.is_file() else ""
    return {
        "What is claimed, and when was it written down?": (
            f"{len(claims)} claims with {sum(len(one.checks) for one in claims)} checks, in "
            f"papers/{paper.id}/claims.yaml, before the rows that judge them unless a note or the "
            "list of rules says so"
        ),
        "Which data, split how?": ", ".join(sorted({name for one in runs for name in one.data}))
        + (f"; for checking only: {checked}" if checked else ""),
        "Can test pictures have been seen in training?": (
            "test pictures share no photograph, object or texture with the others; validation "
            "shares textures with training, and no photograph; the page on the pictures lists them"
        ),
        "How many test pictures, and what is the unit?": "; ".join(scored),
        "Which metrics?": ", ".join(sorted(set(map(str, rows["convention"])))),
        "Compared with what?": (
            f"{len(set(rows['method'])) - 1} rows run beside the blurred input; "
            f"{sum(one.control for one in paper.methods)} of all rows declared are controls of ours"
        ),
        "How was uncertainty measured?": (
            "95 % intervals over photographs and over trainings; a verdict needs both"
        ),
        "How many trainings?": f"{len(runs)}, seeds {', '.join(map(str, seeds))}",
        "How were settings chosen?": (
            "the paper's recipe at profile paper; the study's by a pilot, told on its own page; "
            "those of demo so that all rows take minutes"
        ),
        "How much computing?": f"{hours:.1f} hours of training and {scoring:.1f} of scoring in all",
        "What does the paper leave open?": (
            f"{len(paper.departures)} points, {sum(bool(one.option) for one in paper.departures)} "
            "of them with an option"
        ),
        "How much of the print is covered?": (
            f"{sum(counted[kind] for kind in cells.BESIDE)} of {counted['cells']} numbers"
        ),
        "What limits the answer?": (
            next((one.why for one in paper.profiles if one.name == results.profile), "") or "–"
        ),
    }

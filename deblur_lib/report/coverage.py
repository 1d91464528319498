"""The ledger: for every number that a paper prints, whether and how it was run here."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import papers
from deblur_lib.report import cells, columns, differences, markup, numbers
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare
from deblur_lib.spec import PROFILES, Paper, PrintedCell

KINDS = (*cells.BESIDE, cells.PRINTED_ONLY, cells.NOT_RUN)
KEPT = (
    "table", "dataset", "metric", "method", "reported", "reported_value", "kind", "ours", "gap",
    "gap_reason", "why", "convention", "data_id", "pictures", "seeds", "status", "flags",
)  # fmt: skip


def ledger(root: Path, *, profile: str | None = None) -> dict[str, Any]:
    """Every printed cell of every paper, and how many are covered.

    Args:
        root: folder of results, <root>/<paper>/<profile>/rows.csv.
        profile: the profile to look at; None takes the largest stored one of each paper.

    Returns:
        {"summary": counts by kind, in all and for each paper, "cells": one dict per printed cell
        with its place, printed text, kind, our value, reason and where our rows lie}.
    """
    found: list[dict[str, Any]] = []
    for name in papers.names():
        folder = stored(root, name, profile)
        results = Results.load(folder) if folder else None
        found += entries(papers.load(name), results)
    return {"summary": summarise(found), "cells": found}


def stored(root: Path, paper: str, profile: str | None = None) -> Path | None:
    """Folder of the largest stored profile of a paper, or of the one named; None without rows."""
    wanted = [profile] if profile else list(reversed(PROFILES))
    folders = [root / paper / name for name in wanted]
    return next((folder for folder in folders if (folder / "rows.csv").is_file()), None)


def entries(paper: Paper, results: Results | None) -> list[dict[str, Any]]:
    """One dict per printed cell of a paper; see `ledger`."""
    made = _made(paper, results) if results else {}
    profile = results.profile if results else ""
    found = []
    for one in papers.printed_cells(paper.id):
        told = made.get(one.key) or _blank(paper, one, stored=results is not None)
        where = "" if told["ours"] is None else f"{paper.id}/{profile}/rows.csv"
        place = {"paper": paper.id, "key": one.key, "profile": profile}
        found.append(place | told | {"where": where})
    return found


def _made(paper: Paper, results: Results) -> dict[str, dict[str, Any]]:
    """What the tables hold of each printed cell, by its key."""
    made: dict[str, dict[str, Any]] = {}
    for table in paper.tables:
        frame = compare(results, paper, table.id)
        for one in frame[~frame["beside"]].to_dict("records"):
            key = f"{one['table']}.{one['dataset']}.{one['metric']}.{one['method']}"
            made[key] = {name: _plain(one[name]) for name in KEPT}
    return made


def _plain(value: Any) -> Any:
    """JSON has no NaN: a missing number is null."""
    if isinstance(value, float):
        return None if value != value else round(value, 6)
    return value


def _blank(paper: Paper, one: PrintedCell, *, stored: bool) -> dict[str, Any]:
    kind, why = cells.NOT_RUN, "its table declares no such row or column"
    if not stored:
        method = columns.method_of(paper, one.method)
        why = "no results of this paper are stored"
        if method.network is None:
            kind, why = cells.PRINTED_ONLY, method.not_run
    blank: dict[str, Any] = dict.fromkeys(KEPT, "")
    return blank | {
        "table": one.table, "dataset": one.dataset, "metric": one.metric, "method": one.method,
        "reported": one.printed, "reported_value": one.value, "kind": kind,
        "ours": None, "gap": None, "pictures": 0, "status": "missing",
        "flags": " | ".join(one.flags), "why": why,
    }  # fmt: skip


def summarise(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts by kind: {"all": {...}, "papers": {paper: {...}}}; "cells" is the total."""
    by_paper = {
        name: _counted([one for one in found if one["paper"] == name])
        for name in dict.fromkeys(one["paper"] for one in found)
    }
    return {"all": _counted(found), "papers": by_paper}


def _counted(found: list[dict[str, Any]]) -> dict[str, int]:
    kinds = Counter(one["kind"] for one in found)
    return {"cells": len(found)} | {kind: kinds.get(kind, 0) for kind in KINDS}


def to_markdown(found: dict[str, Any]) -> str:
    """Summary and one table per paper."""
    parts = [counts_table(found["summary"])]
    for name in found["summary"]["papers"]:
        shown = pd.DataFrame(_shown(one) for one in found["cells"] if one["paper"] == name)
        parts += [f"## {name}", markup.pipe_table(shown.set_index("cell"))]
    return "\n\n".join(parts) + "\n"


def counts_table(summary: dict[str, Any]) -> str:
    """How many printed cells are covered, by paper, as a Markdown table."""
    counts = pd.DataFrame(summary["papers"] | {"all": summary["all"]}).T
    return markup.pipe_table(counts.rename_axis("paper"))


def _shown(one: dict[str, Any]) -> dict[str, str]:
    apart = ", ".join(differences.kinds(one["gap_reason"]))
    return {
        "cell": one["key"].replace(".", " "),  # so that it wraps in a narrow column
        "printed": one["reported"],
        "ours": numbers.number(one["ours"], one["metric"]),
        "kind": one["kind"] + (f" ({one['profile']})" if one["ours"] is not None else ""),
        "reason": one["why"] or (f"differs in {apart}" if apart else ""),
    }

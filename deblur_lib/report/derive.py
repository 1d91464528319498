"""Everything made from stored rows, written to derived/ and rebuilt byte for byte. No torch.

derived/T1.md, T1.csv         each table, for readers and with every field of every cell
derived/claims.md, .json      verdicts on the claims
derived/coverage.json         one entry per printed cell
derived/checks.md             gains on pictures for checking only, where some were scored
derived/departures.md         open points and what we do
derived/headline.json         gains, costs, verdict counts: what front pages quote
derived/figures/<id>.png      each figure that the stored results can fill
derived/figures/index.json    title, caption and text of each, or why it is missing
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError
from deblur_lib.files import atomic
from deblur_lib.report import checks, columns, coverage, figures, markup, tables, verdicts
from deblur_lib.report.results import Results
from deblur_lib.report.scores import over_input
from deblur_lib.spec import Paper

FOLDER = "derived"
HEADLINE = "psnr-rgb"


def write_derived(folder: Path, paper: str) -> list[Path]:
    """Write all derived files of a results folder; files that no longer belong are removed.

    Args:
        folder: a results folder with rows.
        paper: room id.

    Returns:
        The files, in order of their names.

    Raises:
        RecordError: the stored results break their schema, or the disk is full.
    """
    return write_files(Path(folder) / FOLDER, contents(folder, paper))


def write_files(root: Path, made: dict[str, bytes]) -> list[Path]:
    """Make a folder hold just these files; see `write_derived`."""
    for name, data in made.items():
        _write(root / name, data)
    for path in _files(root):
        if path.relative_to(root).as_posix() not in made:
            path.unlink()
    return [root / name for name in sorted(made)]


def write_figure(folder: Path, paper: str, figure: str) -> Path:
    """Draw one figure; a folder without rows will do where the figure needs none.

    Raises:
        MissingRowsError: the stored results hold nothing to draw.
        UsageError: the paper declares no such figure.
    """
    declared = papers.load(paper)
    drawn = figures.declared(declared, figure)
    data, _ = figures.render(Results.load(folder, partial=True), declared, drawn)
    path = figure_path(folder, figure)
    _write(path, data)
    return path


def figure_path(folder: Path, figure: str) -> Path:
    """Where a drawn figure of a results folder lies."""
    return Path(folder) / FOLDER / "figures" / f"{figure}.png"


def verify(folder: Path, paper: str) -> list[Path]:
    """Derived files that differ from a fresh rebuild, are missing, or do not belong."""
    return differing(Path(folder) / FOLDER, contents(folder, paper))


def differing(root: Path, made: dict[str, bytes]) -> list[Path]:
    """Files of a folder that are not just these, byte for byte; see `verify`."""
    present = {path.relative_to(root).as_posix(): path for path in _files(root)}
    return [
        root / name
        for name in sorted({*made, *present})
        if name not in made or name not in present or present[name].read_bytes() != made[name]
    ]


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    with atomic(path, durable=False) as temporary:
        temporary.write_bytes(data)


def contents(folder: Path, paper: str) -> dict[str, bytes]:
    """Every derived file by its name below derived/."""
    results, declared = Results.load(folder), papers.load(paper)
    made: dict[str, bytes] = {}
    for table in declared.tables:
        frame = tables.compare(results, declared, table.id)
        made[f"{table.id}.md"] = tables.styled(frame).markdown().encode()
        made[f"{table.id}.csv"] = tables.to_csv(frame).encode()
    judged = verdicts.judge(results, declared)
    made["claims.md"] = verdicts.styled(judged).markdown().encode()
    made["claims.json"] = _json(verdicts.as_dicts(judged))
    cells = coverage.entries(declared, results)
    made["coverage.json"] = _json(cells)
    if (Path(folder) / checks.ROWS).is_file():
        made["checks.md"] = checks.view({"these runs": folder}, declared, ()).markdown().encode()
    made["departures.md"] = departures(declared).encode()
    made["headline.json"] = _json(
        headline(results, declared)
        | {"claims": verdicts.counts(judged), "coverage": coverage.summarise(cells)["all"]}
    )
    return made | _figures(results, declared)


def _figures(results: Results, paper: Paper) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    index: list[dict[str, Any]] = []
    for figure in paper.figures:
        entry = {"id": figure.id, "title": figure.title, "caption": figure.caption}
        try:
            data, alt = figures.render(results, paper, figure)
        except MissingRowsError as error:
            index.append(entry | {"file": "", "alt": "", "missing": str(error)})
            continue
        made[f"figures/{figure.id}.png"] = data
        index.append(entry | {"file": f"figures/{figure.id}.png", "alt": alt, "missing": ""})
    return made | {"figures/index.json": _json(index)}


def departures(paper: Paper) -> str:
    """The paper's open points as a Markdown table."""
    table = pd.DataFrame(
        {
            "where": [one.where for one in paper.departures],
            "the paper": [one.says for one in paper.departures],
            "here": [one.does for one in paper.departures],
            "why": [one.why for one in paper.departures],
            "option": [one.option or "–" for one in paper.departures],
        },
        index=pd.Index([one.id or "–" for one in paper.departures], name="id"),
    )
    return markup.pipe_table(table) + "\n"


def headline(results: Results, paper: Paper) -> dict[str, Any]:
    """What a front page quotes: gains over the input, costs, and what was spent."""
    runs = [one for one in results.manifests if one.steps]
    return {
        "paper": paper.id,
        "profile": results.profile,
        "why": columns.profile_of(paper, results.profile).why,
        "runs": len(runs),
        "seeds": sorted({one.seed for one in runs}),
        "steps": sorted({one.steps for one in runs}),
        "hours_training": round(sum(one.seconds_training for one in runs) / 3600, 4),
        "processors": sorted({one.hardware.get("processor", "") for one in runs}),
        "accelerators": sorted({one.hardware.get("accelerator", "") for one in runs}),
        "commits": sorted({one.commit for one in runs}),
        "gains": _gains(results, paper),
        "costs": {
            one.id: {name: results.cost(one.id, name) for name in columns.COST_NAMES}
            for one in paper.methods
            if results.cost(one.id, "parameters") is not None
        },
    }


def _gains(results: Results, paper: Paper) -> list[dict[str, Any]]:
    made = []
    for dataset in columns.profile_of(paper, results.profile).test_on:
        for method in paper.methods:
            gain = over_input(results, method.id, dataset, HEADLINE)
            if gain is None or method.network == "identity":
                continue
            mine = gain.mine
            numbers = {
                "input": gain.blurred.mean,
                "ours": mine.mean,
                "gain": gain.mean,
                "low": gain.bounds.low,
                "high": gain.bounds.high,
            }
            made.append(
                {"dataset": dataset, "data": mine.data, "method": method.id, "title": method.title}
                | {name: _rounded(value) for name, value in numbers.items()}
                | {"by_seed": [_rounded(one) for one in gain.seeds], "pictures": len(mine.pictures)}
            )
    return made


def _rounded(value: float) -> float | None:
    return round(value, 4) if abs(value) < float("inf") else None


def _json(data: Any) -> bytes:
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()

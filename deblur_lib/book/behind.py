"""Pages behind the numbers: each mean picture by picture, its runs, the command that repeats it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import papers
from deblur_lib.book.blocks import fold, html_table, safe
from deblur_lib.records import Manifest, write_text
from deblur_lib.report import checks, columns, numbers
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results
from deblur_lib.report.scores import Scores, scores
from deblur_lib.spec import Method, Paper

FOLDER = "numbers"
RUN = ("seed", "run", "steps", "best step", "training [s]", "commit", "weights, SHA-256")


def write_numbers(book: Path, stored: Mapping[str, Results]) -> None:
    """Write <book>/numbers/<paper>.md for every paper.

    Args:
        book: folder of the book's sources.
        stored: the results that the chapters show.
    """
    for name, results in stored.items():
        write_text(book / FOLDER / f"{name}.md", page(papers.load(name), results))


def page(paper: Paper, results: Results) -> str:
    """Every scored row of a paper: its runs, the command, and its scores picture by picture."""
    scored = set(results.rows["method"])
    sets, beside = checks.read(results.folder)
    folder = f"results/{paper.id}/{results.profile}"
    lines = [
        f"# {paper.id}: behind the numbers",
        "",
        f"Every number of ours in the tables of {{doc}}`../notebooks/{paper.id}` is a mean of the "
        f"scores below, at profile {results.profile}. They stand in `{folder}/rows.csv`, what each "
        f"run was in `{folder}/manifests.json`; `deblur verify` holds both against "
        "their digests.",
        "",
    ]
    for method in paper.methods:
        if method.id in scored:
            lines += _method(paper, results, method)
            lines += _checked(method, sets, beside) if beside else []
    return "\n".join(lines)


def _method(paper: Paper, results: Results, method: Method) -> Iterator[str]:
    yield from (f"({paper.id}-{method.id})=", "", f"## {escape(method.title)}", "")
    runs = results.of_method(method.weights_of or method.id)
    if runs:
        seconds = numbers.together(one.seconds_training for one in runs)
        told = [_run(*one) for one in zip(runs, seconds, strict=True)]
        yield from ("```{raw} html", _table(RUN, told, "runs"), "```", "")
        yield "Train and score it again, in a workspace of its own:"
        asked = f"'methods=[\"{method.weights_of or method.id}\"]'"
        command = f"deblur reproduce {paper.id} --profile {results.profile} --set {asked}"
        yield from ("", "```console", command, "```", "")
    else:
        yield from ("The blurred picture itself, scored as if it were a result.", "")
    yield "```{raw} html"
    for dataset, metrics in _conventions(paper).items():
        found = [scores(results, method.id, dataset, one) for one in metrics]
        kept = [one for one in found if one is not None]
        if kept:
            yield _pictures(dataset, kept, metrics)
    yield from ("```", "")


def _checked(method: Method, sets: Mapping[str, Any], beside: Results) -> Iterator[str]:
    """Scores on the sets for checking, real pairs among them."""
    metrics = {checks.PSNR: "psnr_db", checks.SSIM: "ssim"}
    for dataset, told in sets.items():
        found = [scores(beside, method.id, dataset, one) for one in metrics]
        kept = [one for one in found if one is not None]
        if kept:
            yield from ("```{raw} html", _pictures(str(told["title"]), kept, metrics), "```", "")


def _run(one: Manifest, seconds: str) -> tuple[str, ...]:
    return (
        str(one.seed),
        one.run,
        f"{one.steps:,}",
        f"{one.best_step:,}",
        seconds,
        (one.commit[:10] or "none") + ("+" if one.dirty else ""),
        (one.weights_digest or "none")[:16],
    )


def _conventions(paper: Paper) -> dict[str, dict[str, str]]:
    """Conventions of the tables' columns by data set, each with its metric."""
    found: dict[str, dict[str, str]] = {}
    for table in paper.tables:
        for column in table.columns:
            if not columns.is_cost(column) and not columns.is_beside(table, column):
                found.setdefault(column.dataset, {})[column.convention] = column.metric
    return found


def _pictures(dataset: str, found: list[Scores], metrics: Mapping[str, str]) -> str:
    """Scores of all seeds on the pictures of one data set, on demand."""
    frame = pd.DataFrame(index=pd.Index(found[0].pictures))
    frame["photograph"] = found[0].scenes
    for one in found:
        for seed, values in zip(one.seeds, one.values, strict=True):
            head = one.convention + (f", seed {seed}" if one.trained else "")
            texts = numbers.together(values, metrics[one.convention])
            frame[head] = pd.Series(texts, index=one.pictures)
    rows = [(str(name), *map(str, values)) for name, *values in frame.fillna("–").itertuples()]
    heads = ("picture", *map(str, frame.columns))
    summary = f"{safe(dataset)}, {safe(found[0].data)}: {len(rows)} pictures"
    return fold(summary, _table(heads, rows, dataset))


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]], name: str) -> str:
    return html_table(map(safe, heads), [[*map(safe, row)] for row in rows], safe(name))

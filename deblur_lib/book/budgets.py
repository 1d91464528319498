"""The page that compares budgets: rank correlation per table, and tables of budgets not shown."""

from collections.abc import Mapping
from pathlib import Path

from deblur_lib import papers
from deblur_lib.report import rankings
from deblur_lib.report.results import Results
from deblur_lib.report.tables import compare, to_markdown
from deblur_lib.spec import Paper

BUDGETS = ("demo", "study", "gpu", "paper")  # smoke shows that code runs; its order means nothing


def budgets_page(published: Path, shown: Mapping[str, Results]) -> str:
    """Rank correlations of all stored budgets of every paper, and the tables no chapter shows.

    Args:
        published: folder of published results, <published>/<paper>/<profile>.
        shown: the results that the chapters show, by paper.

    Returns:
        Markdown.
    """
    return "\n".join(
        line
        for name in shown
        for line in _section(papers.load(name), _stored(published, name, shown[name]), shown[name])
    )


def _stored(published: Path, paper: str, shown: Results) -> dict[str, Results]:
    """Results of a paper by profile; those of its chapter stand for their own profile."""
    found: dict[str, Results] = {}
    for profile in BUDGETS:
        folder = published / paper / profile
        if profile == shown.profile:
            found[profile] = shown
        elif (folder / "rows.csv").is_file():
            found[profile] = Results.load(folder)
    return found


def _section(paper: Paper, stored: Mapping[str, Results], shown: Results) -> list[str]:
    held = ", ".join(f"**{name}**" for name in stored) or "none"
    missing = ", ".join(name for name in BUDGETS if name not in stored)
    lines = [
        f"## {paper.id}",
        "",
        f"Chapter at profile **{shown.profile}**. Stored budgets: {held}."
        + (f" No rows are stored of: {missing}." if missing else ""),
        "",
        rankings.to_markdown(rankings.rankings(paper, stored)),
    ]
    for name, results in stored.items():
        if name != shown.profile:
            lines += [f"### {paper.id} at profile {name}", ""]
            for table in paper.tables:
                lines += [to_markdown(compare(results, paper, table.id)), ""]
    return lines

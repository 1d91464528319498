"""What each profile costs, from the manifests of published runs; fills the README's table."""

import re
from pathlib import Path

from deblur_lib.records import Manifest, read_manifests, write_text
from deblur_lib.report.markup import pipes
from deblur_lib.spec import PROFILES

BLOCK = re.compile(r"(<!-- generated:costs -->\n).*?(<!-- /generated -->)", re.DOTALL)
HEADS = ("profile", "paper", "runs", "seeds", "where", "training", "scoring")


def costs(results: Path) -> str:
    """Table of the time that the published runs took.

    Args:
        results: folder of published results, <results>/<paper>/<profile>/manifests.json.

    Returns:
        Markdown.
    """
    published = [
        read_manifests(path)
        for profile in PROFILES
        for path in sorted(results.glob(f"*/{profile}/manifests.json"))
    ]
    rows = [_cells(runs) for runs in published if runs]
    return f"{pipes(HEADS, rows)}\n" if rows else "No results are published yet.\n"


def _cells(runs: list[Manifest]) -> tuple[str, ...]:
    places = sorted({_place(one) for one in runs})
    return (
        runs[0].profile,
        runs[0].paper,
        str(len(runs)),
        " ".join(map(str, sorted({one.seed for one in runs if one.seed >= 0}))),
        "; ".join(places),
        _minutes(sum(one.seconds_training for one in runs)),
        _minutes(sum(one.seconds_scoring for one in runs)),
    )


def _place(one: Manifest) -> str:
    if one.hardware["accelerator"] != "none":
        return one.hardware["accelerator"]
    cores = one.hardware.get("cores", "?")
    return f"{one.threads} of {cores} cores, {one.hardware['processor']}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def fill_costs(readme: Path, results: Path) -> bool:
    """Put the table between the marks of a README.

    Returns:
        True when the file changed.
    """
    before = readme.read_text(encoding="utf-8")
    table = costs(results)
    after = BLOCK.sub(lambda match: match[1] + table + match[2], before)
    if after != before:
        write_text(readme, after)
    return after != before

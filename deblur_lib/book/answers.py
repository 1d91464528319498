"""What a chapter found, for its first screen and for the front page: all filled by stored rows."""

import re
from collections.abc import Sequence
from pathlib import Path

from deblur_lib import papers
from deblur_lib.book.blocks import copied
from deblur_lib.records import read_json
from deblur_lib.report import budget, checks, derive, summary, verdicts
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results
from deblur_lib.spec import Paper

VERDICT = re.compile(r"(?:(\bal\.)|\.) \(([^()]+)\)$")  # behind the full stop of a sentence
SHORT = 3  # sentences of an answer


def sentences(results: Results, paper: Paper) -> list[str]:
    """What a reader should take away, what is decided first, as Markdown without bullets."""
    told = summary.closing(results, paper).splitlines()
    settled = summary.FOR + summary.AGAINST
    told.sort(key=lambda one: not any(f": {word} at " in one for word in settled))
    return [VERDICT.sub(r"\1 (\2).", one.removeprefix("- ")) for one in told]


UNSCORED = "none is scored at this budget"


def gains(results: Results, paper: Paper, published: Path) -> list[str]:
    """Gain of the paper's own network over the input: on generated pictures, then on real ones."""
    told = [one.removeprefix("- ") for one in summary.gains(results, paper)]
    where, real = real_gains(results, papers.summary(paper.id).own, published)
    text = f"{where}: {escape('; '.join(real))}" if real else f": {UNSCORED}"
    told.append(f"Gain on pairs made of real video{text}.")
    for one in (one.id for one in paper.methods if one.apart):
        where, real = real_gains(results, one, published, ("scene",))
        told += [f"After its long run{where}: {escape('; '.join(real))}."] if real else []
    return told


def real_gains(
    results: Results,
    method: str,
    published: Path,
    counts: Sequence[str] = checks.COUNTS,
) -> tuple[str, list[str]]:
    """Gains of a row on real pairs, and words for whose they are; see `checks.real_gains`.

    Real pairs are at hand to few, so where these results lack them the published ones tell.
    """
    theirs = published / results.paper / results.profile
    for where, folder in (("", results.folder), (", by the published run", theirs)):
        real = checks.real_gains(folder, method, counts)
        if real:
            return where, real
    return "", []


def verdict_bar(results: Results, paper: Paper) -> str:
    """How many claims got each verdict, as HTML; the words stand in it, the colours only help."""
    counted = verdicts.counts(verdicts.judge(results, paper))["ours"]
    parts = [
        f'<span style="flex-grow: {count}; background: {verdicts.COLOURS[word]}">'
        f"{count} {word}</span>"
        for word, count in counted.items()
        if count
    ]
    return f'<div class="verdict-bar">{"".join(parts)}</div>'


def chip(one: verdicts.Judgement) -> str:
    """A verdict with its budget as a coloured label, as HTML in Markdown."""
    colour = verdicts.COLOURS[one.ours.verdict]
    return f'<span class="verdict-chip" style="background: {colour}">{escape(one.told)}</span>'


def box(results: Results, paper: Paper, published: Path) -> str:
    """The answer of a chapter, as Markdown."""
    mine = papers.claims(paper.id)
    asked = sum(one.ours for one in mine)
    beside = "1 question of ours stands" if asked == 1 else f"{asked} questions of ours stand"
    first, *more = [*sentences(results, paper)[:SHORT], *gains(results, paper, published)] or [""]
    return "\n".join(
        [
            ":::{container} answer",
            f"**{first}**" if "**" not in first else first,
            "",
            *(f"- {one}" for one in more),
            "",
            f"The paper's {len(mine) - asked} claims, held against our rows"
            + (f" ({beside} beside them in the chapter):" if asked else ":"),
            "",
            verdict_bar(results, paper),
            "",
            f"*Budget: {escape(budget.in_words(results))}. "
            "Another budget may give other verdicts.*",
            ":::",
            "",
        ]
    )


def key_figure(folder: Path, results: Results, paper: Paper) -> str:
    """The chart of bars that shows the answer, else the first that the results hold.

    Returns:
        Markdown with the drawing copied below `folder`; "" without one.
    """
    made = results.folder / derive.FOLDER
    kinds = {one.id: one.kind for one in paper.figures}
    index = made / "figures" / "index.json"
    drawn_ones = read_json(index) if index.is_file() else []
    key = papers.summary(paper.id).key
    for one in sorted(drawn_ones, key=lambda one: one["id"] != key):
        if one["file"] and kinds.get(one["id"]) == "bars":
            alt = " ".join(str(one["alt"]).split())
            drawn = copied(made / one["file"], folder, f"{paper.id}-key.png", alt)
            return f"{drawn}\n\n*{escape(one['caption'])}*\n"
    return ""


def year(paper: Paper) -> int:
    """Year of the venue, by which chapters are ordered."""
    found = re.findall(r"\b(?:19|20)\d\d\b", paper.venue) or re.findall(r"\d{4}", paper.id)
    return int(found[-1]) if found else 0

"""The front page: what was found, pictures before and after, a card for each chapter."""

import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from deblur_lib import papers
from deblur_lib.book import answers
from deblur_lib.book.pictures import compressed
from deblur_lib.report import budget, cells, checks, coverage, summary
from deblur_lib.report.columns import own_method
from deblur_lib.report.figures import choosing
from deblur_lib.report.markup import escape, pipes
from deblur_lib.report.numbers import NOTHING, number
from deblur_lib.report.results import Results
from deblur_lib.report.scores import decibels


def in_order(stored: Mapping[str, Results]) -> list[str]:
    """Paper ids, the oldest paper first."""
    return sorted(stored, key=lambda name: (answers.year(papers.load(name)), name))


def findings(stored: Mapping[str, Results], published: Path) -> str:
    """A sentence for each paper, with its verdict and effect, then what the networks gain."""
    lines = []
    for name in in_order(stored):
        paper, results = papers.load(name), stored[name]
        told = answers.sentences(results, paper)[:1] or [escape(paper.title)]
        lines.append(f"- {{doc}}`{name} <notebooks/{name}>`: {told[0]}")
    spent = escape(budget.in_words(*stored.values()))
    return "\n".join(
        [
            *lines,
            "",
            *_gained(stored, published),
            f"*Budget: {spent}. Another budget may give other verdicts.*",
            "",
        ]
    )


def _gained(stored: Mapping[str, Results], published: Path) -> Iterator[str]:
    """Gain of each paper's network, and of its long run, on generated and on real pictures."""
    found: dict[str, dict[str, list[str]]] = {}
    basis: dict[str, str] = {}
    for name in in_order(stored):
        paper, results = papers.load(name), stored[name]
        own = papers.summary(name)
        for method in (own.own, *(one.id for one in paper.methods if one.apart)):
            one = summary.gain_of(results, paper, method, own.datasets[0])
            held = found.setdefault(name, {})
            if one:
                held.setdefault("generated pictures", []).append(_linked(one.mean, name, method))
            for folder in (results.folder, published / name / results.profile):
                real = checks.on_real_pairs(folder, method)
                for title, gain in real.items():
                    kind = title.partition(",")[0] + ", real"
                    mean = decibels(gain)[0]
                    there = folder == results.folder
                    held.setdefault(kind, []).append(_linked(mean, name, method, there))
                    scenes = gain.bounds.units
                    basis[kind] = f"{scenes} scene{'s' if scenes > 1 else ''}"
                if real:
                    break
    kinds = sorted(
        dict.fromkeys(kind for held in found.values() for kind in held), key=basis.__contains__
    )
    heads = [f"{one} ({basis[one]})" if one in basis else one for one in kinds]
    yield from pipes(("gain over the blurred input [dB]", *heads), ()).splitlines()
    for name, held in found.items():  # links among them, which `pipes` would show as text
        told = [" → ".join(held.get(kind, [NOTHING])) for kind in kinds]
        yield f"| {' | '.join((name, *told))} |"
    yield ""
    long = any(len(texts) > 1 for held in found.values() for texts in held.values())
    yield " ".join(
        [
            "The paper's own network after the short training that all rows share"
            + (" → after its long run, which learns from longer blur." if long else "."),
            *(["On so few real scenes the sign of a gain is no result."] if basis else []),
            "{doc}`What we found <found>` has the intervals.",
        ]
    )
    yield ""


def _linked(text: str, paper: str, method: str, there: bool = True) -> str:
    """A number with a link to the scores behind it, where their page has them."""
    return f"{{ref}}`{text} <{paper}-{method}>`" if there else text


def strip(folder: Path, stored: Mapping[str, Results]) -> str:
    """A before/after pair of each paper, each of another photograph where there is one.

    Pictures are those that the results chose for their figures, copied below `folder`.
    """
    seen: set[str] = set()
    lines = ["::::{grid} 1 2 3 3", ":gutter: 3", ""]
    for name in in_order(stored):
        results, paper = stored[name], papers.load(name)
        own = own_method(paper, results)
        found = list(chosen(results))
        if own is None or not found:
            continue
        fresh = [one for one in found if one[2] not in seen] or found
        dataset, picture, scene = max(fresh, key=lambda one: _gain(results, own.id, *one[:2]))
        seen.add(scene)
        gained = number(_gain(results, own.id, dataset, picture), "psnr_db", sign=True)
        lines += [":::{grid-item}", "", "```{container} compare-slider compare-strip"]
        stood = results.picture_path(dataset, picture, "sharp").parent
        for which, alt in (("blurred", "blurred input"), (own.id, own.title), ("sharp", "sharp")):
            if (stood / f"{which}.png").is_file():
                address = compressed(stood / f"{which}.png", folder, f"strip-{name}-{which}")
                lines.append(f"![{escape(alt)}]({address})")
        given = folder / "pictures" / f"strip-{name}-blurred.png"
        shutil.copyfile(stood / "blurred.png", given)  # for networks of the page *Try it*
        told = f"{escape(own.title)}, photograph *{escape(scene)}*: {gained} dB"
        lines += ["```", "", told, "", ":::", ""]
    return "\n".join([*lines, "::::", ""])


def _gain(results: Results, method: str, dataset: str, picture: str) -> float:
    """Gain of a method over the blurred input on one picture in dB, by its first seed."""
    rows = results.rows
    rows = rows[(rows["picture"] == picture) & (rows["dataset"] == dataset)]
    scored = rows[rows["convention"] == "psnr-rgb"].sort_values("seed")
    mine, blurred = (scored.loc[scored["method"] == one, "value"] for one in (method, "identity"))
    return float(mine.iloc[0] - blurred.iloc[0]) if len(mine) and len(blurred) else -math.inf


def chosen(results: Results) -> Iterator[tuple[str, str, str]]:
    """Data set, picture and photograph of each picture that was chosen for figures.

    The paper's own data sets come first.
    """
    scene = results.rows.drop_duplicates(["dataset", "picture"]).set_index(["dataset", "picture"])
    own = papers.summary(results.paper).datasets
    stored = list(map(str, results.rows["dataset"].unique()))
    for dataset in sorted(stored, key=lambda one: one not in own):
        for picture in choosing.chosen(results, dataset).values():
            yield dataset, picture, str(scene["scene"].get((dataset, picture), ""))


def cards(stored: Mapping[str, Results], titles: Mapping[str, str]) -> str:
    """One card per paper: question, answer, verdicts, how much of its print is covered.

    Args:
        stored: the results that the chapters show.
        titles: title of each chapter, its question.
    """
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for name in in_order(stored):
        paper, results = papers.load(name), stored[name]
        counted = coverage.summarise(coverage.entries(paper, results))["all"]
        ours = sum(counted[kind] for kind in cells.BESIDE)
        lines += [
            f":::{{grid-item-card}} {escape(titles.get(name, paper.title))}",
            f":link: notebooks/{name}",
            ":link-type: doc",
            "",
            *(answers.sentences(results, paper)[:1] or [escape(paper.title)]),
            "",
            f"Verdicts on its claims at {results.profile}:",
            "",
            answers.verdict_bar(results, paper),
            "",
            f"- {ours} of {counted['cells']} printed numbers have one of ours beside them",
            f"- {escape(paper.authors)}. {escape(paper.venue)}",
            ":::",
            "",
        ]
    return "\n".join([*lines, "::::", ""])

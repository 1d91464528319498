"""The front page: what was found, pictures before and after, a card for each chapter."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from deblur_lib import papers
from deblur_lib.book import answers
from deblur_lib.book.pictures import compressed
from deblur_lib.report import budget, cells, coverage
from deblur_lib.report.columns import own_method
from deblur_lib.report.figures import choosing
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results


def in_order(stored: Mapping[str, Results]) -> list[str]:
    """Paper ids, the oldest paper first."""
    return sorted(stored, key=lambda name: (answers.year(papers.load(name)), name))


def findings(stored: Mapping[str, Results], published: Path) -> str:
    """A sentence for each paper, with its verdict, budget and gain; on real pictures if scored."""
    lines = []
    for name in in_order(stored):
        paper, results = papers.load(name), stored[name]
        told = answers.sentences(results, paper)[:1] or [escape(paper.title)]
        *made, real = answers.gains(results, paper, published)
        gain = [*made[:1], real] if answers.UNSCORED in real else [real]
        lines.append(f"- {{doc}}`{name} <notebooks/{name}>`: {' '.join([*told, *gain])}")
    spent = escape(budget.in_words(*stored.values()))
    return "\n".join(
        [*lines, "", f"*Budget: {spent}. Another budget may give other verdicts.*", ""]
    )


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
        dataset, picture, scene = next((one for one in found if one[2] not in seen), found[0])
        seen.add(scene)
        lines += [":::{grid-item}", "", "```{container} compare-slider compare-strip"]
        stood = results.picture_path(dataset, picture, "sharp").parent
        for which, alt in (("blurred", "blurred input"), (own.id, own.title), ("sharp", "sharp")):
            if (stood / f"{which}.png").is_file():
                address = compressed(stood / f"{which}.png", folder, f"strip-{name}-{which}")
                lines.append(f"![{escape(alt)}]({address})")
        given = folder / "pictures" / f"strip-{name}-blurred.png"
        shutil.copyfile(stood / "blurred.png", given)  # for networks of the page *Try it*
        lines += ["```", "", f"{escape(own.title)}, photograph *{escape(scene)}*", "", ":::", ""]
    return "\n".join([*lines, "::::", ""])


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


def cards(stored: Mapping[str, Results], titles: Mapping[str, str], published: Path) -> str:
    """One card per paper: question, answer, verdicts, how much of its print is covered.

    Args:
        stored: the results that the chapters show.
        titles: title of each chapter, its question.
        published: folder of the published results.
    """
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ""]
    for name in in_order(stored):
        paper, results = papers.load(name), stored[name]
        counted = coverage.summarise(coverage.entries(paper, results))["all"]
        ours = sum(counted[kind] for kind in cells.BESIDE)
        gains = answers.gains(results, paper, published)
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
            *(f"- {one}" for one in dict.fromkeys([*gains[:1], *gains[-1:]])),
            f"- {ours} of {counted['cells']} printed numbers have one of ours beside them",
            f"- {escape(paper.authors)}. {escape(paper.venue)}",
            ":::",
            "",
        ]
    return "\n".join([*lines, "::::", ""])

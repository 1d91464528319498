"""Generated parts of the book: all numbers of its pages, and all that declarations say."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from deblur_lib import papers, seals
from deblur_lib.book import answers, checkable, costs, found, front, models
from deblur_lib.book.arranged import tables_of, title_of
from deblur_lib.book.behind import write_numbers
from deblur_lib.book.blocks import copied
from deblur_lib.book.budgets import beside, budgets_page
from deblur_lib.book.commands import commands_page
from deblur_lib.book.declared import conventions, exports, margins, profiles, stand_ins, weights
from deblur_lib.book.executed import Chapter
from deblur_lib.book.networks import networks_page, worth
from deblur_lib.book.photo import left_alone, photo_page
from deblur_lib.book.pictures import compressed, pictures_page
from deblur_lib.records import Manifest, read_json, write_text
from deblur_lib.report import attempts, budget, derive, judged, pilot, standing
from deblur_lib.report.columns import own_method
from deblur_lib.report.markup import escape, pipes
from deblur_lib.report.results import Results
from deblur_lib.report.rules import RULES
from deblur_lib.runs import vintage
from deblur_lib.spec import Paper
from deblur_lib.weights import shipped

SCENES, NETWORKS = 3, 2  # of a before/after block


def write_pages(book: Path, chapters: Sequence[Chapter], published: Path) -> None:
    """Write every generated include to <book>/_generated.

    Args:
        book: folder of the book's sources.
        chapters: the chapters that the book shows.
        published: folder of the published results.

    Raises:
        RecordError: a stored file was cut or changed since it was stored.
    """
    for one in chapters:
        seals.check(one.results)
    shown = {one.paper: Results.load(one.results) for one in chapters}
    budgets = {name: standing.stored(published, name, one) for name, one in shown.items()}
    stored = {name: standing.largest(one) for name, one in budgets.items()}
    folder = book / "_generated"
    shutil.rmtree(folder, ignore_errors=True)
    for name, results in stored.items():
        paper = papers.load(name)
        write_text(folder / f"{name}-compare.md", comparison(folder, paper, results))
        answer = answers.box(results, paper, published)
        figure = answers.key_figure(folder, results, paper)
        other = beside(budgets[name], shown[name], paper)
        write_text(folder / f"{name}-answer.md", f"{answer}\n{figure}\n{other}")
    titles = {one.paper: title_of(one.notebook) for one in chapters}
    tables = {
        one.paper: tables_of(one.notebook)
        for one in chapters
        if stored[one.paper] is shown[one.paper]
    }
    pages = {
        "findings": front.findings(stored, published),
        "found": found.page(budgets, published),
        "strip": front.strip(folder, stored),
        "headlines": front.cards(stored, titles),
        "try": models.page(book, published, stored),  # offers pictures of the strip
        "rules": RULES,
        "margins": margins(),
        "judge": judge(folder, published / judged.FOLDER),
        "pilot": pilot.page(published / pilot.FOLDER),
        "took": costs.costs(published),
        "commands": commands_page(book),
        "photo": photo_page(folder, published / attempts.FOLDER),
        "left-alone": left_alone(shipped.FOLDER / shipped.CARD),
        "conventions": conventions(),
        "profiles": profiles(),
        "stand-ins": stand_ins(),
        "weights": weights(),
        "exports": exports(),
        "coverage": checkable.ledger(stored, tables),
        "repeats": checkable.repeats(shown, published),
        "checklist": checkable.checklist(stored),
        "made": made(stored, shown),
        "data": pictures_page(folder),
        "budgets": budgets_page(budgets, shown),
        "networks": networks_page(published.parent, published),
        "worth": worth(published.parent, published),
    }
    for name, text in pages.items():
        write_text(folder / f"{name}.md", text)
    checkable.write_index(book / "_extra", stored, tables)
    write_numbers(book, shown)


def comparison(folder: Path, paper: Paper, results: Results) -> str:
    """A before/after block of test pictures, with its pictures copied below `folder`.

    The pictures are those that the results chose for their figures, one of each photograph, so the
    choice never looks at what a network made of them.

    Returns:
        Markdown; "" when no pictures are stored.
    """
    titles = {one.id: one.title for one in paper.methods}
    own = own_method(paper, results)
    nets = sorted(titles, key=lambda name: own is None or name != own.id)
    titles |= {"blurred": "blurred input", "sharp": "sharp truth"}
    lines = [":::{container} compare-slider"]
    scenes: list[str] = []
    for dataset, picture, scene in front.chosen(results):
        if scene in scenes or len(scenes) == SCENES:
            continue
        scenes.append(scene)
        data = results.rows.loc[results.rows["dataset"] == dataset, "data"].iloc[0]
        lines += ["", f"Scene {escape(scene)}, {escape(str(data))}:"]
        stored = results.picture_path(dataset, picture, "sharp").parent
        names = [name for name in nets if (stored / f"{name}.png").is_file()]
        for name in ("blurred", *names[:NETWORKS], "sharp"):
            target = f"{paper.id}-{len(scenes)}-{name}"
            address = compressed(stored / f"{name}.png", folder, target)
            lines.append(f"![{escape(titles[name])}]({address})")
    if not scenes:
        return ""
    caption = (
        f"Test pictures of profile {results.profile}, each of another photograph. Move the divider "
        "by mouse, finger or arrow keys; the menus choose the photograph and what stands on each "
        "side. Compressed a little for this page; the results hold them without loss."
    )
    return "\n".join([*lines, ":::", "", caption, ""])


def judge(folder: Path, root: Path) -> str:
    """How often the rule of verdicts errs, with its figure copied below `folder`."""
    made = root / derive.FOLDER
    if not (made / "calibration.json").is_file():
        return "Not measured yet: `deblur judge` finds no row that was trained with seeds enough.\n"
    alt = str(read_json(made / "calibration.json")["alt"])
    text = (made / "calibration.md").read_text(encoding="utf-8")
    return f"{text}\n{copied(made / 'power.png', folder, 'judge-power.png', alt)}\n"


def made(*stored: Mapping[str, Results]) -> str:
    """Hardware, versions, commits and time of the runs behind each chapter, from manifests.

    Args:
        stored: results by paper; those that stand in several are told once.
    """
    parts = [
        "A paper has a table for each commit, precision and machine that its runs come from.",
        "",
    ]
    told = {id(results): (name, results) for some in stored for name, results in some.items()}
    for name, results in told.values():
        parts += [f"## {name}, profile {results.profile}", "", _runs_table(results), ""]
        notes = sorted({note for one in results.manifests for note in one.notes})
        parts += ["Noted by these runs:", ""] if notes else []
        parts += [f"- {escape(note)}" for note in notes] + [""]
    return "\n".join(parts)


def _runs_table(results: Results) -> str:
    groups: dict[tuple[tuple[str, str], ...], list[Manifest]] = {}
    learned = {one.run for one in budget.trained(results)}
    for one in results.manifests:
        groups.setdefault(_circumstances(one), []).append(one)
    tables = []
    for circumstances, runs in groups.items():
        seconds = sum(one.seconds_training for one in runs)
        facts = [
            ("runs", f"{len(runs)}, of {len({one.method for one in runs})} rows, seeds "
                     + " ".join(map(str, sorted({one.seed for one in runs})))),
            ("training", f"{seconds / 60:.1f} minutes in all, "
                         f"{sum(one.steps for one in runs if one.run in learned):,} steps"),
            ("code", vintage.remark(runs) or "as it stands in this project"),
            *circumstances,
            ("data", ", ".join(sorted({f"{key} ({value[:10]})" for one in runs
                                       for key, value in one.data.items()}))),
        ]  # fmt: skip
        tables.append(pipes(("fact", "value"), facts) + "\n")
    return "\n".join(tables)


def _circumstances(one: Manifest) -> tuple[tuple[str, str], ...]:
    commit = (one.commit[:10] or "none") + (", with uncommitted changes" if one.dirty else "")
    machine = {"cores": "?", "memory_gib": "?"} | one.hardware
    return (
        ("commit", commit),
        ("processor", f"{machine['processor']}, {machine['cores']} cores, {one.threads} used"),
        ("memory", f"{machine['memory_gib']} GiB"),
        ("accelerator", machine["accelerator"]),
        ("device, precision", f"{one.device}, {one.precision}"),
        ("versions", ", ".join(f"{key} {value}" for key, value in sorted(one.versions.items()))),
    )

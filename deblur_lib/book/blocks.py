"""Blocks of HTML that several pages hold: tables, folds; pictures copied beside the pages."""

import html
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from deblur_lib.report.markup import escape


def html_table(heads: Iterable[str], rows: Iterable[Sequence[str]], name: str) -> str:
    """An HTML table that scrolls where it is too wide; cells, heads and name are HTML."""
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{one}</td>" for one in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f'<div class="dl-scroll" role="group" tabindex="0" aria-label="{name}">'
        f'<table class="dl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def fold(summary: str, inside: str, kind: str = "dl-fold") -> str:
    """HTML that a reader unfolds; `kind` holds its classes."""
    return f'<details class="{kind}"><summary>{summary}</summary>{inside}</details>'


def safe(text: str) -> str:
    """A text on one line that HTML shows as it is; no fence of Markdown can end in it."""
    return html.escape(" ".join(text.split()))


def copied(source: Path, folder: Path, name: str, alt: str) -> str:
    """A stored picture in Markdown, copied below `folder`, that of the book's generated parts."""
    target = folder / "pictures" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return shown(name, alt)


def shown(name: str, alt: str) -> str:
    """A picture among the book's generated parts, in Markdown."""
    return f"![{escape(alt)}](/_generated/pictures/{name})"

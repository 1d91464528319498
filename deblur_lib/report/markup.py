"""Views of small text tables: HTML for notebooks, Markdown for pages; the same bytes every time."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from deblur_lib.report import numbers

# White panel, black text: notebooks and the book keep light tables in dark mode as well.
STYLE = """<style>
.dl-view {font-size: 0.8rem; line-height: 1.35; color: #000}
.dl-scroll {overflow-x: auto; margin: 0.4em 0 0.9em; background: #fff; color: #000}
.dl-table {border-collapse: collapse; margin: 0; text-align: right;
 font-variant-numeric: tabular-nums}
.dl-table caption {caption-side: top; text-align: left; font-weight: 600; color: #000}
.dl-table :is(th, td) {padding: 0.2em 0.45em; vertical-align: top; white-space: pre-line}
.dl-table thead th {text-align: center; font-weight: 600; border-bottom: 1px solid #666}
.dl-table tbody tr {border-top: 1px solid #c4c4c4}
.dl-table tbody th {position: sticky; left: 0; z-index: 1; background: #fff; text-align: left;
 font-weight: 400}
.dl-table .dl-left {text-align: left}
.dl-table .dl-wide {min-width: 9em}
</style>
"""
LONG = 18  # letters above which a column of a listing gets a least width
HIGHER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWER = {mark: digit for digit, mark in HIGHER.items()}
INSIDE = re.compile(r"(?<=\w[._])(?=[A-Za-z])")  # of a name: papers.wan2023.blocks, gopro_test
UNIT = re.compile(r"(?<=\d) (?=[TGMk]\b)")
MARKS = re.compile(r" ([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


@dataclass(frozen=True)
class View:
    """Titled tables with notes below; shows as HTML in a notebook and prints as Markdown.

    Attributes:
        title, caption: shown above.
        blocks: heading and table of each block, all cells text.
        notes: shown below.
        key: letters that name the HTML tables, the same in every rebuild.
        left: least width of each column of text, which is set flush left.
        first: least width of the first column.
        colours: background of a cell by its text, e.g. of verdicts.
        footnotes: what the marks in headings and cells refer to, see `marked`; shown on demand.
        folded: headings of blocks that are shown on demand.
        rows: id of the row behind each title of the first column, where there are stored rows.
        sources: data set of each block whose cells come from stored rows, by heading.
        choices: columns (the first included) by whose texts a page may filter.
    """

    title: str
    caption: str
    blocks: list[tuple[str, pd.DataFrame]]
    notes: list[str]
    key: str
    left: dict[str, str] = field(default_factory=lambda: {"what ours is": "7em"})
    first: str = "7em"
    colours: dict[str, str] = field(default_factory=dict)
    footnotes: list[str] = field(default_factory=list)
    folded: frozenset[str] = frozenset()
    rows: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        above = [f"<strong>{_safe(self.title)}</strong>"] if self.title else []
        above += [_safe(self.caption)] if self.caption else []
        parts = [f"<p>{'<br>'.join(above)}</p>"] if above else []
        parts += [self._block(number) for number in range(len(self.blocks))]
        parts += [_list("ul", self.notes)] if self.notes else []
        if self.footnotes:
            shown = _list("ol", self.footnotes, f"{self.key}-n")
            parts.append(_fold(f"Notes to the cells ({len(self.footnotes)})", shown))
        return f'{STYLE}<div class="dl-view">\n' + "\n".join(parts) + "\n</div>"

    def fenced(self) -> str:
        """As HTML in a Markdown page of the book, whose sheet has the styles."""
        return f"```{{raw}} html\n{self._repr_html_().removeprefix(STYLE)}\n```\n"

    def _block(self, number: int) -> str:
        heading, table = self.blocks[number]
        fold = heading in self.folded
        told = html.escape(MARKS.sub("", heading) or self.title or f"table {self.key}")
        name = f"{self.key}_{number}"
        facts = f' data-dataset="{self.sources[heading]}"' if heading in self.sources else ""
        facts += f' data-choices="{html.escape("|".join(self.choices))}"' if self.choices else ""
        caption = "" if fold or not heading else f"<caption>{self._marks(_safe(heading))}</caption>"
        heads = (f'<th scope="col">{breakable(one)}</th>' for one in _names(table))
        text = (
            f'<div class="dl-scroll" role="group" tabindex="0" aria-label="{told}">'
            f'<table class="dl-table" id="T_{name}"{facts}>{caption}\n'
            f"<thead>{_tag_row(heads)}</thead>\n<tbody>\n"
            + "\n".join(self._rows(table))
            + "\n</tbody></table></div>"
        )
        return _fold(heading, text) if fold else text

    def _rows(self, table: pd.DataFrame) -> Iterator[str]:
        for name, values in zip(table.index, table.to_numpy(), strict=True):
            colour = self._style(str(name), f"min-width: {self.first}")
            cells = [f'<th scope="row"{colour}>{breakable(str(name))}</th>']
            for column, value in zip(table.columns, values, strict=True):
                width = self.left.get(str(column))
                kind = "" if width is None else ' class="dl-left"'
                style = self._style(str(value), f"min-width: {width}" if width else "")
                cells.append(f"<td{kind}{style}>{self.cell(str(column), str(value))}</td>")
            row = self.rows.get(str(name))
            yield _tag_row(cells, f' data-row="{html.escape(row)}"' if row else "")

    def cell(self, column: str, text: str) -> str:
        """A cell's text as HTML; a view whose columns hold more than plain text says how here."""
        return self._marks(breakable(text))

    def _style(self, text: str, props: str) -> str:
        colour = self.colours.get(text, "")
        told = [*([props] if props else []), *([f"background: {colour}"] if colour else [])]
        return f' style="{"; ".join(told)}"' if told else ""

    def _marks(self, text: str) -> str:
        """Marks of footnotes as links to them."""
        if not self.footnotes:
            return text
        link = f'\u00a0<sup><a href="#{self.key}-n{{0}}">{{0}}</a></sup>'
        return MARKS.sub(lambda found: link.format(found[1].translate(LOWER)), text)

    def markdown(self) -> str:
        """Title, tables and notes as Markdown."""
        parts = [f"**{escape(self.title)}**" if self.title else "", escape(self.caption)]
        for heading, table in self.blocks:
            parts += [f"*{escape(heading)}*"] if heading else []
            parts.append(pipe_table(table))
        parts.append("\n".join(f"- {escape(note)}" for note in self.notes))
        parts.append("\n".join(f"{n}. {escape(one)}" for n, one in enumerate(self.footnotes, 1)))
        return "\n\n".join(part for part in parts if part) + "\n"


def marked(text: str, notes: Sequence[int]) -> str:
    """A text with the marks of footnotes behind it."""
    return text + "".join(f" {str(one).translate(HIGHER)}" for one in sorted(set(notes)))


def _safe(text: str) -> str:
    return html.escape(text, quote=False)


def breakable(text: str) -> str:
    """A text as HTML whose long names may break behind a dot or underscore, whose units may not."""
    return UNIT.sub("\u00a0", INSIDE.sub("<wbr>", _safe(text)))


def _names(table: pd.DataFrame) -> list[str]:
    """Headings of all columns, that of the index first."""
    first = "row" if table.index.name is None else table.index.name
    return [str(one) for one in (first, *table.columns)]


def _tag_row(cells: Iterable[str], facts: str = "") -> str:
    return f"<tr{facts}>{''.join(cells)}</tr>"


def _list(tag: str, items: Sequence[str], key: str = "") -> str:
    told = ""
    for number, one in enumerate(items, 1):
        told += f'<li id="{key}{number}">' if key else "<li>"
        told += f"{_safe(one)}</li>"
    return f"<{tag}>{told}</{tag}>"


def _fold(summary: str, text: str) -> str:
    return f'<details class="dl-fold"><summary>{_safe(summary)}</summary>\n{text}\n</details>'


def listing(frame: pd.DataFrame, *, key: str, shared: str = "") -> View:
    """A frame as it stands, every cell in full, its index as the first column.

    Args:
        frame: any frame with an index of one level.
        key: letters that name the HTML table, the same in every rebuild.
        shared: what all rows are called; columns that say one thing of all of them then become a
            note.
    """
    alike = [name for name in frame if shared and len(frame) > 1 and frame[name].nunique() == 1]
    told = [f"{shared}: {', '.join(f'{name} {frame[name].iloc[0]}' for name in alike)}"]
    frame = frame.drop(columns=alike)
    table = pd.DataFrame({name: _texts(frame[name]) for name in frame.columns}, index=frame.index)
    table.columns = pd.Index([str(name) for name in table.columns])
    texts = {
        str(name): "9em" if frame[name].astype(str).str.len().max() > LONG else ""
        for name in frame.columns
        if not pd.api.types.is_numeric_dtype(frame[name])
    }
    return View("", "", [("", table)], told if alike else [], key, left=texts)


def _texts(column: pd.Series) -> list[str]:
    """Cells of a column: floats with common decimals, counts in thousands, texts as they are."""
    if pd.api.types.is_float_dtype(column):
        return numbers.together(column.tolist())
    return [_cell(one) for one in column.tolist()]


def _cell(value: object) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return numbers.number(value)
    return str(value)


def pipe_table(table: pd.DataFrame) -> str:
    """A table of texts as a Markdown pipe table; the index is the first column."""
    return pipes(_names(table), table.itertuples(name=None))


def pipes(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown pipe table of texts, which it shows as they are."""
    lines = ["| " + " | ".join(escape(str(cell)) for cell in row) + " |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def escape(text: str) -> str:
    """Text that Markdown shows as it is: no table bars, emphasis, links, tags or line breaks."""
    for mark in ("\\", "|", "*", "_", "`", "<", ">", "$"):
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.replace("](", "]\\(").replace("][", "]\\[").splitlines())

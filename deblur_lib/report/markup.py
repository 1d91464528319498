"""Views of small text tables: HTML for notebooks, Markdown for pages; the same bytes every time."""

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from deblur_lib.report import numbers

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

# White panel, black text: notebooks and the book keep light tables in dark mode as well.
STYLES: list[Any] = [
    {"selector": "", "props": "font-size: 0.78em; border-collapse: collapse; margin: 0.4em 0"},
    {"selector": "caption", "props": "caption-side: top; text-align: left; font-weight: 600"},
    {
        "selector": "th, td",
        "props": "padding: 0.2em 0.45em; vertical-align: top; white-space: pre-line",
    },
    {"selector": "th.col_heading", "props": "text-align: center; font-weight: 600"},
    {"selector": "th.row_heading", "props": "text-align: left; font-weight: 400"},
    {"selector": "td", "props": "text-align: right; font-variant-numeric: tabular-nums"},
    {"selector": "tbody tr", "props": "border-top: 1px solid #d0d0d0"},
]

LONG = 18  # letters above which a column of a listing gets a least width


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
    """

    title: str
    caption: str
    blocks: list[tuple[str, pd.DataFrame]]
    notes: list[str]
    key: str
    left: dict[str, str] = field(default_factory=lambda: {"what ours is": "7em"})
    first: str = "7em"
    colours: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.markdown()

    def stylers(self) -> "list[Styler]":
        """One pandas Styler per block, with fixed ids."""
        return [self._styler(number) for number in range(len(self.blocks))]

    def _styler(self, number: int) -> "Styler":
        heading, table = self.blocks[number]
        shown = table.style.set_uuid(f"{self.key}_{number}").set_caption(html.escape(heading))
        first: Any = {"selector": "th.row_heading", "props": f"min-width: {self.first}"}
        shown = shown.set_table_styles([*STYLES, first]).format(escape="html")
        for axis in ("index", "columns"):
            shown = shown.format_index(escape="html", axis=axis)
        left: dict[Any, Any] = {
            name: [{"selector": "td", "props": f"text-align: left; min-width: {width or 0}"}]
            for name in table.columns
            if (width := self.left.get(_last(name))) is not None
        }
        if left:
            shown = shown.set_table_styles(left, overwrite=False)
        if self.colours:
            shown = shown.map(self._colour)
        return shown

    def _colour(self, text: object) -> str:
        colour = self.colours.get(str(text), "")
        return f"background-color: {colour}; color: black" if colour else ""

    def _repr_html_(self) -> str:
        above = "<br>".join(
            text
            for text in (f"<strong>{html.escape(self.title)}</strong>", html.escape(self.caption))
            if text not in ("", "<strong></strong>")
        )
        parts = [f"<p>{above}</p>"] if above else []
        parts += [shown.to_html() for shown in self.stylers()]
        if self.notes:
            items = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
            parts.append(f'<ul style="font-size: 0.82em">{items}</ul>')
        return "\n".join(parts)

    def markdown(self) -> str:
        """Title, tables and notes as Markdown."""
        parts = [f"**{escape(self.title)}**" if self.title else "", escape(self.caption)]
        for heading, table in self.blocks:
            parts += [f"*{escape(heading)}*"] if heading else []
            parts.append(pipe_table(table))
        if self.notes:
            parts.append("\n".join(f"- {escape(note)}" for note in self.notes))
        return "\n\n".join(part for part in parts if part) + "\n"


def listing(frame: pd.DataFrame, *, key: str) -> View:
    """A frame as it stands, every cell in full, its index as the first column.

    Args:
        frame: any frame with an index of one level.
        key: letters that name the HTML table, the same in every rebuild.
    """
    table = pd.DataFrame({name: _texts(frame[name]) for name in frame.columns}, index=frame.index)
    table.columns = pd.Index([str(name) for name in table.columns])
    texts = {
        str(name): "9em" if frame[name].astype(str).str.len().max() > LONG else ""
        for name in frame.columns
        if not pd.api.types.is_numeric_dtype(frame[name])
    }
    return View("", "", [("", table)], [], key, left=texts)


def _texts(column: pd.Series) -> list[str]:
    """Cells of a column: floats with common decimals, counts in thousands, texts as they are."""
    if pd.api.types.is_float_dtype(column):
        return numbers.together(column.tolist())
    return [_cell(one) for one in column.tolist()]


def _cell(value: object) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return numbers.number(value)
    return str(value)


def _last(name: object) -> str:
    return str(name[-1]) if isinstance(name, tuple) else str(name)


def pipe_table(table: pd.DataFrame) -> str:
    """A table of texts as a Markdown pipe table; the index is the first column."""
    heads = ["row" if table.index.name is None else str(table.index.name)]
    heads += [_head(name) for name in table.columns]
    lines = ["| " + " | ".join(map(escape, heads)) + " |", "|" + "---|" * len(heads)]
    for name, values in zip(table.index, table.to_numpy(), strict=True):
        lines.append("| " + " | ".join(escape(str(one)) for one in (name, *values)) + " |")
    return "\n".join(lines)


def _head(name: object) -> str:
    return " ".join(str(part) for part in name if part) if isinstance(name, tuple) else str(name)


def escape(text: str) -> str:
    """Text that Markdown shows as it is: no table bars, emphasis, links, tags or line breaks."""
    for mark in ("\\", "|", "*", "_", "`", "<", ">", "$"):
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.replace("](", "]\\(").replace("][", "]\\[").splitlines())

"""The page of the networks side by side: a table to sort, quality against cost, and how cost grows.

It is HTML, because Markdown knows no table that sorts and no plot whose points are links; without
scripts the table stands in the order of its quality.
"""

import html
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import NamedTuple

import pandas as pd

from deblur_lib import catalogue, papers, seals
from deblur_lib.book.scatter import Point, scatter
from deblur_lib.report import numbers, side_by_side
from deblur_lib.report.markup import escape, pipes
from deblur_lib.report.side_by_side import Entry

Groups = dict[str, list[Entry]]
MACS = ("macs", "macs_here")
MIB = 2.0**20
STEEP = 1.05  # power of growth above which something does not grow linearly

GROWING = {
    ("pictures", "network", "megapixels"): (
        "Restoring one picture in float32 with one thread, large ones in tiles; memory is what the "
        "process grew by."
    ),
    ("runs", "stage", "runs"): (
        "Runs planned, handed out to workers that are done at once, looked at as `deblur status` "
        "does, collected, and made into tables, figures and verdicts."
    ),
}


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        head: its name.
        value: the number that it sorts by; None stands last.
        text: what it shows of an entry.
    """

    head: str
    value: Callable[[Entry], float | None]
    text: Callable[[Entry], str]


def _column(head: str, name: str, scale: float = 1.0, *, count: bool = False) -> Column:
    def value(one: Entry) -> float | None:
        found = one.costs.get(name)
        return None if found is None else found / scale

    shown = numbers.count if count else numbers.number
    return Column(head, value, lambda one: shown(_rounded(value(one))).replace(" ", "\xa0"))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


COUNTED = (
    _column("parameters", "parameters", count=True),
    _column("MACs", "macs", count=True),
    _column("MACs as run", "macs_here", count=True),
    _column("time [s]", "seconds"),
    _column("MiB", "peak_memory", MIB),
)
MEASURED = (
    _column("time HD [s]", "seconds_hd"),
    _column("MiB HD", "memory_hd", MIB),
    _column("step [s]", "step"),
)


def networks_page(root: Path, published: Path) -> str:
    """The generated part of the page.

    Args:
        root: project root; its benchmarks/measured may hold tables.
        published: folder of the published results.
    """
    measured = side_by_side.bench_table(root)
    found = side_by_side.entries(published, measured)
    where = f"one machine ({side_by_side.machine(root)})" if measured is not None else (
        "the machines of the published runs, one thread each where they are processors"
    )  # fmt: skip
    groups = _groups(found)
    rows = [(one, name.partition(":")[0]) for name, group in groups.items() for one in group]
    rows += [(one, "not scored yet") for one in found if one.gain is None]
    parts = [
        "## Every network",
        f"Seconds and memory: float32, measured on {escape(where)}."
        + (
            " A star behind a name: other work took turns during one of its measurements."
            if any(one.busy for one in found)
            else ""
        ),
        _table(rows, (*COUNTED, *(MEASURED if measured is not None else ()))),
        *_plots(groups),
        "## How cost grows",
        *_growth(root),
    ]
    return "\n\n".join(parts) + "\n"


def chapter_of(one: Entry) -> str:
    """Address of the chapter of a row."""
    return f"notebooks/{one.paper}.html"


def file_of(one: Entry) -> str:
    """Address of a network's file in the library reference."""
    module, _, _ = catalogue.networks()[one.network].partition(":")
    page = module.split(".")[1]
    anchor = "".join(letter if letter.isalnum() else "-" for letter in module.lower())
    return f"api/{page}.html#{anchor}"


def _groups(found: Sequence[Entry]) -> Groups:
    """Networks that compare, by letter and name of their pictures: most first, the best first."""
    alike: dict[str, list[Entry]] = {}
    for one in sorted(found, key=lambda one: -(one.gain or 0.0)):
        if one.gain is not None:
            alike.setdefault(one.pictures, []).append(one)
    names = Counter(group[0].data + group[0].profile for group in alike.values())
    groups: Groups = {}
    for group in sorted(alike.values(), key=len, reverse=True):
        first, of = group[0], ", ".join(dict.fromkeys(one.paper for one in group))
        several = f" of {of}" if names[first.data + first.profile] > 1 else ""
        letter = ascii_uppercase[len(groups)]
        groups[f"{letter}: {first.data}{several}, profile {first.profile}"] = group
    return groups


def worth(root: Path, published: Path) -> str:
    """For each set of pictures the networks that nothing beats at their cost or below."""
    groups = _groups(side_by_side.entries(published, side_by_side.bench_table(root)))
    if not groups:
        return "No results are published yet.\n"
    lines = [
        "No other network on the same pictures gains as much for as few operations, as run, as "
        "these; the last of each line gains most:",
        "",
    ]
    for name, entries in groups.items():
        told, best = [], -math.inf
        for one in sorted(entries, key=lambda one: _macs(one) or math.inf):
            macs = _macs(one)
            if macs and one.gain is not None and one.gain > best:
                best = one.gain
                gain = numbers.number(one.gain, "psnr_db", sign=True)
                took = numbers.count(_rounded(macs) or macs)
                told.append(f"{escape(one.title)} ({gain} dB, {took} MAC)")
        if told:
            lines.append(f"- on {escape(name)}: {'; '.join(told)}")
    return "\n".join([*lines, ""])


def _macs(one: Entry) -> float | None:
    return (one.costs or {}).get("macs_here")


def _plots(groups: Groups) -> Iterator[str]:
    """Three plots for each set of pictures: over what made the gain, and over published sizes."""
    for name_of_group, entries in groups.items():
        yield f"## Quality against cost on pictures {escape(name_of_group)}"
        for title, name in (
            ("multiply-accumulates at 256x256, as run", "macs_here"),
            ("multiply-accumulates at 256x256, published size", "macs"),
            ("seconds at 256x256, published size", "seconds"),
        ):
            points = [_point(one, name) for one in entries if one.costs.get(name)]
            if points and name == "macs_here":
                yield _figure(points, title, name_of_group)
            elif points:
                drawn = _figure(points, title, name_of_group)
                yield f"<details><summary>Over {title}</summary>\n{drawn}\n</details>"


def _point(one: Entry, name: str) -> Point:
    cost = one.costs[name]
    gain, low, high = (float(value or 0.0) for value in (one.gain, one.low, one.high))
    low, high = (gain if math.isnan(value) else value for value in (low, high))
    shown = numbers.count(cost) + " MAC" if name in MACS else f"{numbers.number(cost)} s"
    told = f"{one.title} ({one.paper}): {numbers.number(gain, 'psnr_db', sign=True)} dB, {shown}"
    group = papers.names().index(one.paper)
    name_shown = f"{one.method}{'*' if one.busy and name not in MACS else ''}"
    return Point(cost, gain, low, high, name_shown, group, chapter_of(one), file_of(one), told)


def _figure(points: Sequence[Point], title: str, pictures: str) -> str:
    told = f"Gain against {title} on {pictures}: " + "; ".join(one.told for one in points)
    drawn = scatter(points, across=title, up="gain over the blurred picture [dB]", told=told)
    used = sorted({one.group for one in points})
    key = " ".join(
        f'<a href="notebooks/{papers.names()[one]}.html"><i class="paper-{one}"></i>'
        f"{html.escape(papers.names()[one])}</a>"
        for one in used
    )
    return (
        f'<figure class="networks">\n<div class="networks-scroll">\n{drawn}\n</div>\n'
        f"<figcaption>{key}</figcaption>\n</figure>"
    )


def _table(rows: Sequence[tuple[Entry, str]], columns: Sequence[Column]) -> str:
    heads = ["network", "gain [dB]", "on", "paper", *(one.head for one in columns), "seeds"]
    lines = ['<div class="pst-scrollable-table-container">', '<table class="table sortable">']
    lines.append("<thead><tr>" + "".join(f"<th>{one}</th>" for one in heads) + "</tr></thead>")
    lines.append("<tbody>")
    lines += ["<tr>" + "".join(_cells(one, columns, name)) + "</tr>" for one, name in rows]
    return "\n".join([*lines, "</tbody>", "</table>", "</div>"])


def _cells(one: Entry, columns: Sequence[Column], pictures: str) -> Iterator[str]:
    title = html.escape(one.title + ("*" if one.busy else ""))
    yield f'<td><a href="{html.escape(file_of(one))}">{title}</a></td>'
    low, high = (numbers.number(end, "psnr_db", sign=True) for end in (one.low, one.high))
    gain = numbers.number(one.gain, "psnr_db", sign=True)
    yield _number(one.gain, f"{gain} [{low},\u00a0{high}]" if one.data else gain)
    yield f"<td>{html.escape(pictures)}</td>"
    yield f'<td><a href="{chapter_of(one)}">{html.escape(one.paper)}</a></td>'
    for column in columns:
        yield _number(column.value(one), column.text(one))
    yield _number(one.seeds or None, str(one.seeds or numbers.NOTHING))


def _number(value: float | None, text: str) -> str:
    known = "" if value is None else f' data-value="{value:.9g}"'
    return f'<td class="number"{known}>{html.escape(text)}</td>'


# --- growth ---------------------------------------------------------------------------------------


def _growth(root: Path) -> Iterator[str]:
    folder = root / side_by_side.MEASURED
    for (name, over, unit), told in GROWING.items():
        yield told
        path = folder / f"{name}.csv"
        if not path.is_file():
            yield f"Not measured yet: `python benchmarks/growth.py {name}`."
            continue
        seals.check(folder, path.name)
        yield from _grown(pd.read_csv(path), over, unit)


def _grown(frame: pd.DataFrame, over: str, unit: str) -> Iterator[str]:
    """A table of seconds (and memory) against size, and the power by which each grows."""
    sizes = sorted(frame["size"].unique())
    heads = [unit, *(numbers.number(one) for one in map(_rounded, sizes)), "power"]
    rows, steep = list[list[str]](), list[str]()
    for measure in [one for one in ("seconds", "memory") if one in frame]:
        scale = MIB if measure == "memory" else 1.0
        for name, part in frame.groupby(over, sort=False):
            values = part.set_index("size")[measure] / scale
            power = growth(values)
            cells = [numbers.number(_rounded(float(values.get(one, math.nan)))) for one in sizes]
            label = f"{name}, {'MiB' if measure == 'memory' else 's'}"
            rows.append([label, *cells, f"{power:.2f}"])
            steep += [label] if power > STEEP else []
    yield pipes(heads, rows)
    told = "Between the two largest sizes nothing grows faster than linearly" if not steep else (
        f"Faster than linearly: {', '.join(steep)}"
    )  # fmt: skip
    busy = " Measured while other work took turns." if frame["busy"].any() else ""
    yield escape(f"{told}: a power of 1 is twice the cost for twice the {unit}.{busy}")


def growth(values: pd.Series) -> float:
    """The power by which a cost grows with its size, between its two largest sizes.

    Args:
        values: costs by size.
    """
    known = values[values > 0]
    if len(known) < 2:
        return 0.0
    return math.log(known.iloc[-1] / known.iloc[-2]) / math.log(known.index[-1] / known.index[-2])

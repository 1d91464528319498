"""How a compared table is laid out for readers: one narrow block per data set, notes below."""

from collections.abc import Callable, Iterable

import pandas as pd

from deblur_lib.report import budget, cells, columns, markup


def styled(frame: pd.DataFrame) -> markup.View:
    """A view for notebooks: one block per data set, and the other conventions below."""
    return markup.View(
        title=frame.attrs["title"],
        caption=frame.attrs["caption"],
        blocks=[
            (name, _wide(block, counts=frame.attrs["kind"] == "ablation"))
            for name, block in _blocks(frame)
        ],
        notes=_notes(frame),
        key=f"{frame['paper'].iloc[0]}_{frame['table'].iloc[0]}",
    )


def to_markdown(frame: pd.DataFrame) -> str:
    """The same view as Markdown."""
    return styled(frame).markdown()


def _blocks(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    found = []
    for dataset, block in frame.groupby("dataset", sort=False):
        main, beside = block[~block["beside"]], block[block["beside"] & block["ours"].notna()]
        found.append((_heading(str(dataset), main), main))
        if len(beside):
            found.append((f"{dataset}: our rows under other conventions", beside))
    return found


def _heading(dataset: str, block: pd.DataFrame) -> str:
    scored = block[block["pictures"] > 0]
    if scored.empty:
        return f"{dataset}: not scored here"
    one = scored.iloc[0]
    return (
        f"{dataset}, scored here on {one['data_id']} ({one['pictures']} pictures, "
        f"{one['scenes']} scenes)"
    )


def _wide(block: pd.DataFrame, *, counts: bool) -> pd.DataFrame:
    """One row per method; columns (metric, part), all text; `counts` adds the networks' sizes."""
    beside = bool(block["beside"].any())
    wide: dict[tuple[str, str], dict[str, str]] = {}
    if counts and block["parameters"].notna().any() and not beside:
        wide["network", "parameters"] = _texts(block, "parameters")
        wide["network", "MACs"] = _texts(block, "macs")
    for column in dict.fromkeys(zip(block["column"], block["convention"], strict=True)):
        title, convention = map(str, column)
        part = block[(block["column"] == title) & (block["convention"] == convention)]
        top = title if convention in title else f"{title} ({convention})"
        if not beside:
            wide[top, "printed"] = _cells(part, _printed)
        wide[top, "ours"] = _cells(part, _ours)
        if not beside:
            wide[top, "gap"] = _cells(part, _gap)
        if part["gain"].notna().any():
            wide[top, "over input"] = _cells(part, _gain)
    if not beside:
        wide["", "what ours is"] = _kinds(block)
    order = list(dict.fromkeys(block["title"]))
    table = pd.DataFrame(wide).reindex(order).fillna("–")
    table.columns = pd.MultiIndex.from_tuples(list(wide))
    return table


def _texts(block: pd.DataFrame, field: str) -> dict[str, str]:
    return {str(one["title"]): columns.count_text(one[field]) for _, one in block.iterrows()}


def _cells(part: pd.DataFrame, text: Callable[[pd.Series], str]) -> dict[str, str]:
    return {str(one["title"]): text(one) for _, one in part.iterrows()}


def _printed(one: pd.Series) -> str:
    text: str = "".join(one["reported"].split()).replace("dB", "")
    return text or "–"


def _ours(one: pd.Series) -> str:
    text = columns.shown(one["ours"], one["metric"])
    if one["seed_spread"] == one["seed_spread"]:
        text += f"\n±{columns.shown(one['seed_spread'], one['metric'])}"
    return text + (f"\n({one['infinite']} equal)" if one["infinite"] else "")


def _gap(one: pd.Series) -> str:
    return columns.shown(one["gap"], one["metric"], sign=True)


def _gain(one: pd.Series) -> str:
    if one["gain"] != one["gain"]:
        return "–"
    low, high = (columns.shown(one[name], one["metric"], sign=True) for name in LOW_HIGH)
    return f"{columns.shown(one['gain'], one['metric'], sign=True)}\n[{low}, {high}]"


LOW_HIGH = ("gain_low", "gain_high")


def _kinds(block: pd.DataFrame) -> dict[str, str]:
    found = {}
    for title, part in block.groupby("title", sort=False):
        scored = part[part["status"] != "missing"]
        one = (scored if len(scored) else part).iloc[0]
        seeds = len(one["seeds"].split())
        count = f", {seeds} seed{'s' if seeds > 1 else ''}" if seeds else ""
        rest = "" if one["status"] in ("complete", "missing") else f" ({one['status']})"
        own = "our control: " if one["control"] and one["kind"] != cells.INPUT else ""
        found[str(title)] = f"{own}{one['kind']}{count}{rest}"
    return found


def _notes(frame: pd.DataFrame) -> list[str]:
    """How to read the numbers, then each reason once with the rows it holds for."""
    main = frame[~frame["beside"]]
    notes = [
        "ours: mean ± standard deviation over seeds; over input: gain over the blurred picture "
        "with its 95 % interval over scenes; MACs: multiply-accumulates for 256x256 pixels"
    ]
    notes += _reasons(main, "gap", "gap_reason", budget.CAUSES)
    notes += _reasons(main, "no number of ours", "why")
    return notes + _reasons(main, "caution", "flags", " | ")


def _reasons(main: pd.DataFrame, label: str, field: str, mark: str = "") -> list[str]:
    """Each text of a field with the rows and data sets it stands at, texts of one kind together.

    A cause that all gaps of a data set share is told for "all rows"; data sets are named where a
    text does not stand at all of them.

    Args:
        main: the cells.
        label: begins each line.
        field: column of the texts.
        mark: what separates several texts of one cell; none where a cell holds one.
    """
    told: dict[str, dict[str, dict[str, None]]] = {}  # rows by text and data set
    having: dict[str, dict[str, None]] = {}  # rows with any text by data set
    for _, one in main[main[field] != ""].iterrows():
        having.setdefault(one["dataset"], {})[one["title"]] = None
        for text in one[field].split(mark) if mark else [one[field]]:
            told.setdefault(text, {}).setdefault(one["dataset"], {})[one["title"]] = None
    every = main["dataset"].nunique()
    lines = []
    for text in _by_kind(told):
        places: dict[str, list[str]] = {}
        for dataset, rows in told[text].items():
            whole = label == "gap" and len(rows) > 1 and rows == having[dataset]
            places.setdefault("all rows" if whole else ", ".join(rows), []).append(dataset)
        for names, datasets in places.items():
            where = "" if len(datasets) == every else f"; {', '.join(datasets)}"
            lines.append(f"{label} ({names}{where}): {text}")
    return lines


def _by_kind(texts: Iterable[str]) -> list[str]:
    """Texts that begin with one word and a colon stand together, else in their order."""
    kinds: dict[str, list[str]] = {}
    for text in texts:
        kinds.setdefault(text.partition(":")[0], []).append(text)
    return [text for group in kinds.values() for text in group]

"""How a compared table is laid out for readers: one narrow block per data set, notes below."""

from collections.abc import Callable

import pandas as pd

from deblur_lib.report import cells, columns, differences, markup, numbers

RANK = "rank | printed"
HOW = (
    "ours: mean ± standard deviation over seeds; over input: gain over the blurred picture with "
    "its 95 % interval over scenes; rank: place of ours | of the printed number among the rows "
    "that have both, = where several read alike",
    "parameters, MACs (multiply-accumulates at 256x256, Fourier transforms counted) and times are "
    "those of the networks at their published size, whatever was trained",
)
SILENT = (
    "no gap to the printed scores is shown: they are of other pictures, sizes or trainings, so "
    "what can be compared is the order of the rows and the gain over the input"
)


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
        wide["published network", "parameters"] = _texts(block, "parameters")
        wide["published network", "MACs"] = _texts(block, "macs")
    for column in dict.fromkeys(zip(block["column"], block["convention"], strict=True)):
        title, convention = map(str, column)
        part = block[(block["column"] == title) & (block["convention"] == convention)]
        top = title if convention in title else f"{title} ({convention})"
        wide[top, "ours"] = _cells(part, _ours)
        if part["gain"].notna().any():
            wide[top, "over input"] = _cells(part, _gain)
        if part["ranked"].any():
            wide[top, RANK] = _cells(part, _rank)
        if not beside:
            wide[top, "printed"] = _cells(part, _printed)
        if part["gap"].notna().any():
            wide[top, "gap"] = _cells(part, _gap)
    if not beside:
        wide["", "what ours is"] = _kinds(block)
    order = list(dict.fromkeys(block["title"]))
    table = pd.DataFrame(wide).reindex(order).fillna("–")
    table.columns = pd.MultiIndex.from_tuples(list(wide))
    return table


def _texts(block: pd.DataFrame, field: str) -> dict[str, str]:
    return {str(one["title"]): numbers.count(one[field]) for _, one in block.iterrows()}


def _cells(part: pd.DataFrame, text: Callable[[pd.Series], str]) -> dict[str, str]:
    return {str(one["title"]): text(one) for _, one in part.iterrows()}


def _printed(one: pd.Series) -> str:
    text: str = "".join(one["reported"].split()).replace("dB", "")
    return text or "–"


def _ours(one: pd.Series) -> str:
    text = numbers.number(one["ours"], one["metric"])
    if one["seed_spread"] == one["seed_spread"]:
        text += f"\n±{numbers.number(one['seed_spread'], one['metric'])}"
    return text + (f"\n({one['infinite']} equal)" if one["infinite"] else "")


def _rank(one: pd.Series) -> str:
    if not one["ranked"]:
        return numbers.NOTHING
    return f"{one['rank']} of {one['ranked']} | {one['rank_printed']} of {one['ranked']}"


def _gap(one: pd.Series) -> str:
    return numbers.number(one["gap"], one["metric"], sign=True)


def _gain(one: pd.Series) -> str:
    if one["gain"] != one["gain"]:
        return "–"
    low, high = (numbers.number(one[name], one["metric"], sign=True) for name in LOW_HIGH)
    return f"{numbers.number(one['gain'], one['metric'], sign=True)}\n[{low}, {high}]"


LOW_HIGH = ("gain_low", "gain_high")


def _kinds(block: pd.DataFrame) -> dict[str, str]:
    found = {}
    trained = block[~block["convention"].isin(columns.COST_NAMES)]
    for title, part in (block if trained.empty else trained).groupby("title", sort=False):
        scored = part[part["status"] != "missing"]
        one = (scored if len(scored) else part).iloc[0]
        seeds = len(one["seeds"].split())
        count = f", {seeds} seed{'s' if seeds > 1 else ''}" if seeds else ""
        rest = "" if one["status"] in ("complete", "missing") else f" ({one['status']})"
        own = "our control: " if one["control"] and one["kind"] != cells.INPUT else ""
        found[str(title)] = f"{own}{one['kind']}{count}{rest}"
    return found


def _notes(frame: pd.DataFrame) -> list[str]:
    """How to read the numbers, then each text once with the rows it holds for."""
    main = frame[~frame["beside"]]
    smoke = frame["profile"].iloc[0] == "smoke"  # its costs are those of the networks as run
    notes = list(HOW[:1] if smoke else HOW)
    if main[~main["convention"].isin(columns.COST_NAMES)]["gap"].isna().all():
        notes.append(SILENT)
    kinds: dict[str, list[str]] = {}
    for text, where in _places(main, "gap_reason", differences.JOINT, together=True):
        kind, _, what = text.partition(": ")
        if kind != "none":
            kinds.setdefault(kind, []).append(f"{what} ({where})")
    notes += [f"differs in {kind}: {'; '.join(told)}" for kind, told in kinds.items()]
    notes += [f"no number of ours ({where}): {text}" for text, where in _places(main, "why")]
    return notes + [f"caution ({where}): {text}" for text, where in _places(main, "flags", " | ")]


def _places(
    main: pd.DataFrame, field: str, mark: str = "", *, together: bool = False
) -> list[tuple[str, str]]:
    """Each text of a field once for each set of rows, with the rows and data sets it stands at.

    Data sets are named where a text does not stand at all of them.

    Args:
        main: the cells.
        field: column of the texts.
        mark: what separates several texts of one cell; none where a cell holds one.
        together: tell what all rows of a data set that have a text share for "all rows".
    """
    told: dict[str, dict[str, dict[str, None]]] = {}  # rows by text and data set
    having: dict[str, dict[str, None]] = {}  # rows with any text by data set
    for _, one in main[main[field] != ""].iterrows():
        having.setdefault(one["dataset"], {})[one["title"]] = None
        for text in one[field].split(mark) if mark else [one[field]]:
            told.setdefault(text, {}).setdefault(one["dataset"], {})[one["title"]] = None
    every = main["dataset"].nunique()
    found = []
    for text, by_dataset in told.items():
        places: dict[str, list[str]] = {}
        for dataset, rows in by_dataset.items():
            whole = together and len(rows) > 1 and rows == having[dataset]
            places.setdefault("all rows" if whole else ", ".join(rows), []).append(dataset)
        for names, datasets in places.items():
            where = "" if len(datasets) == every else f"; {', '.join(datasets)}"
            found.append((text, f"{names}{where}"))
    return found

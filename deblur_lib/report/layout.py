"""How a compared table is laid out for readers: ours, over input, printed; notes at the cells."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from deblur_lib.report import cells, columns, differences, markup, numbers

RANK = "rank | in print"
KIND = "what ours is"
COSTS = "costs"
WORDS = ("edges", "black")  # metrics that are no abbreviation
SCORED = (
    "ours: mean ± standard deviation over seeds; over input: gain over the blurred picture with "
    "its 95 % interval over scenes"
)
RANKED = (
    "; rank: place of ours | of the printed number among the rows that have both, = where several "
    "read alike"
)
COUNTED = (
    "parameters, MACs (multiply-accumulates at 256x256, Fourier transforms counted) and times are "
    "those of the networks at their published size, whatever was trained"
)
SILENT = (
    "no gap to the printed scores is shown: they are of other pictures, sizes or trainings, so "
    "what can be compared is the order of the rows and the gain over the input"
)


@dataclass
class Footnotes:
    """Texts about cells, each told once, and the rows and blocks whose marks name them.

    Attributes:
        texts: the notes, in order of their numbers.
        rows: numbers of the notes of each (block, row).
        blocks: numbers of the notes that hold for a whole block.
    """

    texts: list[str] = field(default_factory=list)
    rows: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    blocks: dict[str, list[int]] = field(default_factory=dict)

    def add(self, block: str, rows: Sequence[str], text: str, *, whole: bool = False) -> None:
        """Note a text at some rows of a block, or at the block when it holds for all of them."""
        if text not in self.texts:
            self.texts.append(text)
        number = self.texts.index(text) + 1
        places = [self.blocks.setdefault(block, [])] if whole else []
        places += [] if whole else [self.rows.setdefault((block, row), []) for row in rows]
        for place in places:
            place.append(number)


def styled(frame: pd.DataFrame) -> markup.View:
    """A view for notebooks: a block per data set and metric, other conventions on demand."""
    counted = frame.attrs["kind"] == "ablation"
    notes = list(_how(frame[~frame["beside"]], counted=counted))
    told = Footnotes()
    blocks, folded, sources = [], set(), {}
    silent = _silent(frame)
    for block in _blocks(frame[~frame["dataset"].isin(silent)]):
        heading = _heading(block)
        counts = counted and block["metric"].iloc[0].startswith("psnr")
        beside = bool(block["beside"].any())
        if not beside:
            _explain(heading, block, told)
        table = _wide(block, heading, told, counts=counts)
        heading = markup.marked(heading, told.blocks.get(heading, []))
        blocks.append((heading, table))
        if beside:
            folded.add(heading)
        if not block["convention"].isin(columns.COST_NAMES).all():
            sources[heading] = str(block["dataset"].iloc[0])
    scored = frame[frame["runs"] != ""]
    title = str(frame.attrs["title"])
    return markup.View(
        title=title if blocks else title.partition(":")[0],
        caption=" ".join([frame.attrs["caption"], *_instead(frame, silent)]),
        blocks=blocks,
        notes=notes if blocks else [],
        key=f"{frame['paper'].iloc[0]}_{frame['table'].iloc[0]}",
        footnotes=told.texts,
        folded=frozenset(folded),
        rows=dict(zip(scored["title"], scored["method"], strict=True)),
        sources=sources,
    )


def _how(main: pd.DataFrame, *, counted: bool) -> Iterator[str]:
    """How to read what the table has, and nothing of what it has not."""
    costs = main["convention"].isin(columns.COST_NAMES)
    scored = main[~costs]
    if len(scored):
        yield SCORED + (RANKED if main["ranked"].any() else "")
    if main["profile"].iloc[0] != "smoke" and (counted or costs.any()):
        yield COUNTED  # at smoke they are those of the networks as run
    if (scored["reported"] != "").any() and scored["gap"].isna().all():
        yield SILENT


def _blocks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Rows of one data set and metric, costs together; other conventions behind each metric.

    Only what is a network of its own has costs, so rows without any are left out of theirs.
    """
    costs = frame["convention"].isin(columns.COST_NAMES)
    known = costs & _is_told(frame)
    priced = frame["title"].isin(frame.loc[known, "title"])
    frame, metric = frame[~costs | priced], frame["metric"].where(~costs, COSTS)
    for (_, _), block in frame.groupby(["dataset", metric], sort=False):
        yield block[~block["beside"]]
        beside = block[block["beside"] & block["ours"].notna()]
        if len(beside):
            yield beside


def _is_told(frame: pd.DataFrame) -> pd.Series:
    """Cells with a number, ours or printed."""
    return frame["ours"].notna() | (frame["reported"] != "")


def _silent(frame: pd.DataFrame) -> list[str]:
    """Data sets of which a table holds no number, neither ours nor printed."""
    told = set(frame.loc[_is_told(frame), "dataset"])
    return [str(one) for one in dict.fromkeys(frame["dataset"]) if one not in told]


def _instead(frame: pd.DataFrame, silent: Sequence[str]) -> list[str]:
    """Words in place of blocks that would be full of dashes; none where there are none."""
    if not silent:
        return []
    lacking = frame[frame["dataset"].isin(silent) & ~frame["why"].str.startswith(cells.UNSCORED)]
    reasons = [
        f"{'; '.join(dict.fromkeys(some['title']))}: {why}."
        for why, some in lacking.groupby("why", sort=False)
    ]
    return [f"No number on {', '.join(silent)} at {frame['profile'].iloc[0]}.", *reasons]


def _heading(block: pd.DataFrame) -> str:
    one = block.iloc[0]
    dataset = str(one["dataset"])
    if block["convention"].isin(columns.COST_NAMES).all():
        return "What the networks cost"
    metric = str(one["metric"]).partition("_")[0]
    metric = metric.capitalize() if metric in WORDS else metric.upper()
    scored = block[block["pictures"] > 0]
    title = f"{metric} ({one['convention']})"
    if scored.empty:
        other = f"{metric} on {dataset} under other conventions"
        return other if one["beside"] else f"{title} on {dataset}: not scored here"
    found = scored.iloc[0]
    made = str(found["data_id"]).startswith("synth-")
    where = f"{'a stand-in for ' if made else ''}{dataset}"
    if one["beside"]:
        return f"{metric} on {where} under other conventions"
    count = f"{found['pictures']} pictures of {found['scenes']} scenes"
    return f"{title} on {where}: {found['data_id']}, {count}"


def _wide(block: pd.DataFrame, heading: str, told: Footnotes, *, counts: bool) -> pd.DataFrame:
    """One row per method, all text; `counts` adds the networks' sizes."""
    wide: dict[str, dict[str, str]] = {}
    pairs = dict.fromkeys(zip(block["column"], block["convention"], strict=True))
    beside = bool(block["beside"].any())
    for title, convention in pairs:
        part = block[(block["column"] == title) & (block["convention"] == convention)]
        cost = convention in columns.COST_NAMES  # its heading names neither quantity nor unit
        top = f"{convention}: " if beside else f"{title}: " if cost or len(pairs) > 1 else ""
        alone = not beside and not (part["reported"] != "").any() and len(pairs) > 1
        wide[title if alone else f"{top}ours"] = _cells(part, _ours)
        if part["gain"].notna().any():
            wide[f"{top}over input"] = _cells(part, _gain)
        if (part["reported"] != "").any():
            wide[f"{top}printed"] = _cells(part, _printed)
        if part["gap"].notna().any():
            wide[f"{top}gap"] = _cells(part, _gap)
        if part["ranked"].any():
            wide[f"{top}{RANK}"] = _cells(part, _rank)
    if counts and block["parameters"].notna().any() and not beside:
        wide["parameters"] = _cells(block, lambda one: numbers.count(one["parameters"]))
        wide["MACs"] = _cells(block, lambda one: numbers.count(one["macs"]))
    if not beside:
        wide[KIND] = {
            title: markup.marked(text, told.rows.get((heading, title), []))
            for title, text in _kinds(block).items()
        }
    order = list(dict.fromkeys(block["title"]))
    return pd.DataFrame(wide).reindex(order).fillna(numbers.NOTHING)


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
    return f"{one['rank']} | {one['rank_printed']} of {one['ranked']}"


def _gap(one: pd.Series) -> str:
    if one["gap"] != one["gap"]:
        return numbers.NOTHING
    decimals = len(numbers.number(one["ours"], one["metric"]).partition(".")[2])
    return numbers.fixed(one["gap"], decimals, sign=True)


def _gain(one: pd.Series) -> str:
    if one["gain"] != one["gain"]:
        return numbers.NOTHING
    gain, low, high = (
        numbers.number(one[name], one["metric"], sign=True)
        for name in ("gain", "gain_low", "gain_high")
    )
    return f"{gain}\n[{low},\u00a0{high}]"


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


def _explain(heading: str, block: pd.DataFrame, told: Footnotes) -> None:
    """Note what differs from the print, why there is no number, and what asks for care."""
    parts = {
        str(one["title"]): [
            text
            for text in one["gap_reason"].split(differences.JOINT)
            if text and differences.kind_of(text) != "none"
        ]
        for _, one in block[block["gap_reason"] != ""].iterrows()
    }
    first = next(iter(parts.values()), [])
    shared = [text for text in first if all(text in one for one in parts.values())]
    shared = shared if len(parts) > 1 else []
    if shared:
        told.add(
            heading, [], f"all rows differ from profile paper in {'; '.join(shared)}", whole=True
        )
    for title, texts in parts.items():
        own = [text for text in texts if text not in shared]
        if own:
            told.add(heading, [title], f"differs from profile paper in {'; '.join(own)}")
    for _, one in block.iterrows():
        if one["why"]:
            told.add(heading, [one["title"]], f"no number of ours: {one['why']}")
    flags = block[block["flags"] != ""]
    trained = {*block.loc[block["seeds"] != "", "title"]}
    shown = dict.fromkeys(text for one in flags["flags"] for text in one.split(" | "))
    for text in shown:
        rows = [one["title"] for _, one in flags.iterrows() if text in one["flags"].split(" | ")]
        told.add(heading, rows, f"caution: {text}", whole=len(rows) > 1 and {*rows} >= trained)

"""What turns a verdict into "not judged": each guard returns its measured reason, or ""."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from deblur_lib.records import Manifest
from deblur_lib.report import columns
from deblur_lib.report.numbers import number
from deblur_lib.report.results import Results
from deblur_lib.report.scores import Gain, over_input
from deblur_lib.spec import Check, Paper

UNEQUAL = 1.5  # ratio of parameters; widths that differ by a fifth or less stay below it
INPUT = "identity"
OWN_PROTOCOL = "paper"
ESTIMATING = frozenset({"gong2017", "sun2015", "true_blur", "whyte2012"})  # networks, see no_better
GAINED = {"psnr_db": "dB", "ssim": "SSIM"}  # metrics of which more is better, with their unit


def not_run(lacking: Iterable[str], results: Results, paper: Paper) -> str:
    """Methods of a check without a run, or scores and costs that those with one lack."""
    run = results.methods
    parts: dict[str, list[str]] = {}
    for key in lacking:
        column, method = columns.of_key(key, paper)
        if column is None:
            what = f"no {key.rpartition('.')[2]} of"
        elif method in run:
            what = f"not scored here on {column.dataset} as {column.convention}:"
        else:
            what = "without a run here:"
        parts.setdefault(what, []).append(_row(paper, method))
    return "; ".join(f"{what} {', '.join(dict.fromkeys(names))}" for what, names in parts.items())


def no_better(check: Check, keys: Iterable[str], results: Results, paper: Paper) -> str:
    """Rows that learnt nothing: their mean PSNR is not above that of the blurred input.

    Asked of the pictures that a row learnt from: on those of another kind its score tells how it
    carries over, whatever its sign. Checks pass that compare with the blurred input itself, which
    find that out, and those about a loss, of which failing is the effect. So do methods that
    estimate blur and deconvolve: what they learn, if anything, is not to restore.
    """
    cells = _cells(keys)
    if "loss" in check.about or any(method == INPUT for _, method in cells):
        return ""
    told = []
    for dataset, method in cells:
        gain = over_input(results, method, dataset, "psnr-rgb")
        if not gain or columns.method_of(paper, method).network in ESTIMATING:
            continue
        if _loses(gain) and not _carries_over(results, paper, dataset, method):
            told.append(
                f"“{_row(paper, method)}” ({gain.mine.mean:.2f} dB) is no better than the blurred "
                f"input ({gain.blurred.mean:.2f} dB) on {dataset}"
            )
    return "; ".join(told)


def below_input(keys: Iterable[str], results: Results, paper: Paper) -> str:
    """Rows clearly below the blurred input in a check that is judged, with what they lose."""
    told = []
    pairs = [columns.of_key(key, paper) for key in keys]
    if any(method == INPUT for _, method in pairs):  # the check itself says so
        return ""
    for column, method in pairs:
        if column is None or column.metric not in GAINED:
            continue
        gain = over_input(results, method, column.dataset, column.convention)
        if gain and gain.mean < 0 and not gain.bounds.high >= 0:
            lost = number(gain.mean, column.metric, sign=True)
            told.append(
                f"“{_row(paper, method)}” {lost} {GAINED[column.metric]} on {column.dataset}"
            )
    return ", ".join(dict.fromkeys(told))


def _cells(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Data set and method of each key, once."""
    return list(dict.fromkeys((key.split(".")[1], key.split(".")[3]) for key in keys))


def _loses(gain: Gain) -> bool:
    return not gain.mine.mean > gain.blurred.mean


def _carries_over(results: Results, paper: Paper, dataset: str, method: str) -> bool:
    """True when a row learnt from pictures of another kind, and gains on those."""
    used = columns.trained_on(results, paper, method)
    tested = columns.tested_on(results, paper)
    own = [one for one, data_id in tested.items() if data_id == used]
    gains = [over_input(results, method, one, "psnr-rgb") for one in own]
    return dataset not in own and any(gains) and not any(map(_loses, filter(None, gains)))


def idle(module: str, methods: Iterable[str], results: Results, paper: Paper) -> str:
    """Rows whose module does nothing, with the numbers that say so.

    Where several rows of a check have it, and it works in one, they differ in it.
    """
    if not module:
        return ""
    measured: Mapping[str, Mapping[str, float]] = results.probes.get("modules", {}).get(module, {})
    if not measured:
        return f"nothing stored says whether {module} left its start"
    there = {method: measured[method] for method in methods if method in measured}
    if any(one["moved"] >= one["least"] for one in there.values()):
        return ""
    return "; ".join(
        f"{module} is idle in “{_row(paper, method)}”: at {one['start']:.2g} it changes nothing, "
        f"it is {one['moved']:.2g} away, and less than {one['least']:.2g} does not count"
        for method, one in there.items()
    )


def _row(paper: Paper, method: str) -> str:
    """Title of a row; a block that is counted alone has its name."""
    return next((one.title for one in paper.methods if one.id == method), method)


def modules(results: Results, paper: Paper) -> pd.DataFrame:
    """Whether each module does anything, in the trained network of each row's first seed.

    Returns:
        Columns: module, row, start, mean, moved, least, found ("idle" below the least).
    """
    titles = {one.id: one.title for one in paper.methods}
    measured: Mapping[str, Mapping[str, Any]] = results.probes.get("modules", {})
    return pd.DataFrame(
        {
            "module": module,
            "row": titles[method],
            "changes nothing at": one["start"],
            "mean after training": one["value"],
            "away from it by": one["moved"],
            "least that counts": one["least"],
            "found": "idle" if one["moved"] < one["least"] else "works",
        }
        for module, rows in measured.items()
        for method, one in rows.items()
    )


def unequal(check: Check, keys: Iterable[str], results: Results, paper: Paper) -> str:
    """Trained rows of an ablation that differ in loss or size although nothing is claimed of it.

    Rows of a printed ablation are held against each other, and rows whose networks the paper's own
    room adds; a comparison with other people's networks is not.
    """
    own, tables = [], []
    for key in keys:
        table, _, _, method = key.split(".")
        if results.of_method(method):
            tables.append(columns.table_of(paper, table).kind)
            own.append(method)
    own = list(dict.fromkeys(own))
    from_here = all(columns.method_of(paper, one).network in paper.networks for one in own)
    if len(own) < 2 or not (from_here or set(tables) == {"ablation"}):
        return ""
    told = [] if "loss" in check.about else [_other_loss(own, results, paper)]
    told += [] if "size" in check.about else [_other_size(own, results, paper)]
    return "; ".join(filter(None, told))


def favoured(ahead: Iterable[str], behind: Iterable[str], results: Results, paper: Paper) -> str:
    """Rows that lead after an easier training than one behind them had, with what differed.

    Easier are more steps, and a start at which a network gives back its input, where the other one
    begins at random. At profile paper each network has the training of its own publication, as in
    the print.
    """
    if results.profile == OWN_PROTOCOL:
        return ""
    leading, others = (
        {name: one for name in names for one in results.of_method(name)[:1] if one.steps}
        for names in (ahead, behind)
    )
    told = []
    for name, one in leading.items():
        for other, two in others.items():
            if one.steps > two.steps:
                told.append(
                    f"“{_row(paper, name)}” leads after {one.steps:,} steps of training, "
                    f"“{_row(paper, other)}” had {two.steps:,}"
                )
            learnt = columns.method_of(paper, other).network not in ESTIMATING
            if learnt and _as_input(one) and not _as_input(two):
                told.append(
                    f"“{_row(paper, name)}” leads and began by giving back its input, "
                    f"“{_row(paper, other)}” began at random"
                )
    return "; ".join(told)


def _as_input(run: Manifest) -> bool:
    return run.options.get("start") == "identity"


def _other_loss(methods: list[str], results: Results, paper: Paper) -> str:
    losses = {one: _loss(results.of_method(one)[0].train) for one in methods}
    for first, second in itertools.combinations(methods, 2):
        mine, other = losses[first], losses[second]
        differing = [name for name in {**mine, **other} if mine.get(name) != other.get(name)]
        if differing:
            sides = (
                f"“{_row(paper, method)}” with {_named(losses[method], differing)}"
                for method in (first, second)
            )
            return f"the rows differ in loss: {', '.join(sides)}"
    return ""


def _loss(train: Mapping[str, Any]) -> dict[str, Any]:
    """Terms of the loss with their weights, and settings of the adversarial game."""
    game = train.get("adversarial") or {}
    return dict(train.get("loss") or {}) | {
        f"adversarial {name}" if game else name: value for name, value in game.items()
    }


def _named(loss: Mapping[str, Any], names: list[str]) -> str:
    shown = [f"{name} {loss[name]}" for name in names if isinstance(loss.get(name), int | float)]
    shown += [str(loss[name]) for name in names if isinstance(loss.get(name), str)]
    return ", ".join(shown) or f"{'other' if names[0] in loss else 'no'} {names[0]}"


def _other_size(methods: list[str], results: Results, paper: Paper) -> str:
    counted = {
        one: results.cost(one, "parameters_here") or results.cost(one, "parameters")
        for one in methods
    }
    sizes = {one: count for one, count in counted.items() if count}
    if len(sizes) < 2:
        return ""
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    ratio = sizes[large] / sizes[small]
    if ratio <= UNEQUAL:
        return ""
    return (
        f"the rows differ in size: “{_row(paper, large)}” has {ratio:.2f} times the parameters of "
        f"“{_row(paper, small)}” "
        f"({sizes[large]:,.0f} and {sizes[small]:,.0f})"
    )

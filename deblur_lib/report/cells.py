"""One table cell at a time: the printed number, ours, and everything needed to read the gap."""

from typing import Any

from deblur_lib.report import budget, columns, differences
from deblur_lib.report.results import Results
from deblur_lib.report.scores import Scores, mean_interval, over_input, scores
from deblur_lib.spec import Column, Method, Paper, PrintedCell, Table

PRINTED_ONLY = "printed only"
RELEASED = "re-run with released weights"
COUNTED = "network at its published size"
RETRAINED = "retrained here"
COMPUTED = "run here, nothing to train"
ADOPTED = "weights of another row, changed"
INPUT = "input scored"
NOT_RUN = "not run"
UNSCORED = "not scored"  # how the reason begins of a row that ran on other pictures
OURS = (RETRAINED, RELEASED, COMPUTED)  # scored by a method, not counted or taken from the print
BESIDE = (*OURS, COUNTED)  # a number of ours stands beside the print
NAN = float("nan")

FIELDS = (
    "paper", "table", "method", "title", "control", "dataset", "metric", "column", "convention",
    "beside", "reported", "reported_value", "ours", "ours_by_scene", "low", "high",
    "seed_spread", "gain", "gain_low", "gain_high", "rank", "rank_printed", "ranked", "gap",
    "gap_reason", "status", "kind", "why",
    "profile", "train_budget", "data_id", "pictures", "infinite", "scenes", "seeds", "runs",
    "parameters", "macs", "parameters_here", "macs_here", "flags",
)  # fmt: skip
SIZES = ("parameters", "macs", "parameters_here", "macs_here")


def cell(
    results: Results,
    paper: Paper,
    table: Table,
    method: Method,
    column: Column,
    printed: PrintedCell | None,
) -> dict[str, Any]:
    """Everything known about one cell, with the keys `FIELDS`."""
    beside = columns.is_beside(table, column)
    if beside:
        printed = None
    made: dict[str, Any] = dict.fromkeys(FIELDS, NAN) | {
        "paper": paper.id,
        "table": table.id,
        "method": method.id,
        "title": method.title,
        "control": printed is None and not beside and (method.control or _is_input(method)),
        "dataset": column.dataset,
        "metric": column.metric,
        "column": column.title,
        "convention": column.convention,
        "beside": beside,
        "reported": printed.printed if printed else "",
        "reported_value": printed.value if printed else NAN,
        "profile": results.profile,
        "rank": "",
        "rank_printed": "",
        "ranked": 0,
        "train_budget": budget.train_budget(results, method.id),
        "flags": " | ".join(
            (*(printed.flags if printed else ()), *_cautions(results, paper, method, column))
        ),
    }
    made |= {name: _or_nan(results.cost(method.id, name)) for name in SIZES}
    made |= _measured(results, method, column)
    made |= _explained(results, paper, method, column, made, printed)
    return made


def _or_nan(value: float | None) -> float:
    return NAN if value is None else value


def _is_input(method: Method) -> bool:
    return method.network == "identity"


def _cautions(results: Results, paper: Paper, method: Method, column: Column) -> list[str]:
    trained = any(one.steps for one in results.of_method(method.id))
    if not trained or columns.is_cost(column):
        return []
    flags = budget.flags(results, paper, method.id, column.dataset)
    return [*budget.cautions(results, [method.id]), *flags]


def _measured(results: Results, method: Method, column: Column) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "data_id": "", "pictures": 0, "infinite": 0, "scenes": 0, "seeds": "", "runs": "",
        "status": "missing",
    }  # fmt: skip
    if columns.is_cost(column):
        value = columns.cost_value(results, method.id, column)
        status = "missing" if value is None else "complete"
        return blank | {"ours": _or_nan(value), "status": status, "data_id": "no pictures"}
    mine = scores(results, method.id, column.dataset, column.convention)
    if mine is None:
        return blank
    bounds = mean_interval(mine)
    found = {
        "ours": mine.mean,
        "ours_by_scene": mine.scene_mean,
        "low": bounds.low,
        "high": bounds.high,
        "seed_spread": mine.spread,
        "data_id": mine.data,
        "pictures": len(mine.pictures),
        "infinite": mine.infinite,
        "scenes": len(set(mine.scenes)),
        "seeds": " ".join(str(seed) for seed in mine.seeds if seed >= 0),
        "runs": " ".join(mine.runs),
        "status": _status(results, mine),
    }
    gain = over_input(results, method.id, column.dataset, column.convention)
    if gain is None or _is_input(method):
        return found
    return found | {"gain": gain.mean, "gain_low": gain.bounds.low, "gain_high": gain.bounds.high}


def _status(results: Results, mine: Scores) -> str:
    meant = [one.pictures_meant.get(mine.data, 0) for one in results.manifests]
    if mine.partial or (meant and len(mine.pictures) < max(meant)):
        return f"partial: {len(mine.pictures)} of {max(meant, default=0)} pictures"
    return "complete"


def _explained(
    results: Results,
    paper: Paper,
    method: Method,
    column: Column,
    made: dict[str, Any],
    printed: PrintedCell | None,
) -> dict[str, Any]:
    scored = made["status"] != "missing"
    kind = kind_of(results, method, scored=scored, printed=printed is not None)
    here = results.profile == "smoke" and bool(results.of_method(method.id))  # costs as it was run
    at_full_size = scored and columns.is_cost(column) and not here
    told: dict[str, Any] = {
        "kind": COUNTED if at_full_size else kind,
        "why": "" if scored else why_not(results, method, column),
        "gap_reason": "",
    }
    if scored and printed is not None:
        found = differences.differences(results, paper, method.id, column)
        told["gap_reason"] = differences.JOINT.join(found)
        if differences.comparable(results, column, found):
            told["gap"] = made["ours"] - printed.value
    return told


def kind_of(results: Results, method: Method, *, scored: bool, printed: bool) -> str:
    """Where the number of a cell comes from."""
    if not scored:
        declared = method.network is not None and results.profile in method.profiles
        return PRINTED_ONLY if printed and not declared else NOT_RUN
    if _is_input(method):
        return INPUT
    if method.weights_of:
        return ADOPTED
    runs = results.of_method(method.id)
    if any(one.steps for one in runs):
        return RETRAINED
    return RELEASED if any(one.origin for one in runs) else COMPUTED


def why_not(results: Results, method: Method, column: Column) -> str:
    """The reason why a cell holds no number of ours."""
    if method.network is None or results.profile not in method.profiles:
        return method.not_run
    if columns.is_cost(column):
        return f"its {column.convention} were not measured"
    if method.id not in results.methods:
        return f"no run of it is stored at profile {results.profile}"
    rows = results.rows
    if column.dataset not in rows.loc[rows["method"] == method.id, "dataset"].unique():
        return f"{UNSCORED} on {column.dataset} at profile {results.profile}"
    return f"{UNSCORED} as {column.convention} at profile {results.profile}"

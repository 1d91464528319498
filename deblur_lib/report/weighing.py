"""One check of a claim, weighed by stored rows and costs."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deblur_lib.report import columns
from deblur_lib.report.expressions import evaluate, keys
from deblur_lib.report.results import Results
from deblur_lib.report.rules import NOT_JUDGED, Verdict, counted_verdict, measured_verdict
from deblur_lib.report.scores import Aligned, Scores, align, scores
from deblur_lib.report.statistics import draws, interval, resampled_means
from deblur_lib.spec import Check, Column, Paper


def on_rows(check: Check, results: Results | None, paper: Paper) -> Verdict:
    """Verdict of one check on stored rows and costs; missing rows are named."""
    if results is None:
        return Verdict(NOT_JUDGED, "nothing was run at this profile")
    needed = keys(check.expr)
    costs: dict[str, float | None] = {}
    found: dict[str, Scores | None] = {}
    for key in needed:
        column, method = _column(key, paper)
        if column is None:
            _, subject, name = key.split(".")
            costs[key] = results.cost(subject, name)
        elif columns.is_cost(column):
            costs[key] = columns.cost_value(results, method, column)
        else:
            found[key] = scores(results, method, column.dataset, column.convention)
    lacking = [key for key in needed if costs.get(key) is None and found.get(key) is None]
    if lacking:
        return Verdict(NOT_JUDGED, _missing(lacking, results, paper))
    counted = {key: value for key, value in costs.items() if value is not None}
    useless = [key for key in found if not _beats_input(results, *key.split(".")[1::2])]
    if useless:
        named = ", ".join(dict.fromkeys(key.split(".")[3] for key in useless))
        return Verdict(NOT_JUDGED, f"no better than the blurred input here: {named}")
    if not found:
        return _on_costs(check, results, counted, paper)
    return _on_scores(check, {key: one for key, one in found.items() if one}, counted)


def _beats_input(results: Results, dataset: str, method: str) -> bool:
    """True where the mean PSNR of a network is above that of the blurred input (or is unknown)."""
    mine = scores(results, method, dataset, "psnr-rgb")
    blurred = scores(results, "identity", dataset, "psnr-rgb")
    if mine is None or blurred is None or method == "identity":
        return True
    return float(mine.values.mean()) > float(blurred.values.mean())


def _missing(lacking: list[str], results: Results, paper: Paper) -> str:
    """Name what a check lacks: methods without a run, or scores and costs of those with one."""
    run = set(results.rows["method"])
    parts: dict[str, list[str]] = {}
    for key in lacking:
        column, method = _column(key, paper)
        if column is None:
            _, method, name = key.split(".")
            what = f"no {name} of"
        elif method in run:
            what = f"not scored here on {column.dataset} as {column.convention}:"
        else:
            what = "not run here:"
        parts.setdefault(what, []).append(method)
    return "; ".join(f"{what} {', '.join(dict.fromkeys(names))}" for what, names in parts.items())


def _column(key: str, paper: Paper) -> tuple[Column | None, str]:
    first, *rest = key.split(".")
    if first == "cost":
        return None, rest[0]
    dataset, metric, method = rest
    return columns.main_column(columns.table_of(paper, first), dataset, metric), method


def _on_costs(check: Check, results: Results, costs: Mapping[str, float], paper: Paper) -> Verdict:
    value = float(evaluate(check.expr, costs))
    spreads = []
    for key, middle in costs.items():
        column, method = _column(key, paper)
        name = column.convention if column else key.rpartition(".")[2]
        half = (results.cost(method, f"{name}_iqr") or 0.0) / 2
        spreads.append((middle - half, middle + half) if half else (middle,))
    corners = [
        float(evaluate(check.expr, dict(zip(costs, corner, strict=True))))
        for corner in itertools.product(*spreads)
    ]
    return counted_verdict(check, value, min(corners), max(corners))


def _on_scores(check: Check, found: Mapping[str, Scores], costs: Mapping[str, float]) -> Verdict:
    """Expression on table means, on resampled means and on each seed's means."""
    means: dict[str, Any] = dict(costs)
    resampled: dict[str, Any] = dict(costs)
    by_seed: dict[str, dict[int, float]] = {}
    units: list[tuple[int, str]] = []
    left_out = 0
    for dataset, group in itertools.groupby(sorted(found, key=_dataset), key=_dataset):
        names = list(group)
        lined = align([found[name] for name in names])
        left_out += lined.left_out
        counts, unit = draws(lined.scenes, key=dataset)
        units.append((_units(lined, unit), unit))
        for number, name in enumerate(names):
            means[name] = lined.means[number].mean() if lined.means.size else np.nan
            resampled[name] = resampled_means(lined.means[number], counts)
            by_seed[name] = {
                seed: float(lined.by_seed[row, number].mean())
                for row, seed in enumerate(lined.seeds)
            }
    value = float(evaluate(check.expr, means))
    drawn = np.asarray(evaluate(check.expr, resampled), dtype=float)
    smallest, unit = min(units)
    bounds = interval(drawn, units=smallest, unit=unit)
    alone = [
        float(evaluate(check.expr, {**costs, **{name: by_seed[name][seed] for name in found}}))
        for seed in _common(by_seed.values())
    ]
    verdict = measured_verdict(check, value, bounds, alone)
    equal = f", {left_out} equal pictures left out" if left_out else ""
    return Verdict(verdict.verdict, f"{verdict.reason}; {smallest} {unit}s{equal}")


def _dataset(key: str) -> str:
    return key.split(".")[1]


def _units(lined: Aligned, unit: str) -> int:
    return len(set(lined.scenes)) if unit == "scene" else len(lined.scenes)


def _common(by_seed: Iterable[dict[int, float]]) -> list[int]:
    sets = [set(one) for one in by_seed]
    return sorted(set.intersection(*sets)) if sets else []

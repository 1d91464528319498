"""One check of a claim, weighed by stored rows and costs."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from deblur_lib.report import columns, guards
from deblur_lib.report.expressions import evaluate, keys
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    OTHER,
    SUPPORTED,
    Evidence,
    Verdict,
    counted_verdict,
    measured_verdict,
    not_judged,
)
from deblur_lib.report.scores import Scores, align, pooled, scores
from deblur_lib.report.statistics import Array, Interval, Share, draws, interval, resampled_means
from deblur_lib.report.statistics import trainings as student
from deblur_lib.spec import Check, Paper

STEP = 1e-6  # of the numerical derivative, far below the digits of any score
POINTING = (SUPPORTED, DIRECTION, OTHER, CONTRADICTED)
LEARNT = ("attention_zeros",)  # costs that one training decides


def on_rows(check: Check, results: Results | None, paper: Paper) -> Verdict:
    """Verdict of one check on stored rows and costs; missing rows are named."""
    if results is None:
        return not_judged("nothing was run at this profile")
    stored = {key: value_of(key, results, paper) for key in keys(check.expr)}
    lacking = [key for key, value in stored.items() if value is None]
    found = {key: one for key, one in stored.items() if isinstance(one, Scores)}
    costs = {key: one for key, one in stored.items() if isinstance(one, float)}
    methods = [columns.of_key(key, paper)[1] for key in (*found, *costs)]
    reason = (
        guards.not_run(lacking, results, paper)
        or guards.no_better(check, found, results, paper)
        or guards.idle(check.module, methods, results, paper)
        or guards.unequal(check, found, results, paper)
    )
    if reason:
        return not_judged(reason)
    if not found:
        return _on_costs(check, results, costs, paper)
    return _on_scores(check, results, found, costs, paper)


def value_of(key: str, results: Results, paper: Paper) -> Scores | float | None:
    """Scores or cost that a key of an expression names; None where nothing is stored of it."""
    column, method = columns.of_key(key, paper)
    if column is None:
        return results.cost(method, key.rpartition(".")[2])
    if columns.is_cost(column):
        return columns.cost_value(results, method, column)
    return scores(results, method, column.dataset, column.convention)


def _on_costs(check: Check, results: Results, costs: Mapping[str, float], paper: Paper) -> Verdict:
    value = float(evaluate(check.expr, costs))
    spreads = []
    for key, middle in costs.items():
        column, method = columns.of_key(key, paper)
        name = column.convention if column else key.rpartition(".")[2]
        low, high = (results.cost(method, f"{name}_{end}") or middle for end in ("low", "high"))
        if name == "seconds" and low == high:
            told = columns.method_of(paper, method).title
            return not_judged(f"the time of “{told}” was taken once, nothing tells its spread")
        spreads.append((low, middle, high) if low < high else (middle,))
    corners = [
        float(evaluate(check.expr, dict(zip(costs, corner, strict=True))))
        for corner in itertools.product(*spreads)
    ]
    verdict = counted_verdict(check, value, min(corners), max(corners))
    learnt = any(key.rpartition(".")[2] in LEARNT for key in costs)
    if learnt and verdict.verdict in (SUPPORTED, CONTRADICTED):
        return not_judged(f"one training cannot be told from luck ({verdict.reason})")
    return verdict


def _on_scores(
    check: Check,
    results: Results,
    found: Mapping[str, Scores],
    costs: Mapping[str, float],
    paper: Paper,
) -> Verdict:
    """Expression on means, its interval over pictures and its interval over trainings."""
    means: dict[str, Any] = dict(costs)
    resampled: dict[str, Any] = dict(costs)
    by_seed: dict[str, dict[int, float]] = {}
    photographs: list[int] = []
    left_out = 0
    for dataset, group in itertools.groupby(sorted(found, key=_dataset), key=_dataset):
        names = list(group)
        lined = align([found[name] for name in names])
        left_out += lined.left_out
        counts = draws(lined.scenes, key=dataset)
        photographs.append(len(set(lined.scenes)))
        for name, values, over_seeds in zip(names, lined.values, lined.means, strict=True):
            means[name] = _mean(over_seeds)
            resampled[name] = resampled_means(over_seeds, counts)
            by_seed[name] = dict(zip(found[name].seeds, map(_mean, values), strict=True))
    value = float(evaluate(check.expr, means))
    drawn = np.asarray(evaluate(check.expr, resampled), dtype=float)
    slopes = {name: _slope(check.expr, means, name) for name in found}
    origin = {
        one.id: one.weights_of or one.id for one in paper.methods if one.trains or one.weights_of
    }
    methods = {name: name.rpartition(".")[2] for name in found}
    rows = {name: origin[method] for name, method in methods.items() if method in origin}
    seeds, over_trainings = _over_trainings(value, slopes, by_seed, results, found, rows)
    evidence = Evidence(
        value, interval(drawn, photographs=min(photographs)), over_trainings, seeds, results.profile
    )
    verdict = measured_verdict(check, evidence)
    favoured = _favoured(check, value, slopes, results, paper)
    if favoured and verdict.verdict in POINTING:
        return not_judged(f"{favoured} ({verdict.reason})")
    told = [verdict.reason]
    told += [f"{left_out} equal pictures left out"] if left_out else []
    below = guards.below_input(found, results, paper)
    told += [f"below the blurred input: {below}"] if below else []
    return verdict._replace(reason="; ".join(told))


def _favoured(
    check: Check, value: float, slopes: Mapping[str, float], results: Results, paper: Paper
) -> str:
    """Whether what leads had an easier training, see `guards.favoured`."""
    base = 0.0 if check.relation == "eq" else check.stated
    sides: dict[bool, list[str]] = {True: [], False: []}
    for name, slope in slopes.items():
        if slope:
            sides[(slope > 0) == (value > base)].append(name.rpartition(".")[2])
    ahead, behind = (dict.fromkeys(sides[which]) for which in (True, False))
    return guards.favoured(ahead, behind, results, paper)


def _mean(values: Array) -> np.float64:
    return np.float64(values.mean() if values.size else np.nan)


def _slope(expr: str, means: Mapping[str, Any], name: str) -> float:
    """Derivative of the expression by one mean; at a kink of max() and min() the steeper side."""
    here = float(evaluate(expr, means))
    up = float(evaluate(expr, {**means, name: means[name] + STEP})) - here
    down = here - float(evaluate(expr, {**means, name: means[name] - STEP}))
    return (up if abs(up) > abs(down) else down) / STEP


def _over_trainings(
    value: float,
    slopes: Mapping[str, float],
    by_seed: Mapping[str, Mapping[int, float]],
    results: Results,
    found: Mapping[str, Scores],
    origin: Mapping[str, str],
) -> tuple[tuple[int, ...], Interval]:
    """Number of seeds of each trained row, and the Student interval of the linearised expression.

    All cells of one row come from the same trainings, as do those of rows that use its weights:
    their deviations are added seed by seed. A row with nothing to train has no luck of its own.
    """
    rows: dict[str, list[str]] = {}
    for name in origin:
        if found[name].trained:
            rows.setdefault(origin[name], []).append(name)
    numbers: list[int] = []
    shares: list[Share] = []
    alone = []
    for names in rows.values():
        common = sorted(set.intersection(*(set(by_seed[name]) for name in names)))
        numbers.append(len(common))
        if len(common) < 2:
            alone.append(sum(abs(slopes[one]) * pooled(results, found[one])[0] for one in names))
            continue
        ends = [sum(slopes[name] * by_seed[name][seed] for name in names) for seed in common]
        shares.append(Share(float(np.var(ends, ddof=1)) / len(ends), len(ends) - 1))
    if alone:  # one estimate of the deviation serves all of them
        freedom = min(pooled(results, found[name])[1] for name in origin if found[name].trained)
        shares.append(Share(float(np.square(alone).sum()), freedom))
    return tuple(numbers), student(value, shares, seeds=min(numbers, default=0))


def _dataset(key: str) -> str:
    return key.split(".")[1]

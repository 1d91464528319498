"""Score trained networks on pictures for checking only: real pairs, other photographs, your own.

The rows of a run lie beside it, with their digest, that of its weights and a key of the pictures
and of the code that scored them; what is stored for just these is never scored again. Pictures are
neither stored nor published.

    runs/<paper>/<profile>/checks/<id>.csv, .json             the blurred pictures; what the set is
    runs/<paper>/<profile>/<run id>/checks/<id>.csv, .json    a run's rows; weights and key
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deblur_lib import code, seals
from deblur_lib.data.generated.variants import VARIANTS
from deblur_lib.data.opening import open_data
from deblur_lib.data.pairs import PairedImages, PairSource, true_motion
from deblur_lib.devices import processor_threads, resolve_device
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.locks import held
from deblur_lib.networks.true_blur import TrueBlur
from deblur_lib.provenance import file_digest, settings_hash
from deblur_lib.records import read_rows, read_whole, write_json, write_rows
from deblur_lib.report.checks import ROWS, SETS
from deblur_lib.runs import store
from deblur_lib.runs.learning import shows_bars
from deblur_lib.runs.plan import Plan, Run
from deblur_lib.runs.reckoning import side_by_side, threads_of, worker_count
from deblur_lib.runs.running import scored_rows, trained
from deblur_lib.spec import CheckSet
from deblur_lib.weights.checkpoint import read_card


def open_checks(plan: Plan) -> dict[str, PairSource]:
    """Open the pictures of every check set of a plan, before anything is trained.

    Raises:
        DataError, UsageError: see `data.opening.open_data`.
    """
    return {one.id: _open(plan, one) for one in plan.checks}


def _open(plan: Plan, check: CheckSet) -> PairSource:
    roots = plan.request.roots
    made = check.data in VARIANTS
    settings: dict[str, Any] = {} if made else {"partial": True, "pack": False}
    if made and check.root:
        folder = str(Path(roots[check.root]).absolute())
        settings |= {"photographs": folder, "photographs_for": check.split}
    source = open_data(
        check.data,
        check.split,
        settings=settings | check.settings,
        roots={check.data: Path(roots[check.root])} if check.root else {},
        cache=store.cache_folder(),
        progress=shows_bars(),
    )
    if check.pictures and len(source) > check.pictures and isinstance(source, PairedImages):
        kept = np.linspace(0, len(source) - 1, check.pictures).round().astype(int)
        entries = [source.entries[index] for index in kept]
        return source.kept(entries, data_id=source.data_id, expected=source.expected)
    return source


def score_checks(plan: Plan, sources: Mapping[str, PairSource]) -> None:
    """Score the blurred pictures and every trained run on every check set, where not stored yet.

    Args:
        plan: its runs are finished.
        sources: from `open_checks`.
    """
    jobs = []
    for check in plan.checks:
        _describe(plan, check, sources[check.id])
        jobs += [
            (plan, run, check, sources[check.id])
            for run in plan.runs
            if not is_scored(run, check, sources[check.id]) and can_score(run, sources[check.id])
        ]
    side_by_side(score_run, jobs, worker_count(plan), "checks")


def score_one(plan: Plan, run: Run, sources: Mapping[str, PairSource]) -> None:
    """Score one trained run on every check set, where not stored yet.

    Args:
        plan: the request.
        run: a finished one of it.
        sources: from `open_checks`.
    """
    for check in plan.checks:
        _describe(plan, check, sources[check.id])
        if can_score(run, sources[check.id]):
            score_run(plan, run, check, sources[check.id])


def can_score(run: Run, source: PairSource) -> bool:
    """False for the control that is told the true motion where nobody knows it."""
    return run.method.network != TrueBlur.name or true_motion(source, 0) is not None


def is_scored(run: Run, check: CheckSet, source: PairSource) -> bool:
    """True when the rows of a trained run on just these pictures are stored."""
    return stored_for(run, check.id) == {"key": _key(check, source), "weights": _weights(run)}


def _key(check: CheckSet, source: PairSource) -> str:
    kind = type(source).__name__  # the same files as pictures and as clips are two things
    used = [source.data_id, source.digest, kind, list(source.names), list(check.conventions)]
    return settings_hash([*used, code.digest("scoring")], length=64)


def _weights(run: Run) -> str:
    return read_card(store.run_folder(run) / "best.safetensors").sha256


def _place(folder: Path, check: str, suffix: str) -> Path:
    return folder / "checks" / f"{check}.{suffix}"


def stored_for(run: Run, check: str) -> dict[str, str]:
    """Weights and key that a run's stored rows belong to; empty without any that are whole."""
    told = _whole(store.run_folder(run), check)
    return {name: told[name] for name in ("key", "weights")} if told else {}


def _whole(folder: Path, check: str) -> dict[str, Any] | None:
    """What lies beside the rows of a set, None where either was damaged."""
    rows = _place(folder, check, "csv")
    told: dict[str, Any] | None = read_whole(_place(folder, check, "json"))
    return told if told and rows.is_file() and file_digest(rows) == told.get("rows") else None


def _describe(plan: Plan, check: CheckSet, source: PairSource) -> None:
    """Score the blurred pictures as if they were the output, and store what the set is."""
    base, key = store.run_base(plan.request), _key(check, source)
    path = _place(base, check.id, "json")
    told = {
        "title": check.title,
        "why": check.why,
        "licence": check.licence,
        "data": source.data_id,
        "digest": source.digest,
        "pictures": len(source),
        "of": source.expected,
        "key": key,
    }
    with held(path, f"the pictures of {check.id}"):
        stored = _whole(base, check.id)
        if not stored or stored["key"] != key:
            path.unlink(missing_ok=True)
            scored = evaluate(None, source, conventions=check.conventions, progress=shows_bars())
            rows = scored_rows(plan, scored, check.id, source)
            write_rows(_place(base, check.id, "csv"), rows)
        write_json(path, told | {"rows": file_digest(_place(base, check.id, "csv"))})


def score_run(plan: Plan, run: Run, check: CheckSet, source: PairSource) -> None:
    """Score a trained run on a check set and store its rows beside it; the last file is the JSON.

    What another process stored meanwhile stays. Large pictures are restored in tiles, see
    `evaluation.restore`; everything in float32.
    """
    path = _place(store.run_folder(run), check.id, "json")
    with held(path, f"{run.id} on {check.id}"):
        if not is_scored(run, check, source):
            path.unlink(missing_ok=True)
            _score(plan, run, check, source)


def _score(plan: Plan, run: Run, check: CheckSet, source: PairSource) -> None:
    folder = store.run_folder(run)
    device = resolve_device(plan.request.device)
    clock = time.perf_counter()
    with processor_threads(threads_of(run)):
        scored = evaluate(
            trained(run).to(device),
            source,
            conventions=check.conventions,
            device=device,
            tile="auto",
            progress=shows_bars(),
        )
    rows = scored_rows(plan, scored, check.id, source, run)
    write_rows(_place(folder, check.id, "csv"), rows)
    told = {
        "key": _key(check, source),
        "weights": _weights(run),
        "seconds": round(time.perf_counter() - clock, 2),
        "rows": file_digest(_place(folder, check.id, "csv")),
    }
    write_json(_place(folder, check.id, "json"), told)


def collect_checks(plan: Plan, folder: Path) -> None:
    """Gather the stored rows of the plan's runs into checks.csv, and what the sets are.

    Rows that an earlier request scored count as well, where run, weights and pictures are the same:
    the folder of the pictures need not be there any more.
    """
    base = store.run_base(plan.request)
    frames: list[pd.DataFrame] = []
    sets: dict[str, Any] = {}
    for check in dict.fromkeys(one.id for one in (*plan.checks, *plan.paper.checks)):
        told = _whole(base, check)
        if not told:
            continue
        parts = [
            read_rows(_place(store.run_folder(run), check, "csv"))
            for run in plan.runs
            if stored_for(run, check) == {"key": told["key"], "weights": _weights(run)}
        ]
        if parts:
            frames += [read_rows(_place(base, check, "csv")), *parts]
            sets[check] = {name: told[name] for name in told.keys() - {"key", "rows"}}
    for name in (ROWS, SETS):
        (folder / name).unlink(missing_ok=True)
    if frames:
        write_rows(folder / ROWS, pd.concat(frames, ignore_index=True))
        write_json(folder / SETS, sets)
    seals.renew(folder, ROWS, SETS)

"""Gather the folders of finished runs into one results folder; see `records` for its layout."""

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import store
from deblur_lib.plan import Plan
from deblur_lib.records import (
    Row,
    read_json,
    read_manifests,
    read_rows,
    write_json,
    write_manifests,
    write_rows,
    write_text,
)

COST_UNITS = {
    "parameters": "count",
    "macs": "multiply-accumulates at 256x256",
    "seconds": "s at 256x256",
    "seconds_iqr": "s",
    "peak_memory": "bytes",
}


def collect(plan: Plan, folder: Path) -> None:
    """Write rows, manifests, curves, costs, probes and pictures of a plan's runs to `folder`."""
    base = folder.parent
    frames = [read_rows(base / "identity.csv")]
    frames += [read_rows(store.run_folder(run) / "rows.csv") for run in plan.runs]
    records = pd.concat(frames, ignore_index=True).to_dict(orient="records")
    write_rows(folder / "rows.csv", [Row(**record) for record in records])  # type: ignore[misc]
    manifests = [read_manifests(store.run_folder(run) / "manifest.json")[0] for run in plan.runs]
    write_manifests(folder / "manifests.json", manifests)
    write_text(folder / "curves.csv", _curves(plan))
    write_text(folder / "costs.csv", _costs(plan))
    structure_probes(plan, folder)
    probes = read_json(folder / "probes.json") | read_json(base / "probes.json")
    write_json(folder / "probes.json", probes)
    shutil.rmtree(folder / "pictures", ignore_errors=True)
    _pictures(plan, folder)
    if (base / "real_check.csv").is_file():
        shutil.copyfile(base / "real_check.csv", folder / "real_check.csv")


def structure_probes(plan: Plan, folder: Path) -> None:
    """Store what figures and listings need of the structure, counted from the built networks."""
    path = folder / "probes.json"
    stored: dict[str, Any] = read_json(path) if path.is_file() else {}
    settings = {run.method.id: run.options for run in plan.runs}
    if stored.get("settings") != settings:
        module = import_module(f"deblur_lib.papers.{plan.paper.id}.probes")
        write_json(path, module.structure(settings) | {"settings": settings})


def _curves(plan: Plan) -> str:
    parts = []
    for run in plan.runs:
        log = pd.read_csv(store.run_folder(run) / "log.csv")
        parts.append(log.assign(run=run.id, method=run.method.id, seed=run.seed))
    frame = pd.concat(parts)[["run", "method", "seed", "step", "name", "value"]]
    text: str = frame.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    return text


def _costs(plan: Plan) -> str:
    records = []
    for run in {run.method.id: run for run in plan.runs}.values():
        found = read_json(store.run_folder(run) / "costs.json")
        records += [
            {"method": run.method.id, "name": name, "value": found[name], "unit": unit}
            for name, unit in COST_UNITS.items()
            if name in found
        ]
    text: str = pd.DataFrame(records).to_csv(index=False, lineterminator="\n")
    return text


def _pictures(plan: Plan, folder: Path) -> None:
    first = plan.runs[0].seed if plan.runs else 0
    for run in plan.runs:
        if run.seed != first:
            continue
        for path in sorted((store.run_folder(run) / "pictures").glob("*/*/*.png")):
            dataset, picture = path.parts[-3:-1]
            name = run.method.id if path.stem == "restored" else path.stem
            target = folder / "pictures" / dataset / picture / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

"""Gather the folders of finished runs into one results folder; see `records` for its layout."""

import shutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import papers, seals
from deblur_lib.files import sweep, writing
from deblur_lib.provenance import folder_digest
from deblur_lib.records import (
    read_json,
    read_manifests,
    read_rows,
    read_table,
    read_whole,
    write_json,
    write_manifests,
    write_png,
    write_rows,
    write_text,
)
from deblur_lib.report.drawn import is_drawn
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, Run, published_options

PANELS = "panels"  # pictures of the structure probes, beside those of the data sets
TRAINED = "trained.json"  # probes of trained networks, where a pass is published in parts
OWN = {"own.safetensors": "best.safetensors", "own.json": "best.json"}  # and its name in a run
PROBED = ("probes.json", f"pictures/{PANELS}/")  # how the names of what they store begin
COST_UNITS = {
    "parameters": "count",
    "macs": "multiply-accumulates at 256x256, Fourier transforms counted",
    "seconds": "s at 256x256",
    "seconds_low": "s",
    "seconds_high": "s",
    "peak_memory": "bytes",
}
CURVE_POINTS = 100  # published points of each training curve
AS_RUN = ("parameters", "macs")  # costs that are also told of the network as it is run


def collect(plan: Plan, folder: Path, runs: Sequence[Run]) -> None:
    """Write rows, manifests, curves, costs, probes and pictures to a results folder.

    Args:
        plan: the request.
        folder: the results folder.
        runs: the finished runs to gather; none gives the blurred pictures alone.

    Raises:
        RecordError: a file of a run was cut or changed since it was stored.
    """
    gather(plan, folder, runs)
    measured = read_json(store.run_base(plan.request) / "probes.json")
    add_costs_and_probes(plan, folder, runs, measured)


def add_costs_and_probes(
    plan: Plan, folder: Path, runs: Sequence[Run], measured: Mapping[str, Any]
) -> None:
    """Write what networks cost, and the probes of their structure and of the trained ones.

    Args:
        plan: the request.
        folder: a results folder that `gather` wrote.
        runs: the runs in it.
        measured: probes of the trained networks.
    """
    write_text(folder / "costs.csv", _costs(plan, runs))
    structure_probes(plan, folder)
    counted = read_json(folder / "probes.json")
    write_json(folder / "probes.json", joined_probes(counted, measured), sort=False)
    seals.seal(folder)


def gather(plan: Plan, folder: Path, runs: Sequence[Run]) -> None:
    """Write rows, manifests, curves, pictures and own weights: what each run left by itself.

    Args:
        plan: the request.
        folder: the results folder.
        runs: the finished runs to gather.

    Raises:
        RecordError: a file of a run was cut or changed since it was stored.
    """
    for run in runs:
        seals.check(store.run_folder(run), "rows.csv", "log.csv", "manifest.json")
    base = store.run_base(plan.request)
    seals.check(base)
    sweep(folder, deep=True)
    frames = [read_rows(base / "identity.csv")]
    frames += [read_rows(store.run_folder(run) / "rows.csv") for run in runs]
    write_rows(folder / "rows.csv", pd.concat(frames, ignore_index=True))
    manifests = [read_manifests(store.run_folder(run) / "manifest.json")[0] for run in runs]
    write_manifests(folder / "manifests.json", manifests)
    write_text(folder / "curves.csv", _curves(runs))
    with writing(folder):
        _pictures(plan, runs, folder)
        _own_weights(plan, runs, folder)


def joined_probes(counted: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Probes of the structure and of trained networks together.

    Both may name costs of one subject; the later number of one name stands.

    Args:
        counted: from `structure`.
        measured: from `trained`; where both hold a name other than "costs", this one stands.
    """
    costs: dict[str, dict[str, Any]] = {}
    for probes in (counted, measured):
        for subject, numbers in probes.get("costs", {}).items():
            costs[subject] = costs.get(subject, {}) | numbers
    return {**counted, **measured, "costs": costs}


def structure_probes(plan: Plan, folder: Path) -> None:
    """Store what figures and listings need of the structure, counted from the built networks."""
    path = folder / "probes.json"
    stored = _stored_probes(folder)
    room = papers.ROOT / plan.paper.id
    code = folder_digest(room, sorted(path.name for path in room.glob("*.py")))
    if stored.get("code") != code:
        module = import_module(f"deblur_lib.papers.{plan.paper.id}.probes")
        from deblur_lib.evaluation.cost import count_macs
        from deblur_lib.runs import costing

        full = costing.published(plan.paper)
        found = module.structure(full, count_macs)
        _keep_panels(found.get("panels", {}), folder / "pictures" / PANELS)
        costs = joined_probes({"costs": full}, found)["costs"]
        write_json(path, found | {"costs": costs, "code": code}, sort=False)
        seals.renew(folder, *(one for one in seals.contents(folder) if one.startswith(PROBED)))


def _stored_probes(folder: Path) -> dict[str, Any]:
    """Probes of a results folder; none where they or their pictures are not as they were stored."""
    spoilt = any(one.startswith((*PROBED, seals.NAME)) for one in seals.differing(folder))
    return {} if spoilt else read_whole(folder / "probes.json") or {}


def _keep_panels(panels: dict[str, dict[str, Any]], folder: Path) -> None:
    """Store the pictures of panels as files; what remains of the probes goes to JSON."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, panel in panels.items():
        for label, picture in panel.pop("pictures").items():
            write_png(folder / name / f"{label}.png", picture)


def _curves(runs: Sequence[Run]) -> str:
    columns = ["run", "method", "seed", "step", "name", "value"]
    parts = [pd.DataFrame(columns=columns)]
    for run in runs:
        log = _thinned(read_table(store.run_folder(run) / "log.csv", ("step", "name", "value")))
        parts.append(log.assign(run=run.id, method=run.method.id, seed=run.seed))
    frame = pd.concat(parts[1:] or parts)[columns]
    text: str = frame.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    return text


def _thinned(log: pd.DataFrame) -> pd.DataFrame:
    """A log of at most `CURVE_POINTS` lines a name: means over equal blocks, at their last step."""
    place = log.groupby("name", sort=False).cumcount()
    size = log.groupby("name", sort=False)["step"].transform("size")
    block = place // -(-size // CURVE_POINTS)
    found = log.groupby([log["name"], block], sort=False).agg(
        step=("step", "last"), value=("value", "mean")
    )
    return found.reset_index("name").sort_values("step", kind="stable")


def _own_weights(plan: Plan, runs: Sequence[Run], folder: Path) -> None:
    """Keep the weights of the paper's own network of the first seed, for others to try."""
    own = papers.summary(plan.paper.id).own if papers.has_summary(plan.paper.id) else ""
    for name, stored in OWN.items():
        (folder / name).unlink(missing_ok=True)
        for run in runs:
            if (run.method.id, run.seed) == (own, plan.runs[0].seed):
                shutil.copyfile(store.run_folder(run) / stored, folder / name)


def _costs(plan: Plan, runs: Sequence[Run]) -> str:
    """Costs of each row's network at published size, counts of it as run beside them.

    Smoke measures nothing: its networks stand as they were run, and the unit says so.
    """
    smoke = plan.profile.name == "smoke"
    records = []
    for run in {run.method.id: run for run in runs}.values():
        network = str(run.method.network)
        full = run.options if smoke else published_options(plan.paper, run.method)
        found = read_json(store.costs_file(network, full))
        here = read_json(store.costs_file(network, run.options))
        told = {name: (found[name], unit) for name, unit in COST_UNITS.items() if found.get(name)}
        if "seconds" in told:
            where = f" on {found['machine']}" if "machine" in found else ""  # of earlier versions
            told["seconds"] = (found["seconds"], COST_UNITS["seconds"] + where)
        size = "as run" if smoke else "published size"
        records += [
            {"method": run.method.id, "name": name, "value": value, "unit": f"{unit}, {size}"}
            for name, (value, unit) in told.items()
        ]
        records += [
            {"method": run.method.id, "name": f"{name}_here", "value": here[name],
             "unit": f"{COST_UNITS[name]}, as run"}
            for name in AS_RUN
            if here[name]
        ]  # fmt: skip
    columns = ["method", "name", "value", "unit"]
    text: str = pd.DataFrame(records, columns=columns).to_csv(index=False, lineterminator="\n")
    return text


def _pictures(plan: Plan, runs: Sequence[Run], folder: Path) -> None:
    """Blurred, sharp and the restorations of the first seed, under the names of their methods.

    Of restorations those that a figure or a page draws; the others stay in the folders of the runs.
    """
    base = store.run_base(plan.request)
    first = plan.runs[0].seed
    places = {"": base / "pictures"} | {
        run.method.id: store.run_folder(run) / "pictures" for run in runs if run.seed == first
    }
    for old in (folder / "pictures").glob("*"):
        if old.name != PANELS:
            shutil.rmtree(old)
    shown = read_json(base / "probes.json")["shown"]
    for method, place in places.items():
        for dataset, rules in shown.items():
            kinds = "*.*" if not method or is_drawn(plan.paper, dataset, method) else "*.json"
            for picture in rules.values():
                for path in sorted((place / dataset / picture).glob(kinds)):
                    name = f"{method or path.stem}{path.suffix}"
                    target = folder / "pictures" / dataset / picture / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)

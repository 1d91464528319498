"""Publish what is finished of a long pass, so that it outlives the machine that trained it.

Rows of an unfinished pass lie in `results/<paper>/unfinished/<profile>`, where no chapter, page or
verdict reads them. Each call adds the runs that were finished since; those that other machines
published stay. What figures show of trained networks is added by the machine that has all of the
first seed. `deblur publish` replaces the part with the whole profile once every run is there, on
whichever machines they were trained; the first three seeds count as whole until then.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from deblur_lib import seals
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import processor_threads
from deblur_lib.errors import MissingRowsError
from deblur_lib.files import whole_folder
from deblur_lib.locks import held
from deblur_lib.records import (
    read_json,
    read_manifests,
    write_json,
    write_manifests,
    write_text,
)
from deblur_lib.report.checks import ROWS, SETS
from deblur_lib.report.rules import ENOUGH_SEEDS
from deblur_lib.runs import looking, store
from deblur_lib.runs.checking import collect_checks
from deblur_lib.runs.collecting import OWN, TRAINED, add_costs_and_probes, gather
from deblur_lib.runs.matrix import measure_costs
from deblur_lib.runs.plan import Plan, Run, with_first_seeds
from deblur_lib.runs.reckoning import threads_of
from deblur_lib.runs.running import is_finished, open_tests

FOLDER = "unfinished"
NOBODY = "-"  # in place of a run: the blurred input
TABLES = ("rows.csv", "curves.csv", ROWS)


def folder_of(paper: str, profile: str) -> Path:
    """Where the finished part of a pass is published."""
    return store.published_folder(paper, profile).parent / FOLDER / profile


def published(plan: Plan) -> set[str]:
    """Ids of the plan's runs whose rows are published, in part or with the whole profile.

    Raises:
        RecordError: a file of theirs was cut or changed since it was stored.
    """
    paper, profile = plan.paper.id, plan.profile.name
    whole = store.published_folder(paper, profile)
    return _held(folder_of(paper, profile), plan) | _held(whole, plan)


def _held(folder: Path, plan: Plan) -> set[str]:
    """Ids of the plan's runs whose rows lie in a folder."""
    if not (folder / "manifests.json").is_file():
        return set()
    seals.check(folder)
    told = {one.run for one in read_manifests(folder / "manifests.json")}
    return told & {one.id for one in plan.runs}


def discard(paper: str, profile: str) -> None:
    """Remove the finished part, once the whole profile is published."""
    folder = folder_of(paper, profile)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another profile's part lies there, or none ever did
        folder.parent.rmdir()


def without(plan: Plan, done: Collection[str]) -> Plan:
    """A plan without some runs, but with those that others of it take their weights from."""
    kept = [one for one in plan.runs if one.id not in done]
    sources = {one.source.id for one in kept if one.source}
    runs = tuple(one for one in plan.runs if one in kept or one.id in sources)
    return replace(plan, runs=runs)


def publish_part(plan: Plan) -> tuple[Path, int]:
    """Publish the finished runs of a plan beside those that are published already.

    Args:
        plan: a profile as it is declared.

    Returns:
        The folder, and how many of the plan's runs it holds.

    Raises:
        MissingRowsError: no run of it is finished here.
        RecordError: a file was cut or changed since it was stored, or the disk is full.
    """
    runs, tests = _finished(plan)
    target, part = folder_of(plan.paper.id, plan.profile.name), replace(plan, runs=tuple(runs))
    probed = {run.id for run in looking.probed(plan)} <= {run.id for run in runs}
    if probed:
        base = store.run_base(plan.request)
        shown = read_json(base / "probes.json")["shown"]
        with processor_threads(threads_of(*runs)):
            looking.probe(part, tests, shown, base)
    with held(target, f"the published part of {plan.paper.id}"):
        there = {run.id for run in runs}
        with whole_folder(target) as fresh:
            gather(plan, fresh, runs)
            collect_checks(part, fresh)
            if probed:
                shutil.copyfile(base / "probes.json", fresh / TRAINED)
            for old in (target, store.published_folder(plan.paper.id, plan.profile.name)):
                earlier = _held(old, plan) - there
                if earlier:
                    _add(old, fresh, earlier)
                    there |= earlier
            seals.seal(fresh)
    return target, len(there)


@contextmanager
def rows_here(plan: Plan) -> Iterator[Path]:
    """The rows of what was executed here: the whole request, or those of its runs that finished.

    Raises:
        MissingRowsError: no run of it is finished here.
        RecordError: a file was cut or changed since it was stored.
    """
    executed = store.results_folder(plan.request)
    if (executed / "rows.csv").is_file():
        yield executed
        return
    runs, _ = _finished(plan)
    with TemporaryDirectory() as folder:
        gather(plan, Path(folder), runs)
        yield Path(folder)


def _finished(plan: Plan) -> tuple[list[Run], dict[str, PairSource]]:
    """The runs that are finished here, and the test sets they were scored on."""
    begun = any((store.run_folder(run) / "manifest.json").is_file() for run in plan.runs)
    tests = open_tests(plan) if begun else {}
    runs = [run for run in plan.runs if begun and is_finished(run, tests)]
    if not runs:
        raise MissingRowsError(
            f"no run of {plan.paper.id} at profile {plan.profile.name} is finished here; run "
            f"`deblur run {plan.paper.id} --profile {plan.profile.name}` first"
        )
    return runs, tests


def whole_part(plan: Plan) -> Path | None:
    """The published part with what the whole profile tells beside rows; None while runs lack.

    Args:
        plan: a profile as it is declared. All its seeds make it whole, or just the first ones,
            as many as a verdict needs.

    Raises:
        RecordError: a file was cut or changed since it was stored, or the disk is full.
    """
    folder = folder_of(plan.paper.id, plan.profile.name)
    there = _held(folder, plan)
    for one in (plan, with_first_seeds(plan, ENOUGH_SEEDS)):
        if there == {run.id for run in one.runs} and (folder / TRAINED).is_file():
            measure_costs(one)
            with held(folder, f"the published part of {plan.paper.id}"):
                add_costs_and_probes(one, folder, one.runs, read_json(folder / TRAINED))
            return folder
    return None


def to_publish(plan: Plan) -> Path:
    """The folder that `deblur publish` copies: what was executed here if whole, else the part."""
    executed = store.results_folder(plan.request)
    if _held(executed, plan) == {run.id for run in plan.runs}:
        return executed
    return whole_part(plan) or executed


def _add(old: Path, fresh: Path, earlier: set[str]) -> None:
    """Add to a fresh folder what an old one holds of runs that are not in it."""
    for name in TABLES:
        if (old / name).is_file():
            parts = [_text(one / name) for one in (fresh, old) if (one / name).is_file()]
            wanted = earlier if len(parts) == 2 else {*earlier, NOBODY}
            parts[-1] = parts[-1][parts[-1]["run"].isin(wanted)]
            write_text(fresh / name, pd.concat(parts).to_csv(index=False, lineterminator="\n"))
    kept = [one for one in read_manifests(old / "manifests.json") if one.run in earlier]
    here = read_manifests(fresh / "manifests.json")
    write_manifests(fresh / "manifests.json", [*here, *kept])
    if (old / SETS).is_file():
        now = read_json(fresh / SETS) if (fresh / SETS).is_file() else {}
        write_json(fresh / SETS, read_json(old / SETS) | now)
    others = [path for path in (old / "pictures").rglob("*") if path.is_file()]
    for path in (*others, *(old / name for name in (TRAINED, *OWN) if (old / name).is_file())):
        target = fresh / path.relative_to(old)
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _text(path: Path) -> pd.DataFrame:
    """A table as it is written, so that no number is rounded once more."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)

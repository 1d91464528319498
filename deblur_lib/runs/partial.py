"""Publish what is finished of a long pass, so that it outlives the machine that trained it.

Rows of an unfinished pass lie in `results/<paper>/unfinished/<profile>`, where no chapter, page or
verdict reads them. Each call adds the runs that were finished since; those that other machines
published stay. `deblur publish` replaces it once every run of the profile is there.
"""

import dataclasses
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pandas as pd

from deblur_lib import seals
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
from deblur_lib.runs import store
from deblur_lib.runs.checking import collect_checks
from deblur_lib.runs.collecting import gather
from deblur_lib.runs.plan import Plan
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
    return dataclasses.replace(plan, runs=runs)


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
    tests = open_tests(plan)
    runs = [run for run in plan.runs if is_finished(run, tests)]
    if not runs:
        raise MissingRowsError(
            f"no run of {plan.paper.id} at profile {plan.profile.name} is finished here; run "
            f"`deblur run {plan.paper.id} --profile {plan.profile.name}` first"
        )
    target = folder_of(plan.paper.id, plan.profile.name)
    with held(target, f"the published part of {plan.paper.id}"):
        earlier = _held(target, plan) - {run.id for run in runs}
        with whole_folder(target) as fresh:
            gather(plan, fresh, runs)
            collect_checks(dataclasses.replace(plan, runs=tuple(runs)), fresh)
            if earlier:
                _add(target, fresh, earlier)
            seals.seal(fresh)
    return target, len(runs) + len(earlier)


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
    for path in filter(Path.is_file, (old / "pictures").rglob("*")):
        target = fresh / path.relative_to(old)
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _text(path: Path) -> pd.DataFrame:
    """A table as it is written, so that no number is rounded once more."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)

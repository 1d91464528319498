"""Copy the results of a run to the published folder, and check that derived files still match."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from deblur_lib import papers, seals
from deblur_lib.errors import DeblurError, MissingRowsError, UsageError
from deblur_lib.files import whole_folder
from deblur_lib.locks import held
from deblur_lib.profiles import PRECISIONS
from deblur_lib.records import read_manifests
from deblur_lib.report import derive, floors, judged
from deblur_lib.report.rules import ENOUGH_SEEDS
from deblur_lib.report.side_by_side import MEASURED
from deblur_lib.runs import vintage
from deblur_lib.runs.collecting import OWN, TRAINED
from deblur_lib.runs.plan import Request, make_plan, with_first_seeds

KEPT = (
    *("rows.csv", "manifests.json", "curves.csv", "costs.csv", "probes.json"),
    *("checks.csv", "checks.json", TRAINED, *OWN),
)
MUCH = 2**20  # bytes of rows from which other processes pay
Job = tuple[Any, ...]  # a function that gives paths, and its arguments, a folder first


def publish(source: Path, target: Path, paper: str) -> Path:
    """Copy rows, manifests, curves and pictures, and derive tables and figures from the copy.

    Recorded agreements stay where the rows are the same, and go with the rows that they measured.
    The old folder is replaced only when the new one is complete.

    Raises:
        MissingRowsError: nothing was run yet.
        RecordError: a file was cut or changed since it was stored, or the disk is full.
    """
    if not (source / "rows.csv").is_file():
        raise MissingRowsError(f"no rows in {source.name} of {paper}; run `deblur reproduce` first")
    with (
        held(source, f"the rows of {paper}"),
        held(target, f"the published rows of {paper}"),
        whole_folder(target) as fresh,
    ):
        seals.check(source)
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, fresh / name)
        floors.carry(target, fresh)
        if (source / "pictures").is_dir():
            shutil.copytree(source / "pictures", fresh / "pictures")
        derive.write_derived(fresh, paper)
        seals.seal(fresh)
    return target


def record(folder: Path, paper: str, one: floors.Record) -> None:
    """Keep a comparison beside published rows, and derive anew what follows from both.

    Raises:
        UsageError: another process writes there.
        RecordError: the disk is full.
    """
    with held(folder, f"the published rows of {paper}"):
        floors.add_record(folder, one)
        derive.write_derived(folder, paper)


def check_declared(source: Path, paper: str, profile: str) -> None:
    """Refuse rows that are not those of a profile above smoke as it is declared.

    Of more seeds than a verdict needs the first ones alone count as well: a long pass is published
    when it has these, and again when it has all. At the paper's own profile official released
    weights may stand for the training of a row.

    Raises:
        UsageError: smoke.
        MissingRowsError: a run is missing, or one of other settings is there.
    """
    not_smoke(profile)
    stored = source / "manifests.json"
    manifests = read_manifests(stored) if stored.is_file() else []
    official = {one.method for one in manifests if profile == "paper" and one.origin.get("preset")}
    held = {one.run for one in manifests if one.method not in official}
    requests = [Request(paper, profile, precision=one) for one in PRECISIONS]
    plans = [make_plan(one) for one in requests]
    plans += [with_first_seeds(one, ENOUGH_SEEDS) for one in plans]
    declared = [{run.id for run in one.runs if run.method.id not in official} for one in plans]
    if held not in declared:
        nearest = max(declared, key=lambda one: (len(one & held), -len(one)))
        raise MissingRowsError(
            f"profile {profile} of {paper} declares {len(nearest)} runs, {source.name} holds "
            f"{len(nearest & held)} of them and {len(held - nearest)} of other settings; run "
            f"`deblur reproduce {paper} --profile {profile}`, finished runs are not repeated"
        )


def not_smoke(profile: str) -> None:
    """Refuse smoke.

    Raises:
        UsageError: it is.
    """
    if profile == "smoke":
        raise UsageError(
            "smoke is not published: it shows that everything runs, its numbers mean nothing; "
            "take another profile"
        )


def verify_all(root: Path) -> tuple[list[Path], int]:
    """Hold stored files below `root` against their lists, and derived ones against a fresh rebuild.

    Measured costs, which lie beside it (`side_by_side.MEASURED`), are held against theirs.

    Returns:
        The files that differ, lists that are missing among them, and how many were compared.
    """
    folders, judge = stored_folders(root), root / judged.FOLDER
    folders += [one for one in (root.parent / MEASURED,) if one.is_dir()]
    spoilt = {one: seals.differing(one) for one in folders}
    different = [folder / name for folder, names in spoilt.items() for name in names]
    different += [one / seals.NAME for one in folders if not (one / seals.NAME).is_file()]
    whole = [one for one in folders if not spoilt[one]]
    jobs: list[Job] = [(derive.verify, one, one.parent.name) for one in whole if _is_paper(one)]
    if not any(spoilt[one] for one in folders if one.parent == judge):
        jobs.append((judged.verify, judge))
    different += [path for found in _side_by_side(jobs) for path in found]
    derived = [one for one in root.glob("**/derived/**/*") if one.is_file()]
    return different, sum(len(seals.contents(one)) for one in folders) + len(derived)


def _is_paper(folder: Path) -> bool:
    return folder.parent.name in papers.names()


def _side_by_side(jobs: Sequence[Job]) -> list[list[Path]]:
    """What each job finds; on all cores where there is much to draw, the largest folder first."""
    sizes = [sum(one.stat().st_size for one in job[1].glob("**/rows.csv")) for job in jobs]
    order = sorted(range(len(jobs)), key=lambda number: -sizes[number])
    if sum(sizes) < MUCH or len(jobs) < 2:
        return [job[0](*job[1:]) for job in jobs]
    try:
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            begun = {number: pool.submit(*jobs[number]) for number in order}
            return [begun[number].result() for number in range(len(jobs))]
    except BrokenProcessPool as error:
        raise DeblurError(
            "a process that checked stored results was ended from outside, for want of memory "
            "perhaps; nothing was changed, call it again"
        ) from error


def stored_folders(root: Path) -> list[Path]:
    """Folders below `root` that store what was measured: of profiles, of studies, of the pilot."""
    found = [path.relative_to(root).parent for path in root.glob("*/**/*.csv")]
    return sorted({root / one for one in found if derive.FOLDER not in one.parts})


def remarks(root: Path) -> list[str]:
    """What a reader should know of the code behind the published runs."""
    found = []
    for path in sorted(root.glob("*/*/manifests.json")):
        whole = not seals.differing(path.parent, [path.name])
        told = vintage.remark(read_manifests(path)) if whole else ""
        found += [f"{path.parent.relative_to(root.parent)}: {told}"] if told else []
    return found

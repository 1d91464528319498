"""Copy the results of a run to the published folder, and check that derived files still match."""

import shutil
from pathlib import Path

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, UsageError
from deblur_lib.records import read_manifests
from deblur_lib.report import derive, floors, judged
from deblur_lib.runs.plan import PRECISIONS, Request, make_plan

KEPT = (
    *("rows.csv", "manifests.json", "curves.csv", "costs.csv", "probes.json"),
    *("checks.csv", "checks.json"),
)


def publish(source: Path, target: Path, paper: str) -> Path:
    """Copy rows, manifests, curves and pictures, and derive tables and figures from the copy.

    Recorded agreements stay where the rows are the same, and go with the rows that they measured.
    The old folder is replaced only when the new one is complete.

    Raises:
        MissingRowsError: nothing was run yet.
    """
    if not (source / "rows.csv").is_file():
        raise MissingRowsError(f"no rows in {source.name} of {paper}; run `deblur reproduce` first")
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in KEPT:
        if (source / name).is_file():
            shutil.copyfile(source / name, fresh / name)
    if floors.belongs(target / floors.NAME, fresh / "rows.csv"):
        shutil.copyfile(target / floors.NAME, fresh / floors.NAME)
    if (source / "pictures").is_dir():
        shutil.copytree(source / "pictures", fresh / "pictures")
    derive.write_derived(fresh, paper)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
    return target


def check_declared(source: Path, paper: str, profile: str) -> None:
    """Refuse rows that are not those of a profile above smoke as it is declared.

    Raises:
        UsageError: smoke.
        MissingRowsError: a run is missing, or one of other settings is there.
    """
    if profile == "smoke":
        raise UsageError(
            "smoke is not published: it shows that everything runs, its numbers mean nothing; "
            "take another profile"
        )
    stored = source / "manifests.json"
    held = {one.run for one in read_manifests(stored)} if stored.is_file() else set()
    requests = [Request(paper, profile, precision=one) for one in PRECISIONS]
    declared = [{run.id for run in make_plan(one).runs} for one in requests]
    if held not in declared:
        nearest = max(declared, key=lambda one: len(one & held))
        raise MissingRowsError(
            f"profile {profile} of {paper} declares {len(nearest)} runs, {source.name} holds "
            f"{len(nearest & held)} of them and {len(held - nearest)} of other settings; run "
            f"`deblur reproduce {paper} --profile {profile}`, finished runs are not repeated"
        )


def verify_all(root: Path) -> tuple[list[Path], int]:
    """Rebuild the derived files of every published folder below `root`.

    Returns:
        The files that differ from a fresh rebuild, and how many were compared.
    """
    judge = root / judged.FOLDER
    different = judged.verify(judge)
    checked = sum(1 for path in (judge / derive.FOLDER).rglob("*") if path.is_file())
    for paper in papers.names():
        for rows in sorted((root / paper).glob("*/rows.csv")):
            different += derive.verify(rows.parent, paper)
            checked += sum(1 for path in (rows.parent / "derived").rglob("*") if path.is_file())
    return different, checked

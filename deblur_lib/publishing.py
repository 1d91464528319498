"""Copy the results of a run to the published folder, and check that derived files still match."""

import shutil
from pathlib import Path

from deblur_lib.errors import MissingRowsError
from deblur_lib.report import derive, floors, judged

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


def verify_all(root: Path) -> tuple[list[Path], int]:
    """Rebuild the derived files of every published folder below `root`.

    Returns:
        The files that differ from a fresh rebuild, and how many were compared.
    """
    judge = root / judged.FOLDER
    different = judged.verify(judge)
    checked = sum(1 for path in (judge / derive.FOLDER).rglob("*") if path.is_file())
    for rows in sorted(root.glob("*/*/rows.csv")):
        folder = rows.parent
        if folder.parent == judge:
            continue
        different += derive.verify(folder, folder.parent.name)
        checked += sum(1 for path in (folder / "derived").rglob("*") if path.is_file())
    return different, checked

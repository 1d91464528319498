"""One results folder, read and checked; its layout is told in `deblur_lib.records`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from deblur_lib import seals
from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.records import (
    ROW_COLUMNS,
    Manifest,
    read_json,
    read_manifests,
    read_rows,
    read_table,
)
from deblur_lib.report.floors import Execution, read_records
from deblur_lib.spec import ProfileName

CURVE_COLUMNS = ("run", "method", "seed", "step", "name", "value")
VALIDATION = "validation/psnr-rgb"  # in curves, of the restored validation pictures
UNTOUCHED = "validation/input"  # and of the blurred ones
COST_COLUMNS = ("method", "name", "value", "unit")
READ = ("rows.csv", "manifests.json", "curves.csv", "costs.csv", "probes.json")
Made = TypeVar("Made")
NO_RUN = "-"  # run id of rows that no training made: the blurred picture scored as output


@dataclass(frozen=True)
class Results:
    """Everything stored of one paper at one profile.

    Attributes:
        folder: where it lies.
        rows: one row per picture and metric convention, see `records.Row`.
        manifests: one per run, ordered by run id.
        curves: training curves, columns `CURVE_COLUMNS`.
        costs: measured costs of whole networks, columns `COST_COLUMNS`.
        probes: small arrays and counts for figures; `probes["costs"]` holds counts of single
            blocks as {subject: {name: number}}.
        executions: what other executions of these rows say, from the records beside them.
        memo: values computed once; nothing outside the report looks at it.
    """

    folder: Path
    rows: pd.DataFrame
    manifests: tuple[Manifest, ...]
    curves: pd.DataFrame
    costs: pd.DataFrame
    probes: dict[str, Any]
    executions: tuple[Execution, ...] = ()
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def load(cls, folder: Path, *, partial: bool = False) -> "Results":
        """Read a results folder.

        Args:
            folder: the folder.
            partial: accept a folder without rows, for figures that need probes only; files that
                were cut or changed are left out.

        Raises:
            RecordError: a file is missing, was cut or changed since it was stored, breaks its
                schema, or the files contradict each other (rows of two profiles, a row without its
                run's manifest, NaN scores).
        """
        folder = Path(folder)
        spoilt = seals.differing(folder, READ)
        if not partial:
            seals.check(folder, *READ)
        if partial and (spoilt or not (folder / "rows.csv").is_file()):
            rows, manifests = pd.DataFrame(columns=list(ROW_COLUMNS)), []
        else:
            rows = read_rows(folder / "rows.csv")
            manifests = read_manifests(folder / "manifests.json")
        there = {one for one in READ if (folder / one).is_file()}
        there -= {*READ} if seals.NAME in spoilt else {*spoilt}
        return cls(
            folder=folder,
            rows=rows,
            manifests=tuple(manifests),
            curves=_frame(folder, "curves.csv", CURVE_COLUMNS, there),
            costs=_frame(folder, "costs.csv", COST_COLUMNS, there),
            probes=dict(read_json(folder / "probes.json")) if "probes.json" in there else {},
            executions=() if partial else tuple(one.execution for one in read_records(folder)),
        )

    @property
    def paper(self) -> str:
        """Room id of the rows."""
        return str(self._only("paper"))

    @property
    def profile(self) -> ProfileName:
        """Budget of the rows."""
        profile: ProfileName = self._only("profile")
        return profile

    def _only(self, column: str) -> Any:
        if self.rows.empty:
            raise MissingRowsError(
                f"{self.folder.name} holds no rows; run the notebook or `deblur reproduce` first"
            )
        return self.rows[column].iloc[0]

    def remembered(self, key: Any, make: Callable[[], Made]) -> Made:
        """A value that is computed once."""
        if key not in self.memo:
            self.memo[key] = make()
        found: Made = self.memo[key]
        return found

    @property
    def methods(self) -> list[str]:
        """Rows that were scored, the blurred input among them, in their stored order."""
        return self.remembered("methods", lambda: [*self.rows["method"].unique()])

    def of_method(self, method: str) -> list[Manifest]:
        """Manifests of a method's runs, by seed."""
        return self.remembered("by method", self._by_method).get(method, [])

    def _by_method(self) -> dict[str, list[Manifest]]:
        found: dict[str, list[Manifest]] = {}
        for one in sorted(self.manifests, key=lambda one: one.seed):
            found.setdefault(one.method, []).append(one)
        return found

    def of_cell(self, method: str, dataset: str, convention: str) -> pd.DataFrame:
        """Rows of one method on one data set under one convention, in their stored order."""
        keys = ["method", "dataset", "convention"]
        places = self.remembered("by cell", lambda: self.rows.groupby(keys, sort=False).indices)
        return self.rows.iloc[places.get((method, dataset, convention), [])]

    def cost(self, subject: str, name: str) -> float | None:
        """A cost of a method (from costs.csv) or of a single block (from the probes)."""
        found = self.remembered("costs", self._cost_of).get((subject, name))
        if found is not None:
            return float(found)
        counted = self.probes.get("costs", {}).get(subject, {}).get(name)
        return None if counted is None else float(counted)

    def _cost_of(self) -> dict[tuple[str, str], float]:
        first = self.costs.drop_duplicates(["method", "name"])
        places = zip(first["method"], first["name"], strict=True)
        return dict(zip(places, first["value"], strict=True))

    def pictures(self, dataset: str) -> list[str]:
        """Names of the test pictures that are stored for figures; some hold their scene's name."""
        root = self.folder / "pictures" / dataset
        return sorted(path.parent.relative_to(root).as_posix() for path in root.rglob("sharp.png"))

    def picture(self, dataset: str, picture: str, method: str) -> NDArray[np.uint8]:
        """A stored 8-bit picture, (H, W, 3); `method` may be "blurred" or "sharp".

        Raises:
            MissingRowsError: it is not stored.
            RecordError: it cannot be read.
        """
        path = self.picture_path(dataset, picture, method)
        if not path.is_file():
            stored = sorted(one.stem for one in path.parent.glob("*.png"))
            raise MissingRowsError(
                f"no picture of {method} for {dataset}/{picture}; stored: {', '.join(stored)}"
            )
        seals.check(self.folder, path.relative_to(self.folder).as_posix())
        try:
            with Image.open(path) as opened:
                return np.asarray(opened.convert("RGB"))
        except (UnidentifiedImageError, OSError) as error:
            raise RecordError(f"{path} is no picture ({error}); run again to restore it") from error

    def motion(self, dataset: str, picture: str, method: str) -> dict[str, Any] | None:
        """The field of motion stored beside a picture, see `runs.running.sampled`; None without.

        `method` may be "motion", the true one.
        """
        path = self.picture_path(dataset, picture, method).with_suffix(".json")
        if not path.is_file():
            return None
        seals.check(self.folder, path.relative_to(self.folder).as_posix())
        found: dict[str, Any] = read_json(path)
        return found

    def picture_path(self, dataset: str, picture: str, method: str) -> Path:
        """Where a stored picture lies."""
        return self.folder / "pictures" / dataset / picture / f"{method}.png"


def _frame(folder: Path, name: str, columns: tuple[str, ...], there: set[str]) -> pd.DataFrame:
    return (
        read_table(folder / name, columns) if name in there else pd.DataFrame(columns=list(columns))
    )


def _check(results: Results) -> None:
    """Refuse rows of which no single honest table can be made."""
    rows, source = results.rows, results.folder.name
    if rows.empty:
        return
    if rows["value"].isna().any():
        bad = rows[rows["value"].isna()].iloc[0]
        raise RecordError(
            f"{source}: the score of {bad['method']} on {bad['picture']} ({bad['convention']}) is "
            "NaN; score the run again"
        )
    _one(source, "paper", rows["paper"].unique())
    _one(source, "profile", rows["profile"].unique())
    for dataset, group in rows.groupby("dataset"):
        _one(source, f"data id standing for {dataset}", group["data"].unique())
    for (method, seed), group in rows.groupby(["method", "seed"]):
        _one(source, f"run of {method} with seed {seed}", group["run"].unique())
    _check_manifests(results)


def _one(source: str, what: str, found: Iterable[Any]) -> None:
    names = sorted(map(str, found))
    if len(names) > 1:
        raise RecordError(
            f"{source}: a table needs one {what}, the rows hold {len(names)}: {', '.join(names)}; "
            "keep them in folders of their own"
        )


def _check_manifests(results: Results) -> None:
    known = {one.run: one for one in results.manifests}
    for run, method in results.rows[["run", "method"]].drop_duplicates().itertuples(index=False):
        if run != NO_RUN and run not in known:
            raise RecordError(
                f"{results.folder.name}: rows of {method} come from run {run!r}, which has no "
                "manifest; collect the run again"
            )
    for one in results.manifests:
        if (one.paper, one.profile) != (results.paper, results.profile):
            raise RecordError(
                f"{results.folder.name}: rows are of {results.paper} at {results.profile}, run "
                f"{one.run!r} is of {one.paper} at {one.profile}; keep them in folders of their own"
            )

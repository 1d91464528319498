"""The facade that notebooks use: open a paper's room, run it, show its tables, figures, verdicts.

    room = open_paper("wan2023", profile="demo")
    room.run()
    room.table("T2")

Only `run`, `explore` and the drawings of a network's structure load torch.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deblur_lib import seals
from deblur_lib.errors import DeblurError, MissingRowsError, UsageError, unknown_name
from deblur_lib.locks import Lock, held
from deblur_lib.notebook.parameters import request_of
from deblur_lib.records import read_json, read_manifests
from deblur_lib.report import (
    agreement_view,
    budget,
    checks,
    derive,
    floors,
    guards,
    ledger,
    lines,
    markup,
    photographs,
    summary,
    tables,
    verdicts,
)
from deblur_lib.report.results import Results
from deblur_lib.runs import store, vintage
from deblur_lib.runs.collecting import collect, structure_probes
from deblur_lib.runs.plan import Plan
from deblur_lib.runs.vetting import check_ready, checked_plan

if TYPE_CHECKING:
    from IPython.display import DisplayObject


def open_paper(
    paper: str,
    *,
    profile: str = "demo",
    device: str = "auto",
    devices: int = 1,
    precision: str = "auto",
    train: str = "missing",
    seeds: Sequence[int] = (),
    methods: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    recipe: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    roots: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    released: Mapping[str, str] | None = None,
    checks: Sequence[str] = (),
) -> "Room":
    """Open a paper's room at a budget.

    Args:
        paper: room id, see `deblur list`.
        profile: smoke, demo, study, gpu or paper.
        device: auto, cpu, cuda or mps.
        devices: how many of that kind share the batches of each run.
        precision: auto, fp32 or bf16.
        train: "missing", "renew", "keep" or "never", see `plan.Request`.
        seeds: seeds of the runs; empty takes the profile's.
        methods: rows to run; empty takes all.
        options: overrides of network options, by network name.
        recipe: overrides of the training recipe.
        data: settings of generated pictures, and of real ones; see `data.opening.open_data`.
        roots: folder of each real data set, by data id; a relative one lies below the project.
        sources: data id in place of one that the profile names, see `plan.Request`.
        released: authors' weights for rows, by row id, see `deblur weights list`.
        checks: sets to score trained networks on for checking, see `plan.Request`.

    Raises:
        UsageError: a name, a type or a value is wrong; nothing was started.
    """
    given = locals()
    return Room(checked_plan(request_of(paper, {k: v for k, v in given.items() if v is not None})))


class Room:
    """A paper at a budget; see the module docstring."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.paper = plan.paper
        self.folder: Path = store.results_folder(plan.request)
        # True once `run` has drawn every figure; those of published rows were published with them
        self._derived = plan.request.train == "never"

    # --- running -------------------------------------------------------------------------------

    def run(self) -> markup.View:
        """Train what is missing, score and check it, write rows and everything derived from them.

        Returns:
            Mean PSNR and SSIM of each row on each data set, over pictures and seeds.
        """
        if self.plan.request.train != "never":
            from deblur_lib.runs.checking import collect_checks, open_checks, score_checks
            from deblur_lib.runs.matrix import run_all

            check_ready(self.plan)
            sources = open_checks(self.plan)
            run_all(self.plan)
            score_checks(self.plan, sources)
            with self._writing():
                collect(self.plan, self.folder, self.plan.runs)
                collect_checks(self.plan, self.folder)
                floors.carry(self._published, self.folder)
                derive.write_derived(self.folder, self.paper.id)
            self._derived = True
        return tables.means(self.results, self.paper)

    @property
    def results(self) -> Results:
        """Rows, manifests and curves of this request.

        Raises:
            MissingRowsError: nothing was run yet, or what `run` makes again was damaged.
        """
        if not self._is_stored():
            raise MissingRowsError(
                f"no rows of {self.paper.id} at profile {self.plan.profile.name} are stored; call "
                "room.run() first"
                + (", with train='missing'" if self.plan.request.train == "never" else "")
            )
        return Results.load(self.folder)

    @property
    def _published(self) -> Path:
        """Where the published rows of this paper and profile lie."""
        return store.published_folder(self.paper.id, self.plan.profile.name)

    def _is_stored(self) -> bool:
        """True where rows are stored that `run` would not make again (damaged, of other code)."""
        train, manifests = self.plan.request.train, self.folder / "manifests.json"
        if train == "never" or not (self.folder / "rows.csv").is_file():
            return (self.folder / "rows.csv").is_file()
        if seals.differing(self.folder):
            return False
        return not manifests.is_file() or vintage.are_current(read_manifests(manifests), train)

    # --- showing -------------------------------------------------------------------------------

    def summary(self) -> "DisplayObject":
        """The chapter's question, the paper's claims, what was measured and what stays open."""
        from IPython.display import Markdown

        results, where = self._latest()
        return Markdown(summary.opening(results, self.paper, where=where))

    def takeaways(self) -> "DisplayObject":
        """What to remember of the chapter, as far as the stored rows say it."""
        from IPython.display import Markdown

        return Markdown(summary.closing(self._latest()[0], self.paper))

    def _latest(self) -> tuple[Results | None, str]:
        """Rows of this request, else the published ones of its profile, and which they are."""
        profile = self.plan.profile.name
        own = "the published run" if self.folder == self._published else "this run"
        if self._is_stored():
            return Results.load(self.folder), f"{own}, profile {profile}"
        if (self._published / "rows.csv").is_file():
            return Results.load(self._published), f"the published run, profile {profile}"
        return None, f"no rows of profile {profile} are stored; run the cells below"

    def budget(self) -> markup.View:
        """What this profile trains, or what was published of it: rows, options, recipe, seeds."""
        runs = list(self.plan.runs)
        if self.plan.request.train == "never" and self._is_stored():
            there = {(one.method, one.seed) for one in self.results.manifests}
            runs = [one for one in runs if (one.method.id, one.seed) in there]
        frame = pd.DataFrame(
            {
                "row": run.method.title,
                "network": run.method.network,
                "options": ", ".join(f"{key} {value}" for key, value in run.options.items()),
                "steps": run.steps,
                "batch": run.train.batch if run.steps else "–",
                "crop": run.train.crop if run.steps else "–",
                "seeds": ", ".join(str(one.seed) for one in runs if one.method.id == run.method.id),
            }
            for run in {run.method.id: run for run in runs}.values()
        )
        return markup.listing(frame.set_index("row"), key="budget")

    def table(self, table: str) -> Any:
        """A table of the paper with our measurements beside each printed cell."""
        return tables.styled(tables.compare(self.results, self.paper, table))

    def figure(self, figure: str) -> "DisplayObject":
        """A figure of the chapter, drawn from stored rows, pictures and probes.

        Where the request names some rows only, a line stands for a figure that needs others.
        """
        from IPython.display import Image

        declared = {one.id: one for one in self.paper.figures}
        if figure not in declared:
            raise UsageError(unknown_name("figure", figure, declared, see=f"{self.paper.id} room"))
        path = derive.figure_path(self.folder, figure)
        if not (self._derived and path.is_file()):
            self._prepare()
            if declared[figure].kind == "data":
                self._look()
            try:
                with self._writing():
                    derive.write_figure(self.folder, self.paper.id, figure)
            except MissingRowsError as error:
                return self._left_out(declared[figure].title, error)
        results = Results.load(self.folder, partial=True)
        alt = budget.caption(results, self.paper, declared[figure].caption)
        return Image(data=path.read_bytes(), format="png", alt=alt)

    def listing(self, name: str) -> "markup.View | DisplayObject":
        """A small table of the networks' structure, counted from the built networks."""
        self._prepare()
        probes = read_json(self.folder / "probes.json")
        if name not in probes:
            unknown = UsageError(unknown_name("listing", name, probes, see="the room's probes.py"))
            return self._left_out(name, unknown)
        frame = pd.DataFrame(probes[name])
        frame = frame.set_index("row" if "row" in frame else frame.columns[0])
        frame = frame.rename(index={one.id: one.title for one in self.paper.methods})
        return markup.listing(frame, key=name)

    def _left_out(self, title: str, error: DeblurError) -> "DisplayObject":
        """A line in place of what needs rows that this request leaves out; else the error."""
        from IPython.display import Markdown

        asked = self.plan.request.methods
        if not asked:
            raise error
        return Markdown(f"*{title}: not shown, it needs more rows than {', '.join(asked)}.*")

    def photographs(self, dataset: str, *, convention: str = "psnr-rgb") -> markup.View:
        """Gain of each network over the blurred input on each photograph; that with least first."""
        frame = photographs.gains(self.results, self.paper, dataset, convention=convention)
        metric = "psnr_db" if "psnr" in convention else "ssim"
        return markup.listing(photographs.shown(frame, metric), key="photographs")

    def claims(self) -> Any:
        """Verdict on every claim of the paper, against its tables and against our rows."""
        return verdicts.styled(verdicts.judge(self.results, self.paper))

    def checks(self, *names: str) -> markup.View:
        """Gain of the trained networks on pictures for checking only, such as real pairs.

        Args:
            names: check sets to show; none shows those of the request, else the paper's.

        Returns:
            A table for each set that this run scored, else from the published run.
        """
        known = {one.id: one for one in (*self.paper.checks, *self.plan.checks)}
        for name in names:
            if name not in known:
                raise UsageError(unknown_name("check set", name, known, see="deblur_lib.spec"))
        asked = self.plan.checks if self.plan.request.checks else self.paper.checks
        wanted = [known[name] for name in names] or asked
        folders = {"this run": self.folder, "the published run": self._published}
        if self.folder == self._published:
            del folders["this run"]
        return checks.view(folders, self.paper, wanted)

    def departures(self) -> markup.View:
        """Open points of the paper, and what we do there."""
        frame = pd.DataFrame([vars(one) for one in self.paper.departures])
        kept = frame[["id", "where", "says", "does", "why", "option"]]
        return markup.listing(kept.set_index("id"), key="departures")

    def ledger(self) -> markup.View:
        """Where the paper contradicts itself: in words, against its tables, in two numbers."""
        return ledger.view(self.paper)

    def modules(self) -> markup.View:
        """Which modules left their start in training, and which stayed idle."""
        found = guards.modules(self.results, self.paper).set_index("module")
        return markup.listing(found, key="modules")

    def lines(self) -> markup.View:
        """The paper's equations and sentences on its architecture, and the code that does each."""
        return lines.view(self.paper)

    def provenance(self) -> markup.View:
        """Commit, hardware, precision, pictures, time of every run; what all share is told once."""
        manifests = self.results.manifests
        frame = pd.DataFrame(
            {
                "run": one.run,
                "commit": (one.commit[:10] or "none") + ("+" if one.dirty else ""),
                "processor": one.hardware["processor"],
                "accelerator": one.hardware["accelerator"],
                "precision": one.precision,
                "code": ", ".join(vintage.told_of(one)) or "as it is now",
                "torch": one.versions.get("torch", ""),
                "steps": one.steps,
                "best step": one.best_step,
                "training [s]": round(one.seconds_training, 1),
                "pictures": sum(one.pictures_used.values()),
            }
            for one in manifests
        )
        return markup.listing(frame.set_index("run"), key="provenance", shared="all runs")

    def agreement(self) -> markup.View:
        """These rows and verdicts beside the published ones of the same profile: does it repeat?"""
        return agreement_view.shown(self.results, self._published, self.paper)

    # --- live parts ----------------------------------------------------------------------------

    def explore(self, *, interactive: bool = True) -> Any:
        """Choose network, picture and blur strength; see before and after.

        Args:
            interactive: False shows one still picture instead of sliders.
        """
        from deblur_lib.notebook.exploring import explore

        return explore(self.plan, self.folder, interactive=interactive)

    def _look(self) -> None:
        if self.plan.request.train != "never" and not self._is_stored():
            from deblur_lib.runs.looking import look

            look(self.plan)
            with self._writing():
                collect(self.plan, self.folder, ())

    def _prepare(self) -> None:
        if self.plan.request.train != "never":
            with self._writing():
                structure_probes(self.plan, self.folder)

    def _writing(self) -> AbstractContextManager[Lock]:
        """Nobody else writes to the results meanwhile."""
        return held(self.folder, f"the results of {self.paper.id}")

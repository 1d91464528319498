"""The `deblur` command: each verb is a thin call into the library; heavy parts load when used.

Exit status: 0 done, 1 a check or a run failed, 2 the request was wrong and nothing was started,
3 some of several pictures failed.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deblur_lib import __version__, papers
from deblur_lib.errors import DeblurError, MissingRowsError, UsageError
from deblur_lib.runs import store
from deblur_lib.spec import PROFILES

if TYPE_CHECKING:
    from deblur_lib.runs.plan import Plan


class Verbs(click.Group):
    """A group of verbs that prints our errors in one line and exits with their status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a `DeblurError` becomes one line on standard error."""
        try:
            return super().invoke(ctx)
        except DeblurError as error:
            click.echo(f"deblur: {error}", err=True)
            ctx.exit(error.exit_status)


@click.group(cls=Verbs)
@click.version_option(__version__)
def main() -> None:
    """Reproduce image-deblurring papers: train, evaluate, compare with every printed number."""


@main.command("list")
@click.argument("paper", required=False)
def list_(paper: str | None) -> None:
    """Show papers, networks and stored results, or the rows of one PAPER."""
    from deblur_lib import catalogue

    if paper:
        _list_rows(paper)
        return
    click.echo("papers (deblur list PAPER shows its rows):")
    for name in papers.names():
        declared = papers.load(name)
        stored = [
            profile
            for profile in PROFILES
            if (store.published_folder(name, profile) / "rows.csv").is_file()
        ]
        click.echo(f"  {name:<10} {declared.title}")
        click.echo(f"  {'':<10} published results: {', '.join(stored) or 'none'}")
    click.echo("networks:")
    for name in sorted(catalogue.networks()):
        click.echo(f"  {name}")


def _list_rows(paper: str) -> None:
    declared = papers.load(paper)
    click.echo(f"{declared.title} ({declared.venue})")
    for table in declared.tables:
        click.echo(f"{table.number}: {table.caption}")
    for method in declared.methods:
        where = ", ".join(method.profiles) if method.network else f"quoted only: {method.not_run}"
        click.echo(f"  {method.id:<22} {method.title:<34} {where}")


@main.command()
@click.argument("paper")
@click.option("--profile", type=click.Choice(PROFILES), default="demo", show_default=True)
@click.option("--device", default=None, help="auto, cpu, cuda or mps")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="notebook parameter")
@click.option("--dry-run", is_flag=True, help="print the runs and stop")
@click.option("--force", is_flag=True, help="execute an up-to-date notebook again")
@click.option("--quiet", is_flag=True, help="no progress bar")
def reproduce(
    paper: str,
    profile: str,
    device: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Train, evaluate and report PAPER by executing its notebook.

    Finished runs are not repeated. A notebook that was executed with the same parameters, code and
    rows is left as it is. With altered parameters, and at smoke, rows and notebook have places of
    their own: no chapter shows them. Relative folders lie below the project.
    """
    from deblur_lib.notebook import reproduce as engine
    from deblur_lib.notebook.parameters import (
        complete,
        notebook_parameters,
        parse_settings,
        request_of,
    )
    from deblur_lib.runs.vetting import checked_plan

    source = engine.source_notebook(paper)
    defaults = notebook_parameters(source)
    texts = {"profile": profile, **({"device": device} if device else {})}
    for item in settings:
        key, equals, value = item.partition("=")
        if not equals:
            raise click.UsageError(f"--set needs KEY=VALUE, got {item!r}")
        texts[key] = value
    parameters = parse_settings(texts, defaults)
    if "interactive" in defaults:
        parameters.setdefault("interactive", False)
    plan = checked_plan(request_of(paper, complete(source, parameters)))
    if dry_run:
        _dry_run(plan, progress=not quiet)
        return
    name = store.executed_notebook(plan.request).relative_to(store.project_root())
    if not force and engine.is_current(paper, parameters):
        click.echo(f"up to date: {name} (--force executes it again)")
        return
    engine.reproduce(paper, parameters, progress=not quiet)
    click.echo(f"executed: {name}")
    if plan.request.altered:
        click.echo(f"no chapter shows it, altered: {', '.join(plan.request.altered)}")
    else:
        smoke = " --profile smoke" if plan.profile.name == "smoke" else ""
        click.echo(f"read it as a page: deblur book{smoke}")


def _dry_run(plan: "Plan", *, progress: bool) -> None:
    """Print each run with its data, recipe and time, and what all of them take."""
    from deblur_lib.report.numbers import short
    from deblur_lib.runs.vetting import check_ready
    from deblur_lib.runs.workers import reckon

    try:
        check_ready(plan)
        paces, told = reckon(plan, progress=progress)
    except UsageError as error:
        paces, told = {}, [f"not ready: {error}"]
    for run in plan.runs:
        recipe, done = run.train, (store.run_folder(run) / "manifest.json").is_file()
        loss = " + ".join(f"{short(weight)} {name}" for name, weight in recipe.loss.items())
        if recipe.adversarial:
            loss += f" + {short(recipe.adversarial.weight)} {recipe.adversarial.loss}"
        took = "stored" if done else "to do"
        if run.method.id in paces and not done:
            took += f", {paces[run.method.id].seconds * recipe.steps / 60:.1f} min"
        click.echo(
            f"{run.id:<40} {run.train_on}, {recipe.steps} steps of {recipe.batch} crops of "
            f"{recipe.crop} px, rate {short(recipe.lr)} {recipe.schedule}, loss {loss}: {took}"
        )
    for line in told:
        click.echo(line)


@main.command()
@click.argument("paper")
@click.option("--profile", type=click.Choice(PROFILES), default="demo", show_default=True)
def publish(paper: str, profile: str) -> None:
    """Copy the results of PAPER to results/, where they can be committed.

    They must be those of the profile as it is declared; smoke is refused.
    """
    from deblur_lib.book.costs import fill_costs
    from deblur_lib.runs.plan import Request
    from deblur_lib.runs.publishing import check_declared
    from deblur_lib.runs.publishing import publish as copy

    root = store.checkout()
    papers.load(paper)
    source = store.results_folder(Request(paper, profile))
    check_declared(source, paper, profile)
    target = copy(source, store.published_folder(paper, profile), paper)
    click.echo(f"published: {target.relative_to(root)}")
    readme = root / "README.md"
    if readme.is_file() and fill_costs(readme, root / "results"):
        click.echo("README.md: what each profile costs was renewed")


@main.command()
@click.argument("paper")
@click.option("--profile", type=click.Choice(PROFILES), default="demo", show_default=True)
@click.option("--record", "label", default="", help="keep this comparison, under a name")
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def agree(paper: str, profile: str, label: str, as_json: bool) -> None:
    """Compare the rows of the last run of PAPER with the published ones of its profile.

    With --record the differences are kept beside the published rows, as a measure of how much two
    executions differ.
    """
    from deblur_lib.report import agreement, agreement_view, floors
    from deblur_lib.report.results import Results
    from deblur_lib.runs.plan import Request

    declared = papers.load(paper)
    executed = store.results_folder(Request(paper, profile))
    published = store.published_folder(paper, profile)
    if not (executed / "rows.csv").is_file():
        raise MissingRowsError(
            f"no rows of {paper} at profile {profile} were executed here; run `deblur reproduce "
            f"{paper} --profile {profile}` first"
        )
    found = agreement.compare(Results.load(executed), published, declared)
    if label:
        floors.add_record(published, found.record(label))
        click.echo(f"recorded: {label}", err=True)
    if as_json:
        click.echo(json.dumps(agreement_view.as_dict(found), indent=1, ensure_ascii=False))
        return
    click.echo(replace(agreement_view.view(found), title="").markdown())
    click.echo(found.sentence)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
@click.option("--profile", type=click.Choice(PROFILES), default=None, help="default: best stored")
def coverage(as_json: bool, profile: str | None) -> None:
    """Say for every printed cell whether and how it was run here."""
    from deblur_lib.report.coverage import ledger, to_markdown

    found = ledger(store.checkout() / "results", profile=profile)
    click.echo(json.dumps(found, indent=1) if as_json else to_markdown(found))


@main.command()
def verify() -> None:
    """Rebuild every derived file of the published results and compare byte for byte."""
    from deblur_lib.runs.publishing import verify_all

    different, checked = verify_all(store.checkout() / "results")
    for path in different:
        click.echo(f"differs: {path.relative_to(store.project_root())}", err=True)
    click.echo(f"{checked} derived files checked, {len(different)} differ")
    sys.exit(1 if different else 0)


@main.command()
def judge() -> None:
    """Measure how often the rule of verdicts errs, from the rows stored in results/judge."""
    from deblur_lib.report import judged

    root = store.checkout()
    for path in judged.write(root / "results" / judged.FOLDER):
        click.echo(f"written: {path.relative_to(root)}")


@main.command()
@click.option(
    "--profile", type=click.Choice(PROFILES), default=None, help="default: any above smoke"
)
def book(profile: str | None) -> None:
    """Build the book from the executed notebooks.

    With --profile every chapter must be of that profile. Smoke, for checking only, is built to
    build/book-smoke and says so on every page.
    """
    from deblur_lib.book import build

    root = store.checkout()
    index = build(root, profile=profile)
    click.echo(f"open {index.relative_to(root)}")


@main.group()
def data() -> None:
    """Look at folders of pictures."""


@data.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def check(folder: Path, as_json: bool) -> None:
    """Report layout, counts, variant and problems of FOLDER."""
    from deblur_lib.data.real.doctor import check_folder

    report = check_folder(folder)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.text())
    sys.exit(1 if report.problems else 0)


@data.command("clips")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--n", default=20, show_default=True, help="sub-frames between two frames")
@click.option("--l", "averaged", default=10, show_default=True, help="averaged on each side")
@click.option("--flow", type=click.Choice(("dis", "farneback", "tvl1")), default="dis")
@click.option("--warp", type=click.Choice(("backward", "scatter")), default="backward")
@click.option("--blend", is_flag=True, help="mix both neighbours into each sub-frame")
@click.option("--eq3", type=click.Choice(("mean", "literal", "literal_3l")), default="mean")
@click.option("--crf", type=click.Choice(("none", "gamma")), default="none")
@click.option("--noise", default=0.0, show_default=True, help="sigma in grey levels")
@click.option("--stride", default=3, show_default=True, help="frames between two samples")
@click.option("--test-clips", default="", help="names of the clips that test, with commas")
@click.option("--test-every", default=7, show_default=True, help="else every so many clips test")
@click.option("--every", default=1, show_default=True, help="take every so many frames only")
@click.option("--any-order", is_flag=True, help="accept frames that seem to be exchanged")
def clips(
    source: Path,
    out: Path,
    n: int,
    averaged: int,
    stride: int,
    test_clips: str,
    test_every: int,
    every: int,
    any_order: bool,
    **blur: Any,
) -> None:
    """Make blurred training clips in OUT from the sharp video, or folder of clips, SOURCE."""
    from deblur_lib.data.clips.flow import Blur
    from deblur_lib.data.clips.making import make_clips
    from deblur_lib.data.clips.selection import Rules
    from deblur_lib.spec import parse

    made = make_clips(
        source,
        out,
        blur=parse(Blur, {"n": n, "l": averaged, **blur}, source="options of `data clips`"),
        rules=parse(Rules, {"stride": stride}, source="options of `data clips`"),
        test_clips=[one for one in test_clips.split(",") if one],
        test_every=test_every,
        every=every,
        any_order=any_order,
        say=click.echo,
    )
    samples = sum(len(clip["samples"]) for clip in made["clips"])
    click.echo(f"{samples} samples of {len(made['clips'])} clips in {out}")
    sys.exit(0 if samples else 1)


@main.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--weights", type=click.Path(path_type=Path), required=True, help="checkpoint")
@click.option("--out", type=click.Path(path_type=Path), default=Path("restored"), show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--tile", type=int, default=None, help="side of tiles for large pictures")
@click.option("--frames", is_flag=True, help="write the frames of videos as pictures")
def restore(
    inputs: tuple[str, ...], weights: Path, out: Path, device: str, tile: int | None, frames: bool
) -> None:
    """Restore pictures (files, folders or patterns) and videos."""
    from deblur_lib.restoring.photos import restore_files
    from deblur_lib.restoring.videos import restore_inputs

    done, failed, rest = restore_inputs(
        inputs, weights, out, device=device, tile=tile, frames=frames, say=click.echo
    )
    if rest:
        photos = restore_files(rest, weights, out, device=device, tile=tile, say=click.echo)
        done, failed = done + photos[0], failed + photos[1]
    click.echo(f"{done} written to {out}, {failed} failed")
    sys.exit(3 if failed else 0 if done else 2)


if __name__ == "__main__":
    main()

"""Verbs that say what can run, and run it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deblur_lib.cli.group import ends_as_ctrl_c, examples, in_words, main, pair, profile_option
from deblur_lib.errors import DeblurError, UsageError
from deblur_lib.runs import store

if TYPE_CHECKING:
    from deblur_lib.runs.plan import Plan


@main.command("list", epilog=examples("deblur list", "deblur list wan2023"))
@click.argument("paper", required=False)
def list_(paper: str | None) -> None:
    """Show papers, networks and stored results, or the rows of one PAPER."""
    from deblur_lib import catalogue, papers

    if paper:
        _list_rows(paper)
        return
    click.echo("papers (deblur list PAPER shows its rows):")
    for name in papers.names():
        declared = papers.load(name)
        stored = ", ".join(store.published_profiles(name))
        click.echo(f"  {name:<10} {declared.title}")
        where = "" if store.is_checkout() else ", as there is no checkout here"
        click.echo(f"  {'':<10} published results: {stored or 'none'}{where}")
    click.echo("networks:")
    for name in sorted(catalogue.networks()):
        click.echo(f"  {name}")


def _list_rows(paper: str) -> None:
    from deblur_lib import papers

    declared = papers.load(paper)
    click.echo(f"{declared.title} ({declared.venue})")
    for table in declared.tables:
        click.echo(f"{table.number}: {table.caption}")
    for method in declared.methods:
        where = ", ".join(method.profiles) if method.network else f"quoted only: {method.not_run}"
        click.echo(f"  {method.id:<22} {method.title:<34} {where}")


@main.command(
    epilog=examples(
        "deblur reproduce wan2023 --profile demo",
        "deblur reproduce wan2023 --set 'recipe={\"steps\": 500}' --dry-run",
        "deblur reproduce wan2023 --published",
    )
)
@click.argument("paper")
@profile_option
@click.option("--published", is_flag=True, help="show the largest published profile, train nothing")
@click.option("--device", default=None, help="auto, cpu, cuda or mps")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="notebook parameter")
@click.option("--dry-run", is_flag=True, help="print the runs and stop")
@click.option("--force", is_flag=True, help="execute an up-to-date notebook again")
@click.option("--quiet", is_flag=True, help="no progress bar")
def reproduce(
    paper: str,
    profile: str,
    published: bool,
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
    texts |= {"profile": _largest(paper), "train": "never"} if published else {}
    texts |= dict(pair("--set", one) for one in settings)
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
    try:
        with ends_as_ctrl_c():
            engine.reproduce(paper, parameters, progress=not quiet)
    except (DeblurError, KeyboardInterrupt) as error:
        if not isinstance(error, UsageError):
            click.echo(engine.stored(plan), err=True)
        raise
    click.echo(f"executed: {name}")
    if plan.request.altered:
        click.echo(f"no chapter shows it, altered: {', '.join(plan.request.altered)}")
    else:
        smoke = " --profile smoke" if plan.profile.name == "smoke" else ""
        click.echo(f"read it as a page: deblur book{smoke}")


def _largest(paper: str) -> str:
    stored = store.published_profiles(paper)
    if not stored:
        raise UsageError(f"no results of {paper} are published; leave out --published to train")
    return stored[-1]


def _dry_run(plan: "Plan", *, progress: bool) -> None:
    """Print each run with its data, recipe and time, and what all of them take."""
    from deblur_lib.runs.vetting import check_ready

    if plan.request.train == "never":
        check_ready(plan)
        place = store.results_folder(plan.request).relative_to(store.project_root())
        click.echo(f"nothing is trained, {len(plan.runs)} runs are shown from {place}")
        return
    from deblur_lib.runs.reckoning import reckon

    paces, told = reckon(plan, progress=progress)
    try:
        check_ready(plan)
    except UsageError as error:
        told.append(f"not ready: {error}")
    for run in plan.runs:
        done = store.is_stored(run)
        took = "stored" if done else "to do"
        if run.released:
            click.echo(f"{run.id:<40} released weights {Path(run.released).stem}: {took}")
            continue
        if not run.steps:
            weights = f"with the weights of {run.source.id}" if run.source else "nothing to train"
            click.echo(f"{run.id:<40} {weights}: {took}")
            continue
        if run.method.id in paces and not done:
            took += f", {paces[run.method.id].seconds * run.train.steps / 60:.1f} min"
        click.echo(f"{run.id:<40} {run.train_on}, {in_words(run.train)}: {took}")
    for line in told:
        click.echo(line)

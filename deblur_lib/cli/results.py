"""Verbs that compare, publish and show results."""

import json
import sys
from dataclasses import replace

import click

from deblur_lib.cli.group import examples, main, profile_option
from deblur_lib.locks import held
from deblur_lib.profiles import PROFILES
from deblur_lib.runs import store


@main.command(
    epilog=examples("deblur publish wan2023", "deblur publish wan2023 --profile gpu --partial")
)
@click.argument("paper")
@profile_option
@click.option(
    "--partial", is_flag=True, help="what is finished so far, for later; no page shows it"
)
def publish(paper: str, profile: str, partial: bool) -> None:
    """Copy the results of PAPER to results/, where they can be committed.

    They must be those of the profile as it is declared; smoke is refused. With
    --partial runs of several machines add up; once all are there, the whole
    profile is published from them.
    """
    from deblur_lib import papers
    from deblur_lib.book.costs import fill_costs
    from deblur_lib.runs.partial import discard, publish_part, to_publish
    from deblur_lib.runs.plan import Request, make_plan
    from deblur_lib.runs.publishing import check_declared, not_smoke
    from deblur_lib.runs.publishing import publish as copy

    root = store.checkout()
    papers.load(paper)
    if partial:
        not_smoke(profile)
        plan = make_plan(Request(paper, profile))
        target, count = publish_part(plan)
        click.echo(f"partial: {count} of {len(plan.runs)} runs in {target.relative_to(root)}")
        return
    source = to_publish(make_plan(Request(paper, profile)))
    check_declared(source, paper, profile)
    target = copy(source, store.published_folder(paper, profile), paper)
    discard(paper, profile)
    click.echo(f"published: {target.relative_to(root)}")
    readme = root / "README.md"
    if readme.is_file() and fill_costs(readme, root / "results"):
        click.echo("README.md: what each profile costs was renewed")


@main.command(
    epilog=examples("deblur agree wan2023", 'deblur agree wan2023 --record "two threads"')
)
@click.argument("paper")
@profile_option
@click.option("--record", "label", default="", help="keep this comparison, under a name")
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def agree(paper: str, profile: str, label: str, as_json: bool) -> None:
    """Compare the rows of the last run of PAPER with the published ones of its profile.

    Where only a part of its runs was executed (`deblur run`), those that are finished are compared.
    With --record the differences are kept beside the published rows, as a measure of how much two
    executions differ.
    """
    from deblur_lib import papers
    from deblur_lib.report import agreement, agreement_view
    from deblur_lib.report.results import Results
    from deblur_lib.runs import publishing
    from deblur_lib.runs.partial import rows_here
    from deblur_lib.runs.plan import Request, make_plan

    store.checkout()
    declared = papers.load(paper)
    published = store.published_folder(paper, profile)
    with rows_here(make_plan(Request(paper, profile))) as executed:
        found = agreement.compare(Results.load(executed), published, declared)
    if label:
        publishing.record(published, paper, found.record(label))
        click.echo(f"recorded: {label}", err=True)
    if as_json:
        click.echo(json.dumps(agreement_view.as_dict(found), indent=1, ensure_ascii=False))
        return
    click.echo(replace(agreement_view.view(found), title="").markdown())
    click.echo(found.sentence)


@main.command(epilog=examples("deblur coverage", "deblur coverage --profile demo --json"))
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
@click.option("--profile", type=click.Choice(PROFILES), default=None, help="default: best stored")
def coverage(as_json: bool, profile: str | None) -> None:
    """Say for every printed cell whether and how it was run here."""
    from deblur_lib.report.coverage import ledger, to_markdown

    found = ledger(store.checkout() / "results", profile=profile)
    click.echo(json.dumps(found, indent=1) if as_json else to_markdown(found))


@main.command(epilog=examples("deblur verify"))
@click.option("--seal", is_flag=True, help="write the digest lists that are missing")
def verify(seal: bool) -> None:
    """Check every published file: stored ones against digests, derived ones against a rebuild.

    Runs of other code than today's are told; they are no error.
    """
    from deblur_lib import seals
    from deblur_lib.runs import publishing

    root = store.checkout() / "results"
    for folder in publishing.stored_folders(root) if seal else ():
        if not (folder / seals.NAME).is_file():
            seals.seal(folder)
    different, checked = publishing.verify_all(root)
    for path in different:
        click.echo(f"differs: {path.relative_to(store.project_root())}", err=True)
    for line in publishing.remarks(root):
        click.echo(f"remark: {line}")
    click.echo(f"{checked} files checked, {len(different)} differ")
    sys.exit(1 if different else 0)


@main.command(epilog=examples("deblur judge"))
def judge() -> None:
    """Measure how often the rule of verdicts errs, from the rows stored in results/judge."""
    from deblur_lib.report import judged

    root = store.checkout()
    for path in judged.write(root / "results" / judged.FOLDER):
        click.echo(f"written: {path.relative_to(root)}")


@main.command(epilog=examples("deblur book", "deblur book --profile smoke"))
@click.option(
    "--profile", type=click.Choice(PROFILES), default=None, help="default: any above smoke"
)
@click.option("--force", is_flag=True, help="build an up-to-date book again")
def book(profile: str | None, force: bool) -> None:
    """Build the book from the executed notebooks, unless it is up to date.

    With --profile every chapter must be of that profile. Smoke, for checking only, is built to
    build/book-smoke and says so on every page.
    """
    from deblur_lib.book import build

    root = store.checkout()
    with held(root / "build" / "book", "the book"):
        index = build(root, profile=profile, force=force)
    click.echo(f"open {index.relative_to(root)}")

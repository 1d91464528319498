"""Verbs that execute runs without a notebook, and say how far they are."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from deblur_lib.cli.group import ends_as_ctrl_c, examples, main, pair, profile_option
from deblur_lib.errors import UsageError

if TYPE_CHECKING:
    from deblur_lib.runs.engines import Engine
    from deblur_lib.runs.plan import Plan


@main.command(
    "run",
    epilog=examples(
        "deblur run wan2023 --profile smoke --methods wan2023,mimo_unet",
        "deblur run all --profile study --shard 2/5 --skip-published",
        "deblur run all --profile gpu --engine slurm --slurm partition=gpu",
    ),
)
@click.argument("names", metavar="PAPER...", nargs=-1, required=True)
@profile_option
@click.option("--engine", type=click.Choice(("processes", "slurm")), default="processes",
              show_default=True, help="processes here, or jobs of a cluster")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), help="processes at once; default: what pays")
@click.option("--slurm", "options", multiple=True, metavar="KEY=VALUE", help="option of sbatch")
@click.option("--seeds", default="", help="seeds to run, with commas; of rows that have them")
@click.option("--methods", default="", help="rows to run, with commas")
@click.option("--shard", default="1/1", show_default=True, help="the part of the runs, as 2/5")
@click.option("--skip-published", is_flag=True, help="leave out runs whose rows are in results/")
@click.option("--hours", type=click.FloatRange(min=0), help="stop after so long, states stored")
@click.option("--device", default=None, help="auto, cpu, cuda or mps")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="notebook parameter")
@click.option("--quiet", is_flag=True, help="no progress bar")
def run_(
    names: tuple[str, ...],
    engine: str,
    workers: int | None,
    options: tuple[str, ...],
    shard: str,
    skip_published: bool,
    hours: float | None,
    quiet: bool,
    **asked: Any,
) -> None:
    """Train and score the runs of each PAPER, or of all, without a notebook.

    Finished runs are not repeated, stopped ones go on, those that another process holds are left
    to it. A notebook executed afterwards finds everything finished.
    """
    from deblur_lib.runs import matrix
    from deblur_lib.runs.engines import NEVER, part_of

    until = NEVER if hours is None else time.time() + 3600 * hours
    given = dict(pair("--slurm", one) for one in options)
    plans = _plans(names, **asked)
    if skip_published:
        from deblur_lib.runs.partial import published, without

        plans = [without(plan, published(plan)) for plan in plans]
    plans = part_of(plans, shard)
    if quiet:
        os.environ["TQDM_DISABLE"] = "1"
    with ends_as_ctrl_c():
        try:
            start = partial(_engine, plans, engine, workers, given)
            results = matrix.sweep(plans, start, until=until)
        except KeyboardInterrupt:
            click.echo("trainings under way stored their state; the same command goes on", err=True)
            raise
    matrix.check(results)
    left = sum(result.state == "stopped" for _, result in results)
    if left:
        click.echo(f"time is up, {left} runs are left; the same command goes on")
        sys.exit(4)
    click.echo(f"all {sum(len(plan.runs) for plan in plans)} runs are finished")


def _engine(
    plans: Sequence["Plan"], name: str, workers: int | None, options: dict[str, str], count: int
) -> "Engine":
    """The engine for so many runs."""
    click.echo(f"{count} of {sum(len(plan.runs) for plan in plans)} runs to do")
    if name == "slurm":
        from deblur_lib.runs.slurm import Slurm

        return Slurm(options)
    from deblur_lib.runs.engines import Processes
    from deblur_lib.runs.reckoning import worker_count

    size = workers or max(worker_count(plan) for plan in plans)
    return Processes(min(size, count), plans[0].request)


@main.command(epilog=examples("deblur status", "deblur status wan2023 --profile study --json"))
@click.argument("names", metavar="[PAPER]...", nargs=-1)
@profile_option
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="notebook parameter")
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def status(names: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Show how far the runs of each PAPER are, wherever they are executed; all without one."""
    from deblur_lib.runs import progress

    plans = _plans(names or ("all",), **asked)
    if as_json:
        found = {plan.paper.id: [asdict(one) for one in progress.standings(plan)] for plan in plans}
        click.echo(json.dumps(found, indent=1))
        return
    for plan in plans:
        click.echo(progress.told(plan))


def _plans(
    names: Sequence[str],
    *,
    profile: str,
    settings: Sequence[str],
    device: str | None = None,
    seeds: str = "",
    methods: str = "",
) -> list["Plan"]:
    """The requests of several papers; of named rows each takes its own."""
    from deblur_lib import papers
    from deblur_lib.notebook.parameters import parse_settings, request_defaults
    from deblur_lib.runs.plan import widened

    texts = {"profile": profile, **({"device": device} if device else {})}
    texts |= dict(pair("--set", one) for one in settings)
    values = parse_settings(texts, request_defaults())
    asked = parse_settings({"seeds": f"[{seeds}]"}, request_defaults()) if seeds else {}
    wanted = [one for one in methods.split(",") if one]
    plans = []
    chosen = list(dict.fromkeys(papers.names() if "all" in names else names))
    for name in chosen:
        own = [one.id for one in papers.load(name).methods]
        kept = [one for one in wanted if one in own] if len(chosen) > 1 else wanted
        if kept or not wanted:
            given = values | ({"methods": kept} if kept else {})
            plans.append(widened(_of_seeds(name, given, asked)))
    if not plans:
        raise UsageError(f"no paper of {', '.join(names)} has rows {methods}")
    return plans


def _of_seeds(name: str, values: Mapping[str, Any], asked: Mapping[str, Any]) -> "Plan":
    """The runs that a profile declares of some seeds; of other seeds, runs of every row."""
    from deblur_lib.notebook.parameters import request_of
    from deblur_lib.runs.vetting import checked_plan

    declared = checked_plan(request_of(name, values))
    seeds = asked.get("seeds", ())
    if not set(seeds) <= {run.seed for run in declared.runs}:
        return checked_plan(request_of(name, {**values, **asked}))
    runs = tuple(run for run in declared.runs if run.seed in seeds or not seeds)
    return replace(declared, runs=runs)

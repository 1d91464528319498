"""Verbs for pictures and videos of one's own."""

import sys
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import main


def _tile(ctx: click.Context, param: click.Parameter, value: str) -> int | str | None:
    """The value of --tile that `evaluation.restore` takes."""
    if value in ("auto", "none"):
        return "auto" if value == "auto" else None
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"needs a side of at least 1 pixel, auto or none, got {value!r}")


@main.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--weights", type=click.Path(path_type=Path), required=True, help="checkpoint")
@click.option("--out", type=click.Path(path_type=Path), default=Path("restored"), show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option(
    "--tile", default="auto", show_default=True, metavar="auto|none|PIXELS", callback=_tile,
    help="side of tiles for large pictures",
)  # fmt: skip
@click.option("--frames", is_flag=True, help="write the frames of videos as pictures")
def restore(
    inputs: tuple[str, ...], weights: Path, out: Path, device: str, tile: Any, frames: bool
) -> None:
    """Restore pictures (files, folders or patterns) and videos.

    Each keeps its name; those of one name keep their folders too. No input is written over.
    """
    from deblur_lib.restoring.batch import restore_inputs

    done, failed = restore_inputs(
        inputs, weights, out, device=device, tile=tile, frames=frames, say=click.echo
    )
    click.echo(f"{done} written to {out}, {failed} failed")
    sys.exit(3 if failed else 0)

"""Verbs that look at folders of pictures and make training clips."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import main


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

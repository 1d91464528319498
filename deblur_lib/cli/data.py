"""Verbs for folders of pairs: what sets there are, what a folder holds, clean sets, clips."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import ends_as_ctrl_c, examples, main
from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.runs import store


@main.group()
def data() -> None:
    """Look at folders of pictures."""


@data.command("list", epilog=examples("deblur data list", "deblur data list gopro-linear reds"))
@click.argument("names", metavar="[DATA]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def list_(names: tuple[str, ...], as_json: bool) -> None:
    """Say what is known of each data set: pairs, licence, where to get it, how it lies on disk.

    Nothing is downloaded: get a set from its page, then look at it with `deblur data check`.
    """
    from deblur_lib.data.real import listing

    known = listing.every()
    for name in names:
        if name not in known:
            raise UsageError(unknown_name("data set", name, known, see="deblur data list"))
    chosen = [known[name] for name in names] or [*known.values()]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in chosen], indent=1))
        return
    click.echo("\n\n".join(one.text() for one in chosen) if names else listing.table(chosen))


@data.command(
    "check",
    epilog=examples(
        "deblur data check FOLDER --crop 256", "deblur data check FOLDER --html report.html"
    ),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
@click.option("--pairs", "pattern", default="", help='names of pairs, as "{id}_blur*|{id}_sharp*"')
@click.option("--crop", type=click.IntRange(min=1), help="side that a training will cut")
@click.option("--html", type=click.Path(path_type=Path), help="write a page with the offenders")
def check(folder: Path, as_json: bool, pattern: str, crop: int | None, html: Path | None) -> None:
    """Report layout, counts, variant and problems of FOLDER.

    Pairs need 8-bit RGB, as every score is computed on it; `deblur train` and `deblur score` read
    gray and 16-bit ones as such. The exit status is 0 where nothing is wrong, else 1. The page
    shows the pictures concerned.
    """
    from deblur_lib.data.own.patterns import read_pattern
    from deblur_lib.data.real.doctor import check_folder

    report = check_folder(folder, crop=crop, named=read_pattern(pattern) if pattern else None)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.text())
    if html:
        from deblur_lib.data.real.sheet import write_sheet

        write_sheet(report, html)
        click.echo(f"page: {html}", err=True)
    sys.exit(1 if report.problems else 0)


@data.command(
    "prepare",
    epilog=examples(
        'deblur data prepare SOURCE OUT --pairs "{id}_blur*|{id}_sharp*"',
        "deblur data prepare SOURCE OUT --crop 512 --step 256 --pack",
    ),
)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--pairs", "pattern", default="", help='names of pairs, as "{id}_blur*|{id}_sharp*"')
@click.option("--crop", type=click.IntRange(min=16), help="cut squares of this side, in pixels")
@click.option("--step", type=click.IntRange(min=1), help="between two squares; default: the side")
@click.option("--workers", type=click.IntRange(min=1), help="pictures at a time; default: cores")
@click.option("--pack", "packed", is_flag=True, help="decode them for `deblur train` as well")
@click.option("--quiet", is_flag=True, help="no progress bar")
def prepare(
    source: Path, out: Path, pattern: str, crop: int | None, step: int | None,
    workers: int | None, packed: bool, quiet: bool,
) -> None:  # fmt: skip
    """Make a clean set of pairs in OUT from the folder SOURCE.

    Pictures become upright 8-bit RGB PNG under plain names in blurred/ and sharp/, by scene; parts
    (train/, validation/, test/) are kept. What cannot be used is told and left out (exit 3). The
    same command goes on where it was stopped; digests.json lists every file in the end.
    """
    from deblur_lib.data.own.preparing import Cut, prepare_folder

    if step and not crop:
        raise UsageError("--step needs --crop, the side of the squares that lie so far apart")
    cut = Cut(crop, step or crop) if crop else None
    with ends_as_ctrl_c():
        done = prepare_folder(
            source, out, pattern=pattern, cut=cut, workers=workers, progress=not quiet,
            say=click.echo,
        )  # fmt: skip
    click.echo(f"{done.written} pairs in {out}, {done.kept} of them were there")
    if packed:
        from deblur_lib.data.own.packing import pack_folder

        for name in pack_folder(out, store.cache_folder(), progress=not quiet):
            click.echo(f"packed: {name}")
    sys.exit(3 if done.left_out else 0)


@data.command(
    "clips",
    epilog=examples(
        "deblur data clips holiday.mp4 CLIPS --test-every 5",
        "deblur data clips FRAMES CLIPS --n 10 --l 5 --noise 2 --test-clips beach,street",
    ),
)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--n", default=20, show_default=True, help="sub-frames between two frames")
@click.option("--l", "averaged", default=10, show_default=True, help="averaged on each side")
@click.option("--flow", type=click.Choice(("dis", "farneback", "tvl1")), default="dis",
              show_default=True, help="how motion between frames is estimated")  # fmt: skip
@click.option("--warp", type=click.Choice(("backward", "scatter")), default="backward",
              show_default=True, help="how a sub-frame is made of a frame")  # fmt: skip
@click.option("--blend", is_flag=True, help="mix both neighbours into each sub-frame")
@click.option("--eq3", type=click.Choice(("mean", "literal", "literal_3l")), default="mean",
              show_default=True, help="average of the sub-frames; literal as printed")  # fmt: skip
@click.option("--crf", type=click.Choice(("none", "gamma")), default="none",
              show_default=True, help="gamma averages light")  # fmt: skip
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

"""Verbs for photographs and videos of one's own: restore them, and score what came out."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import Place, examples, loading, main
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.runs import store

SUFFIX = {"same": "", "png": ".png", "jpg": ".jpg", "tif": ".tif"}
METRICS = ("psnr-rgb", "wang-rgb")
SCORE_EXAMPLES = examples(
    "deblur score restored/ sharp/",
    "deblur score restored/ sharp/ --metric psnr-rgb,vol3d-rgb --format csv > scores.csv",
)
EXISTING = click.Path(exists=True, path_type=Path)


def _tile(ctx: click.Context, param: click.Parameter, value: str) -> int | str | None:
    """The value of --tile that `evaluation.restore` takes."""
    if value in ("auto", "none"):
        return "auto" if value == "auto" else None
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"needs a side of at least 1 pixel, auto or none, got {value!r}")


@main.command(
    epilog=examples(
        "deblur restore holiday/ clip.mp4 --out restored --compare",
        "deblur restore 'raw/*.tif' --weights best.safetensors --format png --device cuda:1",
    )
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--weights", default="", metavar="NAME|FILE",
              help="added weights, or a checkpoint; default: what is shipped")  # fmt: skip
@click.option("--out", type=Place(), default=Path("restored"), show_default=True,
              help="folder of the results")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps")
@click.option(
    "--tile", default="auto", show_default=True, metavar="auto|none|PIXELS", callback=_tile,
    help="side of tiles for large pictures",
)  # fmt: skip
@click.option("--precision", type=click.Choice(("auto", "fp32", "bf16")), default="fp32",
              show_default=True, help="bf16 is faster, and rounds")  # fmt: skip
@click.option("--frames", is_flag=True, help="write the frames of videos as pictures")
@click.option(
    "--format", "suffix", type=click.Choice(list(SUFFIX)), default="same", show_default=True,
    help="of pictures; same makes PNG of what is not PNG, JPEG or TIFF",
)  # fmt: skip
@click.option("--compare", is_flag=True, help="write a page that shows photos before and after")
@click.option("--overwrite", is_flag=True, help="replace results that are there already")
@click.option("--force", is_flag=True, help="restore photos too that show no blur to remove")
@click.option("--quiet", is_flag=True, help="no progress bar")
def restore(
    inputs: tuple[str, ...],
    weights: str,
    out: Path,
    device: str,
    suffix: str,
    quiet: bool,
    **wishes: Any,
) -> None:
    """Restore pictures (files, folders or patterns) and videos.

    Each keeps its name; those of one name keep their folders too. Depth, profile, camera, place,
    date and resolution of a photograph are kept, and sound, times, size and depth of a video (pip
    install 'deblur-lib[video]'); what is lost is said. No input and no earlier result is written
    over. HEIC, and AVIF and JPEG 2000 beyond 8 bits: pip install 'deblur-lib[photos]'.

    Where the card of the weights says how sharp photographs are known, these are kept as they came,
    which is told and counted.

    Exit status: 0 all were restored, 1 the weights are damaged, 2 nothing was started, 3 some
    failed.
    """
    with loading():
        from deblur_lib.restoring.batch import Wishes, restore_inputs
        from deblur_lib.weights.shelf import place

    asked = Wishes(suffix=SUFFIX[suffix], bars=not quiet, **wishes)
    chosen = place(weights, store.weights_folder()) if weights else None
    done, failed = restore_inputs(inputs, chosen, out, device=device, wishes=asked, say=click.echo)
    click.echo(f"{done} written to {out}, {failed} failed")
    sys.exit(3 if failed else 0)


def _metrics(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of conventions, all of them for "all"."""
    if value == "all":
        return tuple(CONVENTIONS)
    return tuple(dict.fromkeys(one.strip() for one in value.split(",") if one.strip()))


@main.command(
    epilog=f"{SCORE_EXAMPLES}\n\nConventions: {', '.join(CONVENTIONS)}.",
)
@click.argument("restored", type=EXISTING)
@click.argument("sharp", type=EXISTING)
@click.option(
    "--metric", "metrics", default=",".join(METRICS), show_default=True, callback=_metrics,
    help="conventions with commas between, or all",
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(("table", "csv", "json")), default="table",
              show_default=True, help="of what is printed")  # fmt: skip
@click.option("--quiet", is_flag=True, help="no progress bar")
def score(restored: Path, sharp: Path, metrics: tuple[str, ...], form: str, quiet: bool) -> None:
    """Score the pictures in RESTORED against those of the same names in SHARP.

    Both are folders, looked through to the bottom, or both one picture. PSNR and SSIM are printed
    in the literature for several quantities, so each has a name of its own here. The interval of a
    mean, of six pictures or more, says how far it moves when others of the kind are drawn
    (bootstrap, 95 percent). A picture equal to the sharp one has an infinite PSNR; it is left out
    of the mean and counted.

    Gray pictures count as three equal channels, those of 16 bits are rounded to 8. Exit status: 0
    all were scored, 1 a name fits twice, 2 nothing was started, 3 some have no partner or no score.
    """
    from deblur_lib.restoring.scoring import score_folders

    def say(text: str) -> None:
        click.echo(text, err=True)

    found = score_folders(restored, sharp, metrics, progress=not quiet, say=say)
    for reason in found.failed:
        say(f"failed: {reason}")
    if form == "json":
        click.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    elif form == "csv":
        columns = ("picture", "convention", "value", "low", "high", "pictures", "equal")
        written = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        written.writeheader()
        written.writerows(found.rows())
    else:
        click.echo(found.text())
    sys.exit(3 if found.failed else 0)

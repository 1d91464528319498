"""The verb that measures what networks cost on this machine."""

import re
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import Place, examples, main
from deblur_lib.files import check_writable

SIZE = re.compile(r"(\d+)x(\d+)")


def _sizes(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> Any:
    """Height and width of each WIDTHxHEIGHT."""
    found = [SIZE.fullmatch(one) for one in value]
    if not all(found) or any(min(int(one[1]), int(one[2])) < 1 for one in found if one):
        raise click.BadParameter(f"needs WIDTHxHEIGHT in pixels, got {' '.join(value)}")
    return [(int(one[2]), int(one[1])) for one in found if one]


@main.command(
    epilog=examples(
        "deblur bench nafnet mimo_unet --size 640x480 --no-step",
        "deblur bench --device cuda --precision bf16 --out build/bench",
    )
)
@click.argument("networks", metavar="[NETWORK]...", nargs=-1)
@click.option(
    "--size", "sizes", multiple=True, default=("256x256", "1280x720"), show_default=True,
    metavar="WIDTHxHEIGHT", callback=_sizes, help="of the pictures",
)  # fmt: skip
@click.option("--precision", "precisions", type=click.Choice(("fp32", "bf16")), multiple=True,
              help="default: float32, and what the device is fastest in")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps")
@click.option("--again", is_flag=True, help="measure what the table holds already, too")
@click.option("--no-step", is_flag=True, help="measure no training step")
@click.option("--out", type=Place(), default=Path("build/bench"),
              show_default=True, help="folder of networks.csv and networks.json")  # fmt: skip
def bench(
    networks: tuple[str, ...],
    sizes: list[tuple[int, int]],
    precisions: tuple[str, ...],
    device: str,
    again: bool,
    no_step: bool,
    out: Path,
) -> None:
    """Measure what each NETWORK costs here, or all that papers run, at published size.

    Counted are parameters, multiply-accumulates and operations; timed are a forward pass on each
    size of picture and a training step, in float32 and in what the device is fastest in. Rows
    for which other processes took turns, as no core was left to them, say so ("busy"). What was
    measured so far is stored after each network; what the table in --out holds is not repeated.
    """
    from deblur_lib.devices import resolve_device
    from deblur_lib.runs import benching, measurements

    where = resolve_device(device)
    check_writable(out)
    found = measurements.stored(out, where)
    known = () if again else tuple(found)
    for one in benching.subjects(networks):
        for row in benching.bench(
            one, where, sizes=sizes, precisions=precisions, step=not no_step, known=known
        ):
            found = measurements.put(found, row)
            click.echo(_line(row))
        measurements.write(out, found, where)
    busy = sum(one.busy for one in found)
    click.echo(f"{len(found)} measurements in {out}, {busy} of them on a busy machine")


def _line(row: Any) -> str:
    from deblur_lib.report.numbers import count

    size = f"{row.width}x{row.height}"
    head = f"{row.network:<20} {row.what:<8} {size:<12} {row.precision}  "
    counts = f"{count(row.parameters)} parameters, {count(row.macs)} MAC"
    if row.why:
        return f"{head}{counts}: not measured, {row.why}"
    memory = "" if row.peak_memory is None else f", {row.peak_memory / 2**20:,.0f} MiB"
    spent = f"{row.seconds:.4g} s [{row.low:.4g}, {row.high:.4g}] of {row.repeats}"
    mark = f", busy ({row.others:.1f} cores at other work)" if row.busy else ""
    return f"{head}{counts}, {spent}{memory}, load {row.load:.1f}{mark}"

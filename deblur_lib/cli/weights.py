"""Verbs for weights that others published."""

import json
from pathlib import Path
from typing import Any

import click

from deblur_lib.cli.group import Place, examples, main, pair
from deblur_lib.files import check_writable
from deblur_lib.runs import store


@main.group()
def weights() -> None:
    """Take weights that authors published, look into them, hand them on."""


@weights.command("list", epilog=examples("deblur weights list", "deblur weights list --json"))
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def list_(as_json: bool) -> None:
    """Show what the package ships, known official files, and what was added here.

    No official file is shipped or fetched: get one from its repository, then `deblur weights add
    FILE`.
    """
    from dataclasses import asdict

    from deblur_lib.weights import shipped
    from deblur_lib.weights.presets import presets
    from deblur_lib.weights.shelf import stored

    ours, added = stored(shipped.FOLDER), stored(store.weights_folder())
    if as_json:
        told = {"shipped": ours, "added": added}
        cards = {kind: {name: asdict(one) for name, one in those.items()}
                 for kind, those in told.items()}  # fmt: skip
        known = [asdict(one) for one in presets().values()]
        click.echo(json.dumps({"official": known, **cards}, indent=1))
        return
    click.echo("shipped with the package:")
    for name, card in ours.items():
        click.echo(f"  {name:<24} {card.network:<20} licence: {card.origin.get('licence')}")
    click.echo("official files (deblur weights add FILE recognises them):")
    for one in presets().values():
        click.echo(f"  {one.id:<24} {one.network:<20} {one.repository}: {one.published}")
        click.echo(f"  {'':<24} licence: {one.licence}; trained on {one.trained_on}")
    click.echo(f"added, in {store.weights_folder()}:" if added else "none was added yet")
    for name, card in added.items():
        click.echo(f"  {name:<24} {card.network:<20} licence: {card.origin.get('licence')}")


def _options(texts: tuple[str, ...]) -> dict[str, Any]:
    """Options of a network given as KEY=VALUE; values are JSON, or text where they are none."""
    found = {}
    for one in texts:
        key, text = pair("--option", one)
        try:
            found[key] = json.loads(text)
        except json.JSONDecodeError:
            found[key] = text
    return found


_of_network = [
    click.option("--preset", default="", help="official file it is, see `deblur weights list`"),
    click.option("--network", default="", help="network it is of, see `deblur list`"),
    click.option("--option", "texts", multiple=True, metavar="KEY=VALUE", help="network option"),
]


def _naming_a_network(command: Any) -> Any:
    for option in reversed(_of_network):
        command = option(command)
    return command


@weights.command(
    epilog=examples(
        "deblur weights add checkpoints/SDNet4",
        "deblur weights add net.pth --network nafnet --option width=64 --licence MIT",
    )
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--name", default="", help="name to store it under; default: the preset's, the file's"
)
@_naming_a_network
@click.option("--licence", default="", help="what its authors say of its use, for the card")
@click.option("--replace", is_flag=True, help="write over other weights of that name")
def add(
    source: Path,
    name: str,
    preset: str,
    network: str,
    texts: tuple[str, ...],
    licence: str,
    replace: bool,
) -> None:
    """Store the published weights SOURCE, a file or a folder of parts, with a card.

    What wraps the tensors is opened, nothing in the file is run. Network and options are read off
    the tensors where they can be, and everything must fit strictly.
    """
    from deblur_lib.evaluation.as_published import told
    from deblur_lib.weights import shelf
    from deblur_lib.weights.checkpoint import open_network

    added = shelf.add(
        source,
        store.weights_folder(),
        name=name,
        known=preset,
        network=network,
        options=_options(texts),
        licence=licence,
        replace=replace,
    )
    card = added.card
    built, _ = open_network(added.path)
    for line in (*added.told, *told(built, card.network, card.options)):
        click.echo(f"note: {line}")
    given = ", ".join(f"{key}={value!r}" for key, value in card.options.items())
    click.echo(f"{added.path.stem}: {card.network}{f' ({given})' if given else ''}")
    click.echo(f"licence: {card.origin['licence']}")
    click.echo(f"stored: {added.path}")


@weights.command(
    epilog=examples(
        "deblur weights show net.pth",
        "deblur weights show deblurgan-v2-mobilenet --pairs data/mine",
    )
)
@click.argument("source")
@_naming_a_network
@click.option("--pairs", type=click.Path(path_type=Path), help="folder of pairs to measure on")
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
def show(
    source: str,
    preset: str,
    network: str,
    texts: tuple[str, ...],
    pairs: Path | None,
    as_json: bool,
) -> None:
    """Say what SOURCE is: the name of stored weights, or any file or folder of weights.

    With --pairs stored weights are scored on a folder of blurred and sharp pictures, evaluated as
    published and as usual, which tells what that difference is worth.
    """
    from deblur_lib.errors import UsageError
    from deblur_lib.weights.shelf import place

    try:
        path = place(source, store.weights_folder())
    except UsageError:
        if not Path(source).exists():
            raise
        path = Path(source)
    if path.with_suffix(".json").is_file():
        found = _stored(path, pairs)
    else:
        found = _foreign(path, preset, network, _options(texts))
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for key, value in found.items():
        for line in value if isinstance(value, list) else [value]:
            click.echo(f"{key + ':':<12} {line}")


def _stored(path: Path, pairs: Path | None) -> dict[str, Any]:
    from deblur_lib.data.opening import open_data
    from deblur_lib.evaluation.as_published import on_pairs, told
    from deblur_lib.weights.checkpoint import open_network

    built, card = open_network(path)
    found = {
        "network": card.network,
        "options": card.options,
        "parameters": sum(one.numel() for one in built.parameters()),
        "origin": [f"{key}: {value}" for key, value in card.origin.items() if value],
        "notes": [*card.notes, *told(built, card.network, card.options)],
    }
    if pairs:
        roots, cache = {"pairs": pairs}, store.cache_folder()
        source = open_data("pairs", "test", roots=roots, cache=cache, progress=False)
        scores = on_pairs(built, card.network, card.options, source)
        found["scores"] = [
            f"{title}: " + ", ".join(f"{name} {value:.4f}" for name, value in one.items())
            for title, one in scores.items()
        ]
    return found


def _foreign(path: Path, preset: str, network: str, options: dict[str, Any]) -> dict[str, Any]:
    from deblur_lib.errors import CheckpointError
    from deblur_lib.weights.containers import open_container
    from deblur_lib.weights.recognise import recognise

    held = open_container(path)
    found: dict[str, Any] = {
        "files": len(held.files),
        "tensors": len(held.tensors),
        "numbers": sum(one.numel() for one in held.tensors.values()),
        "first": [f"{name} {tuple(one.shape)}" for name, one in list(held.tensors.items())[:3]],
        "notes": list(held.told),
    }
    try:
        seen = recognise(held.tensors, path, known=preset, network=network, options=options)
    except CheckpointError as error:
        return {**found, "network": str(error).splitlines()}
    return {
        **found,
        "network": seen.network,
        "options": seen.options,
        "notes": [*held.told, *seen.told],
    }


@weights.command(
    epilog=examples(
        "deblur weights export runs/mine/best.safetensors --out mine.onnx",
        "deblur weights export dmphn-stack4 --side 256 --half",
    )
)
@click.argument("source")
@click.option("--out", type=Place(), help="the file; default: SOURCE's name")
@click.option("--side", type=click.IntRange(min=1), help="fixed height and width, in pixels")
@click.option("--half", is_flag=True, help="store weights as float16: half the file")
def export(source: str, out: Path | None, side: int | None, half: bool) -> None:
    """Write the checkpoint SOURCE, stored weights or a trained one, as an ONNX file.

    Height and width stay free where the network allows it. The file is run and compared with the
    network before it is kept; what other programs need to know stands in .onnx.json.
    """
    from deblur_lib.evaluation import exporting
    from deblur_lib.weights.checkpoint import open_network
    from deblur_lib.weights.shelf import place

    path = place(source, store.weights_folder())
    built, _ = open_network(path)
    target = out or Path(f"{path.stem}.onnx")
    check_writable(target.parent)
    made = exporting.export(built, target, side=side, half=half)
    free = f"fixed size, {made.why_fixed}" if made.why_fixed else "free height and width"
    click.echo(f"{target}: {made.network}, {free}; input {made.shape}, white is 1")
    click.echo(f"largest difference from the network: {made.difference:.2g} (white is 1)")
    click.echo(f"needs {made.multiple_of} as multiples, at least {made.minimum_size} px")

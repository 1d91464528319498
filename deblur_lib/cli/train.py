"""The verb that trains outside the papers."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deblur_lib import training
from deblur_lib.cli.group import Place, ends_as_ctrl_c, examples, in_words, main, pair
from deblur_lib.errors import UsageError
from deblur_lib.files import check_writable
from deblur_lib.runs import store

if TYPE_CHECKING:
    from deblur_lib.training.own import Order
    from deblur_lib.training.recipes import Recipe


RECIPES = sorted(one.stem for one in Path(training.__file__).parent.glob("recipes/*.yaml"))


@main.command(
    epilog=examples(
        "deblur train --network nafnet --data FOLDER --steps 50000 --set batch=4",
        'deblur train --network mimo_unet --data FOLDER --pairs "{id}_blur*|{id}_sharp*"',
        "deblur train --data FOLDER --init-from best.safetensors",
        "deblur train --recipe photo --threads 1 --check mine=FOLDER",
    )
)
@click.option(
    "--recipe", "name", default="own", show_default=True, metavar="|".join([*RECIPES, "FILE.yaml"]),
    help="network, pictures and training",
)  # fmt: skip
@click.option("--network", default="", help="network of the catalogue, in place of the recipe's")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="of the network")
@click.option(
    "--data", type=click.Path(path_type=Path), help="folder of pairs, or of sharp photographs"
)
@click.option("--pairs", "pattern", default="", help='names of pairs, as "{id}_blur*|{id}_sharp*"')
@click.option("--no-pack", is_flag=True, help="decode the pairs at every crop, storing no copy")
@click.option("--steps", type=click.IntRange(min=1), help="optimiser steps")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="field of the training")
@click.option("--mix", "mixed", multiple=True, metavar="KEY=VALUE", help="setting of the blur")
@click.option(
    "--init-from",
    "start",
    default="",
    metavar="NAME|FILE",
    help="first weights; their network by default",
)
@click.option(
    "--check", "checks", multiple=True, metavar="NAME=FOLDER", help="further pairs to score"
)
@click.option("--out", type=Place(), help="folder of this training")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="of first weights, batches and noise")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps")
@click.option("--devices", type=click.IntRange(min=1), default=1, help="share each batch")
@click.option("--threads", type=click.IntRange(min=1), help="of the processor")
@click.option("--dry-run", is_flag=True, help="check everything, train nothing")
@click.option("--quiet", is_flag=True, help="no progress bar")
def train(
    name: str, out: Path | None, device: str, devices: int, threads: int | None, dry_run: bool,
    quiet: bool, **asked: Any,
) -> None:  # fmt: skip
    """Train any network for single pictures, on pictures of your own or on generated ones.

    The folder --data holds pairs (blurred/ and sharp/ with equal names, at its top, in each scene's
    folder, or in train/ and validation/; other names by --pairs; gray and 16-bit pictures too), or
    sharp photographs, which are blurred as the recipe has it. Sizes, pairs and parts are checked
    first, and --dry-run stops there. Networks for clips are trained by their paper's notebook.

    The same command goes on where it was stopped; with more --steps a finished training goes on.
    The best weights end in the folder of the training as best.safetensors, which `deblur restore`
    takes. Scores lie in log.csv and in tb/ for TensorBoard, with --check also in curve.csv, against
    core-hours.
    """
    from deblur_lib.training.own import learn, prepare

    order = _order(name, **asked)
    if dry_run:
        prepare(order, click.echo)
        click.echo(f"ready: {order.recipe.network}, {in_words(order.recipe.train)}")
        return
    folder = out or store.workspace() / "own" / f"{order.name}-{order.recipe.network}"
    check_writable(folder)
    if order.data and folder.resolve() == order.data.resolve():
        raise UsageError(f"{folder} holds the pictures; give another --out for the training")
    click.echo(f"training {order.recipe.network} in {folder}")
    with ends_as_ctrl_c():
        try:
            done = learn(
                order, folder, device=device, devices=devices, threads=threads,
                progress=not quiet, say=click.echo,
            )  # fmt: skip
        except KeyboardInterrupt:
            if any(folder.glob("resume-*")):
                click.echo("the state is stored; the same command goes on", err=True)
            raise
    click.echo(
        f"{done.steps} steps; best at {done.best_step}: {done.best_psnr:.2f} dB on the validation "
        f"pictures\nweights: {done.weights}"
    )


def _order(
    name: str,
    *,
    network: str,
    options: tuple[str, ...],
    data: Path | None,
    pattern: str,
    no_pack: bool,
    steps: int | None,
    settings: tuple[str, ...],
    mixed: tuple[str, ...],
    start: str,
    checks: tuple[str, ...],
    seed: int,
) -> "Order":
    from deblur_lib.spec import override
    from deblur_lib.training import recipes
    from deblur_lib.training.own import Order
    from deblur_lib.weights.checkpoint import read_card
    from deblur_lib.weights.shelf import place

    recipe = recipes.read(name)
    first = place(start, store.weights_folder()) if start else None
    if first and not (network or recipe.network):
        card = read_card(first)
        recipe = dataclasses.replace(recipe, network=card.network, options=card.options)
    recipe = _altered(recipe, network, _values("--option", options))
    changes = _values("--set", settings) | ({"steps": steps} if steps else {})
    recipe = dataclasses.replace(recipe, train=override(recipe.train, changes))
    if recipe.train.warmup > recipe.train.steps:
        raise UsageError(
            f"{recipe.train.steps} steps are fewer than the {recipe.train.warmup} in which the "
            "rate rises; ask for more --steps, or for --set warmup=0"
        )
    made = override(recipe.mixture.settings, _values("--mix", mixed))
    recipe = dataclasses.replace(recipe, mixture=dataclasses.replace(recipe.mixture, settings=made))
    folders = {key: Path(value) for key, value in (pair("--check", one) for one in checks)}
    cache = None if no_pack else store.cache_folder()
    title = data.resolve().name if data else Path(name).stem
    return Order(recipe, title, seed, first, data, pattern, folders, cache)


def _values(option: str, given: tuple[str, ...]) -> dict[str, Any]:
    """Values as YAML reads them, by name."""
    import yaml

    found = {}
    for key, text in (pair(option, one) for one in given):
        try:
            found[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            why = str(error).splitlines()[0]
            raise UsageError(f"{option} {key} needs a YAML value, got {text!r} ({why})") from error
    return found


def _altered(recipe: "Recipe", network: str, options: dict[str, Any]) -> "Recipe":
    """The recipe for another network, or with other options of its own."""
    if network and network != recipe.network:
        return dataclasses.replace(recipe, network=network, options=options)
    return dataclasses.replace(recipe, options={**recipe.options, **options})

"""The verb that trains outside the papers."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from deblur_lib.cli.group import ends_as_ctrl_c, main, pair
from deblur_lib.runs import store
from deblur_lib.spec import override

if TYPE_CHECKING:
    from deblur_lib.training.own import Order
    from deblur_lib.training.recipes import Recipe


@main.command()
@click.option("--recipe", "name", default="own", show_default=True, help="network and training")
@click.option("--network", default="", help="network of the catalogue, in place of the recipe's")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="of the network")
@click.option("--steps", type=click.IntRange(min=1), help="optimiser steps")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="field of the training")
@click.option("--init-from", "first", type=click.Path(path_type=Path), help="first weights")
@click.option(
    "--check", "checks", multiple=True, metavar="NAME=FOLDER", help="further pairs to score"
)
@click.option("--out", type=click.Path(path_type=Path), help="folder of this training")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--devices", type=click.IntRange(min=1), default=1, help="share each batch")
@click.option("--threads", type=click.IntRange(min=1), help="of the processor")
@click.option("--quiet", is_flag=True, help="no progress bar")
def train(
    name: str, out: Path | None, device: str, devices: int, threads: int | None, quiet: bool,
    **asked: Any,
) -> None:  # fmt: skip
    r"""Train a network of the catalogue by a recipe.

    The same command goes on where it was stopped; with more --steps a finished training goes on.
    The best weights end in the folder of the training as best.safetensors, which `deblur restore`
    takes. Scores lie in log.csv, in curve.csv (against core-hours) and in tb/ for TensorBoard.

    \b
    deblur train --recipe photo --threads 1
    deblur train --recipe photo --threads 1 --steps 200000 --check mine=FOLDER
    """
    from deblur_lib.training.own import learn

    order = _order(name, **asked)
    folder = out or store.workspace() / "own" / f"{order.name}-{order.recipe.network}"
    click.echo(f"training {order.recipe.network} in {folder}")
    with ends_as_ctrl_c():
        try:
            done = learn(
                order, folder, device=device, devices=devices, threads=threads, progress=not quiet
            )
        except KeyboardInterrupt:
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
    steps: int | None,
    settings: tuple[str, ...],
    first: Path | None,
    checks: tuple[str, ...],
    seed: int,
) -> "Order":
    from deblur_lib.training import recipes
    from deblur_lib.training.own import Order

    recipe = _altered(recipes.read(name), network, _values("--option", options))
    changes = _values("--set", settings) | ({"steps": steps} if steps else {})
    recipe = dataclasses.replace(recipe, train=override(recipe.train, changes))
    folders = {key: Path(value) for key, value in (pair("--check", one) for one in checks)}
    return Order(recipe, name, seed, first, folders)


def _values(option: str, given: tuple[str, ...]) -> dict[str, Any]:
    """Values as YAML reads them, by name."""
    return {key: yaml.safe_load(text) for key, text in (pair(option, one) for one in given)}


def _altered(recipe: "Recipe", network: str, options: dict[str, Any]) -> "Recipe":
    """The recipe for another network, or with other options of its own."""
    if network and network != recipe.network:
        return dataclasses.replace(recipe, network=network, options=options)
    return dataclasses.replace(recipe, options={**recipe.options, **options})

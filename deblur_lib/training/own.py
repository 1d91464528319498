"""Training outside the papers: any network of the catalogue, by a recipe."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deblur_lib import locks
from deblur_lib.data.generated.stream import Stream
from deblur_lib.data.pairs import PairSource
from deblur_lib.data.real.opening import open_own
from deblur_lib.devices import processor_threads
from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer
from deblur_lib.provenance import file_digest
from deblur_lib.training.loop import fit
from deblur_lib.training.recipes import Recipe
from deblur_lib.training.result import Fit
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights import checkpoint

CHECKED = 16  # pairs at most of each set that is scored and chooses nothing


@dataclass(frozen=True)
class Order:
    """One training asked for.

    Attributes:
        recipe: network, pictures and training.
        name: name of the pictures, in records.
        seed: of first weights, batches and noise.
        first: checkpoint to begin with.
        checks: folders of further pairs that are scored and choose nothing, by name.
    """

    recipe: Recipe
    name: str
    seed: int = 0
    first: Path | None = None
    checks: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Pictures:
    """What a training reads.

    Attributes:
        train, validation: pairs to learn from, and pairs that choose the best weights.
        checks: pairs that are scored and choose nothing, by name.
        notes: what a reader of the checkpoint should know.
    """

    train: PairSource
    validation: PairSource
    checks: Mapping[str, PairSource]
    notes: tuple[str, ...] = ()


def open_pictures(order: Order) -> Pictures:
    """Open all pictures of a training, and refuse what would stop it later.

    Raises:
        DataError: a folder that cannot be used, or pictures smaller than the crops.
        UsageError: a kind of blur that is not known.
    """
    recipe, mixture = order.recipe, order.recipe.mixture
    checks: dict[str, PairSource] = {}
    for name, shares in recipe.checks.items():
        pure = dataclasses.replace(mixture, shares=shares)
        checks[name] = Stream(pure, "validation", name=name, count=CHECKED)
    for name, folder in order.checks.items():
        checks[name] = open_own(name, "test", folder)
    return Pictures(
        Stream(mixture, "train", name=order.name),
        Stream(mixture, "validation", name=order.name, count=recipe.validation),
        checks,
    )


def first_network(order: Order) -> Deblurrer:
    """The network as the training begins.

    Raises:
        UsageError: no network is named, or it is not of the catalogue.
        CheckpointError: the first weights are of another network or cannot be read.
    """
    recipe = order.recipe
    if not recipe.network:
        raise UsageError("a network is needed: give --network NAME (deblur list shows them)")
    network = fresh_network(recipe.network, recipe.options, seed=order.seed, init=recipe.train.init)
    if order.first:
        checkpoint.load_weights(order.first, network, name=recipe.network)
    return network


def learn(
    order: Order,
    folder: Path,
    *,
    device: str = "auto",
    devices: int = 1,
    threads: int | None = None,
    progress: bool = True,
) -> Fit:
    """Train, go on where an earlier call was stopped, or give a finished training more steps.

    Args:
        order: what to do.
        folder: of this training.
        device: auto, cpu, cuda or mps.
        devices: how many share each batch.
        threads: of the processor; None leaves torch's.
        progress: show a bar.
    """
    recipe = order.recipe
    with locks.held(folder, f"the training in {folder}"), processor_threads(threads):
        network, pictures = first_network(order), open_pictures(order)
        return fit(
            network,
            pictures.train,
            pictures.validation,
            recipe.train,
            folder=folder,
            seed=order.seed,
            device=device,
            devices=devices,
            precision=recipe.precision,
            name=recipe.network,
            options=recipe.options,
            progress=progress,
            notes=pictures.notes,
            first=file_digest(order.first) if order.first else "",
            watched=pictures.checks,
            more=True,
        )

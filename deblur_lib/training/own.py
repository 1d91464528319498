"""Training outside the papers: any network of the catalogue, by a recipe."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deblur_lib import locks
from deblur_lib.data.generated.stream import Stream
from deblur_lib.data.loader import Endless
from deblur_lib.data.own.packing import packed
from deblur_lib.data.own.pairs import (
    OwnPairs,
    check_photographs,
    holds_pairs,
    open_pairs,
    open_whole,
)
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import processor_threads
from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.provenance import file_digest
from deblur_lib.training import schedules
from deblur_lib.training.checks import check_crop, check_data, check_names
from deblur_lib.training.estimating import sharp_crops
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
        data: folder of pairs, or of sharp photographs that are blurred as the recipe has it; None
            for the scenes of the suite.
        pattern: which names of that folder make pairs, see `data.own.patterns`.
        checks: folders of further pairs that are scored and choose nothing, by name.
        cache: folder where pairs are packed, decoded once; None to read the files at every crop.
    """

    recipe: Recipe
    name: str
    seed: int = 0
    first: Path | None = None
    data: Path | None = None
    pattern: str = ""
    checks: Mapping[str, Path] = field(default_factory=dict)
    cache: Path | None = None


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

    def told(self) -> str:
        """What it is, for people."""
        every = [(self.train, self.train.data_id), (self.validation, self.validation.data_id)]
        every += [(one, name) for name, one in self.checks.items()]
        parts = [f"{_count(one, first=one is self.train)} {name}" for one, name in every]
        return "\n".join(["pictures: " + ", ".join(parts), *(f"note: {one}" for one in self.notes)])


def _count(pairs: PairSource, *, first: bool) -> str:
    return "endless pairs of" if first and isinstance(pairs, Endless) else f"{len(pairs)} pairs of"


def open_pictures(order: Order) -> Pictures:
    """Open all pictures of a training, and refuse what would stop it later.

    Raises:
        DataError: a folder that cannot be used, or pictures smaller than the crops.
        UsageError: a kind of blur that is not known.
    """
    checks: dict[str, PairSource] = {
        name: open_whole(path, name) for name, path in order.checks.items()
    }
    if order.data and (order.pattern or holds_pairs(order.data)):
        parts = open_pairs(order.data, order.name, order.pattern)
        return Pictures(parts.train, parts.validation, checks, parts.notes)
    recipe, mixture = order.recipe, order.recipe.mixture
    if order.data:
        settings = dataclasses.replace(mixture.settings, photographs=str(order.data.absolute()))
        mixture = dataclasses.replace(mixture, settings=settings)
        check_photographs(settings)
    for name, shares in recipe.checks.items():
        pure = dataclasses.replace(mixture, shares=shares)
        checks[name] = Stream(pure, "validation", name=name, count=CHECKED)
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


def prepare(order: Order, say: Callable[[str], None]) -> tuple[Deblurrer, Pictures]:
    """Network and pictures of a training, checked; nothing is trained, packed or stored.

    Args:
        order: what to do.
        say: told what pictures there are.
    """
    schedules.check(order.recipe.train)
    check_names(order.recipe.train)
    network, pictures = first_network(order), open_pictures(order)
    say(pictures.told())
    check_data(pictures.train, pictures.validation, order.recipe.train)
    _ready(network, pictures, order)
    return network, pictures


def _ready(network: Deblurrer, pictures: Pictures, order: Order) -> None:
    """Refuse a network that these pictures cannot train, and prepare one that estimates blur.

    Raises:
        UsageError: nothing of it is learnt, it takes clips, or no crops of the recipe's side.
    """
    name, recipe = order.recipe.network, order.recipe.train
    if network.clip_length > 1:
        raise UsageError(
            f"{name} restores clips of {network.clip_length} frames, these are single pictures; "
            "train it in its paper's notebook, with clips made by `deblur data clips`"
        )
    check_crop(network, recipe.crop)
    if isinstance(network, EstimatingDeblurrer):
        if network.learns == "nothing":
            raise UsageError(f"{name} learns nothing; it restores as it is")
        network.prepare(sharp_crops(pictures.train, side=recipe.crop), order.seed)


def learn(
    order: Order,
    folder: Path,
    *,
    device: str = "auto",
    devices: int = 1,
    threads: int | None = None,
    progress: bool = True,
    say: Callable[[str], None] = print,
) -> Fit:
    """Train, go on where an earlier call was stopped, or give a finished training more steps.

    Args:
        order: what to do.
        folder: of this training.
        device: auto, cpu, cuda or mps.
        devices: how many share each batch.
        threads: of the processor; None leaves torch's.
        progress: show a bar.
        say: told what pictures it reads.
    """
    recipe = order.recipe
    with locks.held(folder, f"the training in {folder}"), processor_threads(threads):
        network, pictures = prepare(order, say)
        train, validation = (
            packed(one, order.cache, progress=progress)
            if order.cache and isinstance(one, OwnPairs)
            else one
            for one in (pictures.train, pictures.validation)
        )
        return fit(
            network,
            train,
            validation,
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

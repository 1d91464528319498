"""Train a network by a recipe: best weights out, nothing lost when it is interrupted.

On a processor a resumed training equals an uninterrupted one to the bit, given the same number of
threads and devices.

Several devices (`devices=2`) share every batch and take the steps that one would: the library
starts a process for each, which Fabric joins (NCCL on GPUs, gloo on processors). Batch norms look
at the whole batch; only what a network draws while it learns (dropout) differs from one device. A
training may go on with another number of devices.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from torch import nn

from deblur_lib import catalogue
from deblur_lib.data.loader import batches
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import check_devices, picture_layout, resolve_device, resolve_precision
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.spec import Train
from deblur_lib.training import memory, schedules
from deblur_lib.training.adversarial import Adversary
from deblur_lib.training.checks import check_data
from deblur_lib.training.critics import build_critic
from deblur_lib.training.estimating import Estimator
from deblur_lib.training.feeding import fed
from deblur_lib.training.interrupts import Interrupts
from deblur_lib.training.job import Job, Player
from deblur_lib.training.launching import on_devices
from deblur_lib.training.plain import Supervised
from deblur_lib.training.result import Fit, read_fit, reopen, settings_of
from deblur_lib.training.seeding import derive, seeded
from deblur_lib.training.session import Session
from deblur_lib.training.state import drop_states
from deblur_lib.training.team import Team, start_fabric

Module = TypeVar("Module", bound=nn.Module)


def fit(
    network: Deblurrer,
    train: PairSource,
    validation: PairSource,
    recipe: Train,
    *,
    folder: Path,
    seed: int,
    device: str = "auto",
    precision: str = "auto",
    devices: int = 1,
    progress: bool = True,
    notes: tuple[str, ...] = (),
    name: str = "",
    options: Mapping[str, Any] | None = None,
    critic: nn.Module | None = None,
    code: str = "",
    first: str = "",
    watched: Mapping[str, PairSource] | None = None,
    more: bool = False,
) -> Fit:
    """Train a network, or go on where an earlier call with the same settings was stopped.

    Args:
        network: the network with its initial weights; trained in place (by several devices their
            copies of it are: take the stored weights).
        train: pairs to crop batches from.
        validation: pairs that choose the best weights, of other scenes.
        recipe: what to do.
        folder: where log, checkpoints and state go; one training each.
        seed: seed of batches, noise and the critic's weights (the network comes with its own).
        device: auto, cpu, cuda or mps.
        precision: auto, fp32 or bf16; losses, weights and validation are always float32.
        devices: how many share each batch; the pairs, network and critic are pickled for them.
        progress: show a bar with loss, validation PSNR and time left.
        notes: put on the checkpoints' cards.
        name: catalogue name of the network, for the card; its class name when empty.
        options: keyword arguments the network was built with, for the card.
        critic: the second player, built by the caller; None builds what the recipe declares.
        code: digest of the code that trains, see `deblur_lib.code`; a folder of other code is
            refused. "" leaves it open.
        first: SHA-256 of the weights that the network came with, "" for fresh ones.
        watched: pictures scored and logged at every validation, by name; they choose nothing.
        more: keep the state of the finished training, and go on from there when more steps are
            asked for; the schedule is then that of all steps.

    Returns:
        The finished training; at once, without a step, when the folder holds it already.

    Raises:
        DeclarationError: a recipe that contradicts itself.
        UsageError: the folder holds another training, or the devices do not divide the batch.
        DataError: pairs or splits that cannot be trained on.
        DeviceError: the device, so many of them, or the precision is not there.
        TrainingError: repeated non-finite steps, or collapse; the state is stored.
        KeyboardInterrupt: Ctrl-C; the state is stored.
    """
    schedules.check(recipe)
    schedules.check_share(recipe, devices)
    name = name or type(network).__name__
    settings = settings_of(name, options or {}, recipe, seed, train, validation, code, first)
    folder = Path(folder)
    done = read_fit(folder, settings, more=more)
    if done:
        if not more:
            drop_states(folder)
        return done
    check_data(train, validation, recipe)
    place = resolve_device(device)
    kind = resolve_precision(precision, place)
    check_devices(devices, place)
    job = Job(
        recipe, train, validation, folder, settings, seed, place, kind, devices, notes,
        watched or {}, more,
    )  # fmt: skip
    if more:
        reopen(folder)
    if devices > 1:
        sent = packed(network, name, options or {})
        done = on_devices(devices, sit, job, sent, critic, progress)
    else:
        done = sit(job, network, critic, progress)
    assert done is not None  # the first process brings it
    return done


def packed(network: Deblurrer, name: str, options: Mapping[str, Any]) -> Any:
    """A network that can be pickled: one of the catalogue by name and weights, as it is otherwise.

    Networks may hold functions, which cannot.
    """
    if name in catalogue.networks():
        return name, dict(options), network.state_dict()
    return network


def unpacked(sent: Any) -> Deblurrer:
    """The network that `packed` made ready to be sent."""
    if isinstance(sent, Deblurrer):
        return sent
    name, options, weights = sent
    network = catalogue.build(name, **options)
    network.load_state_dict(weights)
    return network


def sit(job: Job, network: Any, critic: nn.Module | None, progress: bool) -> Fit | None:
    """Train in this process, alone or as one of several; the first brings the result.

    Args:
        job: what to do.
        network: the network, trained in place, or what `packed` made of it.
        critic: the second player; None builds what the recipe declares.
        progress: show a bar in the first process.
    """
    fabric = start_fabric(job.device, job.precision, job.devices)
    team = Team.of(fabric)
    place = fabric.device if team.size > 1 else job.device
    job = dataclasses.replace(job, device=place)
    concern = "noise" if team.first else f"noise/{team.rank}"  # masks of their own
    with _freed_memory(place), seeded(job.seed, concern, place), Interrupts() as interrupts:
        player = make_player(
            unpacked(network), job.recipe, job.seed, place, job.precision, critic, fabric=fabric
        )
        session = Session(job, player, team)
        start, seed = session.at.step, derive(job.seed, "data")
        cut = batches(
            job.train, job.recipe, seed=seed, start=start, part=team.rank, parts=team.size
        )
        with closing(fed(cut, place)) as feed:
            return session.run(feed, interrupts, progress=progress and team.first)


def make_player(
    network: Deblurrer,
    recipe: Train,
    seed: int,
    device: torch.device,
    precision: str,
    critic: nn.Module | None = None,
    *,
    fabric: Fabric | None = None,
    compiled: bool = False,
) -> Player:
    """What does the steps: the network (and its critic) on the device, with their optimisers.

    Args:
        network: moved to the device, in place.
        recipe: plain where it declares no second player.
        seed: seed of the critic's weights.
        device: where to train.
        precision: "fp32" or "bf16".
        critic: the second player; None builds what the recipe declares.
        fabric: where several devices train; None starts one for this device.
        compiled: let torch.compile fuse the network's passes; it takes minutes to begin.

    Raises:
        DeclarationError: the second player cannot judge what the recipe shows it.
    """
    fabric = fabric or start_fabric(device, precision)
    _place(network, device)
    if isinstance(network, EstimatingDeblurrer):
        return Estimator(fabric, network, recipe, seed)
    if recipe.adversarial is None:
        return Supervised(fabric, network, recipe, compiled=compiled)
    if critic is None:
        with seeded(seed, "critic"):
            critic = build_critic(recipe.adversarial)
    return Adversary(fabric, network, _place(critic, device), recipe, compiled=compiled)


def _place(module: Module, device: torch.device) -> Module:
    """Move to the device, in the layout that its convolutions are fastest in."""
    layout = picture_layout(device)
    return module.train().to(device=device, memory_format=layout)  # type: ignore[call-overload, no-any-return]


@contextmanager
def _freed_memory(device: torch.device) -> Iterator[None]:
    kept = device.type == "cpu" and memory.keep_freed()
    try:
        yield
    finally:
        if kept:
            memory.give_back()

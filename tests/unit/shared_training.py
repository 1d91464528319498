"""What each of two processes does in the tests of shared trainings: several trainings in turn."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from training_parts import Critic, Gate, Pairs, Tiny, adversarial, critic, recipe

from deblur_lib.errors import TrainingError
from deblur_lib.spec import Train
from deblur_lib.training.job import Job
from deblur_lib.training.loop import sit
from deblur_lib.training.result import Fit, settings_of

SHARED = {"batch": 8, "steps": 8, "validate": 2, "betas": (0.5, 0.999)}
PLAIN = recipe(**SHARED, accumulate=2, clip=0.5, ema=0.8)
SGD = recipe(**SHARED, optimiser="sgd", lr=0.1)
GAMES = {
    loss: recipe(
        **SHARED, optimiser="sgd", lr=0.02, clip=0.1,
        adversarial=dataclasses.replace(
            adversarial().adversarial, loss=loss, critic_steps=2, conditional=conditional
        ),
    )
    for loss, conditional in (("wgan_gp", False), ("ragan_ls", True))
}  # fmt: skip


class Normed(Tiny):
    """Statistics of the batch, and of each picture with running means, in front of the outputs."""

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__(dropout=dropout)
        self.batch = nn.BatchNorm2d(3)
        self.each = nn.InstanceNorm2d(3, affine=True, track_running_stats=True)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        outputs = super().forward_all(blurred)
        return tuple(one + 0.1 * (self.batch(one) + self.each(one)) for one in outputs)


class Gained(Normed):
    """Multiplies by what a test sets."""

    gain = 1.0

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        return super().forward_all(blurred * (self.gain if self.training else 1.0))


def normed(*, dropout: float = 0.0) -> Gained:
    """A network with the same weights in every process."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Gained(dropout=dropout)


class Poisoned(Pairs):
    """Gives the process of one rank, in its third step, a network that it spoils."""

    network: Gained

    def crop(
        self, index: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        self.crops = getattr(self, "crops", 0) + 1
        bad = os.environ.get("LOCAL_RANK") == "1" and 8 < self.crops <= 12
        self.network.gain = float("nan") if bad else 1.0
        return super().crop(index, size, rng)


def job(folder: Path, declared: Train, *, devices: int, pairs: Pairs | Gate | None) -> Job:
    """A training of the stand-ins on a processor."""
    train, validation = pairs or Pairs("train"), Pairs("val", 2)
    settings = settings_of("tiny", {}, declared, 5, train, validation)
    return Job(
        declared, train, validation, folder, settings, 5, torch.device("cpu"), "fp32", devices
    )


def train(
    folder: Path,
    declared: Train,
    *,
    devices: int,
    network: Gained | None = None,
    pairs: Pairs | Gate | None = None,
) -> Fit | None:
    """Do such a training in this process, one of `devices`."""
    given: Critic | None = None
    if declared.adversarial:
        given = critic(channels=6 if declared.adversarial.conditional else 3)
    what = job(folder, declared, devices=devices, pairs=pairs)
    return sit(what, network or normed(), given, False)


def stopped(
    folder: Path, declared: Train, *, devices: int, step: int, network: Gained | None = None
) -> None:
    """The same with Ctrl-C in the last process alone, while it makes the batch of a step."""
    share, rank = declared.batch // devices, int(os.environ.get("LOCAL_RANK", "0"))

    def press() -> None:
        if rank == devices - 1:
            signal.raise_signal(signal.SIGINT)

    gate = Gate(press, at=share * step - 1)
    try:
        train(folder, declared, devices=devices, pairs=gate, network=network)
    except KeyboardInterrupt:
        return
    raise AssertionError("it went on to its end")


def two(folder: Path) -> tuple[int, str]:
    """All that two processes do, in one go: starting them takes longer than this.

    Returns:
        Steps that were left out where one process got values that are not finite, and the error
        where it got nothing else.
    """
    for name, declared in {"plain": PLAIN, "sgd": SGD, **GAMES}.items():
        train(folder / name, declared, devices=2)
    train(folder / "noisy", PLAIN, devices=2, network=normed(dropout=0.3))
    stopped(folder / "noisy in parts", PLAIN, devices=2, step=3, network=normed(dropout=0.3))
    train(folder / "noisy in parts", PLAIN, devices=2, network=normed(dropout=0.3))
    train(folder / "one then two", SGD, devices=2)
    stopped(folder / "two then one", SGD, devices=2, step=3)
    spoilt, lost = Poisoned("train"), normed()
    spoilt.network = normed()
    fitted = train(folder / "spoilt", SGD, devices=2, pairs=spoilt, network=spoilt.network)
    lost.gain = float("nan")
    why = ""
    try:
        train(folder / "lost", SGD, devices=2, network=lost)
    except TrainingError as error:
        why = str(error)
    return fitted.skipped if fitted else 0, why

"""What a training session is made of: the job, the player that does the steps, the counters."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from deblur_lib.data.pairs import PairSource
from deblur_lib.nn import Deblurrer
from deblur_lib.spec import Train


class Player(Protocol):
    """What one step does.

    Attributes:
        scored: the network whose weights are validated and stored.
    """

    @property
    def scored(self) -> Deblurrer:
        """The network itself, or the running mean of its weights."""
        ...

    def use_optimiser(self, name: str) -> None:
        """Go on with this optimiser, without moments where another was in use."""
        ...

    def step(self, blurred: Tensor, sharp: Tensor, rate: float) -> dict[str, Tensor]:
        """Named scalars; where one is not finite, the network concerned was left unchanged."""
        ...

    def watch(self, values: Mapping[str, float]) -> str:
        """Take in the scalars of each step in turn; why training should stop, "" if all is well."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that decides the next step."""
        ...

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        ...


@dataclasses.dataclass(frozen=True)
class Job:
    """What a session works on; other processes get it pickled.

    Attributes:
        recipe: what to do.
        train: pairs to crop batches from.
        validation: pairs that choose the best weights.
        folder: where everything goes.
        settings: what decides the numbers, see `result.settings_of`.
        seed: seed of batches, noise and the critic's weights.
        device: where the network learns.
        precision: of the forward pass in training.
        devices: how many share each batch.
        notes: put on the cards.
        watched: pictures scored and logged at every validation, by name; they choose nothing.
        more: a finished training may be given more steps, so its state is kept.
    """

    recipe: Train
    train: PairSource
    validation: PairSource
    folder: Path
    settings: Mapping[str, Any]
    seed: int
    device: torch.device
    precision: str
    devices: int = 1
    notes: tuple[str, ...] = ()
    watched: Mapping[str, PairSource] = dataclasses.field(default_factory=dict)
    more: bool = False


@dataclasses.dataclass
class Counters:
    """Where a training stands; stored with every state."""

    step: int = 0
    streak: int = 0
    skipped: int = 0
    validated: int = 0
    best_step: int = 0
    best_psnr: float | None = None
    seconds: float = 0.0
    core_seconds: float = 0.0

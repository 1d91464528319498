"""Small stand-ins for the tests of training: a network, a critic, pairs in memory."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deblur_lib import papers
from deblur_lib.data.pairs import Pair
from deblur_lib.nn import Deblurrer
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.spec import Adversarial, Options, Train
from deblur_lib.training.loop import fit
from deblur_lib.training.result import Fit
from deblur_lib.weights.containers import open_container
from deblur_lib.weights.published import fill
from deblur_lib.weights.tensors import read_tensors


class Tiny(Deblurrer):
    """Two layers, dropout (so that the generators' state counts), outputs at half and full size."""

    multiple_of = 2

    def __init__(self, *, width: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.drop = nn.Dropout(dropout)
        self.tail = nn.Conv2d(width, 3, 3, padding=1)

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        full = blurred + self.tail(self.drop(F.relu(self.head(blurred))))
        return F.avg_pool2d(full, 2), full


class Critic(nn.Module):
    """Two critics in one module, with running statistics."""

    def __init__(self, *, channels: int = 3) -> None:
        super().__init__()
        self.channels = channels
        self.fine = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3))
        self.coarse = nn.Conv2d(channels, 1, 8, stride=4)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return self.fine(picture), self.coarse(picture)


class Pairs:
    """Noise and its average over 3x3 pixels, as a `PairSource` in memory."""

    def __init__(self, split: str, count: int = 4, side: int = 24, *, same: int = 0) -> None:
        rng = np.random.default_rng((len(split), count, side))
        self.data_id, self.digest, self.expected = f"noise/{split}", f"{split}-{count}", count
        self.names = [f"{split}{index}" for index in range(count)]
        self.scenes = list(self.names)
        self.pictures = []
        for index in range(count):
            sharp = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
            wide = np.pad(sharp, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.float64)
            windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(0, 1))
            blurred = windows.mean(axis=(-2, -1)).astype(np.uint8)
            self.pictures.append((sharp if index < same else blurred, sharp))

    def __len__(self) -> int:
        return len(self.pictures)

    def pair(self, index: int) -> Pair:
        blurred, sharp = (_tensor(one) for one in self.pictures[index])
        return Pair(blurred, sharp, self.names[index], self.scenes[index])

    def crop(
        self, index: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        top, left = (int(one) for one in rng.integers(0, 24 - size + 1, 2))
        blurred, sharp = (one[top : top + size, left : left + size] for one in self.pictures[index])
        return blurred, sharp


class Gate:
    """Calls something when training asks for its n-th crop."""

    def __init__(self, action: object, at: int) -> None:
        self.pairs, self.action, self.left = Pairs("train"), action, at

    def __getattr__(self, name: str) -> object:
        if name == "pairs":  # not there yet where it is unpickled
            raise AttributeError(name)
        return getattr(self.pairs, name)

    def __len__(self) -> int:
        return len(self.pairs)

    def crop(self, *arguments: object) -> tuple[np.ndarray, np.ndarray]:
        self.left -= 1
        if self.left == 0:
            self.action()  # type: ignore[operator]
        return self.pairs.crop(*arguments)  # type: ignore[arg-type]


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def recipe(**changes: object) -> Train:
    """30 steps of batch 2, crop 16, three validations."""
    plain = {"steps": 30, "batch": 2, "crop": 16, "lr": 1e-3, "validate": 3, "scales": True}
    return Train(**{**plain, **changes})  # type: ignore[arg-type]


def adversarial(**changes: object) -> Train:
    """`recipe` with a second player."""
    game = {"discriminator": "critic", "loss": "bce", "weight": 0.01}
    return recipe(adversarial=Adversarial(**{**game, **changes}))  # type: ignore[arg-type]


def tiny(**options: object) -> Tiny:
    """A `Tiny` with the same weights in every process."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Tiny(**options)  # type: ignore[arg-type]


def load_published(path: Path, network: nn.Module) -> None:
    """Fill a network from a published file, as `deblur weights add` does."""
    fill(network, open_container(path).tensors, source=str(path))


def critic(**options: object) -> Critic:
    """A `Critic` with the same weights in every process."""
    with torch.random.fork_rng():
        torch.manual_seed(8)
        return Critic(**options)  # type: ignore[arg-type]


def train(folder: Path, declared: Train | None = None, **changes: object) -> Fit:
    network = changes.pop("network", tiny())
    train_pairs = changes.pop("train", Pairs("train"))
    wanted = {"folder": folder, "seed": 5, "device": "cpu", "precision": "fp32", **changes}
    return fit(  # type: ignore[arg-type]
        network, train_pairs, Pairs("val", 2), declared or recipe(), progress=False, **wanted
    )


def assert_same_weights(one: Path, other: Path) -> None:
    left, right = read_tensors(one), read_tensors(other)
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name


def values(fitted: Fit, name: str) -> list[float]:
    log = pd.read_csv(fitted.log)
    return list(log[log["name"] == name]["value"])


@cache
def smallest() -> dict[str, Options]:
    """Options of each network that a room trains, at its smallest."""
    runs = [run for paper in papers.names() for run in make_plan(Request(paper, "smoke")).runs]
    return {str(run.method.network): run.options for run in runs}

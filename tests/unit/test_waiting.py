"""What a GPU's training loop may not do: make the host wait for the device within its steps.

No GPU is needed: on a processor every reading of a tensor's value is counted. There the loop that
never waits must also give the bits of the one that looks at every step.
"""

import dataclasses
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from training_parts import Critic, Pairs, Tiny, adversarial, critic, recipe, smallest, tiny

from deblur_lib import catalogue
from deblur_lib.losses import LOSSES
from deblur_lib.provenance import file_digest
from deblur_lib.spec import Train
from deblur_lib.training import session, side
from deblur_lib.training.feeding import fed, prefetched
from deblur_lib.training.loop import fit, make_player

READ = {"item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__"}
SENT = {"tensor", "as_tensor", "from_numpy", "new_tensor"}
NEEDED = {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select"}
CPU = torch.device("cpu")


class Asked(TorchFunctionMode):
    """Lists the calls that read a tensor's value, or send one from the processor's memory."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names, self.found = names, list[str]()

    def __torch_function__(
        self, function: Any, types: Any, given: Any = (), named: Any = None
    ) -> Any:
        if getattr(function, "__name__", "") in self.names:
            self.found.append(function.__name__)
        return function(*given, **(named or {}))


class Needed(TorchDispatchMode):
    """Lists the operations that need a value on the host, whoever calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, given: Any = (), named: Any = None
    ) -> Any:
        if function.name() in NEEDED:
            self.found.append(function.name())
        return function(*given, **(named or {}))


def waits(call: Callable[[], object]) -> list[str]:
    with Needed() as needed, Asked(READ | SENT) as asked:
        call()
    return asked.found + needed.found


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side, "UNWATCHED", ("cpu",))


def game(loss: str, **changes: object) -> Train:
    declared = adversarial(loss=loss, critic_steps=2)
    return dataclasses.replace(declared, **{"clip": 0.5, **changes})  # type: ignore[arg-type]


CASES = {
    "plain": recipe(clip=0.5, ema=0.8, batch=4, accumulate=2, loss=dict.fromkeys(LOSSES, 0.1)),
    "sgd": recipe(optimiser="sgd", weight_decay=0.1),
    **{loss: game(loss, ema=0.8) for loss in ("log2", "bce", "lsgan", "wgan_gp", "ragan_ls")},
}


@pytest.mark.parametrize("name", CASES)
def test_steps_read_nothing_and_send_nothing(name: str, unwatched: None) -> None:
    player = make_player(tiny(), CASES[name], 0, CPU, "bf16", critic())
    blurred, sharp = torch.rand(2, CASES[name].batch, 3, 16, 16)
    player.step(blurred, sharp, 1e-3)  # makes moments and running means
    assert not waits(lambda: [player.step(blurred, sharp, 1e-3) for _ in range(3)])


def test_what_is_counted_is_found() -> None:
    assert waits(lambda: bool(torch.ones(1)) and torch.ones(1).tolist()) == [
        "__bool__", "tolist", "aten::_local_scalar_dense",
    ]  # fmt: skip
    watched = make_player(tiny(), recipe(), 0, CPU, "fp32")
    assert waits(lambda: watched.step(*torch.rand(2, 2, 3, 16, 16), 1e-3))


# they restore by solvers on the processor
ESTIMATING = ("gong2017", "sun2015", "true_blur", "whyte2012")


@pytest.mark.parametrize("name", [one for one in sorted(smallest()) if one not in ESTIMATING])
def test_no_network_reads_or_sends_in_its_forward_pass(name: str) -> None:
    with torch.device("meta"):
        network = catalogue.build(name, **smallest()[name])
        frames = (network.clip_length,) if network.clip_length > 1 else ()
        picture = torch.empty(2, *frames, 3, 64, 64)
    with Asked(READ | SENT) as asked:
        network.forward_all(picture)
    assert not asked.found


class Spoilt(Tiny):
    """Has running statistics, and gives NaN in some steps."""

    def __init__(self, bad: set[int]) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(7)
            self.__dict__["_modules"] |= dict(Tiny().named_children())
        self.norm, self.bad, self.calls = nn.BatchNorm2d(3), bad, 0

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        self.calls += self.training
        poison = math.nan if self.training and self.calls in self.bad else 1.0
        return tuple(self.norm(one * poison) for one in super().forward_all(blurred))


@pytest.mark.parametrize("name", ["plain", "sgd", "switch", "wgan_gp", "ragan_ls"])
def test_unwatched_steps_give_the_bits_of_watched_ones(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = {**CASES, "switch": recipe(sgd_from=0.5, ema=0.8)}[name]

    def run(folder: Path) -> tuple[str, str]:
        judge: Critic | None = critic() if declared.adversarial else None
        bad = {1, 5, 6, 16} if declared.accumulate == 1 else {1, 10}
        fitted = fit(
            Spoilt(bad), Pairs("train"), Pairs("val", 2), declared, folder=folder, seed=5,
            device="cpu", precision="fp32", progress=False, critic=judge,
        )  # fmt: skip
        assert fitted.skipped == len(bad)
        return fitted.log.read_text(), file_digest(folder / "last.safetensors")

    watched = run(tmp_path / "watched")
    monkeypatch.setattr(side, "UNWATCHED", ("cpu",))
    monkeypatch.setattr(session, "BEAT", {"cpu": 8})
    assert run(tmp_path / "unwatched") == watched


def test_numbers_are_read_once_in_a_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unwatched: None
) -> None:
    monkeypatch.setattr(session, "BEAT", {"cpu": 8})
    read = []
    original = session.Session._read
    monkeypatch.setattr(
        session.Session, "_read", lambda self: (read.append(self.at.step), original(self))
    )
    fit(
        tiny(), Pairs("train"), Pairs("val", 2), recipe(validate=1), folder=tmp_path, seed=5,
        device="cpu", precision="fp32", progress=False,
    )  # fmt: skip
    assert read == [8, 16, 24, 30]


def test_batches_come_in_order_and_a_few_ahead() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    ready = prefetched(numbers(), lambda one: one * 10, ahead=2)
    assert [next(ready) for _ in range(3)] == [0, 10, 20]
    ready.close()
    assert made == list(range(len(made)))
    assert len(made) <= 3 + 2 + 1
    assert not [one for one in threading.enumerate() if one.name == "batches"]


def test_an_error_comes_where_its_batch_would() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("no picture")

    ready = prefetched(numbers(), lambda one: one)
    assert next(ready) == 1
    with pytest.raises(ValueError, match="no picture"):
        next(ready)
    assert list(prefetched(iter([1, 2]), lambda one: -one)) == [-1, -2]


def test_a_gpu_is_fed_from_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def pin(tensor: Tensor) -> Tensor:
        calls.append(f"pinned by {threading.current_thread().name}")
        return tensor

    def to(tensor: Tensor, device: torch.device, *, non_blocking: bool = False) -> Tensor:
        calls.append(f"sent to {device}, waits: {not non_blocking}")
        return tensor

    monkeypatch.setattr(Tensor, "pin_memory", pin)
    monkeypatch.setattr(Tensor, "to", to)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    batch = (torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8))
    ((blurred, _),) = fed(iter([batch]), torch.device("cuda"))
    assert calls == ["pinned by batches"] * 2 + ["sent to cuda, waits: False"] * 2
    assert blurred.is_contiguous(memory_format=torch.channels_last)


def test_a_compiled_network_takes_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    blurred, sharp = torch.rand(2, 2, 3, 16, 16)
    weights = []
    for compiled in (False, True):
        network = tiny(dropout=0.0)
        player = make_player(network, recipe(ema=0.8), 0, CPU, "bf16", compiled=compiled)
        player.step(blurred, sharp, 1e-3)
        weights.append(player.state())
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

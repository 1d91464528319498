import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from disasters import cut, flip, limited_files
from torch import Tensor, nn
from training_parts import Gate, Pairs, Tiny, assert_same_weights, recipe, tiny, train, values

from deblur_lib.devices import processor_threads
from deblur_lib.errors import DataError, DeclarationError, RecordError, TrainingError, UsageError
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.records import read_json, write_json
from deblur_lib.training import loop, plain, session
from deblur_lib.training.journal import Journal
from deblur_lib.training.plain import Supervised
from deblur_lib.training.result import Fit
from deblur_lib.training.team import start_fabric
from deblur_lib.weights.checkpoint import load_weights, read_card


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return train(tmp_path_factory.mktemp("run"), name="tiny", options={"width": 8})


def test_training_learns_and_says_what_it_did(finished: Fit) -> None:
    losses = values(finished, "loss")
    assert len(losses) == len(values(finished, "lr")) == len(values(finished, "gradient")) == 30
    assert values(finished, "loss/l1") == losses
    psnr = values(finished, "validation/psnr-rgb")
    assert len(psnr) == 3
    assert finished.best_psnr == pytest.approx(max(psnr), rel=1e-8)
    assert finished.best_step == 10 * (1 + int(np.argmax(psnr)))
    assert (finished.steps, finished.device, finished.precision) == (30, "cpu", "fp32")
    assert finished.skipped == 0
    assert finished.seconds > 0
    assert list((finished.log.parent / "tb").glob("events*"))
    assert not list(finished.log.parent.glob("resume*"))


def test_more_steps_restore_better(tmp_path: Path) -> None:
    declared = recipe(steps=300, validate=1, lr=5e-3)
    before = Pairs("val", 2)
    scores = evaluate(tiny(), before, conventions=("psnr-rgb",), progress=False)
    start = sum(one.scores["psnr-rgb"] for one in scores) / 2
    assert train(tmp_path, declared).best_psnr > start + 0.5


def test_card_names_network_data_and_metric(finished: Fit) -> None:
    card = read_card(finished.weights)
    assert (card.network, card.options, card.weight_set) == ("tiny", {"width": 8}, "best")
    assert card.data == {"noise/train": "train-4", "noise/val": "val-2"}
    assert card.metrics == {"validation/psnr-rgb": finished.best_psnr}
    assert read_card(finished.weights.with_name("last.safetensors")).step == 30


def test_validation_equals_evaluation_of_the_stored_weights(finished: Fit) -> None:
    network = Tiny()
    load_weights(finished.weights, network)
    scores = evaluate(network, Pairs("val", 2), conventions=("psnr-rgb",), progress=False)
    offline = sum(one.scores["psnr-rgb"] for one in scores) / 2
    assert offline == pytest.approx(finished.best_psnr, abs=1e-6)


def test_finished_training_returns_at_once(finished: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "Session", None)  # a step would fail
    folder = finished.log.parent
    assert train(folder, name="tiny", options={"width": 8}) == finished


def test_another_training_in_the_folder_is_refused(finished: Fit) -> None:
    with pytest.raises(UsageError, match=r"recipe.lr was 0.001, now 0.002. Choose another"):
        train(finished.log.parent, recipe(lr=2e-3), name="tiny", options={"width": 8})


def test_seed_decides_and_the_global_generators_do_not(finished: Fit, tmp_path: Path) -> None:
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = train(tmp_path / "same", name="tiny", options={"width": 8})
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same_weights(again.weights, finished.weights)
    assert again.log.read_text() == finished.log.read_text()
    other = train(tmp_path / "other", seed=6)
    assert other.log.read_text() != finished.log.read_text()


def test_sgd_begins_without_moments_and_gathers_momentum() -> None:
    fabric = start_fabric(torch.device("cpu"), "fp32")
    blurred, sharp = torch.rand(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    network = tiny(dropout=0.0)
    player = Supervised(fabric, network, recipe(betas=(0.8, 0.999), scales=False))
    for _ in range(3):
        player.step(blurred, sharp, 1e-3)
    player.use_optimiser("sgd")
    weight, velocity = network.tail.weight, torch.zeros(())
    for rate in (0.1, 0.05, 0.02):
        player.use_optimiser("sgd")
        before = weight.detach().clone()
        (slope,) = torch.autograd.grad((network(blurred) - sharp).abs().mean(), weight)
        velocity = 0.8 * velocity + slope
        player.step(blurred, sharp, rate)
        torch.testing.assert_close(weight, before - rate * velocity, rtol=0, atol=1e-6)


class Poisoned(Tiny):
    """Gives NaN in the forward passes of training whose numbers are listed."""

    def __init__(self, bad: set[int]) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.bad, self.calls = bad, 0

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        self.calls += self.training
        poison = float("nan") if self.training and self.calls in self.bad else 1.0
        return tuple(self.norm(one * poison) for one in super().forward_all(blurred))


def test_single_nan_is_skipped_and_counted(tmp_path: Path) -> None:
    network = Poisoned({4, 9, 10})
    fitted = train(tmp_path, network=network)
    assert fitted.skipped == 3
    assert values(fitted, "skipped") == [1, 2, 3]
    assert len(values(fitted, "loss")) == 27
    assert all(one.isfinite().all() for one in network.state_dict().values())


def test_repeated_nan_stops_with_the_state_stored(tmp_path: Path) -> None:
    network = Poisoned(set(range(12, 999)))
    with pytest.raises(TrainingError, match=rf"step 16 of 30: 5 steps.*{tmp_path}"):
        train(tmp_path, network=network)
    assert all(one.isfinite().all() for one in network.state_dict().values())
    assert read_json(tmp_path / "crash.json")["bad_batches"] == [11, 12, 13, 14, 15]
    fitted = train(tmp_path, network=Poisoned(set()))  # the cause is mended: it goes on
    assert (fitted.steps, fitted.skipped) == (30, 5)
    assert len(values(fitted, "loss")) == 25


def test_parts_of_a_batch_give_the_same_update() -> None:
    fabric = start_fabric(torch.device("cpu"), "fp32")
    blurred, sharp = torch.rand(2, 4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    after = []
    for parts in (1, 2, 4):
        network = tiny(dropout=0.0)
        player = Supervised(fabric, network, recipe(batch=4, accumulate=parts, optimiser="sgd"))
        got = player.step(blurred, sharp, 1.0)
        after.append({**network.state_dict(), **got})
    for other in after[1:]:
        for name, one in after[0].items():
            torch.testing.assert_close(other[name], one, rtol=0, atol=1e-5, msg=name)
    assert not torch.equal(after[0]["tail.bias"], tiny().tail.bias)


def test_clipping_bounds_the_update() -> None:
    fabric = start_fabric(torch.device("cpu"), "fp32")
    blurred, sharp = torch.rand(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    network, start = tiny(dropout=0.0), tiny()
    declared = recipe(optimiser="sgd", clip=1e-3, betas=(0.0, 0.0))
    norm = Supervised(fabric, network, declared).step(blurred, sharp, 1.0)["gradient"]
    assert norm > 0.01
    pairs = zip(network.parameters(), start.parameters(), strict=True)
    moved = sum((one - other).detach().square().sum() for one, other in pairs)
    assert float(moved) ** 0.5 == pytest.approx(1e-3, rel=1e-3)


def test_reduced_precision_holds_in_every_output_and_losses_are_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[torch.dtype]] = {"layer": set(), "loss": set()}
    network = tiny()
    network.tail.register_forward_hook(
        lambda layer, given, out: seen["layer"].add(out.dtype) if layer.training else None
    )
    original = plain.weighted

    def weighted(outputs: tuple[Tensor, ...], *rest: object, **more: object) -> object:
        assert len(outputs) == 2
        assert not torch.is_autocast_enabled("cpu")
        seen["loss"] |= {one.dtype for one in outputs}
        return original(outputs, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(plain, "weighted", weighted)
    fitted = train(tmp_path, network=network, precision="bf16")
    assert seen == {"layer": {torch.bfloat16}, "loss": {torch.float32}}
    assert fitted.precision == "bf16"
    assert {one.dtype for one in network.parameters()} == {torch.float32}


def test_state_is_stored_by_the_clock_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(session, "SAVE_SHARE", 1e9)
    stop = Gate(lambda: (_ for _ in ()).throw(RuntimeError("power")), at=16)
    with pytest.raises(RuntimeError, match="power"):
        train(tmp_path, train=stop)
    steps = [read_json(one)["counters"]["step"] for one in tmp_path.glob("resume-*.json")]
    assert sorted(steps) == [6, 7]


def test_a_training_tells_its_threads(tmp_path: Path) -> None:
    with processor_threads(2):
        assert train(tmp_path).threads == 2


def test_journal_averages_between_its_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 1000)
    for step in (1, 2, 3):
        journal.add(step, {"lr": 1.0, "loss": float(step)})
    write_json(tmp_path / "state.json", {"sums": journal.pending()})  # sorts names
    journal.close()
    sums = read_json(tmp_path / "state.json")["sums"]
    journal = Journal(tmp_path, 1000, start=3, sums=sums)
    journal.add(4, {"lr": 1.0, "loss": 5.0})
    journal.close()
    lines = "2,lr,1\n2,loss,1.5\n4,lr,1\n4,loss,4\n"
    assert journal.path.read_text() == "step,name,value\n" + lines


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink], ids=["flipped", "cut", "gone"])
def test_a_damaged_log_begins_anew_and_the_training_goes_on(
    finished: Fit, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=45)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train=gate, name="tiny", options={"width": 8})
    harm(tmp_path / "log.csv")
    resumed = train(tmp_path, name="tiny", options={"width": 8})
    assert resumed.notes == ("log.csv was damaged; its curves begin at step 23",)
    assert_same_weights(resumed.weights, finished.weights)
    lines = finished.log.read_text().splitlines(keepends=True)
    later = [one for one in lines[1:] if int(one.split(",")[0]) > 23]
    assert resumed.log.read_text() == lines[0] + "".join(later)


def test_a_log_that_may_not_grow_says_so_and_loses_nothing(finished: Fit, tmp_path: Path) -> None:
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=25)
    given = {"name": "tiny", "options": {"width": 8}}
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train=gate, **given)
    size = (tmp_path / "log.csv").stat().st_size
    told = r"\S+ could not be written \(File too large.*ulimit"
    with pytest.raises(RecordError, match=told), limited_files(size + 100):
        train(tmp_path, **given)
    resumed = train(tmp_path, **given)
    assert_same_weights(resumed.weights, finished.weights)
    assert resumed.log.read_text() == finished.log.read_text()


def test_training_goes_on_where_tensorboard_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "tb").write_text("no folder")
    journal = Journal(tmp_path, 1)
    with limited_files(3000):
        for step in range(1, 100):
            journal.note(step, "loss", 1.0)
    journal.settle()
    journal.close()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 100
    (tmp_path / "tb").unlink()
    journal = Journal(tmp_path / "other", 1)
    with limited_files(3000):
        for step in range(1, 200):
            journal.note(step, "loss", 1.0)
            journal._board.flush()
    journal.close()
    assert len((tmp_path / "other" / "log.csv").read_text().splitlines()) == 200


def test_a_folder_of_other_code_is_refused(finished: Fit, tmp_path: Path) -> None:
    given = {"name": "tiny", "options": {"width": 8}}
    assert train(finished.log.parent, code="now", **given) == finished, "it does not tell its code"
    gate = Gate(lambda: signal.raise_signal(signal.SIGINT), at=25)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train=gate, code="then", **given)
    with pytest.raises(UsageError, match="was trained by other code than today's"):
        train(tmp_path, code="now", **given)
    assert train(tmp_path, code="then", **given).code == "then"
    with pytest.raises(UsageError, match="was trained by other code than today's"):
        train(tmp_path, code="now", **given)


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        (Pairs("train", 0), "has no pairs for training"),
        (Pairs("val", 2), r"share 2 scene\(s\), first 'val0'"),
        (Pairs("train", 4, same=1), "same picture in 1 of 4 pairs"),
    ],
)
def test_data_that_cannot_be_trained_on(tmp_path: Path, pairs: Pairs, text: str) -> None:
    with pytest.raises(DataError, match=text):
        train(tmp_path, train=pairs)
    assert not list(tmp_path.iterdir())


def test_bad_recipe_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError):
        train(tmp_path / "x", recipe(batch=2, accumulate=4))
    assert not (tmp_path / "x").exists()

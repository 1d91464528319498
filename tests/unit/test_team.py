"""One training over two processes (gloo): the steps of one process, decided and stored once."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from shared_training import GAMES, PLAIN, SGD, stopped, train, two
from training_parts import Gate, Pairs, recipe, smallest, tiny

from deblur_lib import catalogue
from deblur_lib.devices import check_devices
from deblur_lib.errors import DeviceError, TrainingError, UsageError
from deblur_lib.records import read_json
from deblur_lib.training import interrupts
from deblur_lib.training.launching import on_devices
from deblur_lib.training.loop import fit, packed, unpacked
from deblur_lib.weights.tensors import read_tensors

CLOSE = 1e-5
CASES = {"plain": PLAIN, "sgd": SGD, **GAMES}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    folder = tmp_path_factory.mktemp("two")
    stopped(folder / "one then two", SGD, devices=1, step=3)
    skipped, why = on_devices(2, two, folder)
    return folder, skipped, why


def log(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "log.csv").set_index(["step", "name"])["value"]
    return frame.drop("spread", level="name", errors="ignore")  # a ratio, taken part by part


def assert_close(one: Path, other: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        left, right = read_tensors(one / name), read_tensors(other / name)
        assert left.keys() == right.keys()
        for key in left:
            torch.testing.assert_close(left[key], right[key], rtol=CLOSE, atol=CLOSE, msg=key)
    pd.testing.assert_series_equal(log(one), log(other), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("name", CASES)
def test_two_processes_take_the_steps_of_one(
    shared: tuple[Path, int, str], tmp_path: Path, name: str
) -> None:
    train(tmp_path, CASES[name], devices=1)
    assert_close(tmp_path, shared[0] / name)


def test_the_stored_run_is_that_of_the_first_process_and_tells_both(
    shared: tuple[Path, int, str],
) -> None:
    stored = read_json(shared[0] / "plain" / "fit.json")["fit"]
    assert (stored["device"], stored["steps"], stored["notes"]) == ("cpu x 2", 8, [])
    assert {one.name for one in (shared[0] / "plain").iterdir()} == {
        "best.json", "best.safetensors", "fit.json", "last.json", "last.safetensors", "log.csv",
        "tb",
    }  # fmt: skip
    assert len(list((shared[0] / "plain" / "tb").iterdir())) == 1


def test_two_processes_go_on_to_the_bit_with_masks_of_their_own(
    shared: tuple[Path, int, str],
) -> None:
    whole, parts = (shared[0] / name for name in ("noisy", "noisy in parts"))
    left, right = (read_tensors(one / "last.safetensors") for one in (whole, parts))
    assert all(torch.equal(left[key], right[key]) for key in left)
    assert (whole / "log.csv").read_text() == (parts / "log.csv").read_text()


def test_another_number_of_processes_goes_on(shared: tuple[Path, int, str]) -> None:
    folder = shared[0]
    train(folder / "two then one", SGD, devices=1)
    for name in ("one then two", "two then one"):
        assert_close(folder / name, folder / "sgd")
        assert "from step 3 on" in read_json(folder / name / "fit.json")["fit"]["notes"][0]


def test_a_value_that_is_not_finite_in_one_process_is_left_out_in_both(
    shared: tuple[Path, int, str],
) -> None:
    folder, skipped, why = shared
    assert skipped == 1
    weights = read_tensors(folder / "spoilt" / "last.safetensors")
    assert all(one.isfinite().all() for one in weights.values())
    assert "step 5 of 8: 5 steps in a row" in why
    assert read_json(folder / "lost" / "crash.json")["bad_batches"] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", sorted(smallest()))
def test_every_network_reaches_another_process_with_its_weights(name: str) -> None:
    network = catalogue.build(name, **smallest()[name])
    sent = unpacked(pickle.loads(pickle.dumps(packed(network, name, smallest()[name]))))
    assert type(sent) is type(network)
    for left, right in zip(sent.state_dict().items(), network.state_dict().items(), strict=True):
        assert left[0] == right[0]
        assert torch.equal(left[1], right[1])


class Killed:
    """Ends a process by force while it makes a batch."""

    def __init__(self, rank: int) -> None:
        self.rank = rank

    def __call__(self) -> None:
        if os.environ.get("LOCAL_RANK") == str(self.rank):
            os.kill(os.getpid(), signal.SIGKILL)


class Known(Pairs):
    """Notes the numbers of the processes that cut crops."""

    def __init__(self, folder: Path) -> None:
        super().__init__("train")
        self.folder = folder

    def crop(self, *arguments: object) -> tuple[np.ndarray, np.ndarray]:
        (self.folder / f"{os.getpid()}.pid").touch()
        return super().crop(*arguments)  # type: ignore[arg-type]


def alive(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def until(reached: Callable[[], object]) -> None:
    end = time.monotonic() + 300
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def log_at(folder: Path, step: int) -> bool:
    path = folder / "log.csv"
    return path.is_file() and f"\n{step}," in path.read_text()


def start(folder: Path, pairs: object, steps: int = 600) -> None:
    fit(
        tiny(), pairs, Pairs("val", 2), recipe(steps=steps, validate=100), folder=folder, seed=5,
        device="cpu", precision="fp32", devices=2, progress=False,
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_process_that_dies_ends_the_others_and_ctrl_c_stops_all(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"processes of the devices failed.*SIGKILL"):
        start(tmp_path, Gate(Killed(1), at=15))  # one crop a step
    assert read_json(tmp_path / "resume-b.json")["counters"]["step"] == 12

    def press() -> None:
        until(lambda: log_at(tmp_path, 20))
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, Pairs("train"))
    thread.join()
    steps = [read_json(one)["counters"]["step"] for one in tmp_path.glob("resume-*.json")]
    assert 20 <= max(steps) < 600


def test_only_a_later_interrupt_is_a_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent with several threads that is killed tells its children more than once."""
    now = [10.0]
    monkeypatch.setattr(interrupts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with interrupts.Interrupts() as held:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        assert held.pressed
        now[0] += interrupts.ECHO + 0.1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which tells children")
def test_when_the_parent_dies_the_processes_store_their_state_and_end(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\nfrom test_team import Known, start\n"
        f"start(Path({str(tmp_path)!r}), Known(Path({str(tmp_path)!r})), 100_000)"
    )

    def pids() -> list[str]:
        return [one.stem for one in tmp_path.glob("*.pid")]

    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: (log_at(tmp_path, 200) and len(pids()) == 2) or parent.poll() is not None)
    finally:
        parent.kill()
        parent.communicate()
    assert len(pids()) == 2
    until(lambda: not any(alive(one) for one in pids()))
    assert list(tmp_path.glob("resume-*.json"))


@pytest.mark.parametrize("devices", [0, 3, 2.0, True])
def test_devices_that_do_not_share_a_batch_equally_are_refused(
    tmp_path: Path, devices: int
) -> None:
    with pytest.raises(UsageError, match=r"divides the batch \(8 in 2 parts: 1, 2, 4\), got"):
        fit(
            tiny(), Pairs("train"), Pairs("val", 2), PLAIN, folder=tmp_path, seed=5,
            device="cpu", devices=devices,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_more_devices_than_there_are_are_refused() -> None:
    check_devices(8, torch.device("cpu"))
    with pytest.raises(DeviceError, match=r"2 devices were asked for.*finds 1 of kind 'mps'"):
        check_devices(2, torch.device("mps"))

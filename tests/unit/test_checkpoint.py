import errno
import os
import pickle
from pathlib import Path

import pytest
import torch
from disasters import kills, limited_files
from torch import nn
from training_parts import Tiny, tiny

from deblur_lib import catalogue, files
from deblur_lib.errors import CheckpointError, RecordError
from deblur_lib.records import read_json, write_json
from deblur_lib.training import state
from deblur_lib.weights import checkpoint
from deblur_lib.weights.checkpoint import load_weights, open_network, save
from deblur_lib.weights.tensors import PICKLES, read_tensors, write_tensors


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "best.safetensors"
    save(path, tiny(), name="tiny", options={"width": 8}, step=7, metrics={"psnr-rgb": 30.25})
    return path


def full_disk(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.clone() for name, one in network.state_dict().items()}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_weights_and_card_go_round(stored: Path) -> None:
    network = Tiny()
    card = load_weights(stored, network, name="tiny")
    assert_equal(weights(network), weights(tiny()))
    assert (card.step, card.options, card.metrics) == (7, {"width": 8}, {"psnr-rgb": 30.25})
    assert len(card.fingerprint) == 16
    assert network.training


def test_channels_last_and_tied_weights_are_stored_plainly(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)).to(
        memory_format=torch.channels_last  # type: ignore[call-overload]
    )
    network[1].weight = network[0].weight
    write_tensors(tmp_path / "x.safetensors", network.state_dict())
    assert_equal(read_tensors(tmp_path / "x.safetensors"), weights(network))


def test_open_builds_the_network_the_card_names(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "build", lambda name, **options: {"tiny": Tiny}[name](**options))
    monkeypatch.setattr(catalogue, "signature", lambda name: {})
    network, card = open_network(stored)
    assert not network.training
    assert card.network == "tiny"


def test_another_network_is_refused_by_name(stored: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds weights of 'tiny'.*needed those of 'other'"):
        load_weights(stored, Tiny(), name="other")


def test_mismatch_is_listed_and_leaves_the_network(stored: Path) -> None:
    class Other(Tiny):
        def __init__(self) -> None:
            super().__init__(width=9)
            self.extra = nn.Linear(1, 1)
            del self.tail

    network = Other()
    before = weights(network)
    with pytest.raises(CheckpointError) as caught:
        load_weights(stored, network)
    text = str(caught.value)
    assert "2 missing in the file: extra.weight, extra.bias" in text
    assert "2 unexpected in the file: tail.bias, tail.weight" in text
    assert "head.weight (file (8, 3, 3, 3), network (9, 3, 3, 3))" in text
    assert_equal(weights(network), before)


def test_partial_loading_must_be_asked_for(stored: Path) -> None:
    network = Tiny()
    network.extra = nn.Linear(1, 1)
    with pytest.raises(CheckpointError, match="2 missing"):
        load_weights(stored, network)
    load_weights(stored, network, allow_partial=True)
    assert torch.equal(network.head.weight, tiny().head.weight)


@pytest.mark.parametrize("harm", ["cut", "flip", "gone"])
def test_damaged_weights_fail_their_digest(stored: Path, harm: str) -> None:
    whole = stored.read_bytes()
    if harm == "gone":
        stored.unlink()
    else:
        flipped = whole[:-1] + bytes([whole[-1] ^ 1])
        stored.write_bytes(whole[: len(whole) // 2] if harm == "cut" else flipped)
    with pytest.raises(CheckpointError, match="should have SHA-256"):
        load_weights(stored, Tiny())


def test_missing_and_cut_cards(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is missing; train the network first"):
        load_weights(tmp_path / "none.safetensors", Tiny())
    card = stored.with_suffix(".json")
    text = card.read_text()
    card.write_text(text[: len(text) // 2])
    with pytest.raises(CheckpointError, match=r"does not describe best\.safetensors"):
        load_weights(stored, Tiny())
    card.write_text(text.replace('"step": 7', '"step": 8'))
    with pytest.raises(CheckpointError, match="was changed or damaged after it was written"):
        load_weights(stored, Tiny())
    card.write_text(text)
    write_json(card, read_json(card) | {"step": "7"})
    with pytest.raises(CheckpointError, match=r"at step; it is not a card"):
        load_weights(stored, Tiny())


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path: Path) -> None:
    lengths = set[bytes]()
    path = tmp_path / "net.safetensors"
    for length in range(520, 640, 8):
        write_tensors(path, {"n" * length: torch.ones(1)})
        lengths.add(path.read_bytes()[:2])
        assert list(read_tensors(path)) == ["n" * length]
    assert lengths & set(PICKLES)


def test_pickles_are_refused(stored: Path, tmp_path: Path) -> None:
    torch.save(tiny().state_dict(), tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"net.pth is not a .safetensors file"):
        load_weights(tmp_path / "net.pth", Tiny())
    for data in ((tmp_path / "net.pth").read_bytes(), pickle.dumps({"a": 1})):
        (tmp_path / "disguised.safetensors").write_bytes(data)
        with pytest.raises(CheckpointError, match="is a pickled file"):
            read_tensors(tmp_path / "disguised.safetensors")


def test_changed_code_is_noticed_by_the_output(stored: Path) -> None:
    class Changed(Tiny):
        def forward_all(self, blurred: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(one * 1.1 for one in super().forward_all(blurred))

    with pytest.raises(CheckpointError, match="on the fixed picture its output differs"):
        load_weights(stored, Changed())


@pytest.mark.parametrize("step", ["fsync", "second fsync"])
def test_full_disk_leaves_the_earlier_checkpoint(
    stored: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    calls: list[int] = []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= (1 if step == "fsync" else 2):  # the weights, then the card
            full_disk()

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(RecordError, match="No space left on device"):
        save(stored, Tiny(), name="tiny", step=8)
    monkeypatch.undo()
    network = Tiny()
    assert load_weights(stored, network).step == 7
    assert_equal(weights(network), weights(tiny()))
    assert save(stored, network, name="tiny", step=9).step == 9
    assert sorted(one.name for one in stored.parent.iterdir()) == [
        "best.json",
        "best.safetensors",
    ]


def test_kill_between_weights_and_card_leaves_the_earlier_pair(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*arguments: object) -> None:
        raise Killed

    monkeypatch.setattr(checkpoint, "write_json", kill)
    with pytest.raises(Killed):
        save(stored, Tiny(), name="tiny", step=8)
    monkeypatch.undo()
    network = Tiny()
    assert load_weights(stored, network).step == 7
    assert_equal(weights(network), weights(tiny()))


def test_a_kill_before_any_file_operation_leaves_a_whole_pair(stored: Path) -> None:
    def steps() -> set[int]:
        network = Tiny()
        step = load_weights(stored, network).step
        wanted = tiny() if step == 7 else newer
        assert_equal(weights(network), weights(wanted))
        return {step}

    newer = tiny()
    with torch.no_grad():
        newer.head.weight.mul_(2)
    for _ in kills(lambda: save(stored, newer, name="tiny", step=8)):
        assert steps() <= {7, 8}
        save(stored, tiny(), name="tiny", step=7)
        files.sweep(stored.parent)
        assert {one.name for one in stored.parent.iterdir()} == {"best.json", "best.safetensors"}
    assert steps() == {8}


def test_a_size_limit_leaves_the_earlier_pair(stored: Path) -> None:
    large = nn.Conv2d(100, 100, 3)
    with pytest.raises(RecordError, match=r"File too large\); .*ulimit"), limited_files(50_000):
        save(stored, large, name="large")
    assert load_weights(stored, Tiny()).step == 7
    assert {one.name for one in stored.parent.iterdir()} == {"best.json", "best.safetensors"}


def numbered(step: int) -> tuple[dict[str, torch.Tensor], dict[str, int]]:
    return {"a": torch.full((4,), float(step))}, {"step": step}


def test_truncated_state_gives_way_to_the_one_before(tmp_path: Path) -> None:
    assert state.load_state(tmp_path) is None
    for step in (10, 20, 30):
        state.save_state(tmp_path, *numbered(step))
    found = state.load_state(tmp_path)
    assert found is not None
    assert (found[1]["step"], found[2]) == (30, [])
    newest = tmp_path / "resume-a.safetensors"
    newest.write_bytes(newest.read_bytes()[:40])
    found = state.load_state(tmp_path)
    assert found is not None
    assert torch.equal(found[0]["a"], torch.full((4,), 20.0))
    assert "resume-a.safetensors was damaged" in found[2][0]
    state.save_state(tmp_path, *numbered(25))
    assert {read_json(path)["counters"]["step"] for path in tmp_path.glob("*.json")} == {20, 25}


def test_no_whole_state_is_an_error(tmp_path: Path) -> None:
    state.save_state(tmp_path, *numbered(10))
    (tmp_path / "resume-a.json").write_text("{")
    with pytest.raises(CheckpointError, match="no whole state to resume from"):
        state.load_state(tmp_path)
    write_json(tmp_path / "resume-a.json", {"counters": {"step": 10}, "sha256": "0"})
    with pytest.raises(CheckpointError, match="delete the folder and train again"):
        state.load_state(tmp_path)


def test_a_changed_count_gives_way_to_the_state_before(tmp_path: Path) -> None:
    for step in (10, 20):
        state.save_state(tmp_path, *numbered(step))
    path = tmp_path / "resume-b.json"
    path.write_text(path.read_text().replace('"step": 20', '"step": -3'))
    found = state.load_state(tmp_path)
    assert found is not None
    assert found[1]["step"] == 10
    assert "resume-b.safetensors was damaged" in found[2][0]


def test_a_kill_before_any_file_operation_leaves_a_whole_state(tmp_path: Path) -> None:
    for step in (10, 20):
        state.save_state(tmp_path, *numbered(step))
    for _ in kills(lambda: state.save_state(tmp_path, *numbered(30))):
        found = state.load_state(tmp_path)
        assert found is not None
        step = found[1]["step"]
        assert step in (20, 30)
        assert torch.equal(found[0]["a"], torch.full((4,), float(step)))
        files.sweep(tmp_path)
        assert not list(tmp_path.glob(".*"))


def test_full_disk_leaves_the_newest_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in (10, 20):
        state.save_state(tmp_path, *numbered(step))
    for place in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(*((os, "fsync") if place == "fsync" else (Path, "replace")), full_disk)
            with pytest.raises(RecordError, match="No space left"):
                state.save_state(tmp_path, *numbered(30))
    found = state.load_state(tmp_path)
    assert found is not None
    assert found[1]["step"] == 20
    assert not list(tmp_path.glob(".*"))

"""Writing survives kills, full disks, limits and foreign folders, and leaves nothing behind."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from disasters import NOBODY, in_child, kills, limited_files, small_disk

from deblur_lib import files
from deblur_lib.errors import RecordError, UsageError
from deblur_lib.files import atomic, beside, check_writable, sweep, whole_folder
from deblur_lib.records import read_json, write_json, write_text
from deblur_lib.weights.tensors import write_tensors


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "ü" * 127, "a." + "s" * 250])
def test_the_longest_names_are_written(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "whole")
    assert (tmp_path / name).read_text() == "whole"
    assert names(tmp_path) == {name}


def test_a_name_that_is_too_long_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"could not be written .*shorten it"):
        write_text(tmp_path / ("n" * 256), "x")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_new_files_get_what_the_umask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "new", "x")
        write_tensors(tmp_path / "new.safetensors", {"a": torch.zeros(1)})
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {mode}
    (tmp_path / "new").chmod(0o640)
    write_text(tmp_path / "new", "y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_two_writers_never_share_a_name(tmp_path: Path) -> None:
    with atomic(tmp_path / "a.png") as first, atomic(tmp_path / "a.png") as second:
        assert first != second
        assert {first.suffix, second.suffix} == {".png"}
        second.write_text("second")
        first.write_text("first")
    assert (tmp_path / "a.png").read_text() == "first"
    assert names(tmp_path) == {"a.png"}


def left_by(place: Path, *, folder: bool = False) -> str:
    """Name of something that a process which is gone left under way."""
    told = place / "told"
    assert in_child(lambda: told.write_text(beside(place / "a.npy").name)) == ""
    left = place / told.read_text()
    told.unlink()
    if folder:
        left.mkdir()
    (left / "inside" if folder else left).write_text("half")
    return left.name


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    deep = tmp_path / "pictures" / "p"
    deep.mkdir(parents=True)
    gone = [left_by(tmp_path), left_by(tmp_path, folder=True), left_by(deep)]
    mine, foreign = beside(tmp_path / "mine"), tmp_path / ".deblur-00000000-1-00000000"
    for path in (mine, foreign, tmp_path / ".hidden"):
        path.write_text("x")
    sweep(tmp_path)
    assert names(tmp_path) == {"pictures", mine.name, foreign.name, ".hidden"}
    assert names(deep) == {gone[2]}
    os.utime(foreign, (0, 0))  # of another machine, untouched for more than a day
    sweep(tmp_path, deep=True)
    assert names(tmp_path) == {"pictures", mine.name, ".hidden"}
    assert names(deep) == set()
    sweep(tmp_path / "nowhere")


def test_a_kill_before_any_file_operation_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"value": "old"})
    for _ in kills(lambda: write_json(path, {"value": "new"})):
        assert read_json(path) in ({"value": "old"}, {"value": "new"})
        sweep(tmp_path)
        assert names(tmp_path) == {"a.json"}
    assert read_json(path) == {"value": "new"}


def test_a_folder_is_replaced_whole_whenever_a_kill_comes(tmp_path: Path) -> None:
    target = tmp_path / "demo"

    def put(value: str) -> None:
        with whole_folder(target) as fresh:
            for name in ("one", "two"):
                (fresh / name).write_text(value)

    def held() -> set[str]:
        return {(target / name).read_text() for name in ("one", "two")}

    put("old")
    for _ in kills(lambda: put("new")):
        with suppress(KeyError), whole_folder(target):
            assert held() in ({"old"}, {"new"})  # found again by the next call
            raise KeyError
        put("old")
        assert names(tmp_path) == {"demo"}


WRITES: dict[str, Callable[[Path], object]] = {
    "text": lambda path: write_text(path, "x" * 400_000),
    "in pieces": lambda path: _in_pieces(path),
}


def _in_pieces(path: Path) -> None:
    with atomic(path) as temporary, open(temporary, "wb") as stream:
        for _ in range(100):
            stream.write(b"x" * 4000)


def _fill(folder: Path) -> None:
    with whole_folder(folder) as fresh:
        (fresh / "one").write_bytes(b"x" * 400_000)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    write_text(tmp_path / "a.csv", "old")
    return tmp_path / "a.csv"


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_size_limit_leaves_the_old_file(kept: Path, write: Callable[[Path], object]) -> None:
    with pytest.raises(RecordError, match=r"File too large\); .*ulimit"), limited_files(100_000):
        write(kept)
    assert kept.read_text() == "old"
    assert names(kept.parent) == {"a.csv"}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, write: Callable[[Path], object]) -> None:
    with small_disk(tmp_path / "disk") as disk:
        write_text(disk / "a.csv", "old")
        with pytest.raises(RecordError, match=r"No space left.*; the disk or a quota is full"):
            write(disk / "a.csv")
        with pytest.raises(RecordError, match=r"disk/b could .*No space left"):
            _fill(disk / "b")
        assert (disk / "a.csv").read_text() == "old"
        assert names(disk) == {"a.csv"}


def test_a_disk_for_reading_only_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", options=",ro") as disk:
        with pytest.raises(RecordError, match=r"disk/a.csv .*Read-only.*read-only or someone"):
            write_text(disk / "a.csv", "x")
        with pytest.raises(UsageError, match=r"disk/runs/x is needed to write to; .*DEBLUR_RUNS"):
            check_writable(disk / "runs" / "x")


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A folder that others may read and only we may write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555 if os.geteuid() else 0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_a_folder_of_someone_else_is_named(foreign: Path) -> None:
    def as_other(action: Callable[[], object]) -> str:
        return in_child(action, user=None if os.geteuid() else NOBODY)

    told = as_other(lambda: write_text(foreign / "a.csv", "x"))
    assert told.startswith(f"RecordError: {foreign / 'a.csv'} could not be written (Permission")
    assert "someone else's" in told
    told = as_other(lambda: whole_folder(foreign / "b").__enter__())
    assert told.startswith(f"RecordError: {foreign / 'b'} could not be written (Permission")
    told = as_other(lambda: check_writable(foreign / "runs"))
    assert told.startswith(f"UsageError: {foreign / 'runs'} is needed to write to")
    check_writable(Path(tempfile.gettempdir()))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (500, "500 bytes"),
        (5e4, "48.8 KiB"),
        (3e7, "28.6 MiB"),
        (2e12, "1862.6 GiB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_fits(count: float, words: str) -> None:
    assert files.size(count) == words

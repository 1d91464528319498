"""The packed cache: same pictures, reused while valid, made again when not."""

import errno
import json
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_pictures import save, sharp_picture, write_pairs
from disasters import in_child, small_disk

from deblur_lib import locks
from deblur_lib.data import cache as cache_module
from deblur_lib.data.cache import PackedPairs, pack
from deblur_lib.data.pairs import PairedImages
from deblur_lib.errors import DataError, RecordError

NAMES = ["a/1", "a/2", "b"]


def folder(tmp_path: Path) -> PairedImages:
    return PairedImages.from_folder(write_pairs(tmp_path / "pictures", NAMES), data_id="mine")


def test_packed_pictures_equal_the_files(tmp_path: Path) -> None:
    source = folder(tmp_path)
    packed = pack(source, tmp_path / "cache", progress=False)
    array = np.load(tmp_path / "cache" / "pictures.npy")
    assert array.shape == (3, 2, 48, 64, 3)
    assert (packed.names, packed.scenes) == (source.names, source.scenes)
    assert (packed.digest, packed.expected) == (source.digest, 3)
    for index in range(3):
        np.testing.assert_array_equal(packed.read(index)[0], source.read(index)[0])
        np.testing.assert_array_equal(packed.read(index)[1], source.read(index)[1])
        first, second = packed.pair(index), source.pair(index)
        assert first.sharp.equal(second.sharp)
        assert first[2:] == second[2:]
        mine = packed.crop(index, 16, np.random.default_rng(1))
        other = source.crop(index, 16, np.random.default_rng(1))
        np.testing.assert_array_equal(mine, other)


def test_pictures_of_several_sizes_share_a_cache(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "pictures", ["1", "2"])
    write_pairs(root, ["large"], height=80, width=70)
    source = PairedImages.from_folder(root)
    packed = pack(source, tmp_path / "cache", progress=False)
    assert [packed.size(index) for index in range(3)] == [(48, 64), (48, 64), (80, 70)]
    for index in range(3):
        np.testing.assert_array_equal(packed.read(index)[1], source.read(index)[1])


def test_valid_cache_is_reused_and_changed_files_are_packed_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = folder(tmp_path)
    pack(source, tmp_path / "cache", progress=False)
    stamp = (tmp_path / "cache" / "pictures.npy").stat().st_mtime_ns
    pack(folder_again(source), tmp_path / "cache", progress=False)
    assert (tmp_path / "cache" / "pictures.npy").stat().st_mtime_ns == stamp
    save(source.root / "sharp" / "b.png", sharp_picture(77))
    with caplog.at_level(logging.WARNING):
        packed = pack(folder_again(source), tmp_path / "cache", progress=False)
    assert "another version: making them again" in caplog.text
    np.testing.assert_array_equal(packed.read(2)[1], sharp_picture(77))


def folder_again(source: PairedImages) -> PairedImages:
    return PairedImages(source.root, source.entries, data_id=source.data_id)


def spoil(cache: Path, how: str) -> None:
    pictures, index = cache / "pictures.npy", cache / "index.json"
    if how == "truncated":
        os.truncate(pictures, pictures.stat().st_size - 100)
    elif how == "flipped byte":
        content = bytearray(pictures.read_bytes())
        content[-1000] ^= 1
        pictures.write_bytes(bytes(content))
    elif how == "no index":
        index.unlink()
    elif how == "cut index":
        index.write_text(index.read_text()[:50])
    elif how == "old format":
        index.write_text(json.dumps({**json.loads(index.read_text()), "format": 0}))
    elif how == "no pictures":
        pictures.unlink()


@pytest.mark.parametrize(
    "how", ["truncated", "flipped byte", "no index", "cut index", "old format", "no pictures"]
)
def test_spoilt_cache_is_noticed_and_made_again(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = folder(tmp_path)
    pack(source, tmp_path / "cache", progress=False)
    spoil(tmp_path / "cache", how)
    with pytest.raises(DataError, match=r"packed pictures in .* cannot be used"):
        PackedPairs.open(tmp_path / "cache")
    with caplog.at_level(logging.WARNING):
        packed = pack(source, tmp_path / "cache", progress=False)
    assert "making them again" in caplog.text
    np.testing.assert_array_equal(packed.read(2)[1], source.read(2)[1])
    assert len(PackedPairs.open(tmp_path / "cache")) == 3


def test_of_two_that_need_a_cache_one_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, made = folder(tmp_path), list[Path]()
    write = cache_module.write_packed

    def slow(place: Path, *rest: Any) -> PackedPairs:
        made.append(place)
        time.sleep(0.3)
        return write(place, *rest)

    monkeypatch.setattr(cache_module, "write_packed", slow)
    monkeypatch.setattr(locks, "POLL", 0.01)
    with ThreadPoolExecutor(3) as pool:
        packed = list(pool.map(lambda _: pack(source, tmp_path / "cache", progress=False), "abc"))
    assert made == [tmp_path / "cache"]
    for one in packed:
        np.testing.assert_array_equal(one.read(2)[1], source.read(2)[1])
    names = {path.name for path in (tmp_path / "cache").iterdir()}
    assert names == {"index.json", "pictures.npy"}


def test_what_a_kill_left_of_any_packing_is_removed_by_the_next(tmp_path: Path) -> None:
    source, cache = folder(tmp_path), tmp_path / "cache"
    left = set()
    for step in range(2, 40, 4):
        in_child(lambda: pack(source, cache / "others", progress=False), kill_at=step)
        left |= {path.name for path in cache.rglob(".deblur-*.npy")}
    assert left
    packed = pack(source, cache / "mine", progress=False)
    np.testing.assert_array_equal(packed.read(2)[1], source.read(2)[1])
    assert not list(cache.rglob(".deblur-*"))


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache_module.np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(RecordError, match="No space left"):
        pack(source, tmp_path / "cache", progress=False)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_disk_that_fills_up_while_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder(tmp_path)
    usage = cache_module.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda _: usage)
    with small_disk(tmp_path / "disk", "32k") as disk:
        with pytest.raises(RecordError, match="No space left"):
            pack(source, disk / "cache", progress=False)
        assert list((disk / "cache").iterdir()) == []


def test_too_little_space_is_said_before_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = cache_module.shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"packing mine needs 54.0 KiB in .*, 10 bytes are free"):
        pack(folder(tmp_path), tmp_path / "cache", progress=False)


def test_truncated_source_picture_stops_packing(tmp_path: Path) -> None:
    source = folder(tmp_path)
    path = source.root / "blurred" / "b.png"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError, match=r"b\.png cannot be decoded"):
        pack(source, tmp_path / "cache", progress=False)
    assert not (tmp_path / "cache" / "index.json").exists()

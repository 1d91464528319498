"""Rows and manifests are checked on write and on read, and no write leaves half a file."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from deblur_lib.errors import RecordError
from deblur_lib.records import (
    Manifest,
    Row,
    atomic,
    read_json,
    read_manifests,
    read_rows,
    write_json,
    write_manifests,
    write_rows,
    write_text,
)

ROW = Row(
    paper="wan2023",
    profile="smoke",
    method="wan2023",
    run="0012",
    seed=0,
    dataset="gopro_test",
    data="made-up/test",
    picture="007",
    scene="007",
    convention="psnr-rgb",
    value=31.5,
)
MANIFEST = Manifest(
    run="r1",
    paper="wan2023",
    profile="smoke",
    method="wan2023",
    seed=0,
    network="wan2023",
    options={"skip": "dffm"},
    train={"steps": 3},
    settings_hash="ab",
    data={"made-up/test": "cd"},
    commit="",
    dirty=False,
    versions={"python": "3.11"},
    hardware={"cores": "2"},
    device="cpu",
    precision="fp32",
    threads=1,
    steps=3,
    pictures_meant={"made-up/test": 2},
    pictures_used={"made-up/test": 2},
    seconds_training=1.0,
    seconds_scoring=0.5,
    best_step=3,
    weights_digest="ef",
    started="2026-01-01T00:00:00+00:00",
)


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, picture="008", value=float("inf"))]
    write_rows(tmp_path / "rows.csv", rows)
    frame = read_rows(tmp_path / "rows.csv")
    assert [Row(**record) for record in frame.to_dict(orient="records")] == rows


def test_a_row_of_the_wrong_type_is_refused_when_made() -> None:
    with pytest.raises(ValidationError, match="seed"):
        replace(ROW, seed="0")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="profile"):
        replace(ROW, profile="huge")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (lambda text: text.replace("seed", "sede"), "columns should be"),
        (lambda text: text.replace(",31.5", ",many"), "numbers as value"),
        (lambda text: text.replace("smoke", "huge"), "in column profile"),
        (lambda text: text + text.splitlines()[1] + "\n", "stand twice"),
    ],
)
def test_a_spoilt_row_file_is_refused(tmp_path: Path, change: object, needle: str) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, [ROW])
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    with pytest.raises(RecordError, match=needle):
        read_rows(path)


def test_missing_rows_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="deblur reproduce"):
        read_rows(tmp_path / "rows.csv")


def test_manifests_come_back_as_written(tmp_path: Path) -> None:
    write_manifests(tmp_path / "m.json", [replace(MANIFEST, run="r2"), MANIFEST])
    assert read_manifests(tmp_path / "m.json") == [MANIFEST, replace(MANIFEST, run="r2")]


@pytest.mark.parametrize(
    ("key", "value", "needle"),
    [("colour", "red", "colour"), ("steps", "3", "steps"), ("seed", None, "seed")],
)
def test_a_spoilt_manifest_is_refused(tmp_path: Path, key: str, value: object, needle: str) -> None:
    path = tmp_path / "m.json"
    write_manifests(path, [MANIFEST])
    data = read_json(path)
    data[0][key] = value
    write_json(path, data)
    with pytest.raises(RecordError, match=needle):
        read_manifests(path)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_block_leaves_nothing(tmp_path: Path) -> None:
    def half() -> None:
        with atomic(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        half()
    assert list(tmp_path.iterdir()) == []

"""A stored number is read as it was written, or not at all."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_results
import pandas as pd
import pytest
from disasters import cut, flip, small_disk

from deblur_lib import papers, seals
from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.notebook.room import Room
from deblur_lib.records import (
    Row,
    read_json,
    read_manifests,
    read_rows,
    read_whole,
    rows_of,
    write_json,
    write_manifests,
    write_rows,
    write_text,
)
from deblur_lib.report import derive, floors, pilot
from deblur_lib.report.checks import view
from deblur_lib.report.results import Results
from deblur_lib.runs import publishing, vintage
from deblur_lib.runs.plan import Request, make_plan

HARMS = {
    "flipped": lambda path: flip(path),
    "flipped at the end": lambda path: flip(path, 0.97),
    "cut": cut,
    "emptied": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}
PICTURE = "pictures/gopro_test/p00/wan2023.png"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with everything that one can hold, and its list."""
    folder = fake_results.write_results(
        tmp_path_factory.mktemp("results") / "demo", gains={"wan2023": 1.7}, seeds=(0, 1)
    )
    fake_results.write_checks(folder)
    record = floors.Record("one", "0" * 64, [], {}, [1], ["fp32"], [""], [], [])
    floors.add_record(folder, record)
    seals.seal(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derive, "contents", lambda *_: {})


@pytest.fixture
def folder(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "wan2023" / "demo"))


READERS: dict[str, Callable[[Path], Any]] = {
    **dict.fromkeys(
        ("rows.csv", "manifests.json", "curves.csv", "costs.csv", "probes.json", seals.NAME),
        Results.load,
    ),
    "checks.csv": lambda folder: view({"here": folder}, papers.load("wan2023"), ()),
    "checks.json": lambda folder: view({"here": folder}, papers.load("wan2023"), ()),
    "agreement.json": floors.read_records,
    PICTURE: lambda folder: Results.load(folder).picture("gopro_test", "p00", "wan2023"),
}
OPTIONAL = {("checks.csv", "gone"), (seals.NAME, "gone")}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", READERS)
def test_damage_to_any_stored_file_is_one_clear_error(folder: Path, name: str, harm: str) -> None:
    assert READERS[name](folder) is not None
    HARMS[harm](folder / name)
    found, _ = publishing.verify_all(folder.parents[1])
    assert folder / name in found
    if (name, harm) in OPTIONAL:
        return  # nothing reads what is not there; `deblur verify` tells
    with pytest.raises(Exception, match=r"git checkout|no picture of wan2023") as caught:
        READERS[name](folder)
    assert name.rpartition("/")[2].partition(".")[0] in str(caught.value)


def test_a_file_that_nobody_listed_is_found(folder: Path) -> None:
    seals.check(folder)
    (folder / "extra.csv").write_text("x")
    assert seals.differing(folder) == ["extra.csv"]
    seals.renew(folder, "extra.csv")
    seals.check(folder)
    (folder / "extra.csv").unlink()
    (folder / "derived").mkdir()
    (folder / "derived" / "T1.md").write_text("made again and compared")
    seals.renew(folder, "extra.csv")
    assert seals.is_whole(folder)
    flip(folder / "costs.csv")
    seals.renew(folder, "rows.csv")
    assert seals.differing(folder) == ["costs.csv"], "renewing blesses nothing else"
    assert not seals.is_whole(folder)


def test_folders_without_a_list_are_read_as_they_are(folder: Path) -> None:
    (folder / seals.NAME).unlink()
    write_text(folder / "costs.csv", "method,name,value,unit\n")
    assert len(Results.load(folder).rows)
    seals.renew(folder, "rows.csv")
    assert not (folder / seals.NAME).exists()
    assert not seals.is_whole(folder)


@pytest.mark.parametrize("name", ["rows.csv", "curves.csv", "probes.json", seals.NAME])
def test_a_room_that_will_run_passes_over_damage(folder: Path, name: str) -> None:
    flip(folder / name)
    room = Room(make_plan(Request("wan2023")))
    room.folder = folder
    with pytest.raises(MissingRowsError, match=r"call room\.run\(\) first"):
        _ = room.results
    assert room._latest()[0] is not None, "the published rows stand in"
    found = Results.load(folder, partial=True)
    assert found.rows.empty
    assert bool(found.probes) == (name in ("rows.csv", "curves.csv"))
    room.plan = make_plan(Request("wan2023", train="never"))
    with pytest.raises(RecordError, match="git checkout"):
        _ = room.results


def test_reading_a_chapter_draws_nothing_into_the_published_results(folder: Path) -> None:
    room = Room(make_plan(Request("wan2023", train="never")))
    room.folder = folder
    path = derive.figure_path(folder, "bars")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"as published")
    assert room.figure("bars").data == b"as published"
    assert path.read_bytes() == b"as published"


@pytest.mark.parametrize(
    ("code", "train", "shown"),
    [
        ({}, "missing", True),
        ({"training": "then"}, "missing", False),
        ({"training": "then"}, "keep", True),
        ({"scoring": "then"}, "keep", False),
        ({"training": "then"}, "never", True),
    ],
)
def test_a_room_shows_no_rows_that_it_would_make_again(
    folder: Path, code: dict[str, str], train: str, shown: bool
) -> None:
    stored = read_manifests(folder / "manifests.json")
    told = vintage.today("wan2023") | code
    write_manifests(
        folder / "manifests.json", [dataclasses.replace(one, code=told) for one in stored]
    )
    seals.seal(folder)
    room = Room(make_plan(Request("wan2023", train=train)))
    room.folder = folder
    if shown:
        assert len(room.results.rows)
    else:
        with pytest.raises(MissingRowsError, match=r"call room\.run\(\) first"):
            _ = room.results


def test_the_pilots_settings_are_sealed(tmp_path: Path) -> None:
    write_text(tmp_path / "settings.csv", ",".join(pilot.COLUMNS) + "\n")
    seals.seal(tmp_path)
    assert pilot.settings(tmp_path / "settings.csv").empty
    write_text(tmp_path / "settings.csv", ",".join(pilot.COLUMNS) + "\n1\n")
    with pytest.raises(RecordError, match="since the folder was stored"):
        pilot.settings(tmp_path / "settings.csv")


def test_publishing_refuses_damage_and_seals_what_it_copies(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "results" / "wan2023" / "demo"
    publishing.publish(folder, target, "wan2023")
    assert seals.is_whole(target)
    assert set(seals.contents(target)) >= {"rows.csv", "checks.json", PICTURE}
    assert "agreement.json" not in seals.contents(target)  # of the folder before, and there is none
    before = {path: path.read_bytes() for path in target.rglob("*.csv")}
    flip(folder / "curves.csv")
    with pytest.raises(RecordError, match=r"curves\.csv"):
        publishing.publish(folder, target, "wan2023")
    assert {path: path.read_bytes() for path in target.rglob("*.csv")} == before
    assert [path.name for path in target.parent.iterdir()] == ["demo"]


def test_publishing_to_a_full_disk_keeps_what_is_published(folder: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        (disk / "demo").mkdir()
        (disk / "demo" / "rows.csv").write_text("published")
        with pytest.raises(RecordError, match=r"disk/demo\S* could not be written \(No space"):
            publishing.publish(folder, disk / "demo", "wan2023")
        assert (disk / "demo" / "rows.csv").read_text() == "published"
        assert [path.name for path in disk.iterdir()] == ["demo"]


OBJECT = {
    "step": 12, "at": {"best_psnr": 31.25, "best_step": None}, "names": ["ü", "NA", ""],
    "list": [1, [2.5, -3e-07]], "yes": True, "none": {}, "where": {"device": "cpu"},
}  # fmt: skip


def test_no_flipped_byte_of_a_json_object_changes_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, OBJECT, sort=False)
    whole = path.read_bytes()
    assert read_json(path) == OBJECT
    for place in range(len(whole)):
        for bit in (0, 5):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            path.write_bytes(bytes(flipped))
            found = read_whole(path)
            if found is not None:  # the key of the digest was hit, which is then one more entry
                assert found | OBJECT == found, (place, bit)
        if place % 7 == 0:
            path.write_bytes(whole[:place])
            assert read_whole(path) is None


def test_json_that_nests_too_deep_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(RecordError, match="is not valid JSON"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps({"old": 1}))
    assert read_json(tmp_path / "a.json") == {"old": 1}, "files without a seal are read"


NAMES = [
    "NA",
    "null",
    "nan",
    "None",
    "N/A",
    "",
    "1e5",
    "007",
    " x ",
    'a"b',
    "a,b",
    "a\nb",
    "#",
    "ü",
]


def test_any_name_of_a_picture_comes_back(tmp_path: Path) -> None:
    base = Row("wan2023", "demo", "NA", "null", 0, "nan", "None", "x", "NA", "psnr-rgb", 1.0)
    rows = [Row(**{**vars(base), "picture": one, "scene": one}) for one in NAMES]
    write_rows(tmp_path / "rows.csv", rows)
    assert rows_of(read_rows(tmp_path / "rows.csv")) == rows
    write_rows(tmp_path / "rows.csv", [Row(**{**vars(base), "value": float("nan")})])
    assert pd.isna(read_rows(tmp_path / "rows.csv")["value"]).all()


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"a name that is no UTF-8 \(in 'a picture \\udcff"):
        write_text(tmp_path / "rows.csv", "a picture \udcff.png")
    assert not list(tmp_path.iterdir())

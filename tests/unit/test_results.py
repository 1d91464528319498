import dataclasses
import json
from pathlib import Path

import fake_results
import numpy as np
import pandas as pd
import pytest

from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.records import read_rows, write_text
from deblur_lib.report.results import Results


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fake_results.write_results(tmp_path, gains={"wan2023": 1.7}, seeds=(0, 1))


def change(folder: Path, column: str, value: object, where: object = slice(0, 1)) -> None:
    frame = read_rows(folder / "rows.csv").astype(object)
    frame.loc[frame.index[where], column] = value
    write_text(folder / "rows.csv", frame.to_csv(index=False))


def test_reads_everything(folder: Path) -> None:
    results = Results.load(folder)
    assert (results.paper, results.profile) == ("wan2023", "demo")
    assert [one.seed for one in results.of_method("wan2023")] == [0, 1]
    assert set(results.curves["name"]) == {
        "loss",
        "validation/psnr-rgb",
        "validation/input",
    }
    assert results.cost("wan2023", "parameters") == 36000
    assert results.cost("msrm32", "parameters") == 5120
    assert results.cost("wan2023", "nothing") is None
    assert results.pictures("gopro_test") == ["p00", "p12", "p31"]
    picture = results.picture("gopro_test", "p00", "wan2023")
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8


def test_names_of_pictures_may_hold_their_scene(folder: Path) -> None:
    (folder / "pictures/gopro_test/p00").rename(folder / "pictures/gopro_test/moved")
    (folder / "pictures/gopro_test/GOPR0384_11_00").mkdir()
    (folder / "pictures/gopro_test/moved").rename(
        folder / "pictures/gopro_test/GOPR0384_11_00/000001"
    )
    results = Results.load(folder)
    assert results.pictures("gopro_test") == ["GOPR0384_11_00/000001", "p12", "p31"]
    assert results.picture("gopro_test", "GOPR0384_11_00/000001", "sharp").shape == (96, 96, 3)


def test_optional_files_may_be_absent(folder: Path) -> None:
    for name in ("curves.csv", "costs.csv", "probes.json"):
        (folder / name).unlink()
    results = Results.load(folder)
    assert results.curves.empty
    assert results.costs.empty
    assert results.probes == {}


def test_a_folder_without_rows_serves_probes_only(folder: Path) -> None:
    (folder / "rows.csv").unlink()
    with pytest.raises(RecordError, match=r"rows\.csv is missing"):
        Results.load(folder)
    results = Results.load(folder, partial=True)
    assert "architecture" in results.probes
    with pytest.raises(MissingRowsError, match="holds no rows"):
        _ = results.profile


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("paper", "lu2025", "one paper, the rows hold 2: lu2025, wan2023"),
        ("profile", "gpu", "one profile, the rows hold 2: demo, gpu"),
        ("data", "gopro-linear/test", "one data id standing for gopro_test"),
        ("value", float("nan"), "is NaN; score the run again"),
    ],
)
def test_rows_that_cannot_share_a_table_are_refused(
    folder: Path, column: str, value: object, message: str
) -> None:
    change(folder, column, value)
    with pytest.raises(RecordError, match=message):
        Results.load(folder)


def test_two_runs_of_one_seed_are_refused(folder: Path) -> None:
    change(folder, "run", "wan2023-s0-other", slice(-1, None))
    change(folder, "seed", 0, slice(-1, None))
    with pytest.raises(RecordError, match="one run of wan2023 with seed 0, the rows hold 2"):
        Results.load(folder)


def test_a_row_needs_the_manifest_of_its_run(folder: Path) -> None:
    manifests = json.loads((folder / "manifests.json").read_text())
    (folder / "manifests.json").write_text(json.dumps(manifests[:1]))
    with pytest.raises(RecordError, match="run 'wan2023-s1-fake', which has no manifest"):
        Results.load(folder)


def test_manifests_of_another_profile_are_refused(folder: Path) -> None:
    results = Results.load(folder)
    other = dataclasses.replace(results.manifests[0], profile="gpu")
    with pytest.raises(RecordError, match="is of wan2023 at gpu; keep them in folders"):
        dataclasses.replace(results, manifests=(other, results.manifests[1]))


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "method,name,value,unit\nx,macs,many,count\n", ""])
def test_a_broken_cost_file_is_refused(folder: Path, text: str) -> None:
    (folder / "costs.csv").write_text(text)
    with pytest.raises(RecordError, match="columns should be method, name, value, unit"):
        Results.load(folder)


def test_a_missing_or_broken_picture_is_named(folder: Path) -> None:
    results = Results.load(folder)
    with pytest.raises(MissingRowsError, match=r"no picture of srn .* stored: blurred, sharp"):
        results.picture("gopro_test", "p00", "srn")
    results.picture_path("gopro_test", "p00", "wan2023").write_bytes(b"no picture")
    with pytest.raises(RecordError, match="is no picture"):
        results.picture("gopro_test", "p00", "wan2023")


def test_rows_survive_the_way_through_the_file(folder: Path) -> None:
    again = pd.read_csv(folder / "rows.csv")
    assert len(Results.load(folder).rows) == len(again) == 3 * 24 * (4 + 5)

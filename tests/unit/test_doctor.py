"""`data check`: what is found, and each problem under its own code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_pictures import blurred_picture, save, sharp_picture, write_pairs
from PIL import Image

from deblur_lib.data.real.doctor import check_folder
from deblur_lib.errors import DataError

NAMES = [f"{number:02}" for number in range(6)]


def codes(root: Path) -> set[str]:
    return {problem.code for problem in check_folder(root).problems}


def test_good_folder_has_no_problems(tmp_path: Path) -> None:
    report = check_folder(write_pairs(tmp_path, NAMES, height=128, width=128))
    assert report.problems == []
    assert report.counts == {"all": (6, 0)}
    assert report.layout == "blurred/ and sharp/"
    assert report.averaging["kind"] == "linear"
    assert "no problems found" in report.text()
    assert json.loads(json.dumps(report.as_dict()))["counts"] == {"all": [6, 0]}


def move(root: Path, rows: int, columns: int) -> None:
    for seed, name in enumerate(NAMES):
        wide = sharp_picture(seed, 140, 140)
        save(root / "sharp" / f"{name}.png", wide[6:134, 6:134])
        moved = blurred_picture(wide)[6 + rows : 134 + rows, 6 + columns : 134 + columns]
        save(root / "blurred" / f"{name}.png", moved)


def swap(root: Path) -> None:
    (root / "blurred").rename(root / "x")
    (root / "sharp").rename(root / "blurred")
    (root / "x").rename(root / "sharp")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def turned(path: Path) -> None:
    data = Image.Exif()
    data[0x0112] = 6
    Image.open(path).save(path, exif=data)


SPOILT: list[tuple[str, Callable[[Path], object]]] = [
    ("missing-sharp", lambda root: (root / "sharp" / "03.png").unlink()),
    ("missing-blurred", lambda root: save(root / "sharp" / "x.png", sharp_picture(9))),
    ("missing-sharp", lambda root: (root / "sharp/03.png").rename(root / "sharp/03b.png")),
    ("double-name", lambda root: save(root / "sharp" / "03.bmp", sharp_picture(3, 128, 128))),
    ("unreadable", lambda root: (root / "sharp" / "03.png").write_bytes(b"")),
    ("unreadable", lambda root: cut(root / "sharp" / "03.png")),
    ("colour", lambda root: save(root / "sharp" / "03.png", sharp_picture(3)[:, :, 0])),
    ("depth", lambda root: save(root / "sharp/03.png", np.zeros((8, 8), np.uint16))),
    ("rotated", lambda root: turned(root / "sharp" / "03.png")),
    ("size", lambda root: save(root / "sharp" / "03.png", sharp_picture(3, 64, 64))),
    ("duplicate", lambda root: shutil.copy(root / "blurred/03.png", root / "blurred/04.png")),
    ("identical", lambda root: shutil.copy(root / "sharp/03.png", root / "blurred/03.png")),
    ("swapped", swap),
    ("shifted", lambda root: move(root, 1, 0)),
    ("shifted", lambda root: move(root, 0, -3)),
    ("no-layout", lambda root: (root / "sharp").rename(root / "other")),
]


@pytest.mark.parametrize(
    ("code", "spoil"), SPOILT, ids=[f"{code}-{at}" for at, (code, _) in enumerate(SPOILT)]
)
def test_each_problem_has_its_code(
    tmp_path: Path, code: str, spoil: Callable[[Path], object]
) -> None:
    root = write_pairs(tmp_path, NAMES, height=128, width=128)
    spoil(root)
    if code == "no-layout":
        shutil.rmtree(root / "blurred")
    found = codes(root)
    assert code in found
    allowed = {"missing-blurred"} if code == "missing-sharp" else set()
    assert found - allowed == {code}
    assert f"[{code}]" in check_folder(root).text()


def test_aligned_pairs_are_not_called_shifted(tmp_path: Path) -> None:
    move(tmp_path, 0, 0)
    assert codes(tmp_path) == set()


def test_splits_are_reported_apart(tmp_path: Path) -> None:
    write_pairs(tmp_path / "train", NAMES)
    write_pairs(tmp_path / "test", NAMES[:2], blurred="input", sharp="target")
    report = check_folder(tmp_path)
    assert report.counts == {"train": (6, 0), "test": (2, 0)}
    assert report.layout == "train/blurred/ and sharp/; test/input/ and target/"


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        check_folder(tmp_path / "nowhere")


@pytest.mark.real_data
def test_real_gopro_part_is_recognised(real_data: Path) -> None:
    report = check_folder(real_data / "gopro_linear")
    assert (report.data_id, report.licence) == ("gopro-linear", "CC BY 4.0")
    assert report.layout.startswith("official")
    assert report.counts == {"train": (12, 2103), "test": (0, 1111)}
    assert report.averaging["kind"] == "linear"
    assert {problem.code for problem in report.problems} == {"count"}


@pytest.mark.real_data
def test_real_clips_of_another_camera_are_not_linear(real_data: Path) -> None:
    report = check_folder(real_data / "reds_180p")
    assert (report.data_id, report.licence) == ("reds-180p", "CC BY 4.0")
    assert report.counts == {"train": (20, 24000), "val": (0, 3000)}
    report = check_folder(real_data / "reds_180p" / "train")
    assert report.counts == {"all": (20, 0)}
    assert report.averaging["kind"] == "gamma"

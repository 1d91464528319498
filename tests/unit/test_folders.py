"""A user's folder of sharp photographs as the source of generated pairs."""

from pathlib import Path

import numpy as np
import pytest
from data_pictures import save, sharp_picture

from deblur_lib.data.generated.benchmark import build_benchmark, make_pair, read_settings
from deblur_lib.data.generated.folders import digest_of, open_stock, pictures_of
from deblur_lib.data.generated.scenes import PHOTOGRAPHS
from deblur_lib.data.generated.settings import SPLITS, Settings
from deblur_lib.errors import DataError
from deblur_lib.runs.running import located

FULL = {"size": 48, "blur": 0.3, "leaves": 0.0, "psnr": [5, 60]}


def settings(folder: Path, **more: object) -> Settings:
    return read_settings({**FULL, "photographs": str(folder), **more})


def folder_of(root: Path, count: int, height: int = 56) -> Path:
    for number in range(count):
        save(root / f"{number:02d}.png", sharp_picture(number, height, 64))
    return root


def test_folder_is_divided_by_picture_whatever_else_is_in_it(tmp_path: Path) -> None:
    chosen = settings(folder_of(tmp_path, 10))
    parts = {split: [one.name for one in pictures_of(chosen, split) or []] for split in SPLITS}
    assert {split: len(names) for split, names in parts.items()} == {
        "train": 7,
        "validation": 1,
        "test": 2,
    }
    assert len({name for names in parts.values() for name in names}) == 10
    (tmp_path / "notes.txt").write_text("no picture")
    assert [one.name for one in pictures_of(chosen, "test") or []] == parts["test"]


def test_each_part_of_three_pictures_has_one(tmp_path: Path) -> None:
    chosen = settings(folder_of(tmp_path, 3))
    assert [len(pictures_of(chosen, split) or []) for split in SPLITS] == [1, 1, 1]


def test_parts_that_a_folder_has_are_taken_as_they_are(tmp_path: Path) -> None:
    folder_of(tmp_path / "test", 2)
    assert [one.name for one in pictures_of(settings(tmp_path), "test") or []] == [
        "00.png",
        "01.png",
    ]
    with pytest.raises(DataError, match=r'has test/ but no train/.*photographs_for="test"'):
        pictures_of(settings(tmp_path), "train")


def test_pairs_name_the_picture_as_their_scene_and_take_it_in_turn(tmp_path: Path) -> None:
    chosen = settings(folder_of(tmp_path, 3), photographs_for="test")
    made = [make_pair("synth-gopro-linear", "test", index, chosen) for index in range(5)]
    assert [one.record["scene"] for one in made] == [
        f"{number:02d}.png" for number in (0, 1, 2, 0, 1)
    ]
    again = make_pair("synth-gopro-linear", "test", 3, chosen)
    np.testing.assert_array_equal(again.blurred, made[3].blurred)


def test_folder_for_the_test_leaves_training_its_own_photographs(tmp_path: Path) -> None:
    chosen = settings(folder_of(tmp_path, 2), photographs_for="test")
    assert pictures_of(chosen, "train") is None
    assert open_stock(chosen, "train", 0).names == PHOTOGRAPHS["train"]
    plain = read_settings(FULL)
    ours, usual = (make_pair("synth-shake", "train", 1, one) for one in (chosen, plain))
    np.testing.assert_array_equal(ours.sharp, usual.sharp)


def test_digest_follows_names_and_bytes_not_the_place(tmp_path: Path) -> None:
    first, second = folder_of(tmp_path / "a", 2), folder_of(tmp_path / "b", 2)
    of = {"photographs_for": "test"}
    assert digest_of(settings(first, **of), "test") == digest_of(settings(second, **of), "test")
    assert digest_of(settings(first, **of), "train") is None
    before = digest_of(settings(first, **of), "test")
    built = [
        build_benchmark(
            "synth-shake",
            "test",
            {**FULL, **of, "test": 2, "photographs": str(folder)},
            cache=tmp_path / "cache",
            progress=False,
        ).digest
        for folder in (first, second)
    ]
    assert built[0] == built[1]
    save(first / "01.png", sharp_picture(9, 56, 64))
    changed = digest_of(settings(first, **of), "test")
    (second / "01.png").rename(second / "02.png")
    assert len({before, changed, digest_of(settings(second, **of), "test")}) == 3


def test_place_counts_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert located({"photographs": "mine", "test": 3}) == {
        "photographs": str(tmp_path / "mine"),
        "test": 3,
    }
    assert located({"photographs": "/mine"}) == {"photographs": "/mine"}
    assert located({"test": 3}) == {"test": 3}


@pytest.mark.parametrize(
    ("count", "height", "says"),
    [
        (0, 56, "there is none at"),
        (2, 56, "holds 2 pictures, at least 3"),
        (3, 40, r"is 64x40, pairs of 48x48 need 48 pixels"),
    ],
)
def test_unfit_folders_are_refused(tmp_path: Path, count: int, height: int, says: str) -> None:
    with pytest.raises(DataError, match=says):
        pictures_of(settings(folder_of(tmp_path / "mine", count, height)), "test")


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        pictures_of(settings(tmp_path), "test")


def test_twenty_four_photographs_serve_as_a_test_only(real_data: Path) -> None:
    chosen = settings(real_data / "kodak24", photographs_for="test", size=128)
    names = open_stock(chosen, "test", 0).names
    assert len(names) == 24
    made = make_pair("synth-gopro-linear", "test", 25, chosen)
    assert made.record["scene"] == names[1]
    assert made.blurred.shape == (128, 128, 3)

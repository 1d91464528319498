"""Own folders for training: patterns of names, gray and 16-bit pairs, links, parts."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from data_pictures import PAIRS, blurred_picture, save, sharp_picture, write_pairs

from deblur_lib.data.generated.settings import Settings
from deblur_lib.data.own.pairs import check_photographs, holds_pairs, open_pairs, open_whole
from deblur_lib.data.own.patterns import read_pattern
from deblur_lib.data.pictures import png16
from deblur_lib.data.real.doctor import check_folder
from deblur_lib.data.real.layouts import list_pictures
from deblur_lib.errors import DataError, UsageError

PATTERN = "{id}_blur*|{id}_sharp*"
Write = Callable[[Path, np.ndarray], object]


def write_named(root: Path, *names: tuple[str, str]) -> Path:
    for seed, (blurred, sharp) in enumerate(names):
        picture = sharp_picture(seed)
        save(root / f"{blurred}.png", blurred_picture(picture))
        save(root / f"{sharp}.png", picture)
    return root


def test_names_pair_by_a_pattern(tmp_path: Path) -> None:
    write_named(
        tmp_path,
        ("a/7_blur_f8", "a/7_sharp"),
        ("a/8_BLUR", "a/8_sharp_x"),
        ("b/7_blur", "b/7_sharp"),
    )
    parts = open_pairs(tmp_path, "mine", PATTERN)
    assert {one.blurred: one.sharp for part in parts[:2] for one in part.entries} == {
        "a/7_blur_f8.png": "a/7_sharp.png",
        "a/8_BLUR.png": "a/8_sharp_x.png",
        "b/7_blur.png": "b/7_sharp.png",
    }
    assert set(parts.train.scenes) == {"a"}
    assert parts.notes == ("1 of 2 scenes validate",)


def test_several_blurred_pictures_may_share_a_sharp_one(tmp_path: Path) -> None:
    write_named(tmp_path, ("a_blur1", "a_sharp"), ("b_blur1", "b_sharp"))
    save(tmp_path / "a_blur2.png", sharp_picture(5))
    pairs = open_whole_by(tmp_path, PATTERN)
    assert pairs == ["a_blur1", "a_blur2", "b_blur1"]


def open_whole_by(root: Path, pattern: str) -> list[str]:
    parts = open_pairs(root, "mine", pattern)
    return sorted([*parts.train.names, *parts.validation.names])


def test_a_name_that_fits_both_sides_belongs_to_the_longer_one(tmp_path: Path) -> None:
    write_named(tmp_path, ("1", "1_sharp"), ("2", "2_sharp"))
    assert open_whole_by(tmp_path, "{id}|{id}_sharp") == ["1", "2"]


def test_scenes_of_a_pattern_are_not_divided(tmp_path: Path) -> None:
    names = [(f"{s}-{n}-b", f"{s}-{n}-s") for s in "xyz" for n in "12"]
    parts = open_pairs(write_named(tmp_path, *names), "mine", "{scene}-{id}-b|{scene}-{id}-s")
    assert set(parts.validation.scenes) == {"z"}
    assert set(parts.train.scenes) == {"x", "y"}


@pytest.mark.parametrize(
    ("pattern", "needle"),
    [
        ("{id}_blur", "needs a blurred and a sharp side"),
        ("{id}_blur|sharp", "needs {id}"),
        ("{name}_blur|{id}_sharp", "needs {id}"),
        ("{id}{id}|{id}_sharp", "stands once"),
        ("{id}_b|{scene}/{id}_s", "is not in the blurred one"),
    ],
)
def test_patterns_that_cannot_be_are_refused(pattern: str, needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        read_pattern(pattern)


def test_a_pattern_that_finds_nothing_says_what_there_is(tmp_path: Path) -> None:
    write_named(tmp_path, ("1_b", "1_s"))
    with pytest.raises(DataError, match=r"among 2 \(1_b.png, 1_s.png\); mend --pairs"):
        open_pairs(tmp_path, "mine", PATTERN)


def test_letter_case_and_unicode_forms_do_not_keep_a_pair_apart(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    write_named(
        tmp_path,
        (f"blurred/{composed}", f"sharp/{apart}"),
        ("blurred/IMG_1", "sharp/img_1"),
        ("blurred/x", "sharp/x"),
    )
    report = check_folder(tmp_path)
    assert report.counts == {"all": (3, 0)}
    assert [one.code for one in report.problems] == []
    assert any("differ in letter case or Unicode form" in note for note in report.notes)
    assert len(open_whole_by(tmp_path, "")) == 3


def test_names_alike_are_not_guessed_where_several_fit(tmp_path: Path) -> None:
    write_named(tmp_path, ("blurred/a", "sharp/a"), ("blurred/aB", "sharp/AB"))
    save(tmp_path / "sharp" / "ab.png", sharp_picture(7))
    problems = {one.code: one.names for one in check_folder(tmp_path).problems}
    assert problems["missing-sharp"] == ["blurred/aB.png"]
    assert problems["missing-blurred"] == ["sharp/AB.png", "sharp/ab.png"]


def write_gray(path: Path, picture: np.ndarray) -> None:
    save(path, picture[:, :, 1])


def write_deep(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png16.encode(picture.astype(np.uint16) * 257, b""))


def write_deep_tiff(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path.with_suffix(".tif"), picture.astype(np.uint16) * 257, photometric="rgb")


@pytest.mark.parametrize("write", [write_gray, write_deep, write_deep_tiff])
def test_gray_and_16_bit_pairs_are_read_as_8_bit_rgb(write: Write, tmp_path: Path) -> None:
    for seed in range(2):
        picture = sharp_picture(seed)
        write(tmp_path / "sharp" / f"{seed}.png", picture)
        write(tmp_path / "blurred" / f"{seed}.png", blurred_picture(picture))
    parts = open_pairs(tmp_path, "mine")
    _, sharp = parts.train.read(0)
    wanted = sharp_picture(0)
    channels = [1, 1, 1] if write is write_gray else [0, 1, 2]
    assert np.array_equal(sharp, wanted[:, :, channels])
    assert parts.train.size(0) == wanted.shape[:2]
    assert "1 pair(s) of mine/train were read as 8-bit RGB" in parts.notes


def test_linked_folders_are_followed_and_circles_are_not(tmp_path: Path) -> None:
    write_pairs(tmp_path / "store", ["1", "2"])
    linked = tmp_path / "linked"
    linked.mkdir()
    for side in ("blurred", "sharp"):
        (linked / side).symlink_to(tmp_path / "store" / side)
    (linked / "again").symlink_to(linked)
    assert list_pictures(linked) == [
        f"{side}/{n}.png" for side in ("blurred", "sharp") for n in "12"
    ]
    assert check_folder(linked).counts == {"all": (2, 0)}
    assert len(open_whole(linked, "mine")) == 2


def test_folders_for_training_and_validation_are_taken_as_they_are(tmp_path: Path) -> None:
    write_pairs(tmp_path / "train", PAIRS)
    write_pairs(tmp_path / "val", ["v/1"])
    parts = open_pairs(tmp_path, "mine")
    assert (len(parts.train), parts.validation.names, parts.notes) == (4, ["v/1"], ())


def test_pairs_of_one_scene_are_cut_in_two_and_it_is_said(tmp_path: Path) -> None:
    parts = open_pairs(write_pairs(tmp_path, [f"s/{n:02}" for n in range(12)]), "mine")
    assert parts.validation.names == ["s/11"]
    assert not set(parts.train.scenes) & set(parts.validation.scenes)
    assert "of the scene that is trained on" in parts.notes[0]
    with pytest.raises(DataError, match="holds one pair"):
        open_pairs(write_pairs(tmp_path / "one", ["s/1"]), "mine")


def test_folders_of_pairs_and_of_photographs_are_told_apart(tmp_path: Path) -> None:
    assert holds_pairs(write_pairs(tmp_path / "pairs", ["1"]))
    assert holds_pairs(tmp_path / "pairs") != holds_pairs(tmp_path / "pairs" / "sharp")


def spoil_size(root: Path) -> None:
    save(root / "sharp" / "1.png", sharp_picture(1, 40, 64))


def spoil_partner(root: Path) -> None:
    (root / "sharp" / "1.png").unlink()


def spoil_file(root: Path) -> None:
    (root / "sharp" / "1.png").write_bytes(b"no picture")


def spoil_copy(root: Path) -> None:
    (root / "blurred" / "1.png").write_bytes((root / "sharp" / "1.png").read_bytes())


@pytest.mark.parametrize(
    ("spoil", "needle"),
    [
        (spoil_size, "blurred is 64x48, sharp is 64x40"),
        (spoil_partner, "have no sharp partner"),
        (spoil_file, "not a picture that can be read"),
        (spoil_copy, "hold the same file twice"),
    ],
)
def test_what_no_pair_can_be_made_of_is_refused(
    spoil: Callable[[Path], None], needle: str, tmp_path: Path
) -> None:
    spoil(write_pairs(tmp_path, ["1", "2", "3"]))
    with pytest.raises(DataError, match=needle):
        open_pairs(tmp_path, "mine")


def test_photographs_that_cannot_serve_are_refused_at_once(tmp_path: Path) -> None:
    for number in range(5):
        write_gray(tmp_path / f"{number}.png", sharp_picture(number))
    with pytest.raises(DataError, match="this one is gray"):
        check_photographs(Settings(size=48, photographs=str(tmp_path)))


def test_pairs_are_not_taken_for_sharp_photographs(tmp_path: Path) -> None:
    for number in range(4):
        for side in ("Blur", "sharp"):
            save(tmp_path / f"{number}_{side}.png", sharp_picture(number, 64, 64))
    with pytest.raises(DataError, match=r"4 of 8 photographs .* first 0_Blur.png; .* --pairs"):
        check_photographs(Settings(size=48, photographs=str(tmp_path)))
    for number in range(1, 4):
        (tmp_path / f"{number}_Blur.png").unlink()
    check_photographs(Settings(size=48, photographs=str(tmp_path)))  # one name may be chance

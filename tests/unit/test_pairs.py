"""Pairs of a user's folder: matched by name, refused with the reason."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from data_pictures import blurred_picture, save, sharp_picture, write_pairs
from PIL import Image

from deblur_lib.data.generated.benchmark import read_settings
from deblur_lib.data.generated.folders import pictures_of
from deblur_lib.data.pairs import PairedImages
from deblur_lib.data.pictures.reading import read_rgb
from deblur_lib.data.real.doctor import check_folder
from deblur_lib.data.real.layouts import from_list
from deblur_lib.errors import DataError

NAMES = ["a/1", "a/2", "b/1", "b/10", "c"]


def test_pairs_are_matched_by_relative_name_not_by_position(tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    (tmp_path / "sharp" / "a" / "1.png").rename(tmp_path / "sharp" / "a" / "1.bmp.tmp")
    Image.open(tmp_path / "sharp" / "a" / "1.bmp.tmp").save(tmp_path / "sharp" / "a" / "1.bmp")
    (tmp_path / "sharp" / "a" / "1.bmp.tmp").unlink()
    source = PairedImages.from_folder(tmp_path, data_id="mine")
    assert source.names == sorted(NAMES)
    assert source.scenes == ["a", "a", "b", "b", "c"]
    assert (source.data_id, source.expected, len(source)) == ("mine", 5, 5)
    for index, name in enumerate(source.names):
        expected = sharp_picture(NAMES.index(name))
        np.testing.assert_array_equal(source.read(index)[1], expected)
        np.testing.assert_array_equal(source.read(index)[0], blurred_picture(expected))


def test_pair_is_float_rgb_between_0_and_1(tmp_path: Path) -> None:
    pair = PairedImages.from_folder(write_pairs(tmp_path, NAMES)).pair(0)
    assert pair.blurred.shape == pair.sharp.shape == (3, 48, 64)
    assert pair.sharp.dtype == torch.float32
    expected = torch.from_numpy(sharp_picture(0)).permute(2, 0, 1) / 255
    torch.testing.assert_close(pair.sharp, expected, rtol=0, atol=0)
    assert (pair.name, pair.scene) == ("a/1", "a")


@pytest.mark.parametrize(
    ("blurred", "sharp"),
    [("blur", "sharp"), ("input", "target"), ("input", "GT"), ("s1/blur", "s1/sharp")],
)
def test_usual_folder_names_are_known(tmp_path: Path, blurred: str, sharp: str) -> None:
    source = PairedImages.from_folder(
        write_pairs(tmp_path, ["1", "2"], blurred=blurred, sharp=sharp)
    )
    assert len(source) == 2
    np.testing.assert_array_equal(source.read(1)[1], sharp_picture(1))


def test_dots_inside_names_survive(tmp_path: Path) -> None:
    source = PairedImages.from_folder(write_pairs(tmp_path, ["1fromX.MP4", "2fromX.MP4"]))
    assert source.names == ["1fromX.MP4", "2fromX.MP4"]


def test_list_file_names_sharp_before_blurred(tmp_path: Path) -> None:
    write_pairs(tmp_path, ["s1/1", "s1/2"])
    lines = "sharp/s1/2.png blurred/s1/2.png \nsharp/s1/1.png blurred/s1/1.png"
    (tmp_path / "list.txt").write_text(lines)
    source = PairedImages.from_folder(tmp_path / "list.txt")
    assert source.names == ["s1/1", "s1/2"]
    assert source.scenes == ["s1", "s1"]
    np.testing.assert_array_equal(source.read(1)[1], sharp_picture(1))


def test_list_with_a_single_path_names_the_line() -> None:
    with pytest.raises(DataError, match="line 2 of the list"):
        from_list(["a b", "c"])


def edit(root: Path, what: str) -> None:
    """Spoil a good folder in one way."""
    blurred, sharp = root / "blurred", root / "sharp"
    if what == "missing":
        (sharp / "b" / "1.png").unlink()
    elif what == "extra":
        save(sharp / "extra.png", sharp_picture(9))
    elif what == "doubled":
        Image.open(sharp / "c.png").save(sharp / "c.jpg")
    elif what == "size":
        save(sharp / "c.png", sharp_picture(4, 40, 64))
    elif what == "unreadable":
        (blurred / "c.png").write_bytes(b"nothing")
    elif what == "truncated":
        content = (blurred / "c.png").read_bytes()
        (blurred / "c.png").write_bytes(content[: len(content) // 2])
    elif what == "gray":
        Image.open(blurred / "c.png").convert("L").save(blurred / "c.png")
    elif what == "swapped":
        blurred.rename(root / "x")
        sharp.rename(blurred)
        (root / "x").rename(sharp)
    elif what == "identical":
        shutil.copy(sharp / "c.png", blurred / "c.png")
    elif what == "same pixels":
        Image.open(sharp / "c.png").save(blurred / "c.png", compress_level=1)
    elif what == "no folder":
        shutil.rmtree(root)
    elif what == "no layout":
        shutil.rmtree(blurred)
        sharp.rename(root / "pictures")
    elif what == "splits":
        (root / "train").mkdir()
        blurred.rename(root / "train" / "blurred")
        sharp.rename(root / "train" / "sharp")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("missing", r"1 blurred picture\(s\) have no sharp partner: blurred/b/1.png"),
        ("extra", r"1 sharp picture\(s\) have no blurred partner: sharp/extra.png"),
        ("doubled", "share their name with another file type"),
        ("size", "c: blurred is 64x48, sharp is 64x40"),
        ("unreadable", "c.png is not a picture"),
        ("truncated", "c.png cannot be decoded"),
        ("gray", "pairs need RGB pictures, this one is gray"),
        ("swapped", "the blurred picture is the sharper one; exchange"),
        ("identical", "1 of 5 pairs hold the same picture twice: c"),
        ("same pixels", "1 of 5 pairs hold the same picture twice: c"),
        ("no folder", "is not a folder"),
        ("no layout", "no blurred and sharp pictures found among 5"),
        ("splits", r"holds splits \(train\)"),
    ],
)
def test_spoilt_folder_is_refused_with_the_reason(tmp_path: Path, what: str, says: str) -> None:
    root = write_pairs(tmp_path / "mine", NAMES)
    edit(root, what)
    with pytest.raises(DataError, match=says):
        PairedImages.from_folder(root)


def test_names_that_are_no_text_are_refused_before_training(tmp_path: Path) -> None:
    root, name = write_pairs(tmp_path / "mine", ["good", "other"]), os.fsdecode(b"b\xffd.png")
    for side in ("blurred", "sharp"):
        (root / side / "other.png").rename(root / side / name)
    told = r"1 name\(s\) are no UTF-8: blurred/b\\udcffd\.png; rename"
    with pytest.raises(DataError, match=told):
        PairedImages.from_folder(root)
    (problem,) = check_folder(root).problems
    assert problem.code == "garbled-name"
    check_folder(root).text().encode()
    (root / "sharp" / name).unlink()
    check_folder(root).text().encode()
    settings = read_settings({"photographs": str(root / "blurred"), "size": 32})
    with pytest.raises(DataError, match="no UTF-8"):
        pictures_of(settings, "test")


def test_reading_a_pair_checks_the_size_again(tmp_path: Path) -> None:
    source = PairedImages.from_folder(write_pairs(tmp_path, NAMES))
    edit(tmp_path, "size")
    with pytest.raises(DataError, match="c: blurred is 64x48, sharp is 64x40"):
        source.pair(4)


def test_crop_shows_the_same_place_in_both(tmp_path: Path) -> None:
    source = PairedImages.from_folder(write_pairs(tmp_path, NAMES))
    blurred, sharp = source.crop(2, 32, np.random.default_rng(3))
    whole_blurred, whole_sharp = source.read(2)
    places = [
        (top, left)
        for top in range(48 - 31)
        for left in range(64 - 31)
        if np.array_equal(whole_sharp[top : top + 32, left : left + 32], sharp)
    ]
    assert len(places) == 1
    top, left = places[0]
    np.testing.assert_array_equal(whole_blurred[top : top + 32, left : left + 32], blurred)


def test_crop_larger_than_the_picture_is_refused(tmp_path: Path) -> None:
    source = PairedImages.from_folder(write_pairs(tmp_path, NAMES))
    with pytest.raises(DataError, match="a/1 is 64x48, too small for a crop of 49x49"):
        source.crop(0, 49, np.random.default_rng(0))


def test_digest_follows_the_content(tmp_path: Path) -> None:
    source = PairedImages.from_folder(write_pairs(tmp_path, NAMES))
    again = PairedImages.from_folder(write_pairs(tmp_path, NAMES))
    assert source.digest == again.digest
    changed = read_rgb(tmp_path / "sharp" / "c.png")
    changed[0, 0, 0] ^= 1
    save(tmp_path / "sharp" / "c.png", changed)
    assert PairedImages.from_folder(tmp_path).digest != source.digest

"""Declared real sets and own folders: layouts, counts, kinds of average, held-out scenes."""

import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from data_pictures import save, write_pairs

from deblur_lib.data.cache import PackedPairs
from deblur_lib.data.generated.benchmark import Settings, make_pair
from deblur_lib.data.opening import open_data, settings_of
from deblur_lib.data.real.averaging import averaging
from deblur_lib.data.real.layouts import list_pictures
from deblur_lib.data.real.official import find_source
from deblur_lib.data.real.opening import open_source
from deblur_lib.data.real.sources import SOURCES
from deblur_lib.errors import DataError, DeclarationError, UsageError

SCENES = {"GOPR0001_11_00": (4, 1), "GOPR0002_07_01": (4, 31), "GOPR0003_13_00": (4, 7)}


@pytest.fixture(scope="module")
def made() -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Twelve pairs of each average, 128x128."""
    return {
        kind: [
            make_pair(f"synth-gopro-{kind}", "test", index, Settings(size=128))[:2]
            for index in range(12)
        ]
        for kind in ("linear", "gamma")
    }


@pytest.fixture
def gopro(monkeypatch: pytest.MonkeyPatch) -> None:
    """GoPro's declaration, reduced to 12 pairs."""
    for kind in ("linear", "gamma"):
        small = dataclasses.replace(
            SOURCES[f"gopro-{kind}"],
            counts={"train": 12, "test": 4},
            size=(128, 128),
            sequences={"train": SCENES, "test": {"GOPR0009_11_00": (4, 1)}},
            held_out=("GOPR0003_13_00",),
        )
        monkeypatch.setitem(SOURCES, small.id, small)


TEMPLATES = {
    "official": ("train/{scene}/blur/{frame}", "train/{scene}/sharp/{frame}"),
    "MIMO-UNet": ("train/blur/{scene}_{frame}", "train/sharp/{scene}_{frame}"),
    "MPRNet": ("train/input/{scene}-{frame}", "train/target/{scene}-{frame}"),
    "DeblurGAN-v2": ("train/blur/{scene}/{frame}", "train/sharp/{scene}/{frame}"),
    "KAIR": ("train_GT_blurred/{scene}/{frame}", "train_GT/{scene}/{frame}"),
}


def lay_out(root: Path, made: list, layout: str = "official", *, folder: str = "blur") -> Path:
    places = [(s, first + n) for s, (count, first) in SCENES.items() for n in range(count)]
    for (scene, frame), (blurred, sharp) in zip(places, made, strict=True):
        for template, picture in zip(TEMPLATES[layout], (blurred, sharp), strict=True):
            path = template.replace("/blur/", f"/{folder}/").format(
                scene=scene, frame=f"{frame:06}"
            )
            save(root / f"{path}.png", picture)
    return root


def test_gopro_is_declared_completely() -> None:
    for kind in ("linear", "gamma"):
        source = SOURCES[f"gopro-{kind}"]
        assert source.counts == {"train": 2103, "test": 1111}
        for split, scenes in source.sequences.items():
            assert sum(count for count, _ in scenes.values()) == source.counts[split]
        assert [len(source.sequences[split]) for split in ("train", "test")] == [22, 11]
        assert not set(source.sequences["train"]) & set(source.sequences["test"])
        assert set(source.held_out) < set(source.sequences["train"])


def test_every_source_states_licence_page_and_counts() -> None:
    for name, source in SOURCES.items():
        assert source.id == name
        assert source.licence
        assert source.page.startswith("https://")
        assert min(source.counts.values()) > 0
    assert len(SOURCES["realblur-j"].test_scenes) == 50


@pytest.mark.parametrize("layout", sorted(TEMPLATES))
def test_all_circulating_layouts_give_the_same_pairs_linked_or_not(
    tmp_path: Path, made: dict, gopro: None, layout: str
) -> None:
    root = lay_out(tmp_path / "linked", made["linear"], layout)
    for path in [*root.iterdir(), *root.glob("*/*")]:
        path.symlink_to(path.rename(tmp_path / f"{path.parent.name} {path.name}"))
    pairs = open_source("gopro-linear", "train", root)
    assert (len(pairs), pairs.expected, pairs.data_id) == (8, 8, "gopro-linear/train")
    assert layout in pairs.layout
    assert pairs.names[0] == "GOPR0001_11_00/000001"
    assert sorted(set(pairs.scenes)) == ["GOPR0001_11_00", "GOPR0002_07_01"]
    np.testing.assert_array_equal(pairs.read(4)[0], made["linear"][4][0])


def test_held_out_scenes_validate_and_do_not_train(tmp_path: Path, made: dict, gopro: None) -> None:
    root = lay_out(tmp_path, made["linear"])
    validation = open_source("gopro-linear", "validation", root)
    assert set(validation.scenes) == {"GOPR0003_13_00"}
    assert validation.expected == 4
    chosen = open_source("gopro-linear", "train", root, held_out=["GOPR0001_11_00"])
    assert set(chosen.scenes) == {"GOPR0002_07_01", "GOPR0003_13_00"}
    with pytest.raises(UsageError, match="did you mean 'GOPR0001_11_00'"):
        open_source("gopro-linear", "train", root, held_out=["GOPR0001_11_01"])


def test_incomplete_folder_is_refused_unless_partial(
    tmp_path: Path, made: dict, gopro: None
) -> None:
    root = lay_out(tmp_path, made["linear"])
    shutil.rmtree(root / "train" / "GOPR0001_11_00")
    for side in ("blur", "sharp"):
        (root / "train" / "GOPR0002_07_01" / side / "000031.png").unlink()
    says = "should have 12 pairs, has 7 (missing scenes: GOPR0001_11_00; GOPR0002_07_01 has 3 of 4)"
    with pytest.raises(DataError, match=re.escape(says)):
        open_source("gopro-linear", "train", root)
    part = open_source("gopro-linear", "train", root, partial=True)
    assert (len(part), part.expected) == (3, 8)


def test_surplus_scene_is_refused(tmp_path: Path, made: dict, gopro: None) -> None:
    root = lay_out(tmp_path, made["linear"])
    shutil.copytree(root / "train" / "GOPR0001_11_00", root / "train" / "GOPR0007_11_00")
    with pytest.raises(DataError, match=r"has 16 .*GOPR0007_11_00 has 4 of 0"):
        open_source("gopro-linear", "train", root)


def test_missing_partner_is_refused_even_if_partial(
    tmp_path: Path, made: dict, gopro: None
) -> None:
    root = lay_out(tmp_path, made["linear"])
    (root / "train" / "GOPR0001_11_00" / "sharp" / "000002.png").unlink()
    with pytest.raises(DataError, match="1 blurred picture"):
        open_source("gopro-linear", "train", root, partial=True)


def test_wrong_average_names_the_right_id(tmp_path: Path, made: dict, gopro: None) -> None:
    root = lay_out(tmp_path, made["gamma"])
    with pytest.raises(DataError, match="needs linear averages, these pictures are gamma"):
        open_source("gopro-linear", "train", root)
    copies = lay_out(tmp_path / "copies", made["gamma"], "MPRNet")
    assert len(open_source("gopro-gamma", "train", copies)) == 8
    with pytest.raises(DataError, match="open them as gopro-linear"):
        open_source("gopro-gamma", "train", lay_out(tmp_path / "x", made["linear"], "MPRNet"))


def test_mixed_averages_are_refused(tmp_path: Path, made: dict, gopro: None) -> None:
    linear = sorted(made["linear"], key=lambda pair: pair[0].tobytes())
    root = lay_out(tmp_path, [*linear[:8], *strong(made["gamma"])])
    with pytest.raises(DataError, match="mixes means of stored values and means in linear light"):
        open_source("gopro-linear", "train", root, held_out=[])


def strong(pairs: list) -> list:
    """The four gamma pairs whose average is plainest."""
    from deblur_lib.data.real.averaging import brightness_ratio

    return sorted(pairs, key=lambda pair: -brightness_ratio(*pair))[:4]


def test_official_folder_of_each_average_is_taken(tmp_path: Path, made: dict, gopro: None) -> None:
    lay_out(tmp_path, made["linear"])
    root = lay_out(tmp_path, made["gamma"], folder="blur_gamma")
    for scene in SCENES:  # both averages share the sharp pictures; keep those of gamma
        assert (root / "train" / scene / "blur").is_dir()
    gamma = open_source("gopro-gamma", "train", root)
    assert all("/blur_gamma/" in entry.blurred for entry in gamma.entries)


def test_wrong_picture_size_is_refused(tmp_path: Path, made: dict, gopro: None) -> None:
    halves = [(blurred[:64], sharp[:64]) for blurred, sharp in made["linear"]]
    with pytest.raises(DataError, match=r"pictures are 128x128, 8 differ .* 128x64"):
        open_source("gopro-linear", "train", lay_out(tmp_path, halves))


def test_folder_without_the_set_lists_the_layouts(tmp_path: Path, gopro: None) -> None:
    with pytest.raises(DataError, match=r"holds no test pairs of gopro-linear; layouts tried: off"):
        open_source("gopro-linear", "test", write_pairs(tmp_path, ["1"]))


def test_training_pictures_are_packed_and_test_pictures_read(
    tmp_path: Path, made: dict, gopro: None
) -> None:
    root = lay_out(tmp_path / "gopro", made["linear"])
    shutil.copytree(root / "train" / "GOPR0001_11_00", root / "test" / "GOPR0009_11_00")
    where = {"roots": {"gopro-linear": root}, "cache": tmp_path / "cache", "progress": False}
    train = open_data("gopro-linear", "train", **where)
    assert isinstance(train, PackedPairs)
    assert (train.expected, train.data_id) == (8, "gopro-linear/train")
    test = open_data("gopro-linear", "test", **where)
    assert not isinstance(test, PackedPairs)
    assert test.expected == 4
    unpacked = open_data("gopro-linear", "train", settings={"pack": False}, **where)
    assert not isinstance(unpacked, PackedPairs)
    assert unpacked.digest == train.digest


def test_checked_folder_is_not_checked_again_until_it_changes(
    tmp_path: Path, made: dict, gopro: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deblur_lib.data.real import opening

    root = lay_out(tmp_path / "gopro", made["linear"])
    open_source("gopro-linear", "train", root, cache=tmp_path / "cache")
    calls = []
    original = opening.slow_problems
    monkeypatch.setattr(opening, "slow_problems", lambda *both: calls.append(1) or original(*both))
    open_source("gopro-linear", "train", root, cache=tmp_path / "cache")
    assert calls == []
    os.utime(root / "train" / "GOPR0001_11_00" / "blur" / "000001.png", ns=(1, 1))
    open_source("gopro-linear", "train", root, cache=tmp_path / "cache")
    assert calls == [1]


def test_realblur_leaves_the_reference_pair_out_of_the_test_split() -> None:
    folder = "RealBlur-J_ECC_IMCORR_centroid_itensity_ref"
    files = [
        f"{folder}/scene{scene:03d}/{side}/{side}_{frame}.png"
        for scene in (1, 2)
        for side in ("blur", "gt")
        for frame in (1, 2, 3)
    ]
    source = SOURCES["realblur-j"]
    test = find_source(source, "test", files)
    train = find_source(source, "train", files)
    assert test is not None
    assert train is not None
    assert [entry.name for entry in test.entries] == ["scene002/2", "scene002/3"]
    assert [entry.name for entry in train.entries] == ["scene001/1", "scene001/2", "scene001/3"]


def test_hide_and_lai_share_sharp_pictures() -> None:
    hide = find_source(
        SOURCES["hide"],
        "test",
        ["test/test-close-ups/1fromGOPR0950.png", "GT/1fromGOPR0950.png", "GT/2fromGOPR1.MP4.png"],
    )
    assert hide is not None
    assert [entry[:2] for entry in hide.entries] == [("1fromGOPR0950", "GOPR0950")]
    assert hide.without_blurred == []
    lai = find_source(
        SOURCES["lai-uniform"],
        "test",
        [f"uniform/people_01_kernel_0{k}.png" for k in (1, 2)] + ["ground_truth/people_01.png"],
    )
    assert lai is not None
    assert [entry.name for entry in lai.entries] == ["people_01/01", "people_01/02"]


def test_own_folder_with_splits(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    write_pairs(root / "train", [f"s{n:02}/1" for n in range(12)])
    write_pairs(root / "test", ["x"])
    where = {"roots": {"mine": root}, "cache": tmp_path / "cache", "progress": False}
    train, validation, test = (
        open_data("mine", split, **where) for split in ("train", "validation", "test")
    )
    assert (len(train), validation.names, test.names) == (11, ["s09/1"], ["x"])
    assert not set(train.scenes) & set(validation.scenes)
    assert test.data_id == "mine/test"
    write_pairs(root / "val", ["v"])
    assert open_data("mine", "validation", **where).names == ["v"]
    assert len(open_data("mine", "train", **where)) == 12


def test_own_flat_folder_is_a_test_split(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "mine", ["1", "2"])
    where = {"roots": {"mine": root}, "cache": tmp_path / "cache", "progress": False}
    assert len(open_data("mine", "test", **where)) == 2
    with pytest.raises(DataError, match="has no train folder"):
        open_data("mine", "train", **where)


def test_every_second_pair_trains_and_windows_are_scored(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    write_pairs(root / "train", [f"s{n:02}/1" for n in range(12)])
    write_pairs(root / "test", ["x"])
    settings = {"every": 2, "test_crop": "center", "test_side": 32}
    where = {"roots": {"mine": root}, "cache": tmp_path / "cache", "progress": False}
    train, validation, test = (
        open_data("mine", split, settings=settings, **where)
        for split in ("train", "validation", "test")
    )
    whole = open_data("mine", "test", **where)
    assert list(train.names) == [f"s{n:02}/1" for n in (0, 2, 4, 6, 8, 11)]
    assert (train.expected, list(validation.names)) == (6, ["s09/1"])
    assert test.pair(0).sharp.shape == (3, 32, 32)
    assert test.digest != whole.digest


def test_generated_and_real_pictures_take_their_own_settings() -> None:
    both = {"size": 64, "partial": True, "sise": 1}
    assert settings_of("synth-gopro-linear", both) == {"size": 64, "sise": 1}
    assert settings_of("gopro-linear", both) == {"partial": True, "sise": 1}


@pytest.mark.parametrize(
    ("data_id", "settings", "roots", "error", "says"),
    [
        ("x", {"test_crop": "centre"}, {"x": "."}, UsageError, "did you mean 'center'"),
        ("x", {"every": 0}, {"x": "."}, DeclarationError, "every .* at least 1, got 0"),
        ("x", {"every": True}, {"x": "."}, DeclarationError, "should be int, got True"),
        ("x", {"test_side": 8}, {"x": "."}, DeclarationError, "at least 32, got 8"),
        ("gopro-liner", {}, {}, UsageError, "did you mean .*'gopro-linear'"),
        ("gopro-linear", {}, {}, UsageError, r"needs its folder: get it from https.*CC BY 4.0"),
        ("x", {"partal": True}, {"x": "."}, UsageError, "did you mean 'partial'"),
        ("x", {"partial": "yes"}, {"x": "."}, DeclarationError, "should be bool, got 'yes'"),
    ],
)
def test_wrong_requests_are_refused_before_reading(
    tmp_path: Path, data_id: str, settings: dict, roots: dict, error: type, says: str
) -> None:
    with pytest.raises(error, match=says):
        open_data(data_id, "test", settings=settings, roots=roots, cache=tmp_path)


@pytest.mark.real_data
def test_real_gopro_part_is_refused_and_opens_as_partial(real_data: Path) -> None:
    root = real_data / "gopro_linear"
    with pytest.raises(DataError, match="gopro-linear/train should have 2103 pairs, has 12"):
        open_source("gopro-linear", "train", root)
    pairs = open_source("gopro-linear", "train", root, partial=True)
    assert (len(pairs), pairs.expected) == (12, 2103 - 160)
    found = averaging(root, pairs.entries)
    assert found.kind == "linear"
    assert abs(found.q) < 0.15


@pytest.mark.real_data
def test_real_copies_equal_their_published_digests(real_data: Path) -> None:
    from deblur_lib.provenance import file_digest

    listed = json.loads((real_data / "digest.json").read_text())
    names = [name for name in list_pictures(real_data) if name.startswith("gopro_linear/")][:2]
    for name in names:
        assert file_digest(real_data / name) in json.dumps(listed)

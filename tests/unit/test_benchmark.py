"""The generated benchmark: deterministic, split by source, in the intended range of difficulty."""

import logging
import re
from pathlib import Path

import numpy as np
import pytest

from deblur_lib.data.generated import benchmark
from deblur_lib.data.generated.benchmark import (
    VARIANTS,
    Settings,
    build_benchmark,
    generator,
    make_pair,
    read_settings,
)
from deblur_lib.data.generated.kernels import convolve, shake_kernel
from deblur_lib.data.generated.leaves import draw_leaves
from deblur_lib.data.generated.scenes import (
    DECLARED,
    LARGEST_SIZE,
    LISTED,
    PHOTOGRAPHS,
    SPLITS,
    TEXTURES,
    Stock,
    photograph,
)
from deblur_lib.data.generated.synthesis import (
    Cutout,
    Motion,
    average_motion,
)
from deblur_lib.data.real.averaging import brightness_ratio
from deblur_lib.errors import DataError, DeclarationError, UsageError

SMALL = Settings(size=64, train=5, validation=3, test=4, blur=0.5)
PLAIN = {"size": 64, "train": 5, "validation": 3, "test": 4, "blur": 0.5}


@pytest.mark.parametrize("data_id", sorted(VARIANTS))
def test_any_subset_in_any_order_gives_the_same_pictures(data_id: str) -> None:
    forward = [make_pair(data_id, "train", index, SMALL) for index in (0, 1, 2)]
    for index in (2, 0):
        again = make_pair(data_id, "train", index, SMALL)
        np.testing.assert_array_equal(again.blurred, forward[index].blurred)
        np.testing.assert_array_equal(again.sharp, forward[index].sharp)
        assert again.record == forward[index].record
    assert not np.array_equal(forward[0].sharp, forward[1].sharp)


def test_generator_is_the_documented_one() -> None:
    first = generator("1.0/test/synth-shake/0/0").randint(2**31, size=3)
    np.testing.assert_array_equal(first, [740066062, 183341534, 1437764082])


@pytest.mark.parametrize("data_id", sorted(VARIANTS))
def test_splits_share_no_source(data_id: str) -> None:
    sources = {
        split: {make_pair(data_id, split, index, SMALL).record["source"] for index in range(9)}
        for split in ("train", "validation", "test")
    }
    assert not sources["test"] & (sources["train"] | sources["validation"])
    assert not sources["train"] & (sources["validation"] - {"leaves"})
    assert "leaves" in sources["train"]


def test_photographs_are_split_by_picture_and_ten_or_more_test() -> None:
    used = [name for split in SPLITS for name in PHOTOGRAPHS[split]]
    assert len(used) == len(set(used))
    assert len(PHOTOGRAPHS["test"]) >= 10
    assert set(TEXTURES["test"]).isdisjoint(TEXTURES["train"])
    assert TEXTURES["train"] == TEXTURES["validation"]
    files = [one.file for one in DECLARED.values()]
    assert len(files) == len(set(files))


def test_every_photograph_names_author_and_licence_and_is_there() -> None:
    free = re.compile(r"CC0 1\.0|CC BY(-SA)? [234]\.0|public domain")
    for one in DECLARED.values():
        assert free.fullmatch(one.licence), one.name
        assert all((one.title, one.author, one.source))
        assert one.url.startswith("http")
        assert min(photograph(one.name).shape[:2]) >= LARGEST_SIZE
        assert ":" in one.file or LISTED.with_name(one.file).is_file()
    shipped = {path.name for path in LISTED.parent.glob("*.jpg")}
    assert shipped == {one.file for one in DECLARED.values() if ":" not in one.file}
    assert sum(path.stat().st_size for path in LISTED.parent.iterdir()) < 5 * 2**20


@pytest.mark.parametrize("data_id", ["synth-gopro-linear", "synth-realblur-j"])
def test_test_pairs_take_the_photographs_in_turn(data_id: str) -> None:
    names = PHOTOGRAPHS["test"]
    records = [make_pair(data_id, "test", index, SMALL).record for index in range(len(names) + 3)]
    assert [one["scene"] for one in records] == [*names, *names[:3]]


def test_walkers_are_never_seen_before_their_own_photograph() -> None:
    names = [name for name in PHOTOGRAPHS["test"] if name != "astronaut"]
    records = [make_pair("synth-hide-close", "test", index, SMALL).record for index in range(13)]
    assert [one["scene"] for one in records] == [names[index % len(names)] for index in range(13)]


def test_objects_are_cut_from_another_photograph_of_the_split() -> None:
    seen: list[str] = []

    def read(name: str) -> np.ndarray:
        seen.append(name)
        return photograph(name)

    names = PHOTOGRAPHS["test"]
    stock = Stock("test", names, read, leaves=0.6, turn=3)
    rng = np.random.RandomState(0)
    behind = stock.scene(rng, 48, 8).source
    assert behind == names[3]
    seen.clear()
    for _ in range(60):
        assert stock.cutout(rng, 32, behind=behind).shape == (32, 32, 3)
    assert set(seen) == set(names) - {behind}
    alone = Stock("test", names[:1])  # nothing else to take
    assert alone.cutout(rng, 32, behind=names[0]).shape == (32, 32, 3)


# mean input PSNR in dB of 12 pairs of 128x128; two to three dB around what 32 pairs measured
WINDOWS = {
    ("synth-gopro-linear", "test"): (23, 28),
    ("synth-gopro-gamma", "test"): (21.5, 26.5),
    ("synth-shake", "test"): (22, 28),
    ("synth-gopro-linear", "train"): (21.5, 27),
    ("synth-gopro-gamma", "train"): (18.5, 25),
    ("synth-shake", "train"): (21, 28),
}


@pytest.mark.parametrize(("data_id", "split"), sorted(WINDOWS))
def test_input_quality_is_in_the_intended_range(data_id: str, split: str) -> None:
    settings = Settings(size=128, still=0.0)
    made = [make_pair(data_id, split, index, settings) for index in range(12)]
    low, high = WINDOWS[data_id, split]
    assert low < np.mean([one.record["psnr"] for one in made]) < high
    if split == "test":
        assert all(15 <= one.record["psnr"] <= 32 for one in made)
        assert any(one.record["psnr"] < 26 for one in made)


def test_easier_blur_is_easier() -> None:
    full, half = (
        np.mean(
            [
                make_pair("synth-shake", "train", index, Settings(size=96, blur=blur)).record[
                    "psnr"
                ]
                for index in range(8)
            ]
        )
        for blur in (1.0, 0.4)
    )
    assert half > full + 2


def test_still_pairs_are_nearly_still() -> None:
    settings = Settings(size=64, still=1.0)
    pairs = [make_pair("synth-gopro-linear", "train", index, settings) for index in range(4)]
    assert min(one.record["psnr"] for one in pairs) > 28
    assert all(one.record["length"] <= 1 for one in pairs)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_average_of_light_and_of_stored_values_differ_as_documented(seed: int) -> None:
    mean = {
        averaging: np.mean(
            [
                brightness_ratio(one.blurred, one.sharp)
                for index in range(10)
                for one in [
                    make_pair(
                        f"synth-gopro-{averaging}", "test", index, Settings(size=192, seed=seed)
                    )
                ]
            ]
        )
        for averaging in ("linear", "gamma")
    }
    assert mean["linear"] < 0.25
    assert mean["gamma"] > 0.5


def test_motion_is_still_in_the_middle_of_the_exposure() -> None:
    canvas = photograph("coffee")[:120, :120].astype(np.float32) / 255
    motion = Motion(8.0, 0.4, 2.0, -2.0, 0.02, 0.012)
    _, sharp = average_motion(canvas, 80, motion, [], "linear")
    np.testing.assert_allclose(sharp, canvas[20:100, 20:100], atol=2e-4)


def test_straight_motion_is_a_box_mean_of_stored_values() -> None:
    canvas = photograph("coffee")[:120, :120].astype(np.float32) / 255
    blurred, _ = average_motion(canvas, 64, Motion(16.0, 0.0), [], "linear")  # 9 instants, 2 px
    moved = [canvas[28:92, 28 + step : 92 + step] for step in range(-8, 9, 2)]
    np.testing.assert_allclose(blurred, np.mean(moved, axis=0), atol=2e-4)


def test_object_occludes_and_moves_over_a_still_scene() -> None:
    canvas = np.zeros((64, 64, 3), np.float32)
    white = np.ones((11, 11, 3), np.float32)
    mask = np.ones((11, 11), np.float32)
    thing = Cutout(white, mask, 26, 26, Motion(8.0, 0.0))
    blurred, sharp = average_motion(canvas, 64, Motion(0.0, 0.0), [thing], "linear")
    assert sharp[31, 31].tolist() == [1, 1, 1]
    assert sharp[31, 20].tolist() == [0, 0, 0]
    profile = blurred[31, :, 0]
    assert profile[31] == pytest.approx(1)
    assert 0 < profile[24] < profile[26] < 1
    assert profile.sum() == pytest.approx(11, abs=0.5)


def test_kernel_is_a_centred_distribution() -> None:
    for seed in range(20):
        kernel = shake_kernel(np.random.RandomState(seed), 60.0)
        assert kernel.shape == (41, 41)
        assert kernel.min() >= 0
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        rows, columns = np.mgrid[-20:21, -20:21]
        assert (kernel * rows).sum() == pytest.approx(0, abs=0.01)
        assert (kernel * columns).sum() == pytest.approx(0, abs=0.01)


def test_convolution_flips_the_kernel_and_works_in_light() -> None:
    canvas = np.zeros((21, 21, 3), np.float32)
    canvas[10, 10] = 1
    kernel = np.zeros((5, 5), np.float32)
    kernel[2, 2], kernel[2, 4] = 0.75, 0.25  # the light lands two columns to the right
    blurred, sharp = convolve(canvas, 11, kernel, "gamma")
    assert sharp[5, 5, 0] == 1
    assert blurred[5, 7, 0] == pytest.approx(0.25 ** (1 / 2.2), abs=1e-3)
    stored, _ = convolve(canvas, 11, kernel, "linear")
    assert stored[5, 7, 0] == pytest.approx(0.25, abs=1e-3)


def test_leaves_fill_the_canvas_with_edges_of_all_strengths() -> None:
    textures = [photograph("brick")[:, :, 0]]
    palette = photograph("coffee").reshape(-1, 3)[::997].astype(np.float32) / 255
    scenes = [draw_leaves(np.random.RandomState(seed), 128, palette, textures) for seed in range(6)]
    assert all(one.min() >= 0 and one.max() <= 1 for one in scenes)
    assert 0.3 < np.mean([one.mean() for one in scenes]) < 0.6
    gradient = np.mean([np.abs(np.diff(one.mean(axis=2), axis=1)).mean() for one in scenes])
    assert 0.015 < gradient < 0.05


def test_built_split_is_stored_and_reopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_benchmark("synth-shake", "test", PLAIN, cache=tmp_path, progress=False)
    assert (built.data_id, len(built), built.expected) == ("synth-shake/test", 4, 4)
    for index in range(4):
        np.testing.assert_array_equal(
            built.read(index)[0], make_pair("synth-shake", "test", index, SMALL).blurred
        )
        assert built.scenes[index] == built.records[index]["source"]

    def never(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(benchmark, "make_pair", never)
    again = build_benchmark("synth-shake", "test", PLAIN, cache=tmp_path, progress=False)
    assert again.digest == built.digest


def test_procedural_pairs_are_scenes_of_their_own(tmp_path: Path) -> None:
    settings = {**PLAIN, "leaves": 1.0}
    built = build_benchmark("synth-shake", "train", settings, cache=tmp_path, progress=False)
    assert built.scenes == [f"leaves-train-{index:04d}" for index in range(5)]
    assert len(set(built.names)) == 5


def test_other_package_versions_build_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = build_benchmark("synth-shake", "test", PLAIN, cache=tmp_path, progress=False)
    monkeypatch.setattr(benchmark, "versions", lambda _: {"numpy": "0"})
    with caplog.at_level(logging.WARNING):
        second = build_benchmark("synth-shake", "test", PLAIN, cache=tmp_path, progress=False)
    assert "another version" in caplog.text
    assert first.digest == second.digest  # the same pictures are meant


def test_digest_follows_what_can_change_the_split(tmp_path: Path) -> None:
    def digest(**changes: object) -> str:
        return build_benchmark(
            "synth-shake", "test", {**PLAIN, "test": 1, **changes}, cache=tmp_path, progress=False
        ).digest

    assert digest() == digest(train=9, leaves=0.1, still=0.5, validation=1)
    others = [digest(seed=1), digest(blur=0.6), digest(size=48), digest(psnr=[10, 35])]
    assert len({digest(), *others}) == 5


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"blurr": 1.0}, UsageError, "did you mean 'blur'"),
        ({"size": "128"}, DeclarationError, "valid integer at size, got '128'"),
        ({"size": 1000}, DeclarationError, "less than or equal to 288"),
        ({"leaves": 1.5}, DeclarationError, "less than or equal to 1"),
        ({"psnr": [15]}, DeclarationError, "psnr"),
        ({"photographs_for": "test"}, DeclarationError, "needs a folder in `photographs`"),
        ({"psnr": [32, 15]}, DeclarationError, r"got \(32.0, 15.0\)"),
    ],
)
def test_settings_are_checked(settings: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read_settings(settings)


def test_unknown_set_and_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'synth-shake'"):
        build_benchmark("synth-shak", "test", cache=tmp_path)
    with pytest.raises(UsageError, match="no split is called 'val'"):
        build_benchmark("synth-shake", "val", cache=tmp_path)


def test_window_that_cannot_be_met_says_what_to_change() -> None:
    settings = Settings(size=48, psnr=(90.0, 95.0))
    with pytest.raises(DataError, match=r"input PSNR of 90 to 95 dB.*change `blur`"):
        make_pair("synth-shake", "test", 0, settings)

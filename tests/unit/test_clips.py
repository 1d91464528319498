"""Clips from sharp frames: samples by rules, split by clip, read as pairs of the pipeline."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from deblur_lib.cli import main
from deblur_lib.data.clips.flow import Blur
from deblur_lib.data.clips.making import find_clips, make_clips, split_clips
from deblur_lib.data.clips.pairs import open_clips
from deblur_lib.data.clips.selection import Quality, Rules, histogram_distance, likeness, reasons
from deblur_lib.data.generated.moving import embedded_scene
from deblur_lib.data.opening import open_data
from deblur_lib.data.pictures.reading import U8, read_rgb
from deblur_lib.errors import DataError, UsageError

pytest.importorskip("cv2")
LOOSE = Rules(sharpness=1.0, psnr=60.0, lost=0.9, alike=1.1, stride=1)
GOOD = Quality(trail=8, sharpness=0.3, psnr=25, edges=0.1, lost=0.05, cut=0.1, level=100)


def movie(seed: int, count: int, side: int = 72) -> list[U8]:
    scene = embedded_scene(seed, size=side)
    times = np.arange(count) - (count - 1) / 2
    return [np.round(255 * one).astype(np.uint8) for one in scene.render(times)]


def write(folder: Path, frames: list[U8], first: int = 1) -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames, start=first):
        Image.fromarray(frame).save(folder / f"frame_{number:04d}.png")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate("abc"):
        write(root / "sharp" / name, movie(seed, 7), first=11)
    make_clips(root / "sharp", root / "made", rules=LOOSE, progress=False, say=lambda _: None)
    return root / "made"


def test_one_blurred_frame_is_made_for_each_inner_frame(made: Path) -> None:
    manifest = json.loads((made / "clips.json").read_text())
    assert [clip["made"] for clip in manifest["clips"]] == [5, 5, 5]
    names = [sample["name"] for sample in manifest["clips"][0]["samples"]]
    assert names == ["000013", "000014", "000015"]  # with two sharp frames on each side
    assert sorted(path.stem for path in (made / "train/a/blur").iterdir()) == [
        f"{number:06d}" for number in range(12, 17)
    ]
    assert sorted(path.stem for path in (made / "train/a/sharp").iterdir()) == names


def test_samples_are_pairs_of_a_clip_and_its_middle_frame(made: Path, tmp_path: Path) -> None:
    pairs = open_data("dvd-flow", "train", roots={"dvd-flow": made}, cache=tmp_path, progress=False)
    assert (pairs.data_id, len(pairs), set(pairs.scenes)) == ("dvd-flow/train", 3, {"a"})
    pair = pairs.pair(1)
    assert tuple(pair.blurred.shape) == (3, 3, 72, 72)
    for place, number in enumerate((13, 14, 15)):
        stored = read_rgb(made / f"train/a/blur/{number:06d}.png")
        frame = (pair.blurred[place] * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
        np.testing.assert_array_equal(frame, stored)
    sharp = (pair.sharp * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    np.testing.assert_array_equal(sharp, movie(0, 7)[3])


def test_no_clip_is_in_two_splits(made: Path) -> None:
    scenes = [
        set(open_clips("mine", split, made).scenes) for split in ("train", "validation", "test")
    ]
    assert scenes == [{"a"}, {"b"}, {"c"}]
    digests = {open_clips("mine", split, made).digest for split in ("train", "test")}
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("names", "asked", "tests"),
    [
        (["a"], (), []),
        (["a", "b"], (), ["b"]),
        ([f"{one:02d}" for one in range(20)], (), ["06", "13"]),
        (["x", "IMG_0030", "y"], (), ["IMG_0030"]),
        (["a", "b", "c"], ("a",), ["a"]),
    ],
)
def test_clips_are_split_by_name(names: list[str], asked: tuple[str, ...], tests: list) -> None:
    splits = split_clips(names, asked, 7)
    assert [name for name, split in zip(names, splits, strict=True) if split == "test"] == tests


def test_an_unknown_test_clip_is_refused() -> None:
    with pytest.raises(UsageError, match="no clip is called 'z'"):
        split_clips(["a", "b"], ("z",), 7)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trail": 1.0}, "hardly blurred"),
        ({"sharpness": 0.9}, "hardly blurred"),
        ({"psnr": 40.0}, "hardly blurred"),
        ({"trail": 61.0}, "blurred too far"),
        ({"edges": 0.01}, "no clear object"),
        ({"lost": 0.4}, "flow failed"),
        ({"cut": 0.5}, "scene cut"),
        ({"level": 5.0}, "dark"),
    ],
)
def test_each_rule_rejects_by_its_own_name(change: dict[str, float], reason: str) -> None:
    assert reasons(GOOD, Rules()) == []
    assert reasons(GOOD._replace(**change), Rules()) == [reason]


def test_likeness_and_histograms_tell_scenes_apart() -> None:
    first, second = movie(0, 1)[0], movie(1, 1)[0]
    assert likeness(first, first) == pytest.approx(1)
    assert likeness(first, second) < 0.5
    assert histogram_distance(first, first) == 0
    assert histogram_distance(first, np.zeros_like(first)) > 0.5


def test_rejects_are_counted_and_still_frames_give_no_sample(tmp_path: Path) -> None:
    write(tmp_path / "still", movie(0, 1) * 6)
    found = make_clips(tmp_path / "still", tmp_path / "out", progress=False, say=lambda _: None)
    (clip,) = found["clips"]
    assert clip["samples"] == []
    assert clip["rejected"] == {"hardly blurred": 2}
    assert not (tmp_path / "out" / "train").exists()


def test_samples_of_a_clip_are_apart_and_unlike(tmp_path: Path) -> None:
    write(tmp_path / "clip", movie(0, 10))
    rules = Rules(sharpness=1.0, psnr=60.0, lost=0.9, alike=1.1, stride=3)
    found = make_clips(
        tmp_path / "clip", tmp_path / "out", rules=rules, progress=False, say=lambda _: None
    )
    numbers = [int(one["name"]) for one in found["clips"][0]["samples"]]
    assert numbers == [3, 6]
    assert found["clips"][0]["rejected"]["too similar"] == 4


def test_a_missing_frame_ends_a_run_and_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "clip", movie(0, 12))
    (folder / "frame_0006.png").unlink()
    found = make_clips(folder, tmp_path / "out", rules=LOOSE, progress=False, say=lambda _: None)
    (clip,) = found["clips"]
    assert clip["gaps"] == [[6, 6]]
    assert [int(one["name"]) for one in clip["samples"]] == [3, 9, 10]


def test_exchanged_frames_are_refused_by_name(tmp_path: Path) -> None:
    frames = movie(0, 9)
    frames[4], frames[5] = frames[5], frames[4]
    folder = write(tmp_path / "clip", frames)
    with pytest.raises(DataError, match=r"frame_0005.png and frame_0006.png seem to be exchanged"):
        make_clips(folder, tmp_path / "out", progress=False)


def test_every_second_frame_doubles_the_blur(tmp_path: Path) -> None:
    folder = write(tmp_path / "clip", movie(0, 11))
    trails = []
    for every in (1, 2):
        found = make_clips(
            folder, tmp_path / str(every), rules=LOOSE, every=every, progress=False,
            say=lambda _: None,
        )  # fmt: skip
        trails.append(found["clips"][0]["samples"][0]["quality"]["trail"])
    assert trails[1] == pytest.approx(2 * trails[0], rel=0.25)


def test_the_command_makes_clips_and_tells_its_status(tmp_path: Path) -> None:
    write(tmp_path / "clip", movie(0, 7))
    arguments = ["data", "clips", str(tmp_path / "clip"), str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*arguments, "--n", "10", "--l", "5", "--eq3", "literal"])
    manifest = json.loads((tmp_path / "out" / "clips.json").read_text())
    assert manifest["blur"] == vars(Blur(n=10, l=5, eq3="literal"))
    samples = len(manifest["clips"][0]["samples"])
    assert done.exit_code == (0 if samples else 1)
    assert f"{samples} samples of 1 clips" in done.output
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "exists; choose another folder" in again.output
    wrong = CliRunner().invoke(main, [*arguments[:-1], str(tmp_path / "x"), "--l", "30"])
    assert wrong.exit_code == 2
    assert "may be n (20) at most" in wrong.output


def test_folders_without_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no clip"):
        find_clips(tmp_path)
    with pytest.raises(UsageError, match=r"dvd-flow needs its folder.*deblur data clips"):
        open_data("dvd-flow", "test", cache=tmp_path)


def test_two_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("shot", "shot.one", "shot.two"):
        write(tmp_path / name, movie(0, 1))
    assert [name for name, _ in find_clips(tmp_path)] == ["shot", "shot.one", "shot.two"]
    (tmp_path / "shot.mp4").write_bytes(b"")
    with pytest.raises(DataError, match="two clips called 'shot'"):
        find_clips(tmp_path)


def test_a_single_training_clip_cannot_be_validated(tmp_path: Path) -> None:
    folder = write(tmp_path / "clip", movie(0, 7))
    make_clips(folder, tmp_path / "out", rules=LOOSE, progress=False, say=lambda _: None)
    with pytest.raises(DataError, match="single training clip"):
        open_clips("mine", "train", tmp_path / "out")
    with pytest.raises(DataError, match="holds no test sample"):
        open_clips("mine", "test", tmp_path / "out")


@pytest.mark.real_data
def test_real_frames_become_samples(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "gopro_all/train/GOPR0477_11_00"
    files = sorted(source.glob("*.png"))[:7]
    crops = [read_rgb(path)[200:328, 400:592] for path in files]
    folder = write(tmp_path / "clip", crops, first=262)
    rules = Rules(trail=(0.0, 60.0), sharpness=1.1, psnr=99.0, stride=1, alike=1.1)
    found = make_clips(folder, tmp_path / "out", rules=rules, progress=False, say=lambda _: None)
    (clip,) = found["clips"]
    assert clip["made"] == 5
    assert [one["name"] for one in clip["samples"]] == ["000264", "000265", "000266"]
    assert all(one["quality"]["lost"] < 0.3 for one in clip["samples"])
    blurred = read_rgb(tmp_path / "out/train/clip/blur/000265.png")
    assert abs(float(blurred.mean()) - float(crops[3].mean())) < 1

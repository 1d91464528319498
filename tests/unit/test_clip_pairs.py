"""A clip travels through the same cache, crops, batches, training and scoring as a picture."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deblur_lib.data.augment import AUGMENTATIONS
from deblur_lib.data.cache import PackedPairs
from deblur_lib.data.generated.benchmark import build_benchmark, make_pair
from deblur_lib.data.generated.moving import MovingScene, embedded_scene
from deblur_lib.data.generated.settings import Settings
from deblur_lib.data.generated.synthesis import Motion
from deblur_lib.data.loader import batches
from deblur_lib.data.pairs import middle_frame
from deblur_lib.evaluation.restore import restore
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.nn import Deblurrer, frames_for
from deblur_lib.spec import Train
from deblur_lib.training.loop import fit

SMALL = {"size": 48, "train": 4, "validation": 2, "test": 2, "blur": 0.5, "psnr": [5.0, 60.0]}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> PackedPairs:
    cache = tmp_path_factory.mktemp("cache")
    return build_benchmark("synth-clip", "train", SMALL, cache=cache, progress=False)


class Mean(Deblurrer):
    """The mean of its frames times a learned factor."""

    name = "mean"

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.clip_length = frames  # type: ignore[misc]
        self.factor = nn.Parameter(torch.ones(()))

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        picture = blurred.mean(dim=1) if self.clip_length > 1 else blurred
        return (self.factor * picture,)


def test_a_clip_is_stored_and_read_with_its_frames(clips: PackedPairs) -> None:
    settings = Settings(**{**SMALL, "psnr": (5.0, 60.0)})
    made = make_pair("synth-clip", "train", 2, settings)
    again = PackedPairs.open(clips.folder)
    blurred, sharp = again.read(2)
    np.testing.assert_array_equal(blurred, made.blurred)
    np.testing.assert_array_equal(sharp, made.sharp)
    assert blurred.shape == (3, 48, 48, 3)
    pair = again.pair(2)
    assert tuple(pair.blurred.shape) == (3, 3, 48, 48)
    assert tuple(pair.sharp.shape) == (3, 48, 48)


def test_all_frames_of_a_crop_show_the_same_window(clips: PackedPairs) -> None:
    recipe = Train(steps=2, batch=4, crop=16, lr=1e-3, augment=())
    blurred, sharp = next(batches(clips, recipe, seed=0))
    assert tuple(blurred.shape) == (4, 3, 3, 16, 16)
    assert tuple(sharp.shape) == (4, 3, 16, 16)
    whole = torch.stack([clips.pair(index).sharp for index in range(4)])
    for picture, frames in zip(sharp, blurred, strict=True):
        places = whole.unfold(2, 16, 1).unfold(3, 16, 1)  # (4, 3, 33, 33, 16, 16)
        same = (places == picture[None, :, None, None]).all(dim=(1, 4, 5)).nonzero()
        assert len(same) == 1
        index, top, left = same[0].tolist()
        wanted = clips.pair(index).blurred[..., top : top + 16, left : left + 16]
        torch.testing.assert_close(frames, wanted)


@pytest.mark.parametrize("name", sorted(set(AUGMENTATIONS) - {"noise", "time_reverse"}))
def test_an_augmentation_changes_every_frame_as_it_changes_a_picture(name: str) -> None:
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    for seed in range(4):
        clip, sharp = AUGMENTATIONS[name](frames, frames[1], np.random.default_rng(seed))
        for frame, changed in zip(frames, clip, strict=True):
            alone, _ = AUGMENTATIONS[name](frame, frames[1], np.random.default_rng(seed))
            np.testing.assert_array_equal(changed, alone)
        np.testing.assert_array_equal(clip[1], sharp)


def test_time_is_reversed_in_half_of_the_clips_and_never_in_pictures() -> None:
    frames = np.arange(3, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    orders = {
        tuple(AUGMENTATIONS["time_reverse"](frames, frames[1], np.random.default_rng(seed))[0].flat)
        for seed in range(20)
    }
    assert orders == {(0, 0, 0, 1, 1, 1, 2, 2, 2), (2, 2, 2, 1, 1, 1, 0, 0, 0)}
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    for seed in range(9):
        same, _ = AUGMENTATIONS["time_reverse"](picture, picture, np.random.default_rng(seed))
        np.testing.assert_array_equal(same, picture)


@pytest.mark.parametrize(("taken", "frames"), [(1, 5), (3, 5), (5, 5), (1, 1), (1, 3), (3, 3)])
def test_a_network_gets_the_middle_frames_it_takes(taken: int, frames: int) -> None:
    clip = torch.arange(float(frames)).reshape(1, frames, 1, 1, 1).expand(2, -1, 3, 4, 4)
    given = frames_for(Mean(taken), clip)
    assert given.dim() == (4 if taken == 1 else 5)
    assert float(given.mean()) == frames // 2
    picture = torch.zeros(1, 3, 4, 4)
    assert frames_for(Mean(taken), picture) is picture


def test_pictures_and_clips_are_scored_against_the_middle_frame(clips: PackedPairs) -> None:
    identity = evaluate(None, clips, conventions=("psnr-rgb",), progress=False)
    alone = evaluate(Mean(1), clips, conventions=("psnr-rgb",), progress=False)
    averaged = evaluate(Mean(3), clips, conventions=("psnr-rgb",), progress=False)
    for first, second, third, record in zip(identity, alone, averaged, clips.records, strict=True):
        assert first.scores == second.scores != third.scores
        assert first.scores["psnr-rgb"] == pytest.approx(record["psnr"], abs=1e-3)
    kept: list[np.ndarray] = []
    evaluate(
        None, clips, conventions=("psnr-rgb",), progress=False,
        keep=lambda _, blurred, *__: kept.append(blurred),
    )  # fmt: skip
    np.testing.assert_array_equal(kept[0], middle_frame(clips.read(0)[0]))


@pytest.mark.parametrize("frames", [1, 3])
def test_both_kinds_of_network_learn_from_clips(
    clips: PackedPairs, frames: int, tmp_path: Path
) -> None:
    cache = clips.folder.parent
    held = build_benchmark("synth-clip", "validation", SMALL, cache=cache, progress=False)
    recipe = Train(steps=2, batch=2, crop=16, lr=1e-3, validate=1, augment=("hflip",))
    network = Mean(frames)
    fitted = fit(network, clips, held, recipe, folder=tmp_path, seed=0, progress=False)
    assert fitted.steps == 2
    assert float(network.factor.detach()) != 1


def test_a_short_clip_is_refused() -> None:
    from deblur_lib.errors import UsageError

    with pytest.raises(UsageError, match=r"restores batches \(B, 3, 3, H, W\)"):
        restore(Mean(3), torch.zeros(1, 2, 3, 8, 8))


def test_a_straight_path_is_averaged_over_its_exposure() -> None:
    canvas = np.tile(np.linspace(0, 1, 96, dtype=np.float32)[None, :, None], (96, 1, 3))
    scene = MovingScene(canvas, 32, Motion(4.0, 0.0))
    frames = scene.exposure((-1, 0, 1))
    for frame, time in zip(frames, (-1, 0, 1), strict=True):  # on a ramp the mean is the middle
        np.testing.assert_allclose(frame, scene.frame(time), atol=1e-5)
    step = float((scene.frame(0) - scene.frame(1)).mean())
    assert step == pytest.approx(4 / 95, rel=1e-3)


def test_an_exposure_covers_20_of_21_parts_of_a_frame() -> None:
    canvas = np.zeros((96, 96, 3), np.float32)
    canvas[:, 48:] = 1
    ramp = MovingScene(canvas, 32, Motion(10.5, 0.0)).exposure([0])[0][16, :, 0]
    grey = (ramp > 1e-3) & (ramp < 1 - 1e-3)
    assert grey.sum() == pytest.approx(10.5 * 20 / 21, abs=1.5)


def test_the_embedded_scene_is_the_same_every_time() -> None:
    np.testing.assert_array_equal(
        embedded_scene(3, size=64).frame(1), embedded_scene(3, size=64).frame(1)
    )
    assert embedded_scene(4, size=64).frame(0).std() > 0.05


def test_a_short_exposure_leaves_clips_nearly_sharp() -> None:
    settings = Settings(size=64, blur=0.35, spread=0.5)
    for index in range(3):
        short, long = (
            make_pair(data_id, "test", index, settings)
            for data_id in ("synth-clip-short", "synth-clip")
        )
        assert short.blurred.shape == long.blurred.shape == (3, 64, 64, 3)
        assert short.record["psnr"] > max(32, long.record["psnr"] + 5)
        assert not np.array_equal(short.blurred[0], short.blurred[2])

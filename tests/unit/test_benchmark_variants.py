"""The further kinds of generated blur: Lai's benchmark, night scenes, walking people."""

import numpy as np
import pytest

from deblur_lib.data.generated import lai, night, people
from deblur_lib.data.generated.benchmark import make_pair
from deblur_lib.data.generated.kernels import shake_kernel
from deblur_lib.data.generated.scenes import crop_photograph, photograph
from deblur_lib.data.generated.settings import Settings
from deblur_lib.data.generated.synthesis import Cutout, Motion, average_motion
from deblur_lib.evaluation.alignment import shift_y

IDS = (
    "synth-gopro-jpeg",
    "synth-lai-uniform",
    "synth-lai-nonuniform",
    "synth-lai-nonuniform-first",
    "synth-realblur-j",
    "synth-realblur-r",
    "synth-hide-close",
    "synth-hide-long",
)


def psnr_of(data_id: str, split: str, count: int, settings: Settings) -> list[float]:
    return [make_pair(data_id, split, index, settings).record["psnr"] for index in range(count)]


# mean input PSNR in dB of 12 test pairs of 128x128, about 2 dB around the value measured
WINDOWS = {
    "synth-gopro-jpeg": (21.5, 26),
    "synth-lai-uniform": (21.5, 26),
    "synth-lai-nonuniform": (22.5, 27),
    "synth-lai-nonuniform-first": (20.5, 25.5),
    "synth-realblur-j": (23.5, 29),
    "synth-realblur-r": (28, 34),
    "synth-hide-close": (19.5, 24.5),
    "synth-hide-long": (20.5, 26),
}


@pytest.mark.parametrize("data_id", IDS)
def test_input_quality_is_in_the_intended_range(data_id: str) -> None:
    values = psnr_of(data_id, "test", 12, Settings(size=128))
    low, high = WINDOWS[data_id]
    assert low < np.mean(values) < high
    assert max(values) <= (40 if data_id == "synth-realblur-r" else 32)


@pytest.mark.parametrize("data_id", IDS)
def test_easy_small_pairs_can_be_made_for_every_split(data_id: str) -> None:
    easy = Settings(size=64, blur=0.3, spread=0.5)
    hard = Settings(size=64, blur=1.0)
    assert np.mean(psnr_of(data_id, "test", 6, easy)) > np.mean(psnr_of(data_id, "test", 6, hard))
    for split in ("train", "validation"):
        made = make_pair(data_id, split, 0, easy)
        assert made.blurred.shape == made.sharp.shape == (64, 64, 3)
        assert made.record["length"] > 0


@pytest.mark.parametrize("data_id", IDS)
def test_nearly_still_training_pairs_are_easy(data_id: str) -> None:
    still, moving = (
        np.mean(psnr_of(data_id, "train", 4, Settings(size=64, still=share)))
        for share in (1.0, 0.0)
    )
    # noise and misalignment stay in night pairs
    assert still > moving + (1.5 if "realblur" in data_id else 5)


def test_compression_costs_detail_of_the_blurred_picture_alone() -> None:
    still = make_pair("synth-gopro-jpeg", "train", 0, Settings(size=64, still=1.0))
    again = night.through_jpeg(still.blurred, 30) * 255
    assert np.abs(again - still.blurred).mean() < 1  # it is such a picture already
    assert np.abs(night.through_jpeg(still.sharp, 30) * 255 - still.sharp).mean() > 2


def test_dark_pictures_are_darker_and_may_score_higher() -> None:
    light = {
        data_id: np.mean([make_pair(data_id, "test", i, Settings(size=64)).sharp for i in range(6)])
        for data_id in ("synth-realblur-j", "synth-realblur-r")
    }
    assert light["synth-realblur-r"] < 0.5 * light["synth-realblur-j"]
    wide, narrow = Settings(size=128), Settings(size=128, psnr=(15.0, 32.0))
    assert max(psnr_of("synth-realblur-r", "test", 12, wide)) > 32
    assert max(psnr_of("synth-realblur-r", "test", 12, narrow)) <= 32


def test_lamp_draws_a_streak_as_bright_as_itself() -> None:
    radiance = np.full((48, 48, 3), 0.02, np.float32)
    radiance[23:26, 23:26] = 30
    kernel = np.zeros((9, 9), np.float32)
    kernel[4] = 1 / 9
    rng = np.random.RandomState(0)
    blurred, sharp = night.expose_pair(rng, radiance, 32, kernel, "r")
    assert (sharp > 0.99).sum() == 9 * 3
    assert (blurred > 0.9).all(axis=2).sum() >= 16  # clipping after the blur keeps the streak white
    assert blurred[4:8].max() < 0.05


def test_night_stays_night_outside_its_lamps() -> None:
    canvas = np.full((128, 128, 3), 0.5, np.float32)
    for seed in range(8):
        radiance = night.light_scene(np.random.RandomState(seed), canvas, 96)
        assert radiance.min() > 0
        assert np.median(radiance) < 0.5**2.2
        assert radiance.max() > 2


def test_kernels_and_paths_of_the_test_are_the_same_for_all_pairs() -> None:
    strength = {"blur": 1.0, "spread": 1.0}
    for draw in (lai.draw_poses, lambda *a, **k: lai.draw_kernel(*a, **k)[0]):
        first, again = (
            [draw(np.random.RandomState(seed), n, fixed=True, **strength) for n in range(4)]
            for seed in (1, 2)
        )
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)
        free = [draw(np.random.RandomState(s), 0, fixed=False, **strength) for s in (1, 2)]
        assert not np.array_equal(*free)
        assert not np.array_equal(free[0], first[0])


def test_kernels_of_the_test_have_four_sizes_and_are_true_kernels() -> None:
    rng = np.random.RandomState(0)
    kernels = [lai.draw_kernel(rng, n, blur=1, spread=1, fixed=True)[0] for n in range(4)]
    assert [len(kernel) for kernel in kernels] == [21, 27, 33, 41]
    assert all(kernel.sum() == pytest.approx(1, abs=1e-5) for kernel in kernels)
    assert len(lai.draw_kernel(rng, 3, blur=0.5, spread=1, fixed=True)[0]) == 21


def test_test_pairs_use_all_four_blurs() -> None:
    lengths = {
        make_pair("synth-lai-uniform", "test", index, Settings(size=64)).record["length"]
        for index in range(24)
    }
    assert lengths == {16.0, 25.0, 35.0, 46.0}


def test_paths_stay_within_their_limits_around_the_middle_pose() -> None:
    for number in range(4):
        poses = lai.draw_poses(np.random.RandomState(0), number, blur=1, spread=1, fixed=True)
        assert poses.shape == (25, 6)
        np.testing.assert_array_equal(poses[12], 0)
        share = np.abs(poses).max(axis=0) / lai.LIMITS
        assert (share >= 0.39).all()
        assert (share <= 1.001).all()


def test_still_camera_leaves_the_picture_alone_and_a_turn_moves_it() -> None:
    canvas = crop_photograph(np.random.RandomState(0), photograph("coffee"), 64, 16)
    blurred, sharp = lai.average_poses(canvas, 64, np.zeros((3, 6)), "centre")
    np.testing.assert_allclose(blurred, sharp, atol=1e-4)
    turned = np.zeros((1, 6))
    turned[0, 1] = 2 / lai.FOCAL  # yaw by two pixels
    moved, _ = lai.average_poses(canvas, 64, turned, "centre")
    np.testing.assert_allclose(moved[20:44, 20:44], canvas[36:60, 38:62], atol=0.02)
    np.testing.assert_allclose(  # relative to the first pose nothing has moved
        lai.average_poses(canvas, 64, turned, "first")[0], sharp, atol=1e-4
    )


def test_first_pose_as_truth_costs_decibels_that_a_shift_search_brings_back() -> None:
    plain: dict[str, list[float]] = {"centre": [], "first": []}
    shifted: dict[str, list[float]] = {"centre": [], "first": []}
    for number in range(4):
        rng = np.random.RandomState(number)
        canvas = crop_photograph(rng, photograph(("astronaut", "chelsea")[number % 2]), 160, 24)
        poses = lai.draw_poses(rng, number, blur=1, spread=1, fixed=True)
        for anchor in ("centre", "first"):
            pair = lai.average_poses(canvas, 160, poses, anchor)
            blurred, sharp = (np.round(one * 255).astype(np.uint8) for one in pair)
            error = np.mean((blurred.astype(float) - sharp) ** 2)
            plain[anchor].append(10 * np.log10(255**2 / error))
            shifted[anchor].append(shift_y(blurred, sharp)[0])
    lost = np.mean(plain["centre"]) - np.mean(plain["first"])
    still_lost = np.mean(shifted["centre"]) - np.mean(shifted["first"])
    assert 2 < lost < 4.5
    assert still_lost < 0.4 * lost


def test_noise_of_the_benchmark_has_its_strength() -> None:
    flat = np.full((64, 64, 3), 0.5, np.float32)
    noisy = lai.add_noise(np.random.RandomState(0), flat)
    assert noisy.std() == pytest.approx(0.01, rel=0.03)
    assert noisy.mean() == pytest.approx(0.5, abs=5e-4)


def test_no_portrait_is_on_both_sides() -> None:
    assert people.PORTRAITS["test"].name == "astronaut"
    assert people.PORTRAITS["train"].name == people.PORTRAITS["validation"].name == "grace-hopper"


@pytest.mark.parametrize("split", ["train", "test"])
def test_person_is_cut_along_the_outline_and_keeps_the_face(split: str) -> None:
    first, second = (people.draw_person(np.random.RandomState(seed), split, 120) for seed in (0, 1))
    for _, mask in (first, second):
        assert mask[0, 0] == mask[0, -1] == 0  # beside the head
        assert mask[40:60, mask.shape[1] // 2 - 15 : mask.shape[1] // 2 + 5].max() == 1
        assert 0.5 < mask.mean() < 0.9

    def hue(person: tuple[np.ndarray, np.ndarray], rows: slice) -> np.ndarray:
        colours, mask = person
        mean = np.average(colours[rows].reshape(-1, 3), axis=0, weights=mask[rows].ravel())
        return mean / mean.sum()

    face, clothes = slice(20, 48), slice(90, 115)
    assert np.abs(hue(first, face) - hue(second, face)).max() < 0.04
    assert np.abs(hue(first, clothes) - hue(second, clothes)).max() > 0.05


@pytest.mark.parametrize(("distance", "counts"), [("close", {1, 2}), ("long", {2, 3, 4, 5})])
def test_wall_hides_the_lower_end_of_everyone(distance: str, counts: set[int]) -> None:
    seen = set()
    for seed in range(16):
        rng = np.random.RandomState(seed)
        *walkers, wall = people.draw_people(
            rng, "test", 128, distance, blur=1.0, spread=1.0, margin=20
        )
        seen.add(len(walkers))
        assert wall.column == -20
        assert wall.picture.shape[1] == 168
        for one in walkers:
            u = np.linspace(-0.5, 0.5, 11)
            tilt = abs(one.motion.turn) / 2 * one.mask.shape[1] / 2
            rise = one.motion.displacement(u)[:, 1].min() - tilt
            assert one.row + len(one.mask) + rise > wall.row
            low, high = people.HEIGHTS[distance]
            assert low * 128 - 1 <= len(one.mask) <= high * 128 + 1
    assert seen == counts


def test_people_walk_sideways() -> None:
    for seed in range(6):
        *walkers, _ = people.draw_people(
            np.random.RandomState(seed), "train", 128, "long", blur=1.0, spread=1.0, margin=20
        )
        for one in walkers:
            columns, rows = np.ptp(one.motion.displacement(np.linspace(-0.5, 0.5, 21)), axis=0)
            assert rows < 0.5 * columns + 1


def test_object_turns_about_its_own_centre() -> None:
    canvas = np.zeros((64, 64, 3), np.float32)
    bar = np.ones((3, 31, 3), np.float32)
    turning = Cutout(bar, np.ones((3, 31), np.float32), 30, 16, Motion(0.0, 0.0, turn=1.0))
    blurred, sharp = average_motion(canvas, 64, Motion(0.0, 0.0), [turning], "linear")
    assert sharp[31, 16:47, 0].min() > 0.99
    assert blurred[31, 31, 0] == pytest.approx(1, abs=1e-3)  # the centre stays covered
    assert blurred[31, 18, 0] < 0.5
    assert blurred[26, 19, 0] > 0.02  # the left end rises and falls
    assert blurred[36, 19, 0] > 0.02
    assert sharp[26, 19, 0] == 0


def test_object_outside_the_picture_changes_nothing() -> None:
    canvas = np.random.RandomState(0).uniform(size=(64, 64, 3)).astype(np.float32)
    far = Cutout(np.ones((9, 9, 3), np.float32), np.ones((9, 9), np.float32), 90, 5, Motion(4, 0))
    motion = Motion(6.0, 0.5)
    alone, _ = average_motion(canvas, 48, motion, [], "gamma")
    beside, _ = average_motion(canvas, 48, motion, [far], "gamma")
    # the object's own motion adds instants, not content
    np.testing.assert_allclose(alone, beside, atol=0.02)


def test_straighter_shakes_are_wider() -> None:
    def reach(turning: tuple[float, float]) -> float:
        rows, columns = np.mgrid[-20:21, -20:21]
        kernels = [
            shake_kernel(np.random.RandomState(seed), 20.0, turning=turning) for seed in range(30)
        ]
        return float(np.mean([(one * np.hypot(rows, columns)).sum() for one in kernels]))

    assert reach(night.TURNING) > reach((0.2, 1.0))

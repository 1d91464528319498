"""Generated pairs without end: the same for a number, in a moving pool, as cameras take them."""

import pickle
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from data_pictures import save, sharp_picture

from deblur_lib.data.generated.camera import KNEE, Camera, lit, noisy, raised, taken
from deblur_lib.data.generated.folders import open_stock
from deblur_lib.data.generated.settings import Settings
from deblur_lib.data.generated.stream import Mixture, Stream, draw
from deblur_lib.data.loader import batches
from deblur_lib.errors import DataError, UsageError
from deblur_lib.spec import Train

SMALL = Mixture(
    {"synth-shake": 1.0, "synth-realblur-j": 1.0},
    Settings(size=48, blur=0.4),
    Camera(highlights=0.5, noise=0.5, jpeg=0.5),
    pool=4,
    uses=3,
)
RECIPE = Train(steps=10, batch=2, crop=32, lr=1e-3)


def stream(mixture: Mixture = SMALL) -> Stream:
    return Stream(mixture, "train", name="mixed")


def test_a_pair_follows_from_its_number() -> None:
    whole = stream()
    first, again = whole.read(5), draw(SMALL, open_stock(SMALL.settings, "train", 5), 5)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert not np.array_equal(whole.read(6)[0], first[0])
    assert first[0].shape == first[1].shape == (48, 48, 3)
    assert not np.array_equal(*first)


def test_batches_go_on_where_another_process_stopped() -> None:
    whole = list(islice(batches(stream(), RECIPE, seed=1), 7))
    resumed = list(islice(batches(stream(), RECIPE, seed=1, start=5), 2))
    for first, second in zip(whole[5:], resumed, strict=True):
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])


def test_new_pairs_replace_the_oldest() -> None:
    source, rng = stream(), np.random.default_rng(0)
    drawn = [source.turn(place, rng) for place in range(300)]
    for place, number in enumerate(drawn):
        assert place // 3 <= number < place // 3 + 4
    assert max(drawn) > 90
    for number in (100, 101, 102):
        source.read(number)
    source.turn(303, rng)
    assert sorted(source._kept) == [101, 102]


def test_a_fixed_set_has_its_count_and_stays_within_the_bounds_of_psnr() -> None:
    fixed = Stream(SMALL, "validation", name="mixed", count=3)
    assert (len(fixed), fixed.expected, fixed.data_id) == (3, 3, "mixed/validation")
    for index, name in enumerate(fixed.names):
        pair = fixed.pair(index)
        assert pair.name == name
        assert 15 <= -10 * float((pair.blurred - pair.sharp).square().mean().log10()) <= 32


def test_the_digest_tells_mixtures_splits_and_counts_apart() -> None:
    others = [
        stream(replace(SMALL, uses=4)),
        stream(replace(SMALL, camera=Camera())),
        stream(replace(SMALL, settings=Settings(size=48, blur=0.5))),
        Stream(SMALL, "validation", name="mixed"),
        Stream(SMALL, "train", name="mixed", count=5),
    ]
    assert len({stream().digest, *(one.digest for one in others)}) == 6
    assert pickle.loads(pickle.dumps(stream())).digest == stream().digest


def test_own_photographs_are_known_by_their_content(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / f"{number}.png", sharp_picture(number, 64, 64))
    settings = Settings(size=48, blur=0.4, photographs=str(tmp_path), leaves=0.0)
    source = stream(replace(SMALL, settings=settings))
    before = source.digest
    source.read(0)
    for path in tmp_path.iterdir():
        save(path, sharp_picture(9, 64, 64))
    assert stream(replace(SMALL, settings=settings)).digest != before
    with pytest.raises(DataError, match="pairs of 96x96 need 96 pixels"):
        stream(replace(SMALL, settings=replace(settings, size=96)))


def test_kinds_that_cannot_be_mixed_are_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'synth-shake'"):
        stream(replace(SMALL, shares={"synth-shak": 1.0}))
    with pytest.raises(UsageError, match="no blur of single pictures is called 'synth-clip'"):
        stream(replace(SMALL, shares={"synth-clip": 1.0}))
    with pytest.raises(UsageError, match="one kind of blur at least"):
        stream(replace(SMALL, shares={}))


def test_highlights_rise_above_white_and_the_rest_stays() -> None:
    picture = np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    bright = raised(picture, 3.0)
    dark = picture.max(axis=2) <= KNEE
    assert np.array_equal(bright[dark], picture[dark])
    assert bright.max() == pytest.approx(3.0 ** (1 / 2.2), rel=1e-5)
    assert np.array_equal(raised(picture, 1.0), picture)


def test_a_lit_stock_draws_the_same_scene_brighter() -> None:
    stock = open_stock(SMALL.settings, "train", 0)
    brighter = lit(np.random.RandomState(1), stock, Camera(highlights=1.0))
    scenes = [one.scene(np.random.RandomState(2), 48, 4).picture for one in (stock, brighter)]
    assert scenes[0].max() <= 1 < scenes[1].max()
    assert lit(np.random.RandomState(1), stock, Camera()) is stock


def test_noise_and_jpeg_change_a_picture_a_little() -> None:
    picture = sharp_picture(0).astype(np.float32) / 255
    only_jpeg = taken(np.random.RandomState(0), picture, Camera(jpeg=1.0))
    for changed in (noisy(np.random.RandomState(0), picture), only_jpeg):
        assert 0 <= changed.min() < changed.max() <= 1
        assert 0 < np.abs(changed - picture).mean() < 0.05
    assert np.array_equal(taken(np.random.RandomState(0), picture, Camera()), picture)

"""Batches: the same for a seed, continued at any number, every pair in turn."""

import pickle
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from data_pictures import write_pairs

from deblur_lib.data.augment import AUGMENTATIONS, turned
from deblur_lib.data.cache import PackedPairs, pack
from deblur_lib.data.loader import batches
from deblur_lib.data.pairs import PairedImages, to_tensor
from deblur_lib.errors import DataError, UsageError
from deblur_lib.spec import Train

RECIPE = Train(
    steps=10,
    batch=3,
    crop=24,
    lr=1e-3,
    augment=("hflip", "vflip", "rot90", "shuffle_rgb", "saturation", "noise"),
)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedPairs:
    root = tmp_path_factory.mktemp("pairs")
    source = PairedImages.from_folder(write_pairs(root, [str(n) for n in range(7)]))
    return pack(source, root / "cache", progress=False)


def test_batches_are_float_pictures(packed: PackedPairs) -> None:
    blurred, sharp = next(batches(packed, RECIPE, seed=0))
    assert blurred.shape == sharp.shape == (3, 3, 24, 24)
    assert blurred.dtype == sharp.dtype == torch.float32
    assert 0 <= float(blurred.min()) < 0.2
    assert 0.5 < float(blurred.max()) <= 1
    assert not torch.equal(blurred, sharp)


def test_batch_depends_on_seed_and_number_alone(packed: PackedPairs) -> None:
    whole = list(islice(batches(packed, RECIPE, seed=1), 9))
    resumed = list(islice(batches(packed, RECIPE, seed=1, start=5), 4))
    for first, second in zip(whole[5:], resumed, strict=True):
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])
    other = next(batches(packed, RECIPE, seed=2))
    assert not torch.equal(other[0], whole[0][0])


def test_a_folder_and_its_cache_give_the_same_batches(packed: PackedPairs, tmp_path: Path) -> None:
    root = write_pairs(tmp_path, [str(n) for n in range(7)])
    folder = PairedImages.from_folder(root)
    for first, second in islice(
        zip(batches(packed, RECIPE, seed=4), batches(folder, RECIPE, seed=4), strict=False), 3
    ):
        assert torch.equal(first[0], second[0])


def test_every_pair_is_used_before_any_is_used_again(packed: PackedPairs) -> None:
    used: list[int] = []

    class Watched:
        data_id, names, scenes = packed.data_id, packed.names, packed.scenes
        digest, expected, pair = packed.digest, packed.expected, packed.pair

        def __len__(self) -> int:
            return len(packed)

        def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple:
            used.append(index)
            return packed.crop(index, size, rng)

    list(islice(batches(Watched(), RECIPE, seed=0), 7))
    assert [sorted(used[at : at + 7]) for at in (0, 7, 14)] == [list(range(7))] * 3
    assert used[:7] != used[7:14]


def test_without_rotation_a_batch_is_drawn_as_ever(packed: PackedPairs) -> None:
    order = np.random.default_rng((9, 0, 0)).permutation(len(packed))
    blurred, sharp = next(batches(packed, RECIPE, seed=9))
    for place in range(RECIPE.batch):
        rng = np.random.default_rng((9, 1, place))
        crop = packed.crop(int(order[place]), 24, rng)
        for name in RECIPE.augment:
            crop = AUGMENTATIONS[name](*crop, rng)
        for got, wanted in zip((blurred, sharp), crop, strict=True):
            assert torch.equal(got[place], to_tensor(wanted))


def test_rotation_is_cut_from_a_larger_crop_and_the_rest_sees_the_cut(packed: PackedPairs) -> None:
    recipe = replace(RECIPE, augment=("rotate", "hflip"))
    blurred, sharp = next(batches(packed, recipe, seed=9))
    assert blurred.shape == sharp.shape == (3, 3, 24, 24)
    order = np.random.default_rng((9, 0, 0)).permutation(len(packed))
    for place in range(recipe.batch):
        rng = np.random.default_rng((9, 1, place))
        whole = packed.crop(int(order[place]), 34, rng)  # 23 pixels apart, times the root of 2
        degrees = rng.uniform(0, 360)
        turn = -1 if rng.random() < 0.5 else 1
        for got, one in zip((blurred, sharp), whole, strict=True):
            assert torch.equal(got[place], to_tensor(turned(one, degrees)[:, ::turn]))


def test_picture_too_small_to_be_turned_is_refused_with_the_size_needed(
    packed: PackedPairs,
) -> None:
    recipe = Train(steps=1, batch=1, crop=40, lr=1e-3, augment=("rotate",))
    with pytest.raises(DataError, match=r'64x48, too small for a crop of 58x58.*"rotate" draws'):
        next(batches(packed, recipe, seed=0))
    next(batches(packed, replace(recipe, augment=("rot90",)), seed=0))


def test_unknown_augmentation_is_refused_before_the_first_batch(packed: PackedPairs) -> None:
    recipe = Train(steps=1, batch=1, crop=8, lr=1e-3, augment=("flip",))
    with pytest.raises(UsageError, match="no augmentation is called 'flip'"):
        batches(packed, recipe, seed=0)


def test_crop_larger_than_the_pictures_is_refused(packed: PackedPairs) -> None:
    recipe = Train(steps=1, batch=1, crop=64, lr=1e-3)
    with pytest.raises(DataError, match="is 64x48, too small for a crop of 64x64"):
        next(batches(packed, recipe, seed=0))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_shares_of_a_batch_are_the_whole_of_each_accumulated_part(
    packed: PackedPairs, accumulate: int
) -> None:
    recipe = replace(RECIPE, batch=12, accumulate=accumulate)
    whole = next(batches(packed, recipe, seed=1, start=3))[1].chunk(accumulate)
    shares = [next(batches(packed, recipe, seed=1, start=3, part=k, parts=3))[1] for k in range(3)]
    parts = zip(*(one.chunk(accumulate) for one in shares), strict=True)
    assert all(torch.equal(torch.cat(part), one) for part, one in zip(parts, whole, strict=True))


def test_a_cache_goes_to_another_process_as_its_place(packed: PackedPairs) -> None:
    sent = pickle.dumps(packed)
    assert len(sent) < 5000 < packed._bytes.nbytes
    left, right = (next(batches(one, RECIPE, seed=0))[0] for one in (packed, pickle.loads(sent)))
    assert torch.equal(left, right)

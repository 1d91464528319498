"""Batches: the same for a seed, continued at any number, every pair in turn."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from data_pictures import write_pairs

from deblur_lib.data.cache import PackedPairs, pack
from deblur_lib.data.loader import batches
from deblur_lib.data.pairs import PairedImages
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


def test_unknown_augmentation_is_refused_before_the_first_batch(packed: PackedPairs) -> None:
    recipe = Train(steps=1, batch=1, crop=8, lr=1e-3, augment=("flip",))
    with pytest.raises(UsageError, match="no augmentation is called 'flip'"):
        batches(packed, recipe, seed=0)


def test_crop_larger_than_the_pictures_is_refused(packed: PackedPairs) -> None:
    recipe = Train(steps=1, batch=1, crop=64, lr=1e-3)
    with pytest.raises(DataError, match="is 64x48, too small for a crop of 64x64"):
        next(batches(packed, recipe, seed=0))

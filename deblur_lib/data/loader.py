"""Training batches: random crops of packed pairs, the same for a seed on every machine."""

from collections.abc import Iterator
from itertools import count
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from deblur_lib.data.augment import chosen, side_to_draw
from deblur_lib.data.pairs import PairSource
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError
from deblur_lib.spec import Train

ORDER, CROP = 0, 1  # streams of random numbers of one seed


@runtime_checkable
class Endless(Protocol):
    """A source that is made while it is read, and chooses the pairs itself."""

    def turn(self, place: int, rng: np.random.Generator) -> int:
        """Index of the pair that crop number `place` is cut from."""
        ...


class Shuffled:
    """Every pair once, in random order, before any comes again.

    Args:
        pairs: how many there are.
        seed: not negative.
    """

    def __init__(self, pairs: int, seed: int) -> None:
        self._pairs, self._seed, self._epoch, self._order = pairs, seed, -1, np.empty(0, int)

    def turn(self, place: int, rng: np.random.Generator) -> int:
        """Index of the pair that crop number `place` is cut from."""
        epoch, index = divmod(place, self._pairs)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng((self._seed, ORDER, epoch)).permutation(self._pairs)
        return int(self._order[index])


def batches(
    source: PairSource,
    recipe: Train,
    *,
    seed: int,
    start: int = 0,
    part: int = 0,
    parts: int = 1,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of random crops.

    Batch k depends on the seed and k alone, so a resumed run continues with `start=k`. Every pair
    is used once before any is used again; an endless source chooses them itself.

    Args:
        source: pairs; `PackedPairs` are fast, folders decode both files for each crop.
        recipe: batch, crop and augmentations, see `spec.Train`.
        seed: not negative.
        start: number of the first batch.
        part: which share of every batch; all shares together are the whole batch.
        parts: how many equal shares there are; each accumulated part of a batch is shared alike.

    Returns:
        Blurred (B, 3, c, c), of clips (B, T, 3, c, c), and sharp (B, 3, c, c), float32 in [0, 1],
        with channels last in memory.

    Raises:
        UsageError: an unknown augmentation.
        DataError: no pairs, or (when its turn comes) a picture smaller than the crop
            and what "rotate" needs around it.
    """
    chosen(recipe.augment)
    if not len(source):
        raise DataError(f"{source.data_id} holds no pairs; training needs at least one")
    return _endless(source, recipe, seed, start, share_of(recipe, part, parts))


def share_of(recipe: Train, part: int, parts: int) -> list[int]:
    """Places in a batch that belong to one share of it."""
    places = np.arange(recipe.batch).reshape(recipe.accumulate, parts, -1)
    return [int(one) for one in places[:, part].flat]


def _endless(
    source: PairSource, recipe: Train, seed: int, start: int, share: list[int]
) -> Iterator[tuple[Tensor, Tensor]]:
    augmentations = chosen(recipe.augment)
    side = side_to_draw(recipe.augment, recipe.crop)
    order = source if isinstance(source, Endless) else Shuffled(len(source), seed)
    for number in count(start):
        crops = []
        for place in (number * recipe.batch + one for one in share):
            rng = np.random.default_rng((seed, CROP, place))
            crop = source.crop(order.turn(place, rng), side, rng)
            for augment in augmentations:
                crop = augment(*crop, rng)
            crops.append(crop)
        yield _to_batch([crop[0] for crop in crops]), _to_batch([crop[1] for crop in crops])


def _to_batch(crops: list[U8]) -> Tensor:
    stacked = torch.from_numpy(np.stack(crops))  # (B, c, c, 3) or (B, T, c, c, 3) uint8
    return stacked.movedim(-1, -3).to(torch.float32).div_(255)

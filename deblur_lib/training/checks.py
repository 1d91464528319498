"""What is refused before training starts: pairs that teach nothing, splits that share scenes."""

import torch

from deblur_lib.data.pairs import PairSource, middle_frame
from deblur_lib.errors import DataError

LOOKED_AT = 50  # pairs looked at first, evenly spread
IDENTICAL = 0.01  # largest share of pairs whose two pictures are equal


def check_data(train: PairSource, validation: PairSource) -> None:
    """Refuse data that cannot be trained on.

    Raises:
        DataError: an empty split; scenes of one data set in both splits; more than 1 % of the
            training pairs with blurred equal to sharp.
    """
    for source, what in ((train, "training"), (validation, "validation")):
        if len(source) == 0:
            raise DataError(f"{source.data_id} has no pairs for {what}; check the folder it reads")
    shared = sorted(set(train.scenes) & set(validation.scenes))
    if shared and _family(train) == _family(validation):
        raise DataError(
            f"{train.data_id} and {validation.data_id} share {len(shared)} scene(s), first "
            f"{shared[0]!r}; validate on scenes that are not trained on"
        )
    _check_pairs(train)


def _family(source: PairSource) -> str:
    return source.data_id.partition("/")[0]


def _check_pairs(source: PairSource) -> None:
    step = max(1, len(source) // LOOKED_AT)
    if not any(_same(source, index) for index in range(0, len(source), step)):
        return
    same = [source.names[index] for index in range(len(source)) if _same(source, index)]
    if len(same) > IDENTICAL * len(source):
        raise DataError(
            f"{source.data_id}: blurred and sharp are the same picture in {len(same)} of "
            f"{len(source)} pairs (at most 1 %), first {same[0]!r}; check the two folders"
        )


def _same(source: PairSource, index: int) -> bool:
    pair = source.pair(index)
    return torch.equal(middle_frame(pair.blurred), pair.sharp)

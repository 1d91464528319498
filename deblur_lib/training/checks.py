"""What is refused before training starts: pairs that teach nothing, splits that share scenes."""

import math

import torch

from deblur_lib.data.augment import chosen, side_to_draw
from deblur_lib.data.pairs import PairSource, middle_frame
from deblur_lib.errors import DataError, UsageError, unknown_name
from deblur_lib.losses import FEATURE_LOSSES, LOSSES
from deblur_lib.nn.base import Deblurrer, check_input
from deblur_lib.spec import Train

LOOKED_AT = 50  # pairs looked at first, evenly spread
IDENTICAL = 0.01  # largest share of pairs whose two pictures are equal


def check_names(recipe: Train) -> None:
    """Refuse augmentations and losses that do not exist, and losses that weigh nothing.

    Raises:
        UsageError: with the nearest known names, or the weight that came.
    """
    chosen(recipe.augment)
    losses = LOSSES | FEATURE_LOSSES
    for name in recipe.loss:
        if name not in losses:
            raise UsageError(unknown_name("loss", name, losses, see="deblur_lib.losses"))
    for name, weight in recipe.loss.items():
        if not (weight > 0 and math.isfinite(weight)):
            raise UsageError(f"loss {name} needs a weight above 0, got {weight}; leave it out")


def check_crop(network: Deblurrer, side: int, *, row: str = "") -> None:
    """Refuse crops that a network cannot take.

    Args:
        network: may lie on the meta device.
        side: of the crops [px].
        row: whose they are, for the message.

    Raises:
        UsageError: too small, or no multiple of what it needs.
    """
    frames = (network.clip_length,) if network.clip_length > 1 else ()
    try:
        check_input(network, torch.empty(1, *frames, 3, side, side, device="meta"))
    except UsageError as error:
        why = str(error).partition(";")[0]
        whose = f" for {row}" if row else ""
        raise UsageError(f"{why}; choose another `crop`{whose}") from error


def check_data(train: PairSource, validation: PairSource, recipe: Train) -> None:
    """Refuse data that cannot be trained on.

    Raises:
        DataError: an empty split; scenes of one data set in both splits; training pictures smaller
            than the crop; more than 1 % of the training pairs with blurred equal to sharp.
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
    _check_sizes(train, recipe)
    _check_pairs(train)


def _check_sizes(source: PairSource, recipe: Train) -> None:
    size = getattr(source, "size", None)
    if size is None:
        return
    side = side_to_draw(recipe.augment, recipe.crop)
    every = [(name, size(index)) for index, name in enumerate(source.names)]
    small = [(name, sides) for name, sides in every if min(sides) < side]
    if small:
        name, (height, width) = min(small, key=lambda one: min(one[1]))
        raise DataError(
            f"{source.data_id}: {len(small)} of {len(every)} pictures are smaller than the crops "
            f"of {side}x{side}, the smallest is {name} with {width}x{height}; choose a `crop` that "
            "fits it, or take them out"
        )


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

"""Learning rate and optimiser as pure functions of recipe and step: nothing of them is stored."""

import math
from collections.abc import Callable

from deblur_lib.errors import DeclarationError, UsageError
from deblur_lib.spec import Train


def learning_rate(recipe: Train, step: int) -> float:
    """Learning rate of one optimiser step.

    Warm-up step k of W takes (k + 1) / W of the rate, so its last step takes all of it. Cosine and
    polynomial run from there to `lr_floor`, which they meet when all steps are done; "linear" and
    "step" count their fractions over all steps, warm-up included.

    Args:
        recipe: `steps`, `lr`, `lr_floor`, `schedule`, `warmup` and the `decay*` fields count.
        step: steps already done, from 0 to `recipe.steps` - 1.
    """
    if step < recipe.warmup:
        return recipe.lr * (step + 1) / recipe.warmup
    return max(SCHEDULES[recipe.schedule](recipe, step), min(recipe.lr, recipe.lr_floor))


def optimiser(recipe: Train, step: int) -> str:
    """Name of the optimiser of one step: the recipe's, from `sgd_from` of the steps on SGD.

    Args:
        recipe: `steps`, `optimiser` and `sgd_from` count.
        step: steps already done, from 0 to `recipe.steps` - 1.
    """
    if recipe.sgd_from is None or step < recipe.sgd_from * recipe.steps - 1e-9:
        return recipe.optimiser
    return "sgd"


def check(recipe: Train) -> None:
    """Refuse a recipe whose numbers contradict each other, before anything starts.

    Raises:
        DeclarationError: a count below 1, a batch that cannot be split, a rate out of range.
    """
    counts = ("steps", "batch", "crop", "accumulate", "validate")
    wrong = {name: getattr(recipe, name) for name in counts if getattr(recipe, name) < 1}
    if recipe.batch % max(recipe.accumulate, 1):
        wrong["accumulate"] = recipe.accumulate
    if not (recipe.lr > 0 and math.isfinite(recipe.lr)):
        wrong["lr"] = recipe.lr
    if not 0 <= recipe.lr_floor <= recipe.lr:
        wrong["lr_floor"] = recipe.lr_floor
    if not 0 <= recipe.decay_from < 1 or recipe.decay_every <= 0:
        wrong |= {"decay_from": recipe.decay_from, "decay_every": recipe.decay_every}
    if not 0 <= recipe.warmup <= recipe.steps:
        wrong["warmup"] = recipe.warmup
    if recipe.sgd_from is not None and not (0 < recipe.sgd_from < 1 and recipe.optimiser != "sgd"):
        wrong |= {"sgd_from": recipe.sgd_from, "optimiser": recipe.optimiser}
    if recipe.clip is not None and recipe.clip <= 0:
        wrong["clip"] = recipe.clip
    if not recipe.loss and recipe.adversarial is None:
        wrong["loss"] = recipe.loss
    if wrong:
        raise DeclarationError(
            "counts are at least 1, `accumulate` divides `batch`, 0 <= lr_floor <= lr, warmup <= "
            "steps, 0 <= decay_from < 1, 0 < sgd_from < 1 where the optimiser is not SGD already, "
            f"some loss is named; got {wrong} with steps={recipe.steps}, batch={recipe.batch}, "
            f"lr={recipe.lr}; mend the recipe"
        )


def check_share(recipe: Train, devices: int, row: str = "") -> None:
    """Refuse a number of devices that cannot share a batch equally.

    Raises:
        UsageError: no whole number from 1 on, or one that leaves pairs over.
    """
    part = recipe.batch // max(recipe.accumulate, 1)
    if type(devices) is not int or devices < 1 or part % devices:
        fitting = [count for count in range(1, part + 1) if part % count == 0]
        whose = f" of {row}" if row else ""
        of = f" in {recipe.accumulate} parts" if recipe.accumulate > 1 else ""
        raise UsageError(
            f"devices needs a whole number that divides the batch{whose} ({recipe.batch}{of}: "
            f"{', '.join(map(str, fitting))}), got {devices!r}; the batch is the recipe's, however "
            "many devices share it"
        )


def _after_warmup(recipe: Train, step: int) -> float:
    return (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)


def _constant(recipe: Train, step: int) -> float:
    return recipe.lr


def _cosine(recipe: Train, step: int) -> float:
    share = (1 + math.cos(math.pi * _after_warmup(recipe, step))) / 2
    return recipe.lr_floor + (recipe.lr - recipe.lr_floor) * share


def _linear(recipe: Train, step: int) -> float:
    share = min(1.0, (1 - step / recipe.steps) / (1 - recipe.decay_from))
    return recipe.lr_floor + (recipe.lr - recipe.lr_floor) * share


def _polynomial(recipe: Train, step: int) -> float:
    share = math.pow(1 - _after_warmup(recipe, step), recipe.decay)
    return recipe.lr_floor + (recipe.lr - recipe.lr_floor) * share


def _step(recipe: Train, step: int) -> float:
    reductions = math.floor(step / (recipe.decay_every * recipe.steps) + 1e-9)
    return recipe.lr * float(recipe.decay**reductions)


SCHEDULES: dict[str, Callable[[Train, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "linear": _linear,
    "polynomial": _polynomial,
    "step": _step,
}

import math

import pytest
from training_parts import recipe

from deblur_lib.errors import DeclarationError
from deblur_lib.training.schedules import check, learning_rate, optimiser


def rates(**changes: object) -> list[float]:
    declared = recipe(steps=12, lr=1.0, **changes)
    return [learning_rate(declared, step) for step in range(12)]


def test_constant() -> None:
    assert rates(schedule="constant") == [1.0] * 12


def test_cosine_with_floor() -> None:
    got = rates(schedule="cosine", lr_floor=0.2)
    assert got == pytest.approx([0.2 + 0.4 * (1 + math.cos(math.pi * k / 12)) for k in range(12)])
    assert got[0] == 1.0
    assert got[6] == pytest.approx(0.6)


def test_warmup_takes_all_of_the_rate_at_its_last_step() -> None:
    got = rates(schedule="cosine", warmup=4)
    assert got[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert got[8] == pytest.approx(0.5)


def test_linear_waits_and_meets_the_floor_when_all_is_done() -> None:
    got = rates(schedule="linear", decay_from=0.5, lr_floor=0.1)
    assert got[:7] == [1.0] * 7
    assert got[7:] == pytest.approx([0.1 + 0.9 * (1 - k / 6) for k in range(1, 6)])


def test_polynomial() -> None:
    got = rates(schedule="polynomial", decay=0.3)
    assert got == pytest.approx([(1 - k / 12) ** 0.3 for k in range(12)])


def test_step_reduces_at_exact_places() -> None:
    got = rates(schedule="step", decay=0.5, decay_every=1 / 6, lr_floor=0.1)
    assert got == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.1, 0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("share", "steps", "first"), [(0.5, 30, 15), (0.7, 10, 7), (0.01, 30, 1), (0.55, 10, 6)]
)
def test_sgd_takes_over_at_its_fraction_of_the_steps(share: float, steps: int, first: int) -> None:
    declared = recipe(steps=steps, optimiser="adamw", sgd_from=share)
    names = [optimiser(declared, step) for step in range(steps)]
    assert names == ["adamw"] * first + ["sgd"] * (steps - first)
    assert optimiser(recipe(optimiser="adamw"), 29) == "adamw"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"steps": 0}, "'steps': 0"),
        ({"batch": 4, "accumulate": 3}, "'accumulate': 3"),
        ({"lr": math.nan}, "'lr': nan"),
        ({"lr_floor": 1.0}, "'lr_floor': 1.0"),
        ({"decay_from": 1.0}, "'decay_from': 1.0"),
        ({"warmup": 31}, "'warmup': 31"),
        ({"clip": 0.0}, "'clip': 0.0"),
        ({"sgd_from": 0.0}, "'sgd_from': 0.0"),
        ({"sgd_from": 1.0}, "'sgd_from': 1.0"),
        ({"sgd_from": math.nan}, "'sgd_from': nan"),
        ({"sgd_from": 0.5, "optimiser": "sgd"}, "'sgd_from': 0.5, 'optimiser': 'sgd'"),
        ({"loss": {}}, "'loss': {}"),
    ],
)
def test_contradicting_recipes_are_refused(changes: dict[str, object], named: str) -> None:
    check(recipe())
    with pytest.raises(DeclarationError, match=named):
        check(recipe(**changes))

"""Which pictures the figures of a run show."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch

from deblur_lib.data.pairs import Pair
from deblur_lib.runs.looking import CHOSEN, chosen_pictures


@dataclass
class Scenes:
    """Sharp pictures with more edges from one to the next."""

    scenes: list[str]
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [f"p{number}" for number in range(len(self.scenes))]

    def pair(self, index: int) -> Pair:
        steps = (torch.arange(8) % 2).float() * (index + 1) / 10
        picture = steps.expand(3, 8, 8)
        return Pair(picture, picture, self.names[index], self.scenes[index])


@pytest.mark.parametrize(
    ("scenes", "shown"),
    [
        ("aaabbc", ["p0", "p3", "p5"]),
        ("abcabc", ["p0", "p2", "p4"]),  # p3 lies in the middle and is of the scene of p0
        ("aaaabb", ["p0", "p4", "p5"]),  # two scenes: the third picture is any other
        ("aaaaaa", ["p0", "p3", "p5"]),
        ("ab", ["p0", "p1"]),
        ("a", ["p0"]),
    ],
)
def test_each_picture_shown_is_of_another_scene(scenes: str, shown: list[str]) -> None:
    source = Scenes(list(scenes))
    rows = [
        SimpleNamespace(
            dataset="d", convention="psnr-rgb", method="identity", picture=name, value=20.0 + rank
        )
        for rank, name in enumerate(source.names)
    ]
    picked = chosen_pictures(rows, source, "d")  # type: ignore[arg-type]
    assert list(picked) == list(CHOSEN[: len(shown)])
    assert list(picked.values()) == shown

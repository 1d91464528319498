"""Windows of test pictures: one place for blurred and sharp, and rows that tell them apart."""

import numpy as np
import pytest
import torch

from deblur_lib.data.pairs import Pair
from deblur_lib.data.windows import PLACES, Windowed
from deblur_lib.windows import most_changed, strongest


class One:
    """One pair, sharp everywhere but at one pixel of the middle frame."""

    data_id, digest, expected = "made-up/test", "0" * 64, 1
    names, scenes = ("a",), ("s",)

    def __init__(self, frames: int = 1, size: tuple[int, int] = (40, 60)) -> None:
        self.sharp = torch.rand((3, *size), generator=torch.Generator().manual_seed(0))
        self.blurred = torch.stack([self.sharp + 0.0 for _ in range(frames)])
        self.blurred[frames // 2, :, 33, 7] += 1

    def __len__(self) -> int:
        return 1

    def pair(self, index: int) -> Pair:
        blurred = self.blurred if len(self.blurred) > 1 else self.blurred[0]
        return Pair(blurred, self.sharp, "a", "s")

    def crop(
        self, index: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((size, size, 3), np.uint8), np.zeros((size, size, 3), np.uint8)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("place", sorted(PLACES))
def test_blurred_and_sharp_are_cut_alike(place: str, frames: int) -> None:
    source = One(frames)
    cut = Windowed(source, place, 16).pair(0)
    assert cut.sharp.shape == (3, 16, 16)
    assert cut.blurred.shape[-3:] == (3, 16, 16)
    first = cut.blurred[0] if frames > 1 else cut.blurred
    changed = (first - cut.sharp).abs().amax(0) > 1e-6
    inside = place == "max_motion" and frames == 1
    assert changed.sum() == int(inside)
    assert (cut.name, cut.scene) == ("a", "s")


def test_each_place_is_where_it_says() -> None:
    source = One()
    center = Windowed(source, "center", 16).pair(0).sharp
    assert torch.equal(center, source.sharp[:, 12:28, 22:38])
    seeded = [Windowed(source, "seeded", 16).pair(0).sharp for _ in range(2)]
    assert torch.equal(*seeded)
    moved = Windowed(source, "max_motion", 16).pair(0)
    assert (moved.blurred - moved.sharp).max() == pytest.approx(1)


@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_picture_smaller_than_the_window_is_taken_whole(place: str) -> None:
    source = One(size=(40, 8))
    assert Windowed(source, place, 32).pair(0).sharp.shape == (3, 32, 8)
    assert Windowed(source, place, 64).pair(0).sharp.shape == (3, 40, 8)


def test_another_window_is_other_data() -> None:
    digests = {
        One.digest,
        *(Windowed(One(), place, side).digest for place in PLACES for side in (16, 32)),
    }
    assert len(digests) == 1 + 2 * len(PLACES)
    windowed = Windowed(One(), "center", 16)
    assert (len(windowed), windowed.names, windowed.expected) == (1, ("a",), 1)
    assert windowed.crop(0, 8, np.random.default_rng(0))[0].shape == (8, 8, 3)


def test_the_strongest_window_has_the_largest_sum() -> None:
    gap = np.random.default_rng(0).random((20, 31))
    best = max(
        (gap[top : top + 7, left : left + 7].sum(), top, left)
        for top in range(14)
        for left in range(25)
    )
    rows, columns = strongest(gap, 7)
    assert (rows.start, columns.start, rows.stop, columns.stop) == (
        best[1], best[2], best[1] + 7, best[2] + 7,
    )  # fmt: skip
    black = np.zeros((9, 9, 3), np.uint8)
    white = black.copy()
    white[8, 8] = 255
    assert most_changed(black, white, 4) == (slice(5, 9), slice(5, 9))

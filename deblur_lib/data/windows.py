"""Test pictures cut to one window each."""

import hashlib
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from deblur_lib.data.pairs import Pair, PairSource, middle_frame
from deblur_lib.data.pictures.reading import U8
from deblur_lib.windows import Window, strongest


def _center(pair: Pair, side: int) -> Window:
    height, width = pair.sharp.shape[-2:]
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    return slice(top, top + side), slice(left, left + side)


def _max_motion(pair: Pair, side: int) -> Window:
    gap = (middle_frame(pair.blurred) - pair.sharp).abs().sum(dim=0).double()
    return strongest(gap.numpy(), side)


def _seeded(pair: Pair, side: int) -> Window:
    rng = np.random.default_rng(zlib.crc32(pair.name.encode()))
    height, width = pair.sharp.shape[-2:]
    top = int(rng.integers(max(0, height - side) + 1))
    left = int(rng.integers(max(0, width - side) + 1))
    return slice(top, top + side), slice(left, left + side)


PLACES: dict[str, Callable[[Pair, int], Window]] = {
    "center": _center,
    "max_motion": _max_motion,
    "seeded": _seeded,
}


class Windowed:
    """Pairs of which one window is taken: the same of blurred and sharp, and of all frames.

    Args:
        source: whole pairs.
        place: "center", "max_motion" (where blurred and sharp differ most) or "seeded" (drawn from
            the name of the pair).
        side: of the window in pixels; a shorter side of a picture is taken whole.
    """

    def __init__(self, source: PairSource, place: str, side: int) -> None:
        self.source, self.place, self.side = source, place, side
        self.data_id = source.data_id
        self.expected = source.expected
        self.names: Sequence[str] = source.names
        self.scenes: Sequence[str] = source.scenes

    @property
    def digest(self) -> str:
        """SHA-256 over the digest of the whole pairs and the choice of the window."""
        return hashlib.sha256(f"{self.source.digest} {self.place} {self.side}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.source)

    def pair(self, index: int) -> Pair:
        """The window of one pair."""
        whole = self.source.pair(index)
        window = PLACES[self.place](whole, self.side)
        return whole._replace(blurred=whole.blurred[..., *window], sharp=whole.sharp[..., *window])

    def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple[U8, U8]:
        """A random square of the whole pair, as training takes it."""
        return self.source.crop(index, size, rng)

"""Generated pairs without end: several kinds of blur by their shares, drawn while training goes on.

Pair number n follows from the mixture, the split and n alone. Training cuts its crops from a pool
of the latest pairs, into which a new one comes every so many crops; so what is resumed needs
nothing from the disk, and no picture is seen often enough to be learnt by heart.
"""

from dataclasses import asdict
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.data.generated.benchmark import ATTEMPTS, VERSION, generator, to_8bit, u8_psnr
from deblur_lib.data.generated.camera import Camera, lit, taken
from deblur_lib.data.generated.folders import digest_of, open_stock
from deblur_lib.data.generated.scenes import Stock
from deblur_lib.data.generated.settings import Settings, Split
from deblur_lib.data.generated.variants import BRIGHT, VARIANTS
from deblur_lib.data.pairs import Pair, random_square, to_tensor
from deblur_lib.data.pictures.reading import U8
from deblur_lib.errors import DataError, UsageError, unknown_name
from deblur_lib.provenance import settings_hash
from deblur_lib.spec import STRICT

NIGHT = "synth-realblur-"  # kinds that have light, noise and JPEG of their own


@dataclass(frozen=True, config=STRICT)
class Mixture:
    """What pairs are drawn from.

    Attributes:
        shares: how often each kind of blur is drawn, by generated data id; any positive numbers.
        settings: of all kinds: size, blur, leaves, still, seed, photographs.
        camera: what the camera adds; kinds of night scenes have it already.
        pool: pairs that crops are cut from at a time.
        uses: crops after which a new pair takes the place of the oldest.
    """

    shares: dict[str, Annotated[float, Field(gt=0)]]
    settings: Settings = Field(default_factory=Settings)
    camera: Camera = Field(default_factory=Camera)
    pool: Annotated[int, Field(ge=1)] = 256
    uses: Annotated[int, Field(ge=1)] = 12


class Stream:
    """Pairs of a mixture, made when they are asked for.

    Args:
        mixture: what to draw.
        split: whose photographs, textures and scenes.
        name: name in records, without the split.
        count: number of pairs of a fixed set; None for the pool of an endless one.

    Raises:
        UsageError: a kind of blur that is not known, or gives clips.
        DataError: the folder of photographs cannot be used.
    """

    def __init__(
        self, mixture: Mixture, split: Split, *, name: str, count: int | None = None
    ) -> None:
        check(mixture)
        self.mixture, self.split = mixture, split
        self.data_id = f"{name}/{split}"
        self.expected = mixture.pool if count is None else count
        self.names = [f"{split}-{index:04d}" for index in range(self.expected)]
        self.scenes = list(self.names)
        self._kept: dict[int, tuple[U8, U8]] = {}
        self._stock = open_stock(mixture.settings, split, 0)  # refuses a folder of no use now

    def __len__(self) -> int:
        return self.expected

    @cached_property
    def digest(self) -> str:
        """SHA-256 over mixture, split, version of the generator and the photographs' content."""
        used: dict[str, Any] = asdict(self.mixture)
        used["settings"]["photographs"] = digest_of(self.mixture.settings, self.split)
        return settings_hash([used, self.split, self.expected, VERSION], length=64)

    def turn(self, place: int, rng: np.random.Generator) -> int:
        """Number of the pair that a crop is cut from.

        Args:
            place: number of the crop since the training began.
            rng: generator of this crop.
        """
        oldest = place // self.mixture.uses
        for gone in [number for number in self._kept if number < oldest]:
            del self._kept[gone]
        return oldest + int(rng.integers(self.mixture.pool))

    def read(self, index: int) -> tuple[U8, U8]:
        """Blurred and sharp of one pair, each (size, size, 3) uint8."""
        if index not in self._kept:
            self._kept[index] = draw(self.mixture, self._stock, index)
        return self._kept[index]

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of a pair."""
        return self.mixture.settings.size, self.mixture.settings.size

    def pair(self, index: int) -> Pair:
        """One whole pair as float tensors."""
        blurred, sharp = self.read(index)
        name = f"{self.split}-{index:04d}"
        return Pair(to_tensor(blurred), to_tensor(sharp), name, name)

    def crop(self, index: int, size: int, rng: np.random.Generator) -> tuple[U8, U8]:
        """A random square of one pair."""
        return random_square(*self.read(index), size, rng, name=f"{self.split}-{index:04d}")

    def __reduce__(self) -> tuple[Any, ...]:
        name = self.data_id.rpartition("/")[0]
        return _again, (self.mixture, self.split, name, self.expected)


def _again(mixture: Mixture, split: Split, name: str, count: int) -> Stream:
    return Stream(mixture, split, name=name, count=count)


def check(mixture: Mixture) -> None:
    """Refuse kinds of blur that cannot be mixed; errors as `Stream`."""
    kinds = [one for one in VARIANTS if not one.startswith("synth-clip")]
    for name in mixture.shares:
        if name not in kinds:
            raise UsageError(unknown_name("blur of single pictures", name, kinds))
    if not mixture.shares:
        raise UsageError(f"a mixture needs one kind of blur at least, got none of {kinds}")


def draw(mixture: Mixture, stock: Stock, index: int) -> tuple[U8, U8]:
    """Pair number `index` of a mixture: blurred and sharp, (size, size, 3) uint8 each.

    Args:
        mixture: what to draw.
        stock: what scenes are drawn from, of the split it is for.
        index: number of the pair.

    Raises:
        DataError: no attempt at a pair to validate or test on met the bounds of its input PSNR.
    """
    settings, names = mixture.settings, sorted(mixture.shares)
    shares = np.array([mixture.shares[name] for name in names])
    split = stock.split
    low, high = settings.psnr or BRIGHT
    for attempt in range(ATTEMPTS):
        rng = generator(f"{VERSION}.{settings.seed}/{split}/mixture/{index}/{attempt}")
        kind = names[rng.choice(len(names), p=shares / shares.sum())]
        night = kind.startswith(NIGHT)
        drawn = VARIANTS[kind](rng, stock if night else lit(rng, stock, mixture.camera), settings)
        seen = drawn.blurred if night else taken(rng, drawn.blurred, mixture.camera)
        blurred, sharp = to_8bit(seen), to_8bit(drawn.sharp)
        if split == "train" or low <= u8_psnr(blurred, sharp) <= high:
            return blurred, sharp
    raise DataError(
        f"{ATTEMPTS} attempts at pair {index} of {split} gave none with an input PSNR of {low:g} "
        f"to {high:g} dB; change `blur` ({settings.blur:g}) or `psnr`"
    )

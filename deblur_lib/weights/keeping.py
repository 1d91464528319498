"""What a card says of sharp pictures: by which measure they are known, and how often that errs."""

from dataclasses import field

from pydantic.dataclasses import dataclass

from deblur_lib.spec import STRICT


@dataclass(frozen=True, config=STRICT)
class Rates:
    """How a decision went on some pairs, each picture once blurred and once sharp; shares.

    Attributes:
        pairs: how many.
        sharp_kept: sharp pictures that were left alone.
        sharp_harmed: sharp pictures that were not, and came back further from
            themselves than `restoring.keeping.HARM` dB.
        blurred_kept: blurred pictures that were left alone.
    """

    pairs: int
    sharp_kept: float
    sharp_harmed: float
    blurred_kept: float


@dataclass(frozen=True, config=STRICT)
class Keeping:
    """When a network leaves a picture as it is, because it can remove no blur from it.

    Attributes:
        measure: name of `restoring.keeping.MEASURES`.
        below: a picture whose measure lies below this is kept.
        rates: by the name of the pictures; none of them chose the threshold.
    """

    measure: str
    below: float
    rates: dict[str, Rates] = field(default_factory=dict)

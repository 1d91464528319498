"""What a chapter opens and ends with: words that the measured verdicts choose among."""

from collections.abc import Mapping
from dataclasses import field

from pydantic.dataclasses import dataclass

from deblur_lib.spec.ground import STRICT


@dataclass(frozen=True, config=STRICT)
class Takeaway:
    """One thing to remember; the verdict on a claim picks the sentence.

    Attributes:
        claim: id of the claim that decides ("wan2023-C17").
        check: number of its check, counted from 1; 0 for the claim as a whole.
        holds: said where our rows speak for the claim.
        fails: said where they speak against it.
        open: said where they cannot tell, or were not asked.
    """

    claim: str
    holds: str
    fails: str
    open: str
    check: int = 0


@dataclass(frozen=True, config=STRICT)
class Summary:
    """How a chapter opens and ends.

    Attributes:
        question: what the chapter asks, one or two sentences.
        own: the paper's own network, a method id.
        datasets: data sets of the tables on which its gain is told.
        headline: ids of the claims that the paper stands on.
        takeaways: what a reader should remember.
        trained_for: the row that is the own network as it learnt from another of these data sets.
        key: id of the chart of bars that shows the answer; "" for the first one.
    """

    question: str
    own: str
    datasets: tuple[str, ...]
    headline: tuple[str, ...]
    takeaways: tuple[Takeaway, ...]
    trained_for: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

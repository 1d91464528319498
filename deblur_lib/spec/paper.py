"""A paper's room as a whole, and the open points it declares."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from deblur_lib.profiles import PROFILES
from deblur_lib.spec.checksets import CHECKS, CheckSet
from deblur_lib.spec.ground import STRICT
from deblur_lib.spec.methods import Method
from deblur_lib.spec.profiles import Profile
from deblur_lib.spec.recipes import Train
from deblur_lib.spec.tables import Figure, Table


@dataclass(frozen=True, config=STRICT)
class Departure:
    """One place where the paper is silent, ambiguous or wrong, and what we do there.

    Attributes:
        where: section, equation or table of the paper.
        says: what the paper says there, in our words.
        does: what the suite does.
        why: the reason, with its source (relative's code, arithmetic, measurement, judgement).
        option: network, training or evaluation option that offers the alternatives, if any.
        id: the open point's number in the paper's specification ("W3").
        against: what another place of the paper says, or the same one in other words; "" where
            nothing contradicts. The ledger of contradictions collects these.
    """

    where: str
    says: str
    does: str
    why: str
    option: str = ""
    id: str = ""
    against: str = ""


@dataclass(frozen=True, config=STRICT)
class Statement:
    """An equation or a sentence on the architecture, and the code that does it.

    Attributes:
        id: number of the equation as printed, "(7)"; a letter for a sentence, "a".
        where: section, figure or table of the paper.
        says: what it says, in our words; mathematics between dollar signs.
        code: documented functions and classes that do it, below `deblur_lib`
            ("papers.wan2023.blocks.MSRM"); those of an equation name it: "Eq. (7)".
        departures: ids of open points that concern it.
        why_none: the reason where no code does it.
    """

    id: str
    where: str
    says: str
    code: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()
    why_none: str = ""

    @model_validator(mode="after")
    def _is_done_or_says_why(self) -> "Statement":
        if bool(self.code) == bool(self.why_none):
            raise ValueError(f"{self.id}: name either the code that does it or why none does")
        return self


@dataclass(frozen=True, config=STRICT)
class Paper:
    """A paper's room, declared.

    Attributes:
        id: folder, notebook and chapter name.
        title: title in English.
        authors: as printed.
        venue: where it appeared.
        doi: digital object identifier, or "".
        bibkey: key in the book's bibliography.
        networks: class in the room's network.py for each network name it adds to the catalogue.
        discriminators: the same for its discriminators.
        checks: pictures that its trained networks are scored on for checking.
        scored_for: rows that a test set is scored for, by data set; all where it names none. The
            blurred pictures are scored on every set.
        starts_from: weights of others that the published training of a network begins with, by
            network name; none are shipped here.
        recipe: the paper's own training recipe (paper profile).
        methods: all rows of all tables.
        tables: the tables.
        profiles: the budgets, one of each name.
        figures: the figures, in the order of the chapter; `papers.load` reads them.
        departures: open points of the paper and what we do; `papers.load` reads them.
    """

    id: str
    title: str
    authors: str
    venue: str
    doi: str
    bibkey: str
    networks: dict[str, str]
    recipe: Train
    methods: tuple[Method, ...]
    tables: tuple[Table, ...]
    profiles: tuple[Profile, ...]
    figures: tuple[Figure, ...] = ()
    departures: tuple[Departure, ...] = ()
    discriminators: dict[str, str] = Field(default_factory=dict)
    checks: tuple[CheckSet, ...] = CHECKS
    starts_from: dict[str, str] = Field(default_factory=dict)
    scored_for: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_resolve(self) -> "Paper":
        known = [method.id for method in self.methods]
        if len(known) != len(set(known)):
            raise ValueError(f"{self.id}: method ids repeat: {known}")
        for method in self.methods:
            if method.weights_of and method.weights_of not in known:
                raise ValueError(f"{self.id} {method.id}: no method is called {method.weights_of}")
        for name, rows in self.scored_for.items():
            if set(rows) - set(known):
                raise ValueError(f"{self.id} {name}: no method is called {set(rows) - set(known)}")
        for table in self.tables:
            missing = set(table.methods) - set(known)
            if missing:
                raise ValueError(f"{self.id} {table.id}: no method is called {sorted(missing)}")
        for profile in self.profiles:
            for name, seeds in profile.seeds_of.items():
                if name not in known or seeds[:1] != profile.seeds[:1]:
                    raise ValueError(
                        f"{self.id} {profile.name}: seeds_of {name} needs a method of the paper, "
                        f"and seeds that begin with {profile.seeds[0]}, which the figures show"
                    )
        if sorted(one.name for one in self.profiles) != sorted(PROFILES):
            raise ValueError(f"{self.id}: each of {PROFILES} must be declared once")
        return self

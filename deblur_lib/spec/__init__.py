"""What a paper's room declares: methods, recipes, tables, claims, departures, profiles.

Everything here is frozen, typed and free of torch. A declaration with an unknown key or a value of
the wrong type is refused when it is made, so nothing starts on a half-understood experiment.
"""

from deblur_lib.profiles import PROFILES, ProfileName
from deblur_lib.spec.checksets import CHECKS, CLIP_CHECKS, CheckSet
from deblur_lib.spec.claims import Check, Claim, PrintedCell
from deblur_lib.spec.ground import (
    FROM_DEMO,
    FROM_STUDY,
    NOT_DEMO,
    STRICT,
    Option,
    Options,
    Share,
)
from deblur_lib.spec.methods import IDENTITY, LARGER, LONG, LONG_RUN, Method
from deblur_lib.spec.paper import Departure, Paper, Statement
from deblur_lib.spec.profiles import (
    DEMO,
    FIVE,
    FULL_LENGTH,
    GPU,
    ONE,
    PRINTED,
    SMOKE,
    STUDY,
    THREE,
    Profile,
)
from deblur_lib.spec.reading import extend, misfit, override, parse
from deblur_lib.spec.recipes import RAGAN, WGAN, Adversarial, Train
from deblur_lib.spec.summary import Summary, Takeaway
from deblur_lib.spec.tables import Column, Figure, Table, columns

__all__ = [
    "CHECKS",
    "CLIP_CHECKS",
    "DEMO",
    "FIVE",
    "FROM_DEMO",
    "FROM_STUDY",
    "FULL_LENGTH",
    "GPU",
    "IDENTITY",
    "LARGER",
    "LONG",
    "LONG_RUN",
    "NOT_DEMO",
    "ONE",
    "PRINTED",
    "PROFILES",
    "RAGAN",
    "SMOKE",
    "STRICT",
    "STUDY",
    "THREE",
    "WGAN",
    "Adversarial",
    "Check",
    "CheckSet",
    "Claim",
    "Column",
    "Departure",
    "Figure",
    "Method",
    "Option",
    "Options",
    "Paper",
    "PrintedCell",
    "Profile",
    "ProfileName",
    "Share",
    "Statement",
    "Summary",
    "Table",
    "Takeaway",
    "Train",
    "columns",
    "extend",
    "misfit",
    "override",
    "parse",
]

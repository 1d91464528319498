"""What a paper's room declares: methods, recipes, tables, claims, departures, profiles.

Everything here is frozen, typed and free of torch. A declaration with an unknown key or a value of
the wrong type is refused when it is made, so nothing starts on a half-understood experiment.
"""

from deblur_lib.spec.checksets import CHECKS, CLIP_CHECKS, CheckSet
from deblur_lib.spec.claims import Check, Claim, PrintedCell
from deblur_lib.spec.ground import PROFILES, STRICT, Option, Options, ProfileName, Share
from deblur_lib.spec.methods import LONG, Method
from deblur_lib.spec.paper import Departure, Paper
from deblur_lib.spec.profiles import Profile
from deblur_lib.spec.reading import misfit, override, parse
from deblur_lib.spec.recipes import Adversarial, Train
from deblur_lib.spec.tables import Column, Figure, Table

__all__ = [
    "CHECKS",
    "CLIP_CHECKS",
    "LONG",
    "PROFILES",
    "STRICT",
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
    "Table",
    "Train",
    "misfit",
    "override",
    "parse",
]

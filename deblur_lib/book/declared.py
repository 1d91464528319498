"""Parts of the book that declarations alone tell: budgets and metric conventions."""

from collections import Counter

import pandas as pd

from deblur_lib import papers
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.report.markup import View, escape, pipes
from deblur_lib.spec import Profile
from deblur_lib.weights.limits import FIXED, REFUSED
from deblur_lib.weights.presets import presets


def profiles() -> str:
    """What each paper does at each budget, from the declarations."""
    heads = ("paper", "profile", "trained on", "seeds declared", "what it can show")
    rows = (
        (name, one.name, one.train_on, _seeds(one), one.why or "–")
        for name in papers.names()
        for one in papers.load(name).profiles
    )
    return f"{pipes(heads, rows)}\n"


def stand_ins() -> str:
    """Which pictures each name of a test set in the tables means, at each budget."""
    rows = []
    for paper in map(papers.load, papers.names()):
        tested = {one.name: one.test_on for one in paper.profiles}
        for name in dict.fromkeys(name for one in tested.values() for name in one):
            meant: dict[str, list[str]] = {}
            for profile, sets in tested.items():
                if name in sets:
                    meant.setdefault(sets[name], []).append(profile)
            told = "; ".join(f"{one} ({', '.join(where)})" for one, where in meant.items())
            rows.append((paper.id, name, told))
    return f"{pipes(('paper', 'in tables', 'pictures (profiles)'), rows)}\n"


def margins() -> str:
    """Claims whose words promise size, and how far beyond zero their effects must lie."""
    rows = (
        (claim.id, claim.statement, ", ".join(bounds))
        for name in papers.names()
        for claim in papers.claims(name)
        if (bounds := dict.fromkeys(f"{one.margin:g}" for one in claim.checks if one.margin))
    )
    return f"{pipes(('claim', 'it says', 'margin'), rows)}\n"


def _seeds(profile: Profile) -> str:
    fewer = Counter(" ".join(map(str, seeds)) for seeds in profile.seeds_of.values())
    others = [f"{seeds} for {count} of the rows" for seeds, count in fewer.items()]
    return "; ".join([" ".join(map(str, profile.seeds)), *others])


def conventions() -> str:
    """What each metric convention fixes."""
    parts = []
    for name, one in CONVENTIONS.items():
        facts = (
            f"{one.metric.upper()}; {one.values}",
            f"peak {one.peak:g}",
            f"window {one.window}" if one.window else "",
            f"border: {one.border}",
            f"averaging: {one.averaging}",
            f"alignment: {one.alignment}" if one.alignment else "",
        )
        told = ". ".join(escape(fact[:1].upper() + fact[1:]) for fact in facts if fact)
        parts.append(f"`{name}`\n: {told}.\n: *Used by:* {escape(one.source)}.\n")
    return "\n".join(parts)


def weights() -> str:
    """Official weight files: what each is built with, where it lies, what its use is bound to."""
    told = {
        one.id: {
            "network": one.network,
            "options": ", ".join(f"{key} {value}" for key, value in one.options.items()) or "–",
            "file": f"{one.published} ({one.repository})",
            "licence": one.licence,
            "its scores rest on": "values rounded down" if one.rounding == "down"
            else one.scored or "rounded values",
        }
        for one in presets().values()
    }  # fmt: skip
    frame = pd.DataFrame.from_dict(told, orient="index").rename_axis("name")
    left = dict.fromkeys(map(str, frame), "") | {"file": "8em"}
    return View("", "", [("", frame)], [], "weights", left=left, first="").fenced()


def exports() -> str:
    """Networks that do not export for a free size, and why."""
    rows = [(name, "fixed size", why) for name, why in FIXED.items()]
    rows += [(name, "not at all", why) for name, why in REFUSED.items()]
    return f"{pipes(('network', 'exports', 'why'), rows)}\n"

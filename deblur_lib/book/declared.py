"""Parts of the book that declarations alone tell: budgets and metric conventions."""

from deblur_lib import papers
from deblur_lib.evaluation.conventions import CONVENTIONS
from deblur_lib.report.markup import escape


def profiles() -> str:
    """What each paper does at each budget, from the declarations."""
    lines = ["| paper | profile | trained on | seeds | what it can show |", "|---|---|---|---|---|"]
    for name in papers.names():
        for one in papers.load(name).profiles:
            seeds = " ".join(map(str, one.seeds))
            texts = (name, one.name, one.train_on, seeds, one.why or "–")
            lines.append("| " + " | ".join(map(escape, texts)) + " |")
    return "\n".join(lines) + "\n"


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

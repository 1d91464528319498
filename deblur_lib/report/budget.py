"""What a profile spends, and why our number may differ from the printed one, in words."""

from collections.abc import Sequence
from typing import Any

from deblur_lib.report.columns import meant_for, method_of, profile_of, tested_on, trained_on
from deblur_lib.report.results import Results
from deblur_lib.spec import Paper, Table

CAUSES = "; "  # between the causes of one gap
TITLED = 3  # changes of size that a title lists; more are told beside the gaps alone


def train_budget(results: Results, method: str) -> str:
    """Steps, batch and crop of a method's runs; "none" where nothing was trained."""
    budgets = {
        f"{one.steps:,} steps of {one.train['batch']} crops of {one.train['crop']} px"
        for one in results.of_method(method)
        if one.steps
    }
    return "; ".join(sorted(budgets)) or "none"


def title(results: Results, paper: Paper, table: Table) -> str:
    """Heading of a table: number, profile, budget, and how far it compares with the print."""
    profile = results.profile
    head = f"{table.number}, {profile}: {_networks(results, paper, table)}"
    if profile == "paper":
        return f"{head}, the paper's own protocol"
    return f"{head}; not comparable with the printed column except in direction"


def _networks(results: Results, paper: Paper, table: Table) -> str:
    runs = [one for method in table.methods for one in results.of_method(method) if one.steps]
    if not runs:
        return "nothing trained"
    changes = sorted({part for one in runs for part in _changes(paper, one.method, one.options)})
    steps = sorted({one.steps for one in runs})
    spent = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    used = dict.fromkeys(trained_on(results, paper, one.method) for one in runs)
    return f"{_size(changes)} trained for {spent} steps on {_pictures(list(used))}"


def _size(changes: Sequence[str]) -> str:
    if not changes:
        return "networks of full size"
    if len(changes) > TITLED:
        return "networks of reduced size (told with each gap)"
    return f"networks with {', '.join(changes)}"


def _pictures(data_ids: Sequence[str]) -> str:
    made = [one for one in data_ids if one.startswith("synth-")]
    told = [f"generated pictures ({' or '.join(made)})"] if made else []
    return " or ".join([*told, *(one for one in data_ids if one not in made)])


def _changes(paper: Paper, method: str, options: dict[str, Any]) -> list[str]:
    """Options that differ from those of the paper profile: "base_channels 8 (paper: 32)"."""
    declared = method_of(paper, method)
    full = {
        **profile_of(paper, "paper").options.get(str(declared.network), {}),
        **declared.options,
    }
    return [
        f"{name} {value}" + (f" (paper: {full[name]})" if name in full else "")
        for name, value in sorted(options.items())
        if name not in full or full[name] != value
    ]


def gap_reason(results: Results, paper: Paper, method: str, dataset: str) -> str:
    """Known causes of a gap to the printed number, joined by `CAUSES`: data, size, budget, or none.

    Each cause but the last begins with its kind and a colon: "size: blocks 1".
    """
    scored, meant = tested_on(results, paper).get(dataset), profile_of(paper, "paper").test_on
    runs = results.of_method(method)
    reasons = []
    if scored != meant.get(dataset):
        reasons.append(f"data: {scored} stands for {meant.get(dataset)}")
    used, printed = trained_on(results, paper, method), meant_for(paper, method, "paper")
    if runs and used != printed:
        reasons.append(f"training data: {used} instead of {printed}")
    changes = sorted({part for one in runs for part in _changes(paper, method, one.options)})
    if changes:
        reasons.append(f"size: {', '.join(changes)}")
    reasons += _spent(paper, method, runs)
    if not reasons:
        return "none of data, size and budget differ: open points of the paper, or chance"
    return CAUSES.join(reasons)


def _spent(paper: Paper, method: str, runs: list[Any]) -> list[str]:
    own = method_of(paper, method).train
    full = {name: own.get(name, getattr(paper.recipe, name)) for name in ("steps", "batch", "crop")}
    meant = full["steps"] * full["batch"] * full["crop"] ** 2
    for one in runs:
        used = one.steps * one.train["batch"] * one.train["crop"] ** 2
        if one.steps and used < meant:
            share = 100 * used / meant
            return [f"budget: {share:.2g} % of the pixels that the paper trains on"]
    return []


def flags(results: Results, paper: Paper, method: str, dataset: str) -> list[str]:
    """Cautions for a method on a data set: trained on one kind of blur, scored on another."""
    used = trained_on(results, paper, method)
    scored = tested_on(results, paper).get(dataset)
    if scored is None or scored == used:
        return []
    return [f"cross-variant: trained on {used}, scored on {scored}"]


def cautions(results: Results, methods: Sequence[str] | None = None) -> dict[str, list[str]]:
    """What must stand beside every number of some runs (random VGG19 weights).

    Args:
        results: the runs.
        methods: rows to look at; all when None.

    Returns:
        For each caution the ids of the rows that it holds for.
    """
    found: dict[str, list[str]] = {}
    for one in results.manifests:
        for text in one.cautions if methods is None or one.method in methods else ():
            if one.method not in found.setdefault(text, []):
                found[text].append(one.method)
    return found


def caption(results: Results, paper: Paper, text: str, methods: Sequence[str] | None = None) -> str:
    """A caption, followed by the cautions of the rows it is about."""
    told = [
        f"{', '.join(method_of(paper, method).title for method in rows)}: {caution}."
        for caution, rows in cautions(results, methods).items()
    ]
    return " ".join((text, *told))

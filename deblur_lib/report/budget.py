"""What a profile spends, and what must be known beside its numbers, in words."""

from collections.abc import Sequence
from statistics import median

from deblur_lib import papers
from deblur_lib.records import Manifest
from deblur_lib.report.columns import is_cost, method_of, tested_on, trained_on
from deblur_lib.report.differences import changes
from deblur_lib.report.results import Results
from deblur_lib.spec import PROFILES, Paper, Table

NOTHING = "nothing trained"
TITLED = 3  # changes of size that a title lists; more are told in the notes alone
SPANS = ((3600, "hours"), (60, "minutes"), (1, "seconds"))


def train_budget(results: Results, method: str) -> str:
    """Steps, batch and crop of a method's runs; "none" where nothing was trained."""
    budgets = {
        f"{one.steps:,} steps with {one.train['batch']} crops of {one.train['crop']} px"
        for one in results.of_method(method)
        if one.steps
    }
    return "; ".join(sorted(budgets)) or "none"


def in_words(*stored: Results) -> str:
    """What the profiles of some rows are, one after the other, for readers who know no profile."""
    alike: dict[str, dict[str, list[Manifest]]] = {}
    for one in sorted(stored, key=lambda one: PROFILES.index(one.profile)):
        kinds = alike.setdefault(one.profile, {"a training": [], "a long run": []})
        apart = {row.id for row in papers.load(one.paper).methods if row.apart}
        for run in trained(one):
            kinds["a long run" if run.method in apart else "a training"].append(run)
    return "; ".join(
        f"profile {name}: "
        + (", and ".join(_spent(runs, kind) for kind, runs in kinds.items() if runs) or NOTHING)
        for name, kinds in alike.items()
    )


def _spent(runs: Sequence[Manifest], kind: str) -> str:
    spent = median(one.seconds_training for one in runs)
    size, unit = next(one for one in SPANS if spent >= 1.5 * one[0] or one[0] == 1)
    cores = max(one.threads for one in runs)
    own = f"{cores} processor core{'s' if cores > 1 else ''}"
    machines = {one.hardware.get("accelerator", "none").replace("none", own) for one in runs}
    return (
        f"{_range([one.steps for one in runs])} steps {kind}, about "
        f"{spent / size:.0f} {unit} of {' or '.join(sorted(machines))}"
    )


def trained(results: Results) -> list[Manifest]:
    """Runs that learned, without those that score the weights of another row."""
    adopted = {one.id for one in papers.load(results.paper).methods if one.weights_of}
    return [one for one in results.manifests if one.steps and one.method not in adopted]


def _range(found: Sequence[int]) -> str:
    low, high = min(found), max(found)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def title(results: Results, paper: Paper, table: Table) -> str:
    """Heading of a table: number, profile, budget, and how far it compares with the print."""
    profile = results.profile
    if profile != "smoke" and all(map(is_cost, table.columns)):
        return f"{table.number}: networks at their published size, trained or not"
    head = f"{table.number}, {profile}: {_networks(results, paper, table)}"
    if profile == "paper":
        return f"{head}, the paper's own protocol"
    if all(one.table != table.id for one in papers.printed_cells(paper.id)):
        return head
    return f"{head}; not comparable with the printed column except in direction"


def _networks(results: Results, paper: Paper, table: Table) -> str:
    runs = [one for method in table.methods for one in results.of_method(method) if one.steps]
    if not runs:
        return "nothing trained"
    changed = changes(paper, runs)
    spent = _range([one.steps for one in runs])
    used = dict.fromkeys(trained_on(results, paper, one.method) for one in runs)
    return f"{_size(changed)} trained for {spent} steps on {_pictures(list(used))}"


def _size(changes: Sequence[str]) -> str:
    if not changes:
        return "networks of full size"
    if len(changes) > TITLED:
        return "networks of reduced size (told below)"
    return f"networks with {', '.join(changes)}"


def _pictures(data_ids: Sequence[str]) -> str:
    made = [one for one in data_ids if one.startswith("synth-")]
    told = [f"generated pictures ({' or '.join(made)})"] if made else []
    return " or ".join([*told, *(one for one in data_ids if one not in made)])


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

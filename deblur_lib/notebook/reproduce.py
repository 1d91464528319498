"""Execute a paper's notebook with checked parameters, and stamp what came out. No torch here.

The kernel trains; this process checks the request before the kernel starts, shows the progress of
the runs by reading their logs, and writes a stamp that lets the book refuse a stale notebook, or
one of a request that is not the profile's.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deblur_lib import papers
from deblur_lib.errors import RecordError, UsageError
from deblur_lib.files import check_writable
from deblur_lib.locks import held
from deblur_lib.notebook.parameters import complete, request_of
from deblur_lib.provenance import PACKAGES, file_digest, folder_digest, versions
from deblur_lib.records import read_json, read_whole, write_json
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, make_plan
from deblur_lib.runs.progress import bar_of
from deblur_lib.runs.vetting import check_ready, checked_plan


def source_notebook(paper: str) -> Path:
    """The notebook of a paper, as stored (without outputs).

    Raises:
        UsageError: unknown paper, no checkout, or its notebook is missing.
    """
    papers.load(paper)
    path = store.checkout() / "notebooks" / f"{paper}.ipynb"
    if not path.is_file():
        raise UsageError(f"notebooks/{paper}.ipynb is needed and missing; restore it")
    return path


def reproduce(paper: str, parameters: Mapping[str, Any], *, progress: bool = True) -> Path:
    """Execute a paper's notebook and stamp it.

    Args:
        paper: room id.
        parameters: values for parameters of the notebook; the others keep their defaults.
        progress: show a bar of training steps on standard error.

    Returns:
        The executed notebook, in build/notebooks: the paper's chapter, or for smoke and altered
        parameters one of its own. It takes the place of an older one only when it is whole.

    Raises:
        UsageError: a parameter is unknown, of the wrong type or cannot be, or what it needs is
            missing; nothing was started.
        NotebookError: a cell failed; names it, and the partial notebook is kept beside.
    """
    from deblur_lib.notebook.kernel import execute

    source = source_notebook(paper)
    values = complete(source, parameters)
    plan = checked_plan(request_of(paper, values))
    check_ready(plan)
    target = store.executed_notebook(plan.request)
    check_writable(target.parent)
    given = {name: values[name] for name in parameters}
    with held(target, target.name) as lock:
        if lock.waited and is_current(paper, parameters):
            return target  # another process has just done it
        trains = plan.request.train != "never"
        with bar_of(plan.runs, plan.paper.id, shown=progress and trains):
            whole = execute(source, target, given, root=store.checkout())
        stamp = _stamp(plan, source, values, whole)
        whole.replace(target)
        write_json(target.with_suffix(".json"), stamp)
    return target


def is_current(paper: str, parameters: Mapping[str, Any]) -> bool:
    """True when the executed notebook is what `reproduce` would make again.

    That needs a complete execution with the same parameters, of the same notebook, with the same
    library code and packages, whose runs and rows are all still there. A request that names folders
    of real pictures is never current: what lies in them may have changed.

    Raises:
        UsageError: as for `reproduce`.
    """
    source = source_notebook(paper)
    values = complete(source, parameters)
    plan = make_plan(request_of(paper, values))
    executed = store.executed_notebook(plan.request)
    stamp = executed.with_suffix(".json")
    if plan.request.roots or not stamp.is_file():
        return False
    trained = plan.runs if plan.request.train != "never" else ()
    rows = store.results_folder(plan.request) / "rows.csv"
    if not (executed.is_file() and rows.is_file() and all(map(store.is_stored, trained))):
        return False
    return bool(read_whole(stamp) == _stamp(plan, source, values, executed))


def stored(plan: Plan) -> str:
    """What is kept of an execution that did not come to its end."""
    done = sum(map(store.is_stored, plan.runs))
    parts = [f"{done} of {len(plan.runs)} runs are finished"]
    for run in plan.runs:
        steps = [_step(path) for path in store.run_folder(run).glob("resume-*.json")]
        if max(steps, default=-1) >= 0:
            parts.append(f"{run.id} is stored at step {max(steps)} of {run.train.steps}")
    return f"{'; '.join(parts)}; the same command goes on from there"


def _step(state: Path) -> int:
    try:
        return int(read_json(state)["counters"]["step"])
    except (RecordError, KeyError, TypeError, ValueError):
        return -1  # damaged; the training tells more


def code_digest() -> str:
    """Digest of the library's code and data files; changes when anything in it changes."""
    root = papers.ROOT.parent
    files = [path for path in root.rglob("*") if path.suffix in (".py", ".yaml")]
    return folder_digest(root, [path.relative_to(root).as_posix() for path in files])


def _stamp(
    plan: Plan, source: Path, parameters: Mapping[str, Any], executed: Path
) -> dict[str, Any]:
    results = store.results_folder(plan.request)
    return {
        "paper": plan.paper.id,
        "profile": plan.profile.name,
        "train": plan.request.train,
        "parameters": dict(parameters),
        "altered": plan.request.altered,
        "notebook_digest": file_digest(source),
        "executed_digest": file_digest(executed),
        "code_digest": code_digest(),
        "versions": versions((*PACKAGES, "matplotlib", "pandas")),
        "results": os.path.relpath(results, store.project_root()),
        "rows_digest": file_digest(results / "rows.csv"),
    }

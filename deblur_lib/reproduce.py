"""Execute a paper's notebook with checked parameters, and stamp what came out. No torch here.

The kernel trains; this process checks the request before the kernel starts, shows the progress of
the runs by reading their logs, keeps the partial notebook when a cell fails, and writes a stamp
that lets the book refuse a stale or failed notebook.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from deblur_lib import papers, store
from deblur_lib.errors import DeblurError, UsageError
from deblur_lib.parameters import complete, request_of
from deblur_lib.plan import Plan, make_plan
from deblur_lib.provenance import PACKAGES, file_digest, folder_digest, versions
from deblur_lib.records import read_json, write_json


class NotebookError(DeblurError):
    """A cell of the notebook failed; what ran before it is kept."""


def source_notebook(paper: str) -> Path:
    """The notebook of a paper, as stored (without outputs).

    Raises:
        UsageError: unknown paper, or its notebook is missing.
    """
    papers.load(paper)
    path = store.project_root() / "notebooks" / f"{paper}.ipynb"
    if not path.is_file():
        raise UsageError(f"notebooks/{paper}.ipynb is needed and missing; run inside a checkout")
    return path


def reproduce(paper: str, parameters: Mapping[str, Any], *, progress: bool = True) -> Path:
    """Execute a paper's notebook and stamp it.

    Args:
        paper: room id.
        parameters: values for parameters of the notebook; the others keep their defaults.
        progress: show a bar of training steps on standard error.

    Returns:
        The executed notebook, in build/notebooks.

    Raises:
        UsageError: a parameter is unknown or of the wrong type; nothing was started.
        NotebookError: a cell failed; names it, and the partial notebook is kept.
    """
    import papermill

    source = source_notebook(paper)
    values = complete(source, parameters)
    plan = make_plan(request_of(paper, values))
    target = store.executed_notebook(paper)
    stamp = target.with_suffix(".json")
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with _progress(plan, shown=progress), _environment(TQDM_DISABLE="1"):
        try:
            papermill.execute_notebook(
                str(source),
                str(target),
                parameters=dict(parameters),
                kernel_name="python3",
                progress_bar=False,
                cwd=str(store.project_root()),
                extra_arguments=["--IPKernelApp.log_level=ERROR"],
            )
        except papermill.PapermillExecutionError as error:
            first = next((one for one in error.source.splitlines() if one.strip()), "")
            raise NotebookError(
                f"cell {error.cell_index} of {paper}.ipynb failed ({first.strip()}): "
                f"{error.ename}: {error.evalue}; what ran before it is kept in "
                f"{target.relative_to(store.project_root())}, finished runs are not repeated"
            ) from None
    write_json(stamp, _stamp(plan, source, values))
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
    stamp = store.executed_notebook(paper).with_suffix(".json")
    if plan.request.roots or not stamp.is_file():
        return False
    trained = plan.runs if plan.request.train == "missing" else ()
    needed = [store.executed_notebook(paper), store.results_folder(plan.request) / "rows.csv"]
    needed += [store.run_folder(run) / "manifest.json" for run in trained]
    if not all(path.is_file() for path in needed):
        return False
    return bool(read_json(stamp) == _stamp(plan, source, values))


def code_digest() -> str:
    """Digest of the library's code and data files; changes when anything in it changes."""
    root = papers.ROOT.parent
    files = [path for path in root.rglob("*") if path.suffix in (".py", ".yaml")]
    return folder_digest(root, [path.relative_to(root).as_posix() for path in files])


def _stamp(plan: Plan, source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    results = store.results_folder(plan.request)
    return {
        "paper": plan.paper.id,
        "profile": plan.profile.name,
        "train": plan.request.train,
        "parameters": dict(parameters),
        "notebook_digest": file_digest(source),
        "executed_digest": file_digest(store.executed_notebook(plan.paper.id)),
        "code_digest": code_digest(),
        "versions": versions((*PACKAGES, "matplotlib", "pandas")),
        "results": os.path.relpath(results, store.project_root()),
        "rows_digest": file_digest(results / "rows.csv"),
    }


@contextmanager
def _environment(**changes: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _progress(plan: Plan, *, shown: bool) -> Iterator[None]:
    """Show how many training steps the kernel has done, by reading the logs of the runs."""
    steps = {run.id: run.train.steps for run in plan.runs}
    done = threading.Event()
    stored, _ = _progress_of(plan, steps)  # without them the bar tells a speed that nobody trained
    bar = tqdm(
        total=sum(steps.values()),
        initial=stored,
        unit="step",
        desc=plan.paper.id,
        disable=not shown,
    )

    def watch() -> None:
        while not done.wait(1.0):
            _show(bar, plan, steps)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        _show(bar, plan, steps)
        bar.close()


def _show(bar: Any, plan: Plan, steps: Mapping[str, int]) -> None:
    bar.n, text = _progress_of(plan, steps)
    bar.set_postfix_str(text if bar.n < (bar.total or 0) else "scoring and drawing")


def _progress_of(plan: Plan, steps: Mapping[str, int]) -> tuple[int, str]:
    """Training steps done so far, and what the run under way logged last."""
    total, text = 0, "opening pictures"
    for run in plan.runs:
        folder = store.run_folder(run)
        if (folder / "manifest.json").is_file():
            total += steps[run.id]
            continue
        last = _last_line(folder / "log.csv")
        if last:
            step, name, value = last.split(",")[:3]
            total += min(int(step), steps[run.id])
            text = f"{run.method.id} seed {run.seed}, {name} {float(value):.4g}"
    return total, text


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    good = [one for one in lines[-2:] if one.count(",") == 2 and one[:1].isdigit()]
    return good[-1] if good else ""

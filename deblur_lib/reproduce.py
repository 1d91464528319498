"""Execute a paper's notebook with checked parameters, and stamp what came out. No torch here.

The kernel trains; this process checks the request before the kernel starts, shows the progress of
the runs by reading their logs, keeps the partial notebook when a cell fails, and writes a stamp
that lets the book refuse a stale or failed notebook.
"""

import ast
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from deblur_lib import papers, store
from deblur_lib.errors import DeblurError, UsageError, unknown_name
from deblur_lib.plan import Plan, Request, make_plan
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


def notebook_parameters(path: Path) -> dict[str, Any]:
    """Parameters of a notebook with their default values, read from its tagged cell.

    Raises:
        UsageError: not exactly one cell is tagged "parameters", or a default is no plain literal.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [one for one in cells if "parameters" in one["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise UsageError(f"{path.name} needs one cell tagged 'parameters', has {len(tagged)}")
    found: dict[str, Any] = {}
    for line in ast.parse("".join(tagged[0]["source"])).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            raise UsageError(f"{path.name}: the parameters cell may hold plain assignments only")
        found[line.targets[0].id] = ast.literal_eval(line.value)
    return found


def parse_settings(settings: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the texts of `--set key=value` into values of the type of each parameter's default.

    Text parameters take the text as it is; all others take a Python or JSON literal, so `false`,
    `False`, `null`, `1e-3` and `[0, 1]` mean what they look like.

    Raises:
        UsageError: a parameter that the notebook does not have, or a value of another type.
    """
    values: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in defaults:
            raise UsageError(
                unknown_name("parameter", name, defaults, see="the notebook's parameters cell")
            )
        values[name] = text if isinstance(defaults[name], str) else _literal(name, text)
        check_type(name, values[name], defaults[name])
    return values


def _literal(name: str, text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    raise UsageError(
        f"parameter {name} needs a number, true, false, a list or a mapping, got {text!r}"
    )


def check_type(name: str, value: Any, default: Any) -> None:
    """Refuse a value whose type is not that of the parameter's default.

    Raises:
        UsageError: says which type was needed and what came.
    """
    needed = type(default)
    fits = isinstance(value, needed) and not (needed is int and isinstance(value, bool))
    if not fits and not (needed is float and type(value) is int):
        raise UsageError(
            f"parameter {name} needs a value of type {needed.__name__} (default {default!r}), "
            f"got {value!r} of type {type(value).__name__}"
        )


REQUEST_FIELDS = (
    "profile", "device", "precision", "seeds", "train", "methods", "options", "recipe", "data",
    "roots", "sources",
)  # fmt: skip


def request_of(paper: str, parameters: Mapping[str, Any]) -> Request:
    """The request that a notebook with these parameters makes.

    Raises:
        UsageError: a seed that is no whole number or a method that is no text.
    """
    fields = {name: parameters[name] for name in REQUEST_FIELDS if name in parameters}
    for name, kind in (("seeds", int), ("methods", str)):
        if name in fields:
            for item in fields[name]:
                check_type(f"{name} item", item, kind())
            fields[name] = tuple(fields[name])
    return Request(paper=paper, **fields)


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
    complete = _complete(source, parameters)
    plan = make_plan(request_of(paper, complete))
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
    write_json(stamp, _stamp(plan, source, complete))
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
    complete = _complete(source, parameters)
    plan = make_plan(request_of(paper, complete))
    stamp = store.executed_notebook(paper).with_suffix(".json")
    if plan.request.roots or not stamp.is_file():
        return False
    trained = plan.runs if plan.request.train == "missing" else ()
    needed = [store.executed_notebook(paper), store.results_folder(plan.request) / "rows.csv"]
    needed += [store.run_folder(run) / "manifest.json" for run in trained]
    if not all(path.is_file() for path in needed):
        return False
    return bool(read_json(stamp) == _stamp(plan, source, complete))


def _complete(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a notebook: those given, checked, and the defaults of the others."""
    defaults = notebook_parameters(source)
    for name, value in parameters.items():
        if name not in defaults:
            raise UsageError(
                unknown_name("parameter", name, defaults, see="the notebook's parameters cell")
            )
        check_type(name, value, defaults[name])
    return {**defaults, **parameters}


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

"""Parameters keep their types or are refused; an executed notebook is current or made again."""

import ast
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from disasters import flip
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import translate_parameters

from deblur_lib.errors import UsageError
from deblur_lib.notebook import reproduce as engine
from deblur_lib.notebook.kernel import NotebookError
from deblur_lib.notebook.parameters import notebook_parameters, parse_settings, request_of
from deblur_lib.notebook.reproduce import is_current, reproduce
from deblur_lib.runs import progress, store
from deblur_lib.runs.plan import make_plan

ROOT = Path(__file__).resolve().parents[2]

DEFAULTS = {"name": "a", "rate": 0.1, "count": 3, "flag": True, "items": [], "table": {}}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ({"name": "x=y"}, "x=y"),
        ({"name": "1e-3"}, "1e-3"),
        ({"rate": "1e-3"}, 1e-3),
        ({"rate": "2"}, 2),
        ({"count": "-4"}, -4),
        ({"flag": "false"}, False),
        ({"flag": "True"}, True),
        ({"items": "[3, 4]"}, [3, 4]),
        ({"items": '["a", null]'}, ["a", None]),
        ({"table": "{'a': {'b': 1e-3}}"}, {"a": {"b": 1e-3}}),
    ],
)
def test_a_value_keeps_its_type(setting: dict[str, str], value: object) -> None:
    (parsed,) = parse_settings(setting, DEFAULTS).values()
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("setting", "needle"),
    [
        ({"nmae": "x"}, "did you mean 'name'"),
        ({"count": "1.5"}, "type int"),
        ({"count": "true"}, "type int"),
        ({"flag": "no"}, "needs a number, true, false"),
        ({"flag": "0"}, "type bool"),
        ({"items": "3"}, "type list"),
        ({"table": "[1]"}, "type dict"),
    ],
)
def test_a_wrong_value_is_refused(setting: dict[str, str], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        parse_settings(setting, DEFAULTS)


BREAKOUT = "' \" + __import__('os').getcwd() + \" '"


@pytest.mark.parametrize(
    "value",
    [
        {"a": (BREAKOUT,)},
        {"a": {"b": ((BREAKOUT, 1), [BREAKOUT])}},
        {BREAKOUT: BREAKOUT},
        {"a": '\\" + 1 #', "b": "line\nline", "c": "\u2028'"},
        {"a": None, "b": True, "c": -1e-300},
    ],
    ids=["tuple", "deep", "names", "escapes", "constants"],
)
def test_a_value_reaches_the_notebook_as_itself_and_never_as_code(value: dict[str, Any]) -> None:
    parsed = parse_settings({"table": repr(value)}, DEFAULTS)
    cell = translate_parameters("python3", "python", parsed, "Parameters")
    (line,) = ast.parse(cell).body
    assert isinstance(line, ast.Assign)
    assert {"table": ast.literal_eval(line.value)} == parsed
    assert json.loads(json.dumps(parsed)) == parsed
    assert parsed["table"] == json.loads(json.dumps(value))


TEXTS = st.text() | st.sampled_from(
    ["'", '"', "\\", "\\'", '\\"', "\n", "\r", "{0}", "#", BREAKOUT]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, database=None, derandomize=True, max_examples=50)
@given(
    name=TEXTS, table=st.dictionaries(TEXTS, VALUES, max_size=3), items=st.lists(VALUES, max_size=3)
)
def test_no_value_at_any_depth_becomes_code(
    name: str, table: dict[str, Any], items: list[Any]
) -> None:
    texts = {"name": name, "table": json.dumps(table), "items": json.dumps(items)}
    parsed = parse_settings(texts, DEFAULTS)
    cell = ast.parse(translate_parameters("python3", "python", parsed, "Parameters")).body
    values = [ast.literal_eval(line.value) for line in cell if isinstance(line, ast.Assign)]
    assert values == [name, table, items]
    assert len(cell) == 3


@pytest.mark.parametrize(
    "text", ["{'a': {1}}", "{'a': b'x'}", "{'a': 1j}", "{'a': 1e999}", "{'a': ...}", "{1: 2}",
             "{'a': [NaN]}", "{[]: 1}", "[" * 3000]
)  # fmt: skip
def test_what_json_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"parameter table.* needs"):
        parse_settings({"table": text}, DEFAULTS)


@pytest.mark.parametrize("tags", [[], ["parameters", "parameters"]])
def test_a_notebook_needs_one_parameters_cell(tmp_path: Path, tags: list[str]) -> None:
    cells = [{"metadata": {"tags": [tag]}, "source": ["a = 1"]} for tag in tags]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    with pytest.raises(UsageError, match=f"has {len(tags)}"):
        notebook_parameters(path)


SMOKE = {"profile": "smoke", "methods": ["wan2023", "wan2023_baseline"]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose notebook was executed by a stand-in for papermill, with two finished runs."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "deblur_lib").symlink_to(ROOT / "deblur_lib")
    shutil.copy(ROOT / "notebooks/wan2023.ipynb", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEBLUR_RUNS", raising=False)
    plan = make_plan(request_of("wan2023", SMOKE))

    def execute(source: str, target: str, **_: Any) -> None:
        Path(target).write_text("executed", encoding="utf-8")
        for request in (plan.request, dataclasses.replace(plan.request, profile="demo")):
            store.results_folder(request).mkdir(parents=True, exist_ok=True)
            (store.results_folder(request) / "rows.csv").write_text("rows", encoding="utf-8")
        for run in plan.runs:
            store.run_folder(run).mkdir(parents=True, exist_ok=True)
            (store.run_folder(run) / "manifest.json").write_text("[]", encoding="utf-8")

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    assert not is_current("wan2023", SMOKE)
    reproduce("wan2023", SMOKE, progress=False)
    return tmp_path


def chapter(root: Path) -> Path:
    (path,) = root.glob("build/notebooks/*.ipynb")
    return path


def longer(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")


def test_an_executed_notebook_is_current_for_its_own_request(project: Path) -> None:
    assert is_current("wan2023", SMOKE)
    assert is_current("wan2023", SMOKE | {"train": "missing"})  # the default, said
    assert not is_current("wan2023", SMOKE | {"interactive": False})
    assert is_current("wan2023", {"profile": "smoke"} | SMOKE)
    assert not is_current("wan2023", SMOKE | {"methods": ["wan2023"]})
    assert not is_current("wan2023", SMOKE | {"roots": {"gopro-linear": str(project)}})
    with pytest.raises(UsageError, match="did you mean 'methods'"):
        is_current("wan2023", {"methode": []})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: chapter(root).unlink(),
        lambda root: chapter(root).write_text("edited"),
        lambda root: chapter(root).with_suffix(".json").unlink(),
        lambda root: next(root.glob("runs/wan2023/smoke/*/manifest.json")).unlink(),
        lambda root: next(root.glob("runs/wan2023/smoke/*/results/rows.csv")).unlink(),
        lambda root: next(root.glob("runs/wan2023/smoke/*/results/rows.csv")).write_text("others"),
        lambda root: longer(root / "notebooks/wan2023.ipynb"),
    ],
    ids=["no notebook", "edited", "no stamp", "no run", "no rows", "other rows", "source"],
)
def test_whatever_is_missing_or_changed_makes_it_stale(
    project: Path, spoil: Callable[[Path], Any]
) -> None:
    spoil(project)
    assert not is_current("wan2023", SMOKE)


@pytest.mark.parametrize("name", ["code_digest", "versions"])
def test_other_code_or_packages_make_it_stale(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(engine, name, lambda *_: "another")
    assert not is_current("wan2023", SMOKE)


def test_other_parameters_leave_the_chapter_and_its_rows_alone(project: Path) -> None:
    notebooks = project / "build" / "notebooks"
    for name in ("wan2023.ipynb", "wan2023.json", "wan2023-smoke.ipynb"):
        (notebooks / name).write_text("the chapter", encoding="utf-8")
    rows = project / "runs" / "wan2023" / "demo" / "results" / "rows.csv"
    rows.parent.mkdir(parents=True)
    rows.write_text("the rows", encoding="utf-8")
    target = reproduce("wan2023", SMOKE | {"profile": "demo"}, progress=False)
    stamp = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))
    assert stamp["altered"] == {"methods": ["wan2023", "wan2023_baseline"]}
    assert {path.read_text(encoding="utf-8") for path in notebooks.glob("wan2023*[3e].*")} == {
        "the chapter"
    }
    assert rows.read_text(encoding="utf-8") == "the rows"


@pytest.mark.parametrize(
    "error", [RuntimeError("Kernel died before replying"), KeyboardInterrupt()]
)
def test_a_failed_execution_leaves_the_finished_notebook_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(source: str, target: str, **_: Any) -> None:
        Path(target).write_text("partial", encoding="utf-8")
        raise error

    monkeypatch.setattr(papermill, "execute_notebook", fails)
    before = {path: path.read_bytes() for path in (project / "build" / "notebooks").iterdir()}
    named = r"no kernel starts.*kept in build/notebooks/wan2023-smoke-\w{8}\.failed\.ipynb"
    with pytest.raises(type(error) if isinstance(error, KeyboardInterrupt) else NotebookError) as e:
        reproduce("wan2023", SMOKE, progress=False)
    assert isinstance(error, KeyboardInterrupt) or re.search(named, str(e.value))
    (failed,) = set((project / "build" / "notebooks").iterdir()) - set(before)
    assert failed.read_text(encoding="utf-8") == "partial"
    assert {path: path.read_bytes() for path in before} == before
    assert is_current("wan2023", SMOKE)


@pytest.mark.parametrize("where", ["runs", "build"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: pytest.fail("started"))
    monkeypatch.setattr(os, "access", lambda path, *_, **__: where not in str(path))
    with pytest.raises(UsageError, match=rf"{where}\S* is needed to write to.*DEBLUR_RUNS"):
        reproduce("wan2023", SMOKE, progress=False)


def test_a_damaged_stamp_makes_a_notebook_stale(project: Path) -> None:
    flip(chapter(project).with_suffix(".json"))
    assert not is_current("wan2023", SMOKE)


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        (["1,loss,0.5", "2,loss,0.25"], "2,loss,0.25"),
        (["1,loss,0.5", "2,loss,0.x5"], "1,loss,0.5"),
        (["1,loss,0.5", "2,lo"], "1,loss,0.5"),
        (["\0\0", "1e,loss,3"], ""),
    ],
)
def test_progress_survives_a_damaged_log(tmp_path: Path, lines: list[str], last: str) -> None:
    (tmp_path / "log.csv").write_text("\n".join(lines), encoding="utf-8")
    assert progress._last_line(tmp_path / "log.csv") == last
    (tmp_path / "log.csv").write_bytes(b"1,loss,0.5\n\xff\xfe")
    assert progress._last_line(tmp_path / "log.csv") == "1,loss,0.5"


def test_published_rows_that_do_not_exist_cannot_be_read(project: Path) -> None:
    with pytest.raises(UsageError, match="results/wan2023/smoke, which holds no rows"):
        reproduce("wan2023", SMOKE | {"train": "never"}, progress=False)

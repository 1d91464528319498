"""Each request has its place, relative paths mean the project root, and the root is a checkout."""

import dataclasses
from pathlib import Path

import pytest

from deblur_lib.errors import UsageError
from deblur_lib.notebook.parameters import request_of
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request, make_plan

ROOT = Path(__file__).resolve().parents[2]
DECLARED = Request("wan2023")


def places(request: Request) -> set[Path]:
    found = (store.run_base, store.results_folder, store.executed_notebook)
    return {place(request) for place in found}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "deblur_lib").symlink_to(ROOT / "deblur_lib")
    monkeypatch.delenv("DEBLUR_RUNS", raising=False)
    monkeypatch.delenv("DEBLUR_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_where_and_how_it_runs_does_not_move_a_request() -> None:
    for change in ({"device": "cpu"}, {"precision": "fp32"}, {"roots": {"gopro-linear": "x"}}):
        assert places(dataclasses.replace(DECLARED, **change)) == places(DECLARED)


def test_altered_parameters_and_smoke_have_places_of_their_own() -> None:
    changes = (
        {"seeds": (3,)},
        {"seeds": (4,)},
        {"methods": ("wan2023",)},
        {"options": {"wan2023": {"skip": "dffm"}}},
        {"recipe": {"steps": 5}},
        {"data": {"size": 64}},
        {"data": {"size": 96}},
        {"sources": {"synth-gopro-linear": "synth-clip"}},
        {"profile": "smoke"},
    )
    seen = places(DECLARED)
    for change in changes:
        own = places(dataclasses.replace(DECLARED, **change))
        assert not own & seen, change
        seen |= own
    assert store.executed_notebook(DECLARED).name == "wan2023.ipynb"


def test_the_order_of_methods_is_no_alteration_of_its_own() -> None:
    one = dataclasses.replace(DECLARED, methods=("wan2023", "dbgan"))
    assert places(one) == places(dataclasses.replace(one, methods=("dbgan", "wan2023")))


def test_requests_share_the_runs_they_have_in_common() -> None:
    one, more = (
        make_plan(dataclasses.replace(DECLARED, methods=methods)).runs
        for methods in (("wan2023",), ("wan2023", "dbgan"))
    )
    assert {*map(store.run_folder, one)} < {*map(store.run_folder, more)}


def test_relative_folders_lie_below_the_root_wherever_one_stands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", "own-runs")
    monkeypatch.chdir(project / "notebooks")
    assert store.workspace() == project / "own-runs"
    asked = request_of("wan2023", {"roots": {"gopro-linear": "data/x", "mine": "/elsewhere"}})
    assert asked.roots == {"gopro-linear": str(project / "data" / "x"), "mine": "/elsewhere"}


def test_the_environment_names_the_root(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(UsageError, match=r"a checkout .* is needed .* DEBLUR_ROOT"):
        store.checkout()
    monkeypatch.setenv("DEBLUR_ROOT", str(project))
    assert store.checkout() == project
    assert store.results_folder(DECLARED).is_relative_to(project)


def test_a_checkout_is_not_worked_on_with_the_code_of_another(project: Path) -> None:
    assert store.checkout() == project
    (project / "deblur_lib").unlink()
    (project / "deblur_lib").mkdir()
    with pytest.raises(UsageError, match=r"needs its own code.*rm -rf \.venv"):
        store.checkout()

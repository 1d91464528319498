"""What several files of tests look at: a trained run, and made-up rows executed twice."""

import shutil
from pathlib import Path

import fake_results
import networks
import pytest
from data_pictures import PAIRS, write_pairs

from deblur_lib.report.results import Results
from deblur_lib.restoring import film
from deblur_lib.runs import store
from deblur_lib.runs.looking import look
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.running import execute


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one trained smoke run, its rows, and a folder of pairs not yet scored."""
    project = tmp_path_factory.mktemp("project")
    for name in ("notebooks", "deblur_lib"):
        (project / name).mkdir()
    write_pairs(project / "mine", PAIRS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("DEBLUR_RUNS", str(project / "runs"))
        patch.setenv("TQDM_DISABLE", "1")
        plan = make_plan(Request("wan2023", profile="smoke", methods=("wan2023",)))
        (run,) = plan.runs
        execute(run, plan, *look(plan))
        for name, target in (("rows.csv", "rows.csv"), ("manifest.json", "manifests.json")):
            results = store.results_folder(plan.request)
            results.mkdir(exist_ok=True)
            shutil.copy(store.run_folder(run) / name, results / target)
    return project


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished project that a test may change."""
    copy = tmp_path / "project"
    shutil.copytree(finished, copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DEBLUR_RUNS", str(copy / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return copy


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A checkpoint of a small network for pictures."""
    return networks.stored(tmp_path / "net" / "best.safetensors")


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos go through OpenCV."""
    monkeypatch.setattr(film, "installed", lambda: False)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Made-up results with pictures, which no test changes."""
    folder = tmp_path_factory.mktemp("results") / "wan2023" / "demo"
    return Results.load(fake_results.write_results(folder))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Made-up rows as they are published."""
    return fake_results.write_results(tmp_path / "published", pictures=False)


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    """The same rows, executed again."""
    folder = fake_results.write_results(tmp_path / "executed", pictures=False)
    fake_results.change_manifests(folder, started=fake_results.AGAIN)
    return folder

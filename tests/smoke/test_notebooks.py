"""Every notebook runs at the smoke profile through papermill, and a second time at no cost."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deblur_lib import papers

pytestmark = pytest.mark.smoke


def reproduce(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deblur_lib.cli", "reproduce", *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("paper", papers.names())
def test_every_cell_ran_and_the_stamp_names_the_rows(executed_project: Path, paper: str) -> None:
    built = executed_project / "build" / "notebooks"
    notebook = json.loads((built / f"{paper}.ipynb").read_text(encoding="utf-8"))
    code = [one for one in notebook["cells"] if one["cell_type"] == "code"]
    assert all(one["execution_count"] for one in code)
    assert not any(out["output_type"] == "error" for one in code for out in one["outputs"])
    stamp = json.loads((built / f"{paper}.json").read_text(encoding="utf-8"))
    assert stamp["profile"] == "smoke"
    assert (executed_project / stamp["results"] / "rows.csv").is_file()


def test_a_second_run_trains_nothing(executed_project: Path) -> None:
    runs = sorted((executed_project / "runs" / "wan2023" / "smoke").glob("*/manifest.json"))
    before = [path.stat().st_mtime_ns for path in runs]
    start = time.monotonic()
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", "--quiet")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start < 60
    assert [path.stat().st_mtime_ns for path in runs] == before
    assert runs


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (["--set", "sedes=[0]"], "did you mean 'seeds'"),
        (["--set", "seeds=0"], "type list"),
        (["--set", "seeds=[true]"], "type int"),
        (["--set", "options={'wan2023': {'skip': 'dffm'"], "needs a number"),
        (["--set", "profile=gpus"], "did you mean 'gpu'"),
        (["--set", "recipe={'stepz': 5}"], "did you mean 'steps'"),
        (["--set", "recipe={'steps': 'many'}"], "valid integer"),
        (["--set", "methods=['wan2032']"], "did you mean 'wan2023'"),
        (["--device", "cuad"], "did you mean 'cuda'"),
        (["--set", "train"], "KEY=VALUE"),
    ],
)
def test_a_wrong_parameter_stops_before_the_kernel_starts(
    executed_project: Path, arguments: list[str], needle: str
) -> None:
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", *arguments)
    assert done.returncode == 2
    assert needle in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failing_cell_is_named_and_partial_outputs_are_kept(executed_project: Path) -> None:
    options = "options={'wan2023': {'skip': 'dfmm'}}"
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", "--quiet", "--set", options)
    try:
        assert done.returncode == 1
        assert "cell " in done.stderr
        assert "dfmm" in done.stderr
        kept = executed_project / "build" / "notebooks" / "wan2023.ipynb"
        assert "papermill-error-cell-tag" in kept.read_text(encoding="utf-8")
        assert not kept.with_suffix(".json").exists()
    finally:
        assert reproduce(executed_project, "wan2023", "--profile", "smoke").returncode == 0

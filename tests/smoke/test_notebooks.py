"""Every notebook runs at the smoke profile through papermill, and a second time at no cost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deblur_lib import papers
from deblur_lib.records import read_manifests
from deblur_lib.runs.publishing import publish

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
    notebook = json.loads((built / f"{paper}-smoke.ipynb").read_text(encoding="utf-8"))
    code = [one for one in notebook["cells"] if one["cell_type"] == "code"]
    assert all(one["execution_count"] for one in code)
    assert not any(out["output_type"] == "error" for one in code for out in one["outputs"])
    stamp = json.loads((built / f"{paper}-smoke.json").read_text(encoding="utf-8"))
    assert stamp["profile"] == "smoke"
    assert (executed_project / stamp["results"] / "rows.csv").is_file()
    runs = (executed_project / "runs" / paper / "smoke").glob("*/manifest.json")
    assert {one.threads for path in runs for one in read_manifests(path)} == {1}


def test_a_second_run_leaves_a_current_notebook_alone(executed_project: Path) -> None:
    notebook = executed_project / "build" / "notebooks" / "wan2023-smoke.ipynb"
    before = notebook.stat().st_mtime_ns
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "up to date: build/notebooks/wan2023-smoke.ipynb" in done.stdout
    assert notebook.stat().st_mtime_ns == before


def test_a_forced_second_run_executes_and_trains_nothing(executed_project: Path) -> None:
    runs = sorted((executed_project / "runs" / "wan2023" / "smoke").glob("*/manifest.json"))
    before = [path.stat().st_mtime_ns for path in runs]
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", "--quiet", "--force")
    assert done.returncode == 0, done.stderr
    assert "executed: build/notebooks/wan2023-smoke.ipynb" in done.stdout
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
        (["--set", "checks=['gopro_rael']"], "did you mean 'gopro_real'"),
        (["--set", "checks=['gopro_real']"], "needs its folder"),
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
    built = executed_project / "build" / "notebooks"
    before = {path: path.stat().st_mtime_ns for path in built.iterdir()}
    data = "data={'psnr': [90.0, 91.0]}"  # no blurred picture is as good
    done = reproduce(executed_project, "wan2023", "--profile", "smoke", "--quiet", "--set", data)
    assert done.returncode == 1
    assert "cell " in done.stderr
    assert "input PSNR of 90 to 91 dB" in done.stderr
    (kept,) = set(built.iterdir()) - set(before)
    assert f"kept in build/notebooks/{kept.name}" in done.stderr
    assert "papermill-error-cell-tag" in kept.read_text(encoding="utf-8")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    kept.unlink()


def test_altered_parameters_change_nothing_of_the_profile(executed_project: Path) -> None:
    def kept() -> dict[Path, int]:
        own = [*executed_project.glob("build/notebooks/*"), *executed_project.glob("runs/*/*/*")]
        own += executed_project.glob("runs/*/*/results/**/*")
        return {path: path.stat().st_mtime_ns for path in own if path.is_file()}

    before = kept()
    asked = ["--set", "recipe={'steps': 2}", "--set", "methods=['zhao2020']"]
    done = reproduce(executed_project, "zhao2020", "--profile", "smoke", "--quiet", *asked)
    assert done.returncode == 0, done.stderr
    assert "no chapter shows it, altered: methods, recipe" in done.stdout
    after = kept()
    assert {path: after.get(path) for path in before} == before
    added = {path.name for path in set(after) - set(before)}
    assert len(added) == 2, added
    assert all(name.startswith("zhao2020-smoke-") for name in added)
    assert len(list(executed_project.glob("runs/zhao2020/smoke/altered-*/results/rows.csv"))) == 1


def test_it_runs_in_jupyter_with_widgets(executed_project: Path) -> None:
    path = executed_project / "build" / "notebooks" / "wan2023-smoke.ipynb"
    before = {one: one.read_bytes() for one in (path, path.with_suffix(".json"))}
    done = reproduce(
        executed_project, "wan2023", "--profile", "smoke", "--quiet", "--set", "interactive=true"
    )
    assert done.returncode == 0, done.stderr
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for one, whole in before.items():  # other tests look at the plain one
        one.write_bytes(whole)
    (cell,) = [one for one in notebook["cells"] if "interactive" in one["metadata"].get("tags", [])]
    views = [out["data"] for out in cell["outputs"] if "data" in out]
    assert any("application/vnd.jupyter.widget-view+json" in view for view in views)


@pytest.mark.real_data
def test_checkpoints_are_scored_on_real_pairs(executed_project: Path, real_data: Path) -> None:
    code = f"""
from deblur_lib.notebook.room import open_paper
roots = {{"gopro-linear": {str(real_data / "gopro_linear")!r}}}
room = open_paper("wan2023", profile="smoke", methods=["wan2023"], roots=roots)
room.run()
((heading, table),) = room.checks().blocks
assert "numbers from this run" in heading, heading
assert list(table["pairs"]) == ["12", "12"], table
assert abs(float(table["PSNR [dB]"].iloc[-1]) - 24) < 4, table
assert table["gain [dB]"].iloc[-1] == "–", table
assert len(table["interval"].iloc[0]) > 1, table
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=executed_project,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_published_results_are_verified_byte_for_byte(executed_project: Path) -> None:
    def deblur(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deblur_lib.cli", *arguments],
            cwd=executed_project,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )

    results = executed_project / "runs" / "wan2023" / "smoke" / "results"
    publish(results, executed_project / "results" / "wan2023" / "smoke", "wan2023")
    assert deblur("verify").returncode == 0
    changed = executed_project / "results" / "wan2023" / "smoke" / "derived" / "T2.csv"
    changed.write_text(changed.read_text(encoding="utf-8").replace("0", "1", 1), encoding="utf-8")
    spoilt = deblur("verify")
    assert spoilt.returncode == 1
    assert "T2.csv" in spoilt.stderr

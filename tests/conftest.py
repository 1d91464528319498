"""Fixtures that several test folders share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lib import papers
from deblur_lib.locks import held

pytest.register_assert_rewrite("network_checks")  # it asserts, so failures show their values


def pytest_configure() -> None:
    import torch  # after deblur_lib, which says how its threads wait

    # small tensors: a second thread costs more than it brings
    torch.set_num_threads(int(os.environ.get("DEBLUR_TEST_THREADS", "1")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """While one process executes the notebooks, others have tests that need none of them."""

    def turn(item: pytest.Item) -> int:
        if item.path.name == "test_book.py":
            return 0
        return 1 if item.path.parent.name in ("golden", "rules", "unit") else 2

    items.sort(key=turn)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real pairs and frames for checking; never shipped, see CONTRIBUTING."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("DEBLUR_REAL_DATA", beside))
    if not (root / "digest.json").is_file():
        pytest.skip("needs real photographs: set DEBLUR_REAL_DATA to a folder that holds them")
    return root


ROOT = Path(__file__).resolve().parents[1]


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Gives a folder by its name, which one of several test processes (`-n`) makes."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: Callable[[Path], None]) -> Path:
        place, done = shared / name, shared / f"{name}.done"
        with held(place, name):
            if not done.is_file():
                make(place)
                done.touch()
        return place

    return made


@pytest.fixture(scope="session")
def executed_project(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder outside the checkout in which every notebook ran at the smoke profile."""
    first, own = once("executed", _execute), tmp_path_factory.getbasetemp() / "project"
    return Path(shutil.copytree(first, own, symlinks=True))


def _execute(project: Path) -> None:
    project.mkdir()
    for name in ("notebooks", "deblur_lib", "book", "package.json", "package-lock.json"):
        (project / name).symlink_to(ROOT / name)
    own = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for name in papers.names():
        command = [sys.executable, "-m", "deblur_lib.cli", "reproduce", name]
        done = subprocess.run(
            [*command, "--profile", "smoke", "--quiet"],
            cwd=project,
            env=own | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr[-3000:]}"

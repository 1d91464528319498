"""The kernel is this interpreter's own, nothing around takes part, only a whole notebook counts."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deblur_lib.notebook.kernel import NotebookError, execute

ASKS = "import os, sys; print([sys.executable, os.getcwd(), os.environ['DEBLUR_ROOT'], table])"
TABLE = {"a": "' \" + \\ {0} #", "b": [1, None, True, 0.5]}


def notebook(path: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": [],
              "execution_count": None, "source": source}
             for number, source in enumerate(["table = {}", *sources])]  # fmt: skip
    cells[0]["metadata"] = {"tags": ["parameters"]}
    metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "x"}}
    text = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


def printed(path: Path) -> Sequence[Any]:
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][-1]
    found: Sequence[Any] = eval("".join(cell["outputs"][0]["text"]))
    return found


def test_foreign_kernels_and_start_up_files_take_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "jupyter" / "kernels" / "python3"
    fake.mkdir(parents=True)
    command = {"argv": ["/bin/false"], "display_name": "foreign", "language": "python"}
    (fake / "kernel.json").write_text(json.dumps(command), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    startup = tmp_path / "ipython" / "profile_default" / "startup" / "00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("import os; os.chdir('/')", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(startup))
    source, target = notebook(tmp_path / "n.ipynb", ASKS), tmp_path / "build" / "n.ipynb"
    whole = execute(source, target, {"table": TABLE}, root=tmp_path)
    assert printed(whole) == [sys.executable, str(tmp_path), str(tmp_path), TABLE]
    assert whole.parent == target.parent
    assert not target.exists()


def test_a_failed_cell_is_named_and_what_ran_is_kept_beside(tmp_path: Path) -> None:
    source, target = notebook(tmp_path / "n.ipynb", "print(5)", "1 / 0"), tmp_path / "out.ipynb"
    target.write_text("the finished one", encoding="utf-8")
    needle = r"cell 2 of n.ipynb failed \(1 / 0\): ZeroDivisionError.* kept in out.failed.ipynb"
    with pytest.raises(NotebookError, match=needle):
        execute(source, target, {}, root=tmp_path)
    assert target.read_text(encoding="utf-8") == "the finished one"
    assert "ZeroDivisionError" in (tmp_path / "out.failed.ipynb").read_text(encoding="utf-8")
    assert not (tmp_path / "out.partial.ipynb").exists()


def test_a_kernel_that_is_killed_is_told_in_words(tmp_path: Path) -> None:
    source = notebook(tmp_path / "n.ipynb", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(NotebookError, match=r"kernel of n.ipynb was killed.* out.failed.ipynb"):
        execute(source, tmp_path / "out.ipynb", {}, root=tmp_path)

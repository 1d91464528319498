"""The book refuses what is failed, stale, silent or of one machine, and names the page."""

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import fake_results
import pytest
from disasters import flip

from deblur_lib.book import executed
from deblur_lib.book.executed import clean, open_chapter
from deblur_lib.errors import BookError
from deblur_lib.provenance import file_digest

PICTURE = base64.b64encode(b"/home/somebody/x is no path inside a picture").decode()


def cell(source: str, *outputs: dict[str, Any], count: int | None = 1, **more: Any) -> Any:
    return {
        "cell_type": "code", "id": "c", "metadata": {"execution": {"started": "now"}} | more,
        "source": source, "outputs": list(outputs), "execution_count": count,
    }  # fmt: skip


def shown(**data: Any) -> dict[str, Any]:
    kinds = {kind.replace("_", "/"): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": kinds, "metadata": {}}


def figure() -> Any:
    output = shown(image_png=PICTURE, text_plain="<Image>")
    output["metadata"] = {"image/png": {"alt": "What *it* shows"}}
    return cell('room.figure("F1")', output)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one executed, stamped notebook."""
    monkeypatch.setattr(executed, "code_digest", lambda: "c" * 64)
    results = fake_results.write_results(tmp_path / "runs" / "results", pictures=False)
    source = tmp_path / "notebooks" / "wan2023.ipynb"
    source.parent.mkdir()
    source.write_text("{}", encoding="utf-8")
    cells = [
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# title"},
        cell("profile = 1", tags=["injected-parameters"]),
        figure(),
        cell("room.run()", shown(text_html="<table>", text_plain="<Styler at 0x7f>")),
    ]
    metadata = {"papermill": {"input_path": "/home/somebody/x"}, "kernelspec": {}}
    write(tmp_path, {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    stamp = {
        "paper": "wan2023", "profile": "demo", "results": "runs/results",
        "notebook_digest": file_digest(source), "code_digest": "c" * 64, "altered": {},
        "executed_digest": file_digest(built(tmp_path)),
        "rows_digest": file_digest(results / "rows.csv"),
    }  # fmt: skip
    built(tmp_path).with_suffix(".json").write_text(json.dumps(stamp), encoding="utf-8")
    return tmp_path


def built(root: Path) -> Path:
    return root / "build" / "notebooks" / "wan2023.ipynb"


def write(root: Path, notebook: dict[str, Any]) -> None:
    built(root).parent.mkdir(parents=True, exist_ok=True)
    built(root).write_text(json.dumps(notebook), encoding="utf-8")
    if built(root).with_suffix(".json").is_file():
        stamped(root, executed_digest=file_digest(built(root)))


def stamped(root: Path, **facts: Any) -> None:
    path = built(root).with_suffix(".json")
    stamp = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(stamp | facts), encoding="utf-8")


def change(root: Path, index: int, new: Any) -> None:
    notebook = json.loads(built(root).read_text(encoding="utf-8"))
    notebook["cells"][index] = new
    write(root, notebook)


def test_a_whole_and_fresh_notebook_is_accepted(project: Path) -> None:
    chapter = open_chapter(project, "wan2023")
    assert chapter.profile == "demo"
    assert chapter.results == project / "runs" / "results"


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (cell("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError"}), "failed"),
        (cell("room.run()", count=None), "was not executed"),
        (cell("room.run()"), "shows nothing"),
        (cell('room.figure("F1")', shown(text_plain="<Image>")), "shows no picture"),
    ],
)
def test_a_bad_cell_is_named(project: Path, new: Any, problem: str) -> None:
    change(project, 3, new)
    with pytest.raises(BookError, match=rf"page wan2023: cell 3 .*{problem}"):
        open_chapter(project, "wan2023")


def test_a_cell_that_only_sets_something_may_be_silent(project: Path) -> None:
    change(project, 3, cell("x = 1"))
    assert open_chapter(project, "wan2023").paper == "wan2023"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda root: built(root).unlink(), "is missing"),
        (lambda root: built(root).with_suffix(".json").unlink(), "did not run to the end"),
        (lambda root: (root / "notebooks/wan2023.ipynb").write_text("{} "), "ipynb changed after"),
        (lambda root: built(root).write_text(built(root).read_text() + " "), "ipynb changed after"),
        (lambda root: (root / "runs/results/rows.csv").write_text("x"), "rows it shows changed"),
        (lambda root: shutil.rmtree(root / "runs"), "rows it shows changed"),
        (lambda root: flip(built(root)), "ipynb changed after"),
    ],
    ids=["notebook", "stamp", "source", "executed", "rows", "no rows", "digit"],
)
def test_a_stale_or_missing_part_is_named(project: Path, spoil: Any, problem: str) -> None:
    spoil(project)
    with pytest.raises(BookError, match=rf"page wan2023: .*{problem}"):
        open_chapter(project, "wan2023")


def test_altered_parameters_make_no_chapter_and_are_named(project: Path) -> None:
    stamped(project, altered={"recipe": {"steps": 5}, "seeds": [3]})
    with pytest.raises(BookError, match=r"altered parameters \(recipe, seeds\)"):
        open_chapter(project, "wan2023")
    for path in (built(project), built(project).with_suffix(".json")):
        path.rename(path.with_name(f"wan2023-demo-01234567{path.suffix}"))
    with pytest.raises(BookError, match=r"is missing \(what was .* parameters: recipe, seeds\)"):
        open_chapter(project, "wan2023")


def test_smoke_makes_a_chapter_only_where_it_is_asked_for(project: Path) -> None:
    stamped(project, profile="smoke")
    with pytest.raises(BookError, match="executed at profile smoke, a larger one is needed"):
        open_chapter(project, "wan2023")
    for path in (built(project), built(project).with_suffix(".json")):
        path.rename(path.with_name(f"wan2023-smoke{path.suffix}"))
    with pytest.raises(BookError, match=r"is missing \(what was executed is of profile smoke\)"):
        open_chapter(project, "wan2023")
    assert open_chapter(project, "wan2023", "smoke").profile == "smoke"


def test_a_book_of_one_profile_takes_no_chapter_of_another(project: Path) -> None:
    assert open_chapter(project, "wan2023", "demo").profile == "demo"
    with pytest.raises(BookError, match=r"at profile demo, gpu is needed; .* --profile gpu"):
        open_chapter(project, "wan2023", "gpu")


def test_changed_code_makes_a_notebook_stale(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executed, "code_digest", lambda: "d" * 64)
    with pytest.raises(BookError, match="library's code changed after the notebook ran"):
        open_chapter(project, "wan2023")


@pytest.mark.parametrize(
    ("train", "advice"),
    [
        ("missing", "--profile demo` again, finished runs are not repeated"),
        ("never", "--profile demo --set train=never` again, it trains nothing"),
    ],
)
def test_a_stale_notebook_is_renewed_as_it_was_made(
    project: Path, monkeypatch: pytest.MonkeyPatch, train: str, advice: str
) -> None:
    """What shows published rows has no run folders; without train=never it would train them."""
    path = built(project).with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"train": train}))
    monkeypatch.setattr(executed, "code_digest", lambda: "d" * 64)
    with pytest.raises(BookError, match=re.escape(advice)):
        open_chapter(project, "wan2023")


def test_cleaning_keeps_what_is_shown_and_drops_the_machine(project: Path) -> None:
    warning = {"output_type": "stream", "name": "stderr", "text": "/home/somebody warns"}
    widget = shown(**{"application/vnd.jupyter.widget-view+json": {}, "text_plain": "x"})
    change(project, 1, cell("x", warning, widget, tags=["injected-parameters"]))
    cleaned = clean(open_chapter(project, "wan2023"))
    assert "somebody" not in json.dumps(cleaned)
    injected, picture, table = cleaned["cells"][1:]
    assert injected["id"] == "injected-parameters"
    assert injected["outputs"] == [shown(text_plain="x")]
    assert injected["metadata"] == {"tags": ["injected-parameters"]}
    assert picture["outputs"][0]["data"]["image/png"] == PICTURE
    assert picture["metadata"]["mystnb"]["image"]["alt"] == "What *it* shows"
    assert picture["metadata"]["mystnb"]["figure"]["caption"] == r"What \*it\* shows"
    assert table["outputs"][0]["data"] == {"text/html": "<table>"}


@pytest.mark.parametrize("path", ["/home/somebody/data", "C:\\Users\\somebody", "/tmp/x1"])
def test_a_path_of_this_machine_is_refused(project: Path, path: str) -> None:
    change(project, 3, cell("room.run()", shown(text_plain=f"read {path}")))
    with pytest.raises(BookError, match="path of this machine"):
        clean(open_chapter(project, "wan2023"))


def test_an_address_is_no_path(project: Path) -> None:
    change(project, 3, cell("x", shown(text_plain="https://example.org/home/page and a/opt/b")))
    assert clean(open_chapter(project, "wan2023"))["cells"]

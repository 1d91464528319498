import json
import subprocess
import sys
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, RecordError
from deblur_lib.report import derive

EXPECTED = {
    *(f"{table}.{kind}" for table in ("T1", "T2", "loss") for kind in ("md", "csv")),
    *("claims.md", "claims.json", "coverage.json", "departures.md", "headline.json", "checks.md"),
    "figures/index.json",
}


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fake_results.write_results(tmp_path_factory.mktemp("derived"), pictures=False)
    fake_results.write_checks(folder)
    derive.write_derived(folder, "wan2023")
    return folder


def names(folder: Path) -> set[str]:
    root = folder / "derived"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_all_files_are_written_and_figures_without_input_are_listed(derived: Path) -> None:
    assert names(derived) == EXPECTED | {"figures/bars.png", "figures/curves.png"}
    index = json.loads((derived / "derived/figures/index.json").read_text())
    drawn = {one["id"]: bool(one["file"]) for one in index}
    assert drawn == {
        one.id: one.kind in ("curves", "bars") for one in papers.load("wan2023").figures
    }
    for one in index:
        assert bool(one["alt"]) == bool(one["file"]) != bool(one["missing"])


def test_a_fresh_rebuild_is_equal_and_one_changed_byte_is_found(derived: Path) -> None:
    assert derive.verify(derived, "wan2023") == []
    table = derived / "derived/T2.csv"
    original = table.read_bytes()
    table.write_bytes(original[:-2] + bytes([original[-2] ^ 1]) + original[-1:])
    extra = derived / "derived/notes.txt"
    extra.write_text("left over")
    claims = derived / "derived/claims.md"
    kept = claims.read_bytes()
    claims.unlink()
    assert derive.verify(derived, "wan2023") == [table, claims, extra]
    derive.write_derived(derived, "wan2023")
    assert table.read_bytes() == original
    assert claims.read_bytes() == kept
    assert not extra.exists()


def test_numbers_of_the_front_page(derived: Path) -> None:
    found = json.loads((derived / "derived/headline.json").read_text())
    assert (found["paper"], found["profile"], found["runs"]) == ("wan2023", "demo", 15)
    assert found["seeds"] == [0, 1, 2]
    gain = next(
        one
        for one in found["gains"]
        if (one["method"], one["dataset"]) == ("wan2023", "gopro_test")
    )
    assert gain["gain"] == pytest.approx(gain["ours"] - gain["input"], abs=2e-4)
    assert gain["low"] < gain["gain"] < gain["high"]
    assert len(gain["by_seed"]) == 3
    assert found["coverage"]["cells"] == 38
    assert sum(found["claims"]["ours"].values()) == 29


def test_one_figure_needs_no_rows(tmp_path: Path) -> None:
    fake_results.write_results(tmp_path, gains={"wan2023": 1.0}, seeds=(0,))
    (tmp_path / "rows.csv").unlink()
    path = derive.write_figure(tmp_path, "wan2023", "F1")
    assert path == tmp_path / "derived/figures/F1.png"
    assert path.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(MissingRowsError):
        derive.write_figure(tmp_path, "wan2023", "bars")


def test_broken_rows_stop_before_anything_is_written(tmp_path: Path) -> None:
    fake_results.write_results(tmp_path, gains={"wan2023": 1.0}, seeds=(0,), pictures=False)
    rows = tmp_path / "rows.csv"
    rows.write_text(rows.read_text().replace(",psnr-rgb,", ",psnr-rgb,x", 1))
    with pytest.raises(RecordError):
        derive.write_derived(tmp_path, "wan2023")
    assert not (tmp_path / "derived").exists()


def test_torch_is_never_loaded(derived: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from deblur_lib.report import coverage, derive\n"
        f"folder = Path({str(derived)!r})\n"
        "derive.write_derived(folder, 'wan2023')\n"
        "assert derive.verify(folder, 'wan2023') == []\n"
        "coverage.to_markdown(coverage.ledger(folder.parent))\n"
        "heavy = {'torch', 'lightning', 'matplotlib.pyplot', 'scipy.stats'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

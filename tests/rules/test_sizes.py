"""A module fits into one head, and a clone of the results fits into minutes."""

import pytest
from tree import ROOT

LIMIT = 350  # lines
RESULTS = 150 * 2**20  # bytes


@pytest.mark.parametrize("folder", ["deblur_lib", "tests", "benchmarks"])
def test_no_module_is_too_long(folder: str) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LIMIT} == {}


def test_the_published_results_stay_small() -> None:
    stored = [path for path in (ROOT / "results").rglob("*") if path.is_file()]
    assert stored
    assert sum(path.stat().st_size for path in stored) < RESULTS

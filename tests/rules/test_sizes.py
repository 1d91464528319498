"""A module fits into one head: no file of Python is longer than 350 lines."""

import pytest
from tree import ROOT

LIMIT = 350


@pytest.mark.parametrize("folder", ["deblur_lib", "tests", "benchmarks"])
def test_no_module_is_too_long(folder: str) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LIMIT} == {}

"""Nothing in the project names one machine."""

import re
import subprocess
from pathlib import Path

import pytest
from tree import ROOT

MACHINE = re.compile(
    r"(?<![\w.:/<-])/(?:home|root|Users|work|mnt|media)/[\w.@-]+"  # folders of one person
    r"|\b[A-Za-z]:\\Users\\"
    r"|\blocalhost:\d+|\b10(?:\.\d{1,3}){3}\b|\b192\.168(?:\.\d{1,3}){2}\b|file:///"
)
BINARY = {".safetensors", ".png", ".ico", ".npz", ".npy", ".jpg", ".mp4", ".onnx"}
EXAMPLES = {"test_text.py", "test_book_executed.py"}  # hold what they look for


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("needs a git checkout to know which files are tracked")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_tracked_file_names_one_machine() -> None:
    files = [path for path in tracked() if path.suffix not in BINARY and path.is_file()]
    assert files
    found = {
        path.relative_to(ROOT).as_posix(): match.group()
        for path in files
        if path.name not in EXAMPLES and (match := MACHINE.search(path.read_text(encoding="utf-8")))
    }
    assert not found


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("see /home/someone/x", True),
        ("http://localhost:8888", True),
        ("file:///opt", True),
        ("https://example.org/home/x", False),
        ("deblur_lib/data/", False),
    ],
)
def test_the_pattern_finds_machines_and_spares_addresses(text: str, bad: bool) -> None:
    assert bool(MACHINE.search(text)) == bad

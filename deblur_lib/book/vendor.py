"""Scripts that the book serves itself: taken from npm at the versions of package-lock.json."""

import json
import logging
import shutil
import subprocess
from pathlib import Path
from typing import Any

from deblur_lib.errors import BookError, RecordError
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_json, write_json

MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")
MARK = "versions.json"
PATIENCE = 60  # seconds that npm may take; a few are enough where it reaches its registry
NPM = ("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
       "--fetch-retries=0", "--fetch-timeout=10000", "--prefer-offline")  # fmt: skip

_log = logging.getLogger(__name__)


def copy_scripts(root: Path, book: Path) -> bool:
    """Copy the scripts and fonts that pages need to <book>/_extra/vendor.

    What was copied before stays while it is what was copied: the mark beside it holds the wanted
    versions and the SHA-256 of every file.

    Args:
        root: project root, with package.json and package-lock.json.
        book: folder of the book's sources.

    Returns:
        False when npm is not installed, or cannot install in time (no network); the book then takes
        its scripts from a CDN.

    Raises:
        BookError: what npm was given is not what package-lock.json seals.
    """
    target = book / "_extra" / "vendor"
    wanted = json.loads((root / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if _is_whole(target, wanted):
        return True
    shutil.rmtree(target, ignore_errors=True)
    if not _install(root):
        return False
    source = root / "node_modules" / "mathjax" / "es5"
    for name in MATHJAX:
        copied = target / "mathjax" / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, copied)
        else:
            shutil.copyfile(source / name, copied)
    write_json(target / MARK, {"versions": wanted, "files": _digests(target)})
    return True


def _is_whole(target: Path, wanted: dict[str, Any]) -> bool:
    try:
        mark = read_json(target / MARK)
    except RecordError:
        return False
    return bool(mark == {"versions": wanted, "files": _digests(target)})


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MARK]
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _install(root: Path) -> bool:
    """Let npm fetch the locked versions; False, with a word why, where it cannot."""
    if shutil.which("npm") is None:
        return False
    try:
        done = subprocess.run(
            NPM, cwd=root, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        why = f"it had not ended after {PATIENCE} s"
    else:
        if not done.returncode:
            return True
        why = " ".join(done.stderr.split("\n")[:2]).strip()
        if "EINTEGRITY" in done.stderr:
            raise BookError(f"npm was given other scripts than package-lock.json seals: {why}")
    _log.warning("npm could not install MathJax, readers will load it from its CDN: %s", why)
    return False

"""Scripts that the book serves itself: taken from npm at the versions of package-lock.json."""

import json
import logging
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from deblur_lib.errors import BookError, RecordError
from deblur_lib.provenance import file_digest
from deblur_lib.records import read_json, write_json

TAKEN = {  # what pages need: from a folder of node_modules to one of vendor
    "mathjax": ("mathjax", ("LICENSE",)),
    "mathjax/es5": ("mathjax", ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")),
    "onnxruntime-web/dist": (
        "onnxruntime", ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
    ),
}  # fmt: skip
MARK = "versions.json"
PATIENCE = 180  # seconds that npm may take; a few are enough where its cache holds the packages
NPM = ("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
       "--fetch-retries=0", "--fetch-timeout=10000", "--prefer-offline")  # fmt: skip

_log = logging.getLogger(__name__)


def copy_scripts(root: Path, book: Path) -> bool:
    """Copy the scripts and fonts that pages need to <book>/_extra/vendor.

    npm unpacks much more than that, to a folder below build that goes again.

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
    (root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / "build", prefix="npm-") as place:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(root / name, Path(place) / name)
        if not _install(Path(place)):
            return False
        _copy(Path(place) / "node_modules", target)
    write_json(target / MARK, _mark(target, wanted))
    return True


def _copy(modules: Path, target: Path) -> None:
    for place, (folder, names) in TAKEN.items():
        for name in names:
            source, copied = modules / place / name, target / folder / name
            copied = copied.with_suffix(copied.suffix.replace(".mjs", ".js"))  # any host knows .js
            copied.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copied)
            else:
                shutil.copyfile(source, copied)


def _is_whole(target: Path, wanted: dict[str, Any]) -> bool:
    try:
        mark = read_json(target / MARK)
    except RecordError:
        return False
    return bool(mark == _mark(target, wanted))


def _mark(target: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    files = [path for path in sorted(target.rglob("*")) if path.is_file() and path.name != MARK]
    digests = {path.relative_to(target).as_posix(): file_digest(path) for path in files}
    taken = {place: [folder, *names] for place, (folder, names) in TAKEN.items()}
    return {"versions": wanted, "taken": taken, "files": digests}


def _install(place: Path) -> bool:
    """Let npm fetch the locked versions to a folder; False, with a word why, where it cannot."""
    if shutil.which("npm") is None:
        return False
    try:
        done = subprocess.run(
            NPM, cwd=place, capture_output=True, text=True, check=False, timeout=PATIENCE
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

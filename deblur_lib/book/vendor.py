"""Scripts that the book serves itself: taken from npm at the versions of package-lock.json."""

import json
import shutil
import subprocess
from pathlib import Path

from deblur_lib.errors import BookError

MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")


def copy_scripts(root: Path, book: Path) -> bool:
    """Copy the scripts and fonts that pages need to <book>/_extra/vendor.

    Args:
        root: project root, with package.json and package-lock.json.
        book: folder of the book's sources.

    Returns:
        False when npm is not installed; the book then takes its scripts from a CDN.

    Raises:
        BookError: npm could not install the locked versions.
    """
    target = book / "_extra" / "vendor"
    wanted = json.loads((root / "package.json").read_text(encoding="utf-8"))["dependencies"]
    mark = target / "versions.json"
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        return True
    if shutil.which("npm") is None:
        return False
    _install(root)
    shutil.rmtree(target, ignore_errors=True)
    source = root / "node_modules" / "mathjax" / "es5"
    for name in MATHJAX:
        copied = target / "mathjax" / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, copied)
        else:
            shutil.copyfile(source / name, copied)
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    return True


def _install(root: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BookError(
            f"npm could not install the scripts of package-lock.json: {done.stderr.strip()[-400:]}"
        )

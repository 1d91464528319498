"""Where a number comes from: hashes, digests, versions, hardware, commit. No torch here."""

import hashlib
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import psutil

INSTRUCTION_SETS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")  # limits set from outside
PACKAGES = ("deblur-lib", "torch", "lightning-fabric", "numpy", "scipy", "scikit-image", "pillow")


def settings_hash(settings: Any, *, length: int = 8) -> str:
    """Short hash of JSON-like settings; equal settings give equal hashes on every machine."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_digest(root: Path, names: list[str]) -> str:
    """SHA-256 over the sorted list of (relative name, size, SHA-256) of some files of a folder."""
    lines = [f"{name} {(root / name).stat().st_size} {file_digest(root / name)}" for name in names]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Installed version of each package and of Python; packages that are absent are left out."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware(accelerator: str = "") -> dict[str, str]:
    """Processor, cores, memory and accelerator of this machine, without its name or paths.

    Where the environment limits the instruction sets, "instruction_sets" says how.
    """
    limits = [f"{name}={os.environ[name]}" for name in INSTRUCTION_SETS if os.environ.get(name)]
    found = {"instruction_sets": " ".join(limits)} if limits else {}
    return found | {
        "processor": _processor(),
        "cores": str(os.cpu_count() or 1),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "accelerator": accelerator or "none",
        "system": platform.system(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


REFUSALS = {
    "dubious ownership": "git refuses: dubious ownership",
    "not a git repository": "the project is not a checkout",
}


class Commit(NamedTuple):
    """Commit of a checkout: full hash or "", whether tracked files differ, why there is none."""

    head: str
    dirty: bool
    why: str


def commit(root: Path | None = None) -> Commit:
    """Commit of the checkout that the library runs from; never that of a repository around it.

    Args:
        root: top folder of the checkout; the one that holds the library when None.
    """
    root = root.resolve() if root else Path(__file__).resolve().parents[1]
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root:
            return Commit("", False, "the project is not a checkout of its own")
        head = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
        return Commit(head, bool(changes), "")
    except OSError:
        return Commit("", False, "git is not installed")
    except subprocess.CalledProcessError as error:
        for said, why in REFUSALS.items():
            if said in error.stderr:
                return Commit("", False, why)
        return Commit("", False, "git tells none")


def _git(root: Path, *arguments: str) -> str:
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # as a hook of another one sets them
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env=environment | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()

"""Where runs, caches and results lie. No torch.

runs/cache/                              packed generated and real pictures
runs/costs/                              cost of each distinct network
runs/weights/                            weights of others, each with its card
runs/<paper>/<profile>/<run id>/         one run: configuration, checkpoints, log, rows, manifest
runs/<paper>/<profile>/results/          rows of all runs of the profile, tables, figures
runs/<paper>/<profile>/altered-<hash>/   the same of a request with altered parameters
results/<paper>/<profile>/               the same, published (committed, no weights)
build/notebooks/<paper>.ipynb, .json     executed notebooks and their stamps, which become chapters
build/notebooks/<paper>-....ipynb, .json the same of smoke and of altered parameters

A run's folder is named by its settings, so requests share the runs that they have in common.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deblur_lib.errors import UsageError
from deblur_lib.profiles import PROFILES
from deblur_lib.provenance import settings_hash

if TYPE_CHECKING:  # paths need no declarations, and commands wait for none
    from deblur_lib.runs.plan import Request, Run
    from deblur_lib.spec import Options


def project_root() -> Path:
    """$DEBLUR_ROOT, else the checkout that holds the current folder, else that folder itself."""
    named = os.environ.get("DEBLUR_ROOT")
    if named:
        return Path(named).absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if is_checkout(folder)), here)


def is_checkout(folder: Path | None = None) -> bool:
    """True for the folder of a checkout; None asks for the project root."""
    folder = folder or project_root()
    return (folder / "notebooks").is_dir() and (folder / "deblur_lib").is_dir()


def checkout() -> Path:
    """The project root, for what works on a checkout.

    Raises:
        UsageError: the root is none, or the code that runs is another checkout's.
    """
    root = project_root()
    if not is_checkout(root):
        raise UsageError(
            f"a checkout of the project is needed (a folder with notebooks/ and deblur_lib/), "
            f"{root} lies in none; change to one, or name it in DEBLUR_ROOT"
        )
    check_library()
    return root


def check_library() -> None:
    """Refuse to work on a checkout with the code of another one, as a copied .venv would.

    Raises:
        UsageError: says whose code runs.
    """
    root, code = project_root(), Path(__file__).resolve().parents[1]
    if is_checkout(root) and (root / "deblur_lib").resolve() != code:
        raise UsageError(
            f"{root} needs its own code, {code} is what runs: the environment is that of another "
            "checkout; make a fresh one (rm -rf .venv, then make test), or run pip install -e . "
            "here"
        )


def below_root(path: str | Path) -> Path:
    """A folder that a parameter names; a relative one lies below the project root."""
    return project_root() / Path(path).expanduser()


def workspace() -> Path:
    """Folder of runs and caches: $DEBLUR_RUNS, or runs/ in the project."""
    return below_root(os.environ.get("DEBLUR_RUNS") or "runs")


def cache_folder() -> Path:
    """Folder of packed pictures."""
    return workspace() / "cache"


def weights_folder() -> Path:
    """Folder of weights from elsewhere."""
    return workspace() / "weights"


def released_file(name: str) -> Path:
    """The file of weights from elsewhere: stored under a name, or at a path below the root."""
    stored = weights_folder() / f"{name}.safetensors"
    return stored if stored.is_file() else below_root(name)


def run_folder(run: Run) -> Path:
    """Folder of one run."""
    return workspace() / run.paper / run.profile / run.id


def is_stored(run: Run) -> bool:
    """True when a run left a manifest, whatever test pictures it was scored on."""
    return (run_folder(run) / "manifest.json").is_file()


def costs_file(network: str, options: Options) -> Path:
    """Cost of a network with some options; all runs of it share the file."""
    return workspace() / "costs" / f"{network}-{settings_hash([network, options])}.json"


def pace_file(key: str) -> Path:
    """Measured pace of a training; all runs that take the same steps share the file."""
    return workspace() / "paces" / f"{key}.json"


def run_base(request: Request) -> Path:
    """Folder of what all runs of a request share: its blurred pictures, their rows, its probes."""
    base = workspace() / request.paper / request.profile
    return base / f"altered-{settings_hash(request.altered)}" if request.altered else base


def published_folder(paper: str, profile: str) -> Path:
    """Folder of the published results of a paper at a profile."""
    return project_root() / "results" / paper / profile


def published_profiles(paper: str) -> list[str]:
    """Profiles whose results of a paper are published, the smallest first."""
    return [one for one in PROFILES if (published_folder(paper, one) / "rows.csv").is_file()]


def results_folder(request: Request) -> Path:
    """Folder of the rows, tables and figures that a request reads and writes."""
    if request.train == "never":
        return published_folder(request.paper, request.profile)
    return run_base(request) / "results"


def notebook_name(request: Request) -> str:
    """Name of an executed notebook; that of the paper alone is the chapter of the book."""
    if request.altered:
        return f"{request.paper}-{request.profile}-{settings_hash(request.altered)}.ipynb"
    return f"{request.paper}{'-smoke' if request.profile == 'smoke' else ''}.ipynb"


def executed_notebook(request: Request) -> Path:
    """The executed notebook of a request; its stamp lies beside it as .json."""
    return project_root() / "build" / "notebooks" / notebook_name(request)

"""Where runs, caches and results lie. No torch.

runs/cache/                              packed generated and real pictures
runs/costs/                              cost of each distinct network
runs/<paper>/<profile>/<run id>/         one run: configuration, checkpoints, log, rows, manifest
runs/<paper>/<profile>/results/          rows of all runs of the last request, tables, figures
results/<paper>/<profile>/               the same, published (committed, no weights)
build/notebooks/<paper>.ipynb, .json     executed notebooks and their stamps
"""

import os
from pathlib import Path

from deblur_lib.plan import Request, Run
from deblur_lib.provenance import settings_hash
from deblur_lib.spec import Options


def project_root() -> Path:
    """The checkout that holds the current folder, or the current folder itself."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "deblur_lib").is_dir():
            return folder
    return here


def workspace() -> Path:
    """Folder of runs and caches: $DEBLUR_RUNS, or runs/ in the project."""
    return Path(os.environ.get("DEBLUR_RUNS") or project_root() / "runs").absolute()


def cache_folder() -> Path:
    """Folder of packed pictures."""
    return workspace() / "cache"


def run_folder(run: Run) -> Path:
    """Folder of one run."""
    return workspace() / run.paper / run.profile / run.id


def costs_file(network: str, options: Options) -> Path:
    """Cost of a network with some options; all runs of it share the file."""
    return workspace() / "costs" / f"{network}-{settings_hash([network, options])}.json"


def run_base(request: Request) -> Path:
    """Folder of all runs of a paper at a profile."""
    return workspace() / request.paper / request.profile


def published_folder(paper: str, profile: str) -> Path:
    """Folder of the published results of a paper at a profile."""
    return project_root() / "results" / paper / profile


def results_folder(request: Request) -> Path:
    """Folder of the rows, tables and figures that a request reads and writes."""
    if request.train == "never":
        return published_folder(request.paper, request.profile)
    return run_base(request) / "results"


def executed_notebook(paper: str) -> Path:
    """The executed notebook that the book shows; its stamp lies beside it as .json."""
    return project_root() / "build" / "notebooks" / f"{paper}.ipynb"

"""Rows that are measured once and published beside the profiles: the judge's and the pilot's.

    python benchmarks/studies.py judge    # some rows of the demo, each trained with a dozen seeds
    python benchmarks/studies.py pilot    # every row of the study, a tenth of its steps, one seed

*judge*: two sets of seeds of one row are two methods with no difference between them, so what the
rule of verdicts says of them is its error; `deblur judge` derives the rates. *pilot*: which rows of
the study beat the blurred picture. Rows and manifests go to results/<name>/<paper>; finished
trainings are kept in runs/, so a second call goes on where the first was stopped.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from deblur_lib import papers, seals
from deblur_lib.runs import store
from deblur_lib.runs.collecting import collect
from deblur_lib.runs.matrix import run_all
from deblur_lib.runs.plan import Request, make_plan

JUDGED = {
    "sang2018": "sang2018_content",
    "wan2023": "wan2023_baseline",
    "lu2025": "dsgformer",
    "li2026": "deblurgan_v2",
}
SEEDS = tuple(range(100, 112))  # none that a profile uses
SHARE = 10  # of the study's steps, one in so many


def judge() -> Iterator[Request]:
    """Requests of the A/A study."""
    for paper, method in JUDGED.items():
        yield Request(paper, methods=(method,), seeds=SEEDS)


def pilot() -> Iterator[Request]:
    """Requests of the pilot, one for each length of training that a room declares."""
    for paper in papers.names():
        planned = make_plan(Request(paper, "study", seeds=(0,))).runs
        runs = [run for run in planned if not run.method.apart]
        for steps in sorted({run.train.steps for run in runs}):
            methods = tuple(run.method.id for run in runs if run.train.steps == steps)
            recipe = {"steps": steps // SHARE}
            yield Request(paper, "study", seeds=(0,), methods=methods, recipe=recipe)


STUDIES = {"judge": judge, "pilot": pilot}


def measure(request: Request, target: Path) -> None:
    """Train what is missing and store rows and manifests in a folder."""
    plan, folder = make_plan(request), store.results_folder(request)
    run_all(plan)
    collect(plan, folder, plan.runs)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("rows.csv", "manifests.json"):
        shutil.copyfile(folder / name, target / name)
    seals.seal(target)


def main() -> None:
    """Train what is missing and store the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", choices=STUDIES)
    name = parser.parse_args().study
    done: dict[str, int] = {}
    for request in STUDIES[name]():
        number = done[request.paper] = done.get(request.paper, 0) + 1
        place = request.paper if number == 1 else f"{request.paper}-{number}"
        measure(request, store.project_root() / "results" / name / place)


if __name__ == "__main__":
    main()

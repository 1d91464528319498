"""Rows for judging the judge: some rows of the demo, each trained with a dozen seeds.

    python benchmarks/judge.py [--seeds 12]

Two sets of seeds of one row are two methods with no difference between them, so what the rule of
verdicts says of them is its error. Rows and manifests go to results/judge/<paper>; `deblur judge`
derives the rates. The seeds are none that a profile uses; finished trainings are kept in runs/.
"""

import argparse
import shutil

from deblur_lib import store
from deblur_lib.collecting import collect
from deblur_lib.plan import Request, make_plan
from deblur_lib.report import judged
from deblur_lib.workers import run_all

ROWS = {
    "sang2018": ("sang2018_content",),
    "wan2023": ("wan2023_baseline",),
    "lu2025": ("dsgformer",),
    "li2026": ("deblurgan_v2",),
}
FIRST = 100  # seed


def main() -> None:
    """Train what is missing and store the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=12)
    count = parser.parse_args().seeds
    for paper, methods in ROWS.items():
        request = Request(paper, methods=methods, seeds=tuple(range(FIRST, FIRST + count)))
        plan, folder = make_plan(request), store.results_folder(request)
        run_all(plan)
        collect(plan, folder, plan.runs)
        target = store.project_root() / "results" / judged.FOLDER / paper
        target.mkdir(parents=True, exist_ok=True)
        for name in ("rows.csv", "manifests.json"):
            shutil.copyfile(folder / name, target / name)


if __name__ == "__main__":
    main()

"""Publish one attempt at the weights for photographs, for the page that tells of all of them.

    python benchmarks/attempts.py FOLDER NAME --changed TEXT --outcome TEXT [--after NAME]

FOLDER is that of `deblur train --recipe photo --check ...`. Its curve and the card of its best
weights go to results/photo/NAME, the two texts to results/photo/attempts.yaml. An attempt that is
there already is replaced, in its place.
"""

import argparse
from pathlib import Path

from deblur_lib.report.attempts import FOLDER
from deblur_lib.runs import store
from deblur_lib.runs.attempting import publish


def main() -> None:
    """Publish the attempt that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--changed", required=True, help="against the attempt before it")
    parser.add_argument("--outcome", required=True, help="what came of it")
    parser.add_argument("--after", default="", help="attempt whose weights it begins with")
    chosen = parser.parse_args()
    root = store.checkout() / "results" / FOLDER
    words = {"changed": chosen.changed, "outcome": chosen.outcome, "after": chosen.after}
    publish(chosen.folder, root, chosen.name, **words)
    print(f"published: results/{FOLDER}/{chosen.name}")


if __name__ == "__main__":
    main()

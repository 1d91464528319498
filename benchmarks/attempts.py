"""Publish one attempt at the weights for photographs, for the page that tells of all of them.

    python benchmarks/attempts.py FOLDER NAME --changed TEXT --outcome TEXT

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
    chosen = parser.parse_args()
    root = store.checkout() / "results" / FOLDER
    publish(chosen.folder, root, chosen.name, changed=chosen.changed, outcome=chosen.outcome)
    print(f"published: results/{FOLDER}/{chosen.name}")


if __name__ == "__main__":
    main()

"""Let the package ship the weights of a published attempt, with a card that tells what they are.

    python benchmarks/shipping.py FOLDER NAME

FOLDER is the training that was published as results/photo/NAME by attempts.py. Weights and card go
to deblur_lib/weights/shipped; the card gets the gains on all held-out pictures, the recipe, what
the pictures are made of with its licences, and limits. Run keeping.py on the shipped file after it.
"""

import argparse
import shutil
from collections import Counter
from pathlib import Path

from deblur_lib.data.generated.scenes import DECLARED
from deblur_lib.errors import UsageError
from deblur_lib.records import read_json
from deblur_lib.report.attempts import CARD, FOLDER, Attempt, attempts
from deblur_lib.runs import store
from deblur_lib.training import recipes
from deblur_lib.weights import shipped
from deblur_lib.weights.checkpoint import amend

RECIPE = "photo"
BEST = "best.safetensors"
LIMITS = (
    "Blur that comes from wrong focus was in no training picture.",
    "Gains over the blurred picture, in dB, are means over pictures.",
)


def origin(attempt: Attempt) -> dict[str, str]:
    """Where the weights come from."""
    recipe = recipes.read(RECIPE)
    used = [one for one in DECLARED.values() if one.split != "test"]
    licences = Counter(one.licence for one in used)
    cited = ", ".join(f"{name} ({count})" for name, count in sorted(licences.items()))
    kinds = ", ".join(sorted(recipe.mixture.shares))
    told = f"deblur train --recipe {RECIPE}, {attempt.hours:.2f} core-hours"
    if attempt.begun:
        told += f", {attempt.begun:.2f} of them behind the weights of {attempt.words.after}"
    return {
        "recipe": told,
        "attempt": f"results/{FOLDER}/{attempt.id}",
        "pictures": f"generated without end: {kinds}",
        "photographs": f"{len(used)} with named authors: {cited}",
        "licence": "MIT, as the package",
    }


def main() -> None:
    """Copy the weights of the attempt that the arguments name, and write their card."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    chosen = parser.parse_args()
    root = store.checkout() / "results" / FOLDER
    attempt = next((one for one in attempts(root) if one.id == chosen.name), None)
    mine = read_json(chosen.folder / CARD)
    if attempt is None or read_json(root / attempt.id / CARD)["sha256"] != mine["sha256"]:
        raise UsageError(
            f"{chosen.folder} is not what results/{FOLDER}/{chosen.name} was published from; "
            "publish it with benchmarks/attempts.py first"
        )
    target = shipped.FOLDER / shipped.PHOTO
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(chosen.folder / BEST, target)
    shutil.copyfile(chosen.folder / CARD, shipped.FOLDER / shipped.CARD)
    gains = {f"{name}/gain": round(gain, 4) for name, gain in sorted(attempt.chosen().items())}
    amend(target, origin=origin(attempt), notes=list(LIMITS), metrics=mine["metrics"] | gains)
    print(f"shipped: {attempt.id}, {target.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()

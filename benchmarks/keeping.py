"""Measure when some weights should leave a picture alone, and write it on their card.

    python benchmarks/keeping.py WEIGHTS [--pairs NAME=FOLDER ...] [--measure NAME] [--count 64]

Every kind of blur that the recipe *photo* checks gives pairs of its test split, which no training
and no choice between weights has seen; each is shown to the network blurred, and sharp as a camera
would store it. Half of them choose measure and threshold, the other half and the folders of --pairs
tell the rates of error, of all measures. `deblur restore` leaves alone what the card then says; if
another measure than the chosen one serves better elsewhere, name it.
"""

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from deblur_lib.cli.group import pair
from deblur_lib.data.generated.benchmark import generator, to_8bit
from deblur_lib.data.generated.camera import taken
from deblur_lib.data.generated.stream import NIGHT, Stream
from deblur_lib.data.own.pairs import open_whole
from deblur_lib.restoring.keeping import F32, MEASURES, Seen, choose, see
from deblur_lib.training import recipes
from deblur_lib.weights.checkpoint import amend, open_network

RECIPE = "photo"


def generated(name: str, count: int) -> Iterator[tuple[F32, F32]]:
    """Blurred and sharp pictures of a kind that the recipe checks."""
    recipe = recipes.read(RECIPE)
    mixture = dataclasses.replace(recipe.mixture, shares=recipe.checks[name])
    night = all(one.startswith(NIGHT) for one in mixture.shares)
    stream = Stream(mixture, "test", name=name, count=count)
    for index in range(count):
        blurred, sharp = (one.astype(np.float32) / 255 for one in stream.read(index))
        if not night:  # night scenes show what a camera adds already
            sharp = taken(generator(f"keeping/{name}/{index}"), sharp, mixture.camera)
        yield blurred, to_8bit(sharp).astype(np.float32) / 255


def real(name: str, folder: Path) -> Iterator[tuple[F32, F32]]:
    """Blurred and sharp pictures of a folder."""
    pairs = open_whole(folder, name)
    for index in range(len(pairs)):
        blurred, sharp = (one.astype(np.float32) / 255 for one in pairs.read(index))
        yield blurred, sharp


def main() -> None:
    """Measure, write the card and print what stands on it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pairs", action="append", default=[], help="NAME=FOLDER, for its rates")
    parser.add_argument("--measure", choices=MEASURES, help="default: what errs least")
    parser.add_argument("--count", type=int, default=64, help="pairs of each kind")
    chosen = parser.parse_args()
    network, _ = open_network(chosen.weights)

    def seen(name: str, pictures: Iterator[tuple[F32, F32]]) -> list[Seen]:
        return [see(network, *one) for one in tqdm(pictures, name, unit="pair")]

    kinds = recipes.read(RECIPE).checks
    sets = {name: seen(name, generated(name, chosen.count)) for name in kinds}
    folders = dict(pair("--pairs", one) for one in chosen.pairs)
    others = {name: seen(name, real(name, Path(folder))) for name, folder in folders.items()}
    for measure in MEASURES:
        found = choose(sets, others, [measure])
        print(f"kept where {measure} is below {found.below:.4g}")
        for name, one in found.rates.items():
            print(f"  {name:<12} {one}")
    keeping = choose(sets, others, [chosen.measure] if chosen.measure else MEASURES)
    amend(chosen.weights, keeping=keeping)
    print(f"on the card: {keeping.measure}")


if __name__ == "__main__":
    main()

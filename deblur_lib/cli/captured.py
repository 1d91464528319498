"""Run the examples of the page of the commands and store what they print.

    python -m deblur_lib.cli.captured

They run in a folder of their own, one after the other, on small generated pictures.
"""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from click.testing import CliRunner
from PIL import Image

from deblur_lib import catalogue
from deblur_lib.book.commands import PRINTED, Section, sections
from deblur_lib.cli import main
from deblur_lib.data.generated.folders import open_stock
from deblur_lib.data.generated.settings import Settings, Split
from deblur_lib.data.generated.stream import Mixture, draw
from deblur_lib.errors import BookError
from deblur_lib.records import write_json
from deblur_lib.runs import store

PAIRS, SIDE = 12, 96
PHOTOS = ("harbour", "market")
AUTHORS = {"base_channels": 8, "blocks": 1}  # of the network in checkpoints/
QUIET = {"COLUMNS": "80", "DEBLUR_RUNS": "runs"}


def capture(folder: Path, declared: Sequence[Section]) -> dict[str, str]:
    """What each example prints, run in a folder that is prepared for them.

    Args:
        folder: empty.
        declared: the examples.

    Raises:
        BookError: one ended with another status than 0.
    """
    root = store.checkout()
    with _inside(folder):
        _prepare(folder, root)
        return {command: _output(command) for one in declared for command in one.typed()}


def _output(command: str) -> str:
    done = CliRunner().invoke(main, shlex.split(command)[1:], prog_name="deblur")
    if done.exit_code:
        raise BookError(f"`{command}` ended with {done.exit_code}, not 0:\n{done.output}")
    here = str(Path.cwd())
    return done.output.replace(f"{here}/", "").replace(here, ".")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder, with its own runs."""
    before = dict(os.environ)
    os.environ.update(QUIET)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare(folder: Path, root: Path) -> None:
    for name in ("notebooks", "deblur_lib"):
        (folder / name).symlink_to(root / name)
    for index in range(PAIRS):
        _pair(index, "train", *(folder / "raw" / f"{index:04d}_{one}.png"
                                for one in ("blur", "sharp")))  # fmt: skip
    for index, name in enumerate(PHOTOS):
        _pair(index, "test", folder / "holiday" / f"{name}.png", folder / "sharp" / f"{name}.png")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = catalogue.build("mimo_unet", **AUTHORS)
    (folder / "checkpoints").mkdir()
    torch.save({"model": network.state_dict()}, folder / "checkpoints" / "MIMO-UNet.pkl")


def _pair(index: int, split: Split, *places: Path) -> None:
    """A generated pair as two files, blurred and sharp."""
    mixture = Mixture({"synth-gopro-linear": 1.0}, Settings(size=SIDE))
    stock = open_stock(mixture.settings, split, 0)
    for place, pixels in zip(places, draw(mixture, stock, index), strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place)


def run() -> None:
    """Run every example and store what it prints beside the declaration."""
    book = store.checkout() / "book"
    with tempfile.TemporaryDirectory() as folder:
        printed = capture(Path(folder).resolve(), sections(book))
    write_json(book / PRINTED, printed)
    print(f"{len(printed)} commands in book/{PRINTED}")


if __name__ == "__main__":
    run()

"""The weights that come with the package: whole, small, told about, and better than nothing."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray

from deblur_lib import catalogue
from deblur_lib.cli import main
from deblur_lib.data.generated.stream import Stream
from deblur_lib.evaluation.metrics import score
from deblur_lib.evaluation.restore import restore
from deblur_lib.records import read_json
from deblur_lib.report.attempts import attempts
from deblur_lib.runs import store
from deblur_lib.training import recipes
from deblur_lib.weights import checkpoint, shelf, shipped
from deblur_lib.weights.checkpoint import open_network

U8 = NDArray[np.uint8]
METRIC, COUNT = "psnr-rgb", 12
ATTEMPTS = store.checkout() / "results" / "photo"


def psnr(restored: U8, sharp: U8) -> float:
    return score(restored, sharp, (METRIC,))[METRIC]


def test_the_card_tells_what_the_weights_are() -> None:
    network, card = open_network(shipped.shipped())
    assert sum(one.numel() for one in network.parameters()) <= 3_000_000
    assert set(card.origin) == {"recipe", "attempt", "pictures", "photographs", "licence"}
    assert card.notes
    assert card.keeping is not None
    name = card.origin["attempt"].rpartition("/")[2]
    attempt = next(one for one in attempts(ATTEMPTS) if one.id == name)
    assert read_json(ATTEMPTS / name / "best.json")["sha256"] == card.sha256
    gains = {key: value for key, value in card.metrics.items() if key.endswith("/gain")}
    told = {f"{key}/gain": value for key, value in attempt.chosen().items()}
    assert gains == pytest.approx(told, abs=1e-3)
    assert min(gains.values()) > 0


@pytest.mark.parametrize("kind", sorted(recipes.read("photo").checks))
def test_pictures_that_no_training_saw_come_back_better(kind: str) -> None:
    network, _ = open_network(shipped.shipped())
    recipe = recipes.read("photo")
    mixture = dataclasses.replace(recipe.mixture, shares=recipe.checks[kind])
    stream = Stream(mixture, "test", name=kind, count=COUNT)
    gains = []
    for index in range(COUNT):
        blurred, sharp = stream.read(index)
        before = torch.from_numpy(blurred).permute(2, 0, 1)[None].float() / 255
        after = restore(network, before)[0].clamp(0, 1).permute(1, 2, 0)
        restored = (255 * after).round().byte().numpy()
        gains.append(psnr(restored, sharp) - psnr(blurred, sharp))
    assert sum(gains) / len(gains) > 0.5


def test_they_have_a_name_that_every_command_takes(tmp_path: Path) -> None:
    assert shelf.place("photo", tmp_path) == shipped.shipped()
    checkpoint.save(tmp_path / "photo.safetensors", catalogue.build("rdn", features=4), name="rdn")
    assert shelf.place("photo", tmp_path).parent == tmp_path  # one's own comes first
    told = CliRunner().invoke(main, ["weights", "list", "--json"])
    assert "photo" in json.loads(told.output)["shipped"]

"""A photograph that shows no blur is left alone where the card says how, and errors are counted."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from data_pictures import blurred_picture, save, sharp_picture
from networks import Local, Same

from deblur_lib.cli import main
from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.restoring.keeping import MEASURES, Seen, choose, keeps, rates, see
from deblur_lib.weights.checkpoint import amend, open_network, read_card
from deblur_lib.weights.keeping import Keeping, Rates

ALL, NONE = Keeping("radius", 100.0), Keeping("radius", 0.0)


def floats(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) / 255


SHARP = floats(sharp_picture(0, 150, 90))
BLURRED = floats(blurred_picture(sharp_picture(0, 150, 90)))


def seen(blurred: float, sharp: float, back: float = 30.0) -> Seen:
    """Measures that tell nothing, but for "detail"."""
    alike = dict.fromkeys(MEASURES, 1.0)
    return Seen(alike | {"detail": blurred}, alike | {"detail": sharp}, back)


def test_each_measure_is_larger_where_there_is_more_to_remove() -> None:
    halfway = (BLURRED + SHARP) / 2
    for name in ("change", "detail"):
        removed = [MEASURES[name](BLURRED, after) for after in (BLURRED, halfway, SHARP)]
        assert removed[0] == 0
        assert removed[2] == pytest.approx(2 * removed[1], rel=1e-3)
    assert MEASURES["radius"](BLURRED, BLURRED) > MEASURES["radius"](SHARP, SHARP)
    flat = np.full((64, 64, 3), 0.5, np.float32)
    assert math.isnan(MEASURES["radius"](flat, flat))


def test_the_change_is_told_in_units_of_the_pictures_contrast() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(size=(150, 40, 1)).astype(np.float32).repeat(3, axis=2)
    after = before + np.float32(0.01)
    contrast = before[..., 0].std()
    assert MEASURES["change"](before, after) == pytest.approx(0.01 / contrast, rel=1e-3)
    assert MEASURES["change"](before / 2, before / 2 + np.float32(0.005)) == pytest.approx(
        MEASURES["change"](before, after), rel=1e-3
    )


def test_a_network_is_seen_on_both_pictures() -> None:
    found = see(Same(), BLURRED, SHARP)
    assert found.blurred["change"] == found.sharp["change"] == 0
    assert found.back == pytest.approx(120)
    assert see(Local(), BLURRED, SHARP).back < 40


def test_the_threshold_keeps_hardly_any_blurred_picture_and_harms_fewest_sharp_ones() -> None:
    sharp = np.linspace(0.0, 0.55, 100)
    blurred = np.linspace(0.5, 1.5, 100)
    pairs = [seen(b, s, back=45 if s < 0.52 else 30) for b, s in zip(blurred, sharp, strict=True)]
    found = choose({"all": pairs}, {"others": pairs[:10]})
    assert found.measure == "detail"
    assert found.below == pytest.approx(blurred[2])  # one of fifty lies below
    own = found.rates["all"]
    assert own == rates(pairs[1::2], found)
    assert (own.pairs, own.blurred_kept) == (50, 0.02)
    assert own.sharp_kept == pytest.approx(np.mean(sharp[1::2] < found.below), abs=1e-4)
    assert own.sharp_harmed == pytest.approx(np.mean(sharp[1::2] >= 0.52), abs=1e-4)
    assert found.rates["others"] == Rates(10, 1.0, 0.0, 0.2)
    assert choose({"all": pairs}, among=["radius", "change"]).measure == "radius"


def test_a_picture_that_shows_nothing_chooses_nothing() -> None:
    nothing = [seen(math.nan, math.nan)] * 100
    found = choose({"all": nothing})
    assert found.rates["all"] == Rates(50, 0.0, 1.0, 0.0)
    with pytest.raises(UsageError, match="100 pairs are needed to find a threshold, got 98"):
        choose({"all": nothing[:98]})


def test_what_the_card_does_not_know_is_not_decided() -> None:
    assert not keeps(None, SHARP, SHARP)
    assert keeps(ALL, SHARP, BLURRED)
    assert not keeps(NONE, SHARP, SHARP)
    assert not keeps(ALL, np.zeros((40, 40, 3), np.float32), np.zeros((40, 40, 3), np.float32))
    with pytest.raises(CheckpointError, match="did you mean 'radius'"):
        keeps(Keeping("radios", 1.0), SHARP, SHARP)


@pytest.fixture
def weights(tmp_path: Path, weights: Path) -> Path:
    """With an album beside them."""
    save(tmp_path / "album" / "a.png", sharp_picture(0))
    save(tmp_path / "album" / "b.jpg", sharp_picture(1))
    save(tmp_path / "album" / "c.bmp", sharp_picture(2))
    return weights


def restored(weights: Path, *more: str) -> str:
    folder = weights.parents[1]
    done = CliRunner().invoke(
        main,
        [
            *("restore", str(folder / "album"), "--weights", str(weights)),
            *("--out", str(folder / "out"), "--device", "cpu", "--overwrite", *more),
        ],
    )
    assert done.exit_code == 0, done.output
    return done.output


def same(weights: Path) -> list[bool]:
    """Which of the pictures came out as the file that went in."""
    folder = weights.parents[1]
    return [
        (folder / "album" / one).read_bytes() == (folder / "out" / one).read_bytes()
        for one in ("a.png", "b.jpg")
    ]


def test_a_card_decides_which_photographs_are_left_alone(weights: Path) -> None:
    assert "kept" not in restored(weights)
    assert same(weights) == [False, False]
    amend(weights, keeping=ALL)
    text = restored(weights, "--compare")
    assert text.count("(no blur that this network can remove: kept)") == 3
    assert "3 kept as they came, --force restores them too" in text
    assert "3 written to" in text
    assert same(weights) == [True, True]
    assert (weights.parents[1] / "out" / "c.png").is_file()
    amend(weights, keeping=NONE)
    assert "kept" not in restored(weights)
    assert same(weights) == [False, False]


def test_force_restores_what_would_be_left_alone(weights: Path) -> None:
    amend(weights, keeping=ALL)
    assert "kept" not in restored(weights, "--force")
    assert same(weights) == [False, False]


def test_a_kept_picture_has_its_date_and_is_never_its_own_target(weights: Path) -> None:
    amend(weights, keeping=ALL)
    restored(weights)
    folder = weights.parents[1]
    dates = {(folder / where / "a.png").stat().st_mtime_ns for where in ("album", "out")}
    assert len(dates) == 1


def test_an_amended_card_is_still_that_of_its_weights(weights: Path) -> None:
    before = read_card(weights)
    keeping = Keeping("detail", 0.25, {"generated": Rates(100, 0.9, 0.01, 0.02)})
    assert amend(weights, keeping=keeping) == dataclasses.replace(before, keeping=keeping)
    assert open_network(weights)[1].keeping == keeping

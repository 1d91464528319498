"""Attempts at the weights for photographs are published, sealed, told and drawn."""

from pathlib import Path

import pytest
import yaml
from PIL import Image

from deblur_lib.book.photo import left_alone, photo_page
from deblur_lib.errors import DeclarationError, MissingRowsError, RecordError, UsageError
from deblur_lib.records import write_json
from deblur_lib.report.attempts import attempts
from deblur_lib.runs.attempting import publish
from deblur_lib.runs.publishing import verify_all
from deblur_lib.training.watching import write_curve

INPUT = {"check/linear/input": 24.0, "check/night/input": 27.0}


def training(folder: Path, *rises: float, sets: tuple[str, ...] = ("linear", "night")) -> Path:
    """A folder as a training leaves it: one validation for each rise in dB, an hour apart."""
    for number, rise in enumerate(rises, 1):
        seen = {f"check/{one}": INPUT[f"check/{one}/input"] + rise for one in sets}
        inputs = {f"check/{one}/input": INPUT[f"check/{one}/input"] for one in sets}
        scores = {"validation/psnr-rgb": 25 + rise, **seen, **inputs}
        write_curve(folder, 100 * number, 3600.0 * number, scores)
    (folder / "best.json").write_text("{}\n")
    return folder


def published(tmp_path: Path) -> Path:
    root = tmp_path / "results" / "photo"
    first = training(tmp_path / "a", 0.5, 0.75, 0.7)
    publish(first, root, "first", changed="the recipe *as it is*", outcome="a | start")
    second = training(tmp_path / "b", 0.25, 1.0, sets=("linear",))
    publish(second, root, "second", changed="wider", outcome="better")
    return root


def test_nothing_published_is_said(tmp_path: Path) -> None:
    assert photo_page(tmp_path, tmp_path / "photo") == "No attempt is published yet.\n"


def test_the_page_tells_of_the_weights_that_validation_chose(tmp_path: Path) -> None:
    text = photo_page(tmp_path / "book", published(tmp_path))
    told, _, rest = text.partition("\n\n|")
    assert told == "first\n: the recipe \\*as it is\\*: a \\| start.\n\nsecond\n: wider: better."
    lines = f"|{rest}".splitlines()
    assert lines[0] == "| attempt | core-hours | of | linear [dB] | night [dB] |"
    assert lines[2] == "| first | 2.0 | 3.0 | +0.75 | +0.75 |"
    assert lines[3] == "| second | 2.0 | 2.0 | +1.00 | – |"
    assert "second: linear +1.00](/_generated/pictures/photo-attempts.png)" in text
    with Image.open(tmp_path / "book" / "pictures" / "photo-attempts.png") as drawn:
        assert drawn.size[0] == 1050


def test_an_attempt_published_again_takes_its_own_place(tmp_path: Path) -> None:
    root = published(tmp_path)
    publish(tmp_path / "b", root, "first", changed="other", outcome="words")
    assert [(one.id, one.words.changed) for one in attempts(root)] == [
        ("first", "other"),
        ("second", "wider"),
    ]
    assert [*attempts(root)[0].gains] == ["linear"]


def test_an_attempt_that_begins_with_weights_of_another_counts_their_hours(tmp_path: Path) -> None:
    root = published(tmp_path)
    third = training(tmp_path / "c", 0.5, 1.25)
    publish(third, root, "third", changed="on", outcome="better", after="first")
    found = attempts(root)[-1]
    assert (found.begun, found.best, found.hours) == (2.0, 4.0, 4.0)
    assert found.chosen() == {"linear": 1.25, "night": 1.25}
    words = root / "attempts.yaml"
    assert words.read_text().count("after") == 1
    words.write_text(words.read_text().replace("after: first", "after: fourth"))
    with pytest.raises(DeclarationError, match="weights of fourth, which is no attempt before it"):
        attempts(root)


def test_published_attempts_are_verified(tmp_path: Path) -> None:
    root = published(tmp_path)
    assert verify_all(root.parent) == ([], 4)
    curve = root / "first" / "curve.csv"
    curve.write_text(curve.read_text().replace("24.7500", "29.7500"))
    assert verify_all(root.parent)[0] == [curve]
    with pytest.raises(RecordError, match=r"curve\.csv was cut, changed"):
        attempts(root)


def test_what_is_left_alone_is_told_with_its_errors(tmp_path: Path) -> None:
    card = tmp_path / "photo.json"
    assert left_alone(card) == "This was not measured yet: every photograph is restored.\n"
    write_json(card, {"network": "plain_unet"})
    assert left_alone(card).startswith("This was not measured yet")
    rates = {"pairs": 32, "sharp_kept": 0.9375, "sharp_harmed": 0.0, "blurred_kept": 0.0156}
    held = {"measure": "detail", "below": 0.1234567, "rates": {"night": rates}}
    write_json(card, {"keeping": held})
    assert left_alone(card).splitlines() == [
        "Kept is what has a *detail* below 0.1235.",
        "",
        "| pictures | pairs | sharp, kept | sharp, harmed | blurred, kept |",
        "|---|---|---|---|---|",
        "| night | 32 | 93.8 % | 0.0 % | 1.6 % |",
    ]


def test_words_and_folders_belong_together(tmp_path: Path) -> None:
    root = published(tmp_path)
    words = yaml.safe_load((root / "attempts.yaml").read_text())
    (root / "attempts.yaml").write_text(yaml.safe_dump({"first": words["first"]}))
    with pytest.raises(DeclarationError, match="differ in second"):
        attempts(root)
    (root / "attempts.yaml").write_text("first: {changed: x}")
    with pytest.raises(DeclarationError, match=r"Field required at first\.outcome"):
        attempts(root)


def test_what_cannot_be_published_is_refused(tmp_path: Path) -> None:
    root, words = tmp_path / "photo", {"changed": "a", "outcome": "b"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingRowsError, match="deblur train --recipe photo --out"):
        publish(tmp_path / "empty", root, "a", **words)
    with pytest.raises(UsageError, match="small letters"):
        publish(training(tmp_path / "t", 1.0), root, "../a", **words)
    curve = tmp_path / "t" / "curve.csv"
    curve.write_text(curve.read_text().replace("check/night/input", "check/nights/input"))
    with pytest.raises(RecordError, match=r"lacks scores of check/night/input"):
        publish(tmp_path / "t", root, "a", **words)
    assert not (root / "a").exists()

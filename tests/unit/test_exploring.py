"""What the interactive part of a chapter shows, with a made-up network."""

import io
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from deblur_lib.nn import Deblurrer
from deblur_lib.notebook import exploring
from deblur_lib.notebook.room import open_paper
from deblur_lib.runs import running, store


class Fake(Deblurrer):
    """Darkens a picture by a share."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        return (blurred * (1 - self.share),)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> exploring.Explorer:
    plan = open_paper("wan2023", profile="smoke").plan
    runs = [run for run in plan.runs if run.seed == plan.runs[0].seed]
    shares = {run.method.title: 0.02 * number for number, run in enumerate(runs)}
    monkeypatch.setattr(running, "trained", lambda run: Fake(shares[run.method.title]).eval())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of widgets without a kernel
        return exploring.Explorer(plan, runs)


def uploaded(name: str, content: bytes) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    told = {"name": name, "type": "image/png", "size": len(content), "last_modified": at}
    return told | {"content": content}


def size(found: exploring.Explorer) -> tuple[int, int]:
    with Image.open(io.BytesIO(found.image.value)) as picture:
        return picture.size


def test_pictures_have_names_and_the_papers_network_comes_first(shown: Any) -> None:
    assert "china" in [name for name, _ in shown.picture.options]
    assert shown.network.value.startswith("wan2023") or "MSRM" in shown.network.value
    assert "From the left: blurred, " in shown.told.value


def test_who_waits_for_the_first_picture_is_told_so_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    plan = open_paper("wan2023", profile="smoke").plan
    weights = store.run_folder(plan.runs[0]) / "best.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    said: list[str] = []
    monkeypatch.setattr(
        exploring,
        "Explorer",
        lambda *_: said.append(capsys.readouterr().out) or SimpleNamespace(box=1),
    )
    assert exploring.explore(plan, tmp_path, interactive=True) == 1
    assert "this takes some seconds" in said[0]


def test_a_result_below_the_input_is_called_worse(shown: Any) -> None:
    titles = list(shown.network.options)
    shown.network.value, shown.beside.value = titles[0], titles[1]
    lines = shown.told.value.split("<br>")
    assert len(lines) == 4
    assert any("worse than the input" in line for line in lines)
    shown.beside.value = exploring.NONE
    assert len(shown.told.value.split("<br>")) == 3


def test_two_networks_stand_beside_each_other_with_their_errors(shown: Any) -> None:
    width, height = size(shown)
    titles = [one for one in shown.network.options if one != shown.network.value]
    shown.beside.value = titles[0]
    wider, same = size(shown)
    assert (wider > width, same) == (True, height)
    assert height >= 2 * exploring.SHOWN  # errors lie below


def test_an_own_photograph_has_no_score(shown: Any) -> None:
    pixels = np.random.RandomState(0).randint(0, 255, (900, 300, 3)).astype(np.uint8)
    with io.BytesIO() as stream:
        Image.fromarray(pixels).save(stream, "PNG")
        content = stream.getvalue()
    shown.own.value = (uploaded("mine.png", content),)
    assert "no scores" in shown.told.value
    assert f"Its middle, 300 x {exploring.LARGEST} pixels." in shown.told.value
    shown.blur.value = 0.5  # goes back to the pictures that have a truth
    assert shown.own.value == ()
    assert "dB" in shown.told.value


def test_what_is_no_picture_is_said(shown: Any) -> None:
    shown.own.value = (uploaded("notes.png", b"no picture"),)
    assert "photograph.png" in shown.told.value

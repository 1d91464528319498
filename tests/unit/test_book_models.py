"""Networks of the page: those of published weights, exported where these are at hand."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from deblur_lib import catalogue, papers
from deblur_lib.book import models
from deblur_lib.book.models import FOLDER, MOST, RUNTIME, TRACKED, Network
from deblur_lib.errors import BookError
from deblur_lib.provenance import file_digest
from deblur_lib.records import write_json
from deblur_lib.weights import shipped
from deblur_lib.weights.checkpoint import save

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shipped weights of a small network; the runtime lies in the book."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    monkeypatch.setattr(models.papers, "names", lambda: ())
    options = {"base_channels": 4, "blocks": 1}
    torch.manual_seed(0)
    path = tmp_path / "shipped" / shipped.PHOTO
    path.parent.mkdir()
    network = catalogue.build("mimo_unet", **options)
    save(path, network, name="mimo_unet", options=options, step=1000)
    (tmp_path / "_extra" / RUNTIME).parent.mkdir(parents=True)
    (tmp_path / "_extra" / RUNTIME).write_bytes(b"wasm")
    return path


def test_shipped_weights_are_exported_once_and_others_go(photo: Path, tmp_path: Path) -> None:
    stale = tmp_path / FOLDER / "photo-00000000.onnx"
    stale.parent.mkdir()
    stale.touch()
    text = models.page(tmp_path, tmp_path, {})
    name = f"photo-{json.loads(photo.with_suffix('.json').read_text())['sha256'][:8]}.onnx"
    assert f'value="models/{name}"' in text
    assert 'data-step="4" data-frames="1" data-least="1"' in text
    assert "their last training took 1,000 steps" in text
    assert sorted(path.name for path in stale.parent.iterdir()) == [name, f"{name}.json"]
    photo.unlink()  # what is there needs no weights
    assert "the package ships no weights yet" in models.page(tmp_path, tmp_path, {})


def test_a_changed_file_is_refused(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exported(command: Any, **_: Any) -> Any:
        path = Path(command[-1])
        path.write_bytes(b"onnx")
        write_json(path.with_name(f"{path.name}.json"), {"sha256": "0"})
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(models.subprocess, "run", exported)
    with pytest.raises(BookError, match=r"photo-.*onnx is not what .* delete both"):
        models.page(tmp_path, tmp_path, {})


def test_what_cannot_run_is_told(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = subprocess.CompletedProcess((), 1, "", "a warning\nexport needs onnx\n")
    monkeypatch.setattr(models.subprocess, "run", lambda *_, **__: failed)
    text = models.page(tmp_path, tmp_path, {})
    assert "it lacks a network" in text
    assert "it could not be exported" in text
    assert "export needs onnx" in caplog.text
    monkeypatch.setattr(models, "MOST", 10)
    assert "too much for a page" in models.page(tmp_path, tmp_path, {})


def test_without_npm_the_runtime_is_missed(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_extra" / RUNTIME).unlink()
    one = Network("photo", "Photo", "", "0" * 64, None)
    monkeypatch.setattr(models, "collect", lambda *_: ({one: {}}, []))
    assert "it lacks the runtime, which npm brings" in models.page(tmp_path, tmp_path, {})


def test_a_network_of_one_size_gets_no_smaller_pictures() -> None:
    one = Network("photo", "A <b>", "", "0" * 64, None)
    told = {"bytes": 1, "shape": [1, 3, 3, 256, 256], "multiple_of": [4, 8], "minimum_size": 8,
            "input": "x", "output": "y"}  # fmt: skip
    text = models._option(one, told)
    assert 'data-step="8" data-frames="3" data-least="256"' in text
    assert "A &lt;b&gt;</option>" in text


def test_the_repository_holds_small_networks_of_published_weights() -> None:
    wanted = {one.file for one in models.networks(ROOT / "results") if isinstance(one, Network)}
    done = subprocess.run(
        ["git", "ls-files", str(Path("book") / FOLDER)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for path in (ROOT / name for name in done.stdout.split() if name.endswith(".onnx")):
        assert path.name in wanted, f"of weights that are not published: git rm {path.name}*"
        told = json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
        assert file_digest(path) == told["sha256"]
        assert path.stat().st_size <= (MOST if path.name.startswith("photo") else TRACKED)


def test_the_page_mirrors_pictures_as_these_networks_want_it() -> None:
    for name in papers.names():
        for network in papers.load(name).networks:
            with torch.device("meta"):
                assert catalogue.build(network).border == "mirror"

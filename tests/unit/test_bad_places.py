"""What cannot be written, or is no value, is refused before anything is read or measured."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from deblur_lib.cli import main

NETWORK = ("--network", "mimo_unet")


@pytest.mark.parametrize(
    "command",
    [
        ("train", *NETWORK, "--data", "there", "--out", "{}"),
        ("train", *NETWORK, "--data", "there", "--out", "{}/below"),
        ("bench", "mimo_unet", "--out", "{}"),
        ("weights", "export", "photo", "--out", "{}/photo.onnx"),
        ("data", "prepare", "there", "{}"),
    ],
)
def test_a_file_where_a_folder_is_needed(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in ("blurred", "sharp"):
        (tmp_path / "there" / kind).mkdir(parents=True)
        Image.new("RGB", (300, 300)).save(tmp_path / "there" / kind / "a.png")
    file = tmp_path / "file"
    file.write_text("kept", encoding="utf-8")
    done = CliRunner().invoke(main, [one.format(file) for one in command])
    assert done.exit_code == 2, done.output
    assert "is needed as a folder" in done.output
    assert "choose another name" in done.output
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    "command",
    [("restore", "x.png"), ("train", *NETWORK), ("bench",), ("weights", "export", "photo")],
)
def test_an_empty_text_is_no_place(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*command, "--out", ""])
    assert done.exit_code == 2
    assert "needs a path, got an empty text" in done.output


def test_a_training_does_not_lie_among_its_pictures(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["train", *NETWORK, "--data", str(tmp_path), "--out", str(tmp_path / ".")]
    )
    assert done.exit_code == 2
    assert "holds the pictures; give another --out" in done.output


def test_a_setting_that_is_no_yaml_is_named() -> None:
    done = CliRunner().invoke(main, ["train", *NETWORK, "--set", "loss={l1: 1", "--dry-run"])
    assert done.exit_code == 2
    assert "--set loss needs a YAML value, got '{l1: 1'" in done.output

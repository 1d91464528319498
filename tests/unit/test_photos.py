"""Photographs of any kind go in and come out as they were, and one bad file stops nothing."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from deblur_lib.catalogue import build
from deblur_lib.cli import main
from deblur_lib.data.pictures.reading import Picture
from deblur_lib.errors import CheckpointError
from deblur_lib.restoring.photos import find_pictures, restore_files, suspicions
from deblur_lib.weights.checkpoint import save

OPTIONS = {"base_channels": 4, "blocks": 1}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "net" / "best.safetensors"
    save(path, build("mimo_unet", **OPTIONS), name="mimo_unet", options=OPTIONS)
    return path


def photo(path: Path, mode: str = "RGB", size: tuple[int, int] = (37, 22)) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    Image.fromarray(noise, "RGBA" if mode == "RGBA" else None).convert(mode).save(path)
    return path


def test_a_mixed_folder_is_restored_and_the_bad_file_is_named(
    tmp_path: Path, weights: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name, mode in (("a.png", "RGB"), ("b.png", "L"), ("c.png", "RGBA"), ("d.jpg", "RGB")):
        photo(album / name, mode)
    (album / "e.png").write_bytes((album / "a.png").read_bytes()[:100])
    said: list[str] = []
    done, failed = restore_files([str(album)], weights, tmp_path / "out", say=said.append)
    assert (done, failed) == (4, 1)
    assert any(line.startswith("failed:") and "e.png" in line for line in said)
    for name, mode in (("a.png", "RGB"), ("b.png", "L"), ("c.png", "RGBA")):
        with Image.open(tmp_path / "out" / name) as restored:
            assert (restored.mode, restored.size) == (mode, (37, 22))


def test_patterns_folders_and_files_name_each_picture_once(tmp_path: Path) -> None:
    one = photo(tmp_path / "one.png")
    photo(tmp_path / "two.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    found = find_pictures([str(one), str(tmp_path), str(tmp_path / "*.png")])
    assert [path.name for path in found] == ["one.png", "two.jpg"]


def test_the_command_tells_by_its_status_how_it_went(tmp_path: Path, weights: Path) -> None:
    def status(*inputs: str) -> int:
        options = ["--weights", str(weights), "--out", str(tmp_path / "out")]
        return CliRunner().invoke(main, ["restore", *inputs, *options]).exit_code

    good = photo(tmp_path / "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert status(str(good)) == 0
    assert status(str(tmp_path / "none*.png")) == 2
    assert status(str(good), str(bad)) == 3


def test_the_inputs_own_folder_is_refused(tmp_path: Path, weights: Path) -> None:
    one = photo(tmp_path / "one.png")
    before = one.read_bytes()
    said: list[str] = []
    assert restore_files([str(one)], weights, tmp_path, say=said.append) == (0, 1)
    assert "overwritten" in said[0]
    assert one.read_bytes() == before


def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(CheckpointError):
        restore_files([str(photo(tmp_path / "one.png"))], weights, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (lambda rgb: rgb, "hardly changed"),
        (lambda rgb: np.full_like(rgb, rgb.mean()), "nearly flat"),
        (lambda rgb: rgb * np.array([1.4, 1, 1], dtype=np.float32), "mean moved"),
    ],
)
def test_a_suspicious_result_is_told(change: object, needle: str) -> None:
    rgb = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    before = Picture(rgb=rgb)
    told = suspicions(before, before.with_rgb(change(rgb)))  # type: ignore[operator]
    assert any(needle in line for line in told)


def test_a_plain_restoration_raises_no_suspicion() -> None:
    rgb = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    assert suspicions(Picture(rgb=rgb), Picture(rgb=np.clip(rgb * 1.05 - 0.02, 0, 1))) == []

"""Official files as their authors pack them, with values of the rule: loaded, then compared."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from deblur_lib.cli import main
from deblur_lib.evaluation.restore import restore
from deblur_lib.weights import shelf
from deblur_lib.weights.checkpoint import open_network
from golden import goldens


def test_a_deblurgan_v2_file_with_both_names_of_its_backbone(tmp_path: Path) -> None:
    golden = goldens.load("deblurgan_v2_mobilenet")
    packed = {f"module.{key}": one for key, one in goldens.weights(golden).items()}
    torch.save({"model": packed}, tmp_path / "fpn_mobilenet.h5")
    added = shelf.add(tmp_path / "fpn_mobilenet.h5", tmp_path / "shelf")
    network, card = open_network(added.path)
    assert (card.origin["preset"], card.origin["rounding"]) == ("deblurgan-v2-mobilenet", "down")
    with torch.no_grad():
        ours = network.correction(golden.blurred)
    goldens.assert_agrees(ours, golden, "output_2")  # statistics of the input, as published


def test_a_unet_seresnext_file_with_both_names_and_unused_layers(tmp_path: Path) -> None:
    golden = goldens.load("unet_seresnext")
    torch.save({"model": goldens.weights(golden)}, tmp_path / "best_unet.h5")
    network, card = open_network(shelf.add(tmp_path / "best_unet.h5", tmp_path / "shelf").path)
    assert card.network == "unet_seresnext"
    with torch.no_grad():
        goldens.assert_agrees(2 * network((golden.blurred + 1) / 2) - 1, golden)


@pytest.mark.parametrize(
    ("name", "published", "known", "last"),
    [
        ("dmphn_124", "DMPHN_1_2_4", "dmphn-1-2-4", "output_0"),
        ("dmphn_1248", "DMPHN_1_2_4_8", "dmphn-1-2-4-8", "output_0"),
        ("dmphn_stack4", "SDNet4", "dmphn-stack4", "output_3"),
    ],
)
def test_a_dmphn_folder_of_parts_loads_by_one_command_and_restores_unpadded(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    published: str,
    known: str,
    last: str,
) -> None:
    golden = goldens.load(name)
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, one in goldens.weights(golden).items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = one
    folder = tmp_path / "checkpoints" / published
    folder.mkdir(parents=True)
    for part, state in parts.items():
        torch.save(state, folder / f"{part}.pkl", _use_new_zipfile_serialization=False)
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    done = CliRunner().invoke(main, ["weights", "add", str(folder)])
    assert done.exit_code == 0, done.output
    network, card = open_network(tmp_path / "weights" / f"{known}.safetensors")
    assert card.origin["preset"] == known
    goldens.assert_agrees(restore(network, golden.blurred + 0.5) - 0.5, golden, last)

"""Official files as their authors pack them, with values of the rule: loaded, then compared."""

from pathlib import Path

import torch

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


def test_a_dmphn_folder_of_parts_restores_unpadded(tmp_path: Path) -> None:
    golden = goldens.load("dmphn_124")
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, one in goldens.weights(golden).items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = one
    folder = tmp_path / "checkpoints" / "DMPHN_1_2_4"
    folder.mkdir(parents=True)
    for part, state in parts.items():
        torch.save(state, folder / f"{part}.pkl", _use_new_zipfile_serialization=False)
    network, card = open_network(shelf.add(folder, tmp_path / "shelf").path)
    assert card.origin["preset"] == "dmphn-1-2-4"
    goldens.assert_agrees(restore(network, golden.blurred + 0.5) - 0.5, golden)

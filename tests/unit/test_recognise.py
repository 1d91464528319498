"""Networks recognised from tensors, official files by their names; stored with a card."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from data_pictures import PAIRS, write_pairs
from golden import goldens
from torch import Tensor

from deblur_lib import catalogue
from deblur_lib.cli import main
from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.spec import Options
from deblur_lib.weights.checkpoint import open_network, read_card
from deblur_lib.weights.presets import preset, presets, signs
from deblur_lib.weights.recognise import agrees, options_of, recognise

# golden -> preset whose shapes it has
OFFICIAL = {
    "convir": "convir-large", "dbgan": "dbgan", "deblurgan": "deblurgan",
    "deblurgan_head": "deblurgan-head", "deblurgan_v2_inception": "deblurgan-v2-inception",
    "deblurgan_v2_mobilenet": "deblurgan-v2-mobilenet", "deepdeblur": "deepdeblur-gopro",
    "dmphn_124": "dmphn-1-2-4", "dmphn_1248": "dmphn-1-2-4-8", "dmphn_stack4": "dmphn-stack4",
    "mb_taylorformer_v2_xl": "mb-taylorformer-v2-xl", "mimo_unet": "mimo-unet",
    "mimo_unet_plus": "mimo-unet-plus", "mprnet": "mprnet", "mt_rnn": "mtrnn",
    "nafnet_gopro_width32": "nafnet-gopro-32", "restormer": "restormer",
    "srn_color": "srn-color", "srn_lstm": "srn-lstm", "stripformer": "stripformer-gopro",
    "svrnn": "svrnn",
}  # fmt: skip
# other sizes than the official ones
OTHERS: dict[str, Options] = {
    "convir": {"base_channels": 8, "num_res": 2},
    "dbgan": {"features": 8, "growth": 4, "blocks": 2},
    "deblurgan": {"features": 4, "blocks": 2, "block": "se"},
    "deepdeblur": {"features": 4, "blocks": 2, "scales": 2, "kernel": 3},
    "deblurgan_v2": {"backbone": "mobilenet", "pyramid_channels": 8, "head_channels": 4},
    "dmphn": {"features": 4, "levels": 4, "stages": 2},
    "mimo_unet": {"base_channels": 4, "blocks": 1},
    "mprnet": {"features": 8, "unet_step": 4, "orsnet_step": 2, "cabs": 2, "reduction": 2},
    "mtrnn": {"base_channels": 4, "blocks": 2},
    "nafnet": {
        "width": 4, "enc_blk_nums": [1, 2], "middle_blk_num": 3, "dec_blk_nums": [1, 1],
    },
    "rdn": {"features": 4},
    "restormer": {"dim": 8, "blocks": [1, 2, 1, 1], "refinement": 2, "heads": [1, 2, 2, 4]},
    "srn": {"form": "color", "features": 4, "blocks": 2},
    "stripformer": {"features": 8, "bottleneck": 20, "decoder": 12, "blocks": [2, 2]},
    "svrnn": {"features": 4, "gates": 4},
    "unet_seresnext": {"features": 4, "planes": 16, "depths": [1, 1, 2, 1]},
}  # fmt: skip


def of_golden(name: str) -> dict[str, Tensor]:
    listed = json.loads((goldens.DATA / f"{name}.json").read_text(encoding="utf-8"))["state_dict"]
    return {key: torch.empty(shape, device="meta") for key, shape, _ in listed}


def of_catalogue(name: str, **options: Any) -> dict[str, Tensor]:
    with torch.device("meta"):
        return catalogue.build(name, **options).state_dict()


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_shapes_are_recognised_without_their_names(name: str) -> None:
    tensors = {f"module.{key}": one for key, one in of_golden(name).items()}
    found, known = recognise(tensors, Path("x.pth")), preset(OFFICIAL[name])
    assert found.fit.fits
    assert found.network == known.network
    full = {**catalogue.signature(known.network), **known.options}
    assert {**full, **found.options} == full
    assert known.id in " ".join(found.told)
    assert known.options.items() <= {**full, **found.options}.items()


def test_second_names_and_unused_layers_of_a_file_are_no_difference() -> None:
    found = recognise(of_golden("unet_seresnext"), Path("x.h5"))
    assert (found.network, found.options) == ("unet_seresnext", {})
    assert found.fit.fits


def test_every_preset_builds_and_every_network_of_one_is_told_apart() -> None:
    assert set(OFFICIAL.values()) < set(presets())
    for one in presets().values():
        assert one.network in signs(), one.id
        assert set(one.options) <= set(catalogue.signature(one.network)), one.id
        shapes = of_catalogue(one.network, **one.options)
        assert agrees(one, shapes), one.id


@pytest.mark.parametrize("name", OTHERS)
def test_options_are_read_off_the_shapes(name: str) -> None:
    tensors = of_catalogue(name, **OTHERS[name])
    assert options_of(name, tensors) == OTHERS[name]
    unseen: Options = {"heads": [2, 1]} if name == "stripformer" else {}
    found = recognise(tensors, Path("mine.pth"), options=unseen)
    assert found.network == name
    assert found.fit.fits


def test_the_official_name_decides_between_files_of_one_shape() -> None:
    tensors = of_golden("stripformer")
    found = recognise(tensors, Path("downloads/stripformer_realblur_J.pth"))
    assert found.preset is not None
    assert found.preset.id == "stripformer-realblur-j"
    assert found.told[0] == "the official file stripformer-realblur-j"
    assert recognise(tensors, Path("x.pth"), known="stripformer-gopro").preset != found.preset


def test_a_name_that_the_shapes_contradict_is_passed_over() -> None:
    found = recognise(of_golden("dmphn_1248"), Path("checkpoints/DMPHN_1_2_4"))
    assert found.preset is None
    assert found.options == {"levels": 4}


def test_stray_tensors_of_an_official_file_are_left_out() -> None:
    tensors = of_golden("dmphn_stack4")  # the folder of three stages holds a fourth
    found = recognise(tensors, Path("checkpoints/SDNet3"))
    assert found.preset is not None
    assert found.options == {"stages": 3}
    assert not any("_s4_" in name for name in found.fit.given)
    assert recognise(tensors, Path("renamed")).options == {"stages": 4}


def test_what_no_tensor_shows_is_told() -> None:
    assert "dilations=(7, 9, 11)" in recognise(of_golden("convir"), Path("x")).told[-1]


def test_nothing_is_guessed_that_does_not_fit() -> None:
    with pytest.raises(CheckpointError, match="of no network that is recognised"):
        recognise(of_golden("fftformer_dffn"), Path("x.pth"))
    tensors = of_golden("mimo_unet")
    with pytest.raises(CheckpointError, match="speak of base_channels=32"):
        recognise(tensors, Path("x.pth"), network="mimo_unet", options={"base_channels": 16})
    with pytest.raises(CheckpointError, match=r"x\.pth: options .* build no mimo_unet .*between 0"):
        recognise(tensors, Path("x.pth"), options={"dropout": 7.0})
    with pytest.raises(CheckpointError, match="does not fit nafnet"):
        recognise(tensors, Path("x.pth"), network="nafnet")
    with pytest.raises(UsageError, match="no preset is called 'mimo'; did you mean"):
        recognise(tensors, Path("x.pth"), known="mimo")
    del tensors["Convs.0.main.0.weight"]
    with pytest.raises(CheckpointError, match=r"1 missing in the file: Convs\.0\.main"):
        recognise(tensors, Path("x.pth"))


# the commands


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs" / "weights"


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["weights", *arguments])
    return done.exit_code, done.output


def dmphn_folder(folder: Path) -> dict[str, Tensor]:
    """The authors' layout: one old-style pickle for each encoder and decoder."""
    torch.manual_seed(1)
    state = catalogue.build("dmphn", features=4, stages=2).state_dict()
    parts: dict[str, dict[str, Tensor]] = {}
    for name, one in state.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = one
    folder.mkdir(parents=True)
    for part, tensors in parts.items():
        torch.save(tensors, folder / f"{part}.pkl", _use_new_zipfile_serialization=False)
    return state


def test_parts_load_by_one_command(shelf: Path, tmp_path: Path) -> None:
    state = dmphn_folder(tmp_path / "checkpoints" / "mine")
    status, text = run("add", str(tmp_path / "checkpoints" / "mine"), "--licence", "as we like")
    assert status == 0, text
    assert "mine: dmphn (features=4, stages=2)" in text
    network, card = open_network(shelf / "mine.safetensors")
    assert all(torch.equal(one, state[name]) for name, one in network.state_dict().items())
    assert len(card.origin["files"]) == 12
    assert card.origin["licence"] == "as we like"
    assert str(tmp_path) not in json.dumps(card.origin)
    status, text = run("list")
    assert "mine                     dmphn                licence: as we like" in text
    assert all(one in text for one in presets())
    status, text = run("show", "mine")
    assert status == 0
    assert "network:     dmphn" in text


def test_a_name_that_is_taken_is_kept(shelf: Path, tmp_path: Path) -> None:
    for width in (4, 6):
        torch.save(catalogue.build("rdn", features=width).state_dict(), tmp_path / f"{width}.pth")
    assert run("add", str(tmp_path / "4.pth"), "--name", "a")[0] == 0
    assert run("add", str(tmp_path / "4.pth"), "--name", "a")[0] == 0
    status, text = run("add", str(tmp_path / "6.pth"), "--name", "a")
    assert status == 2
    assert "a holds other weights already" in text
    assert read_card(shelf / "a.safetensors").options == {"features": 4}
    assert run("add", str(tmp_path / "6.pth"), "--name", "a", "--replace")[0] == 0
    assert read_card(shelf / "a.safetensors").options == {"features": 6}
    status, text = run("add", str(tmp_path / "6.pth"), "--name", "../a")
    assert status == 2
    assert "--name needs letters" in text


def test_weights_that_are_no_numbers_are_not_stored(shelf: Path, tmp_path: Path) -> None:
    state = catalogue.build("rdn", features=4).state_dict()
    first = next(iter(state))
    state[first].view(-1)[0] = float("nan")
    torch.save(state, tmp_path / "broken.pth")
    status, text = run("add", str(tmp_path / "broken.pth"))
    assert status != 0
    assert f"NaN or infinite values in 1 of {len(state)} tensors, first {first}" in text
    assert not list(shelf.glob("*.safetensors"))


def test_names_keep_their_letters_and_what_has_a_card_needs_none(
    shelf: Path, tmp_path: Path
) -> None:
    torch.save(catalogue.build("mimo_unet", base_channels=8).state_dict(), tmp_path / "Ärzte 1.pth")
    status, text = run("add", str(tmp_path / "Ärzte 1.pth"))
    assert (status, "Ärzte-1: mimo_unet" in text) == (0, True), text
    status, text = run("add", str(shelf / "Ärzte-1.safetensors"), "--name", "again")
    assert (status, "has a card (mimo_unet)" in text) == (2, True), text


def test_published_evaluation_is_an_option_whose_worth_is_told(shelf: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    built = catalogue.build("deblurgan", features=4, blocks=1)
    old = {key: one for key, one in built.state_dict().items() if "num_batches" not in key}
    torch.save(old, tmp_path / "net_G.pth")
    status, text = run(
        "add", str(tmp_path / "net_G.pth"), "--option", "test_dropout=true", "--option",
        "statistics=stored",
    )  # fmt: skip
    assert status == 0, text
    assert "counters of norms were not stored then" in text
    assert "test_dropout=True, as published, moves a fixed picture by" in text
    assert "against statistics='image'" in text
    assert read_card(shelf / "net_G.safetensors").options["test_dropout"] is True


def test_what_evaluation_as_published_is_worth_is_measured_on_pairs(
    shelf: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    torch.save(catalogue.build("deblurgan", features=4, blocks=1).state_dict(), tmp_path / "g.pth")
    assert run("add", str(tmp_path / "g.pth"), "--option", "test_dropout=true")[0] == 0
    write_pairs(tmp_path / "mine", PAIRS)
    status, text = run("show", "g", "--pairs", str(tmp_path / "mine"))
    assert status == 0, text
    lines = [line for line in text.splitlines() if line.startswith("scores:")]
    assert [line.split()[1] for line in lines] == ["as", "test_dropout=False:"]
    values = [float(line.split("psnr-rgb ")[1].split(",")[0]) for line in lines]
    assert values[0] != values[1]
    assert "psnr-rgb-down" in lines[0]


def test_show_looks_into_any_file(shelf: Path, tmp_path: Path) -> None:
    torch.save({"params": of_size()}, tmp_path / "x.pth")
    status, text = run("show", str(tmp_path / "x.pth"), "--json")
    found = json.loads(text)
    assert status == 0
    assert (found["network"], found["options"]) == ("rdn", {"features": 4})
    torch.save({"w": torch.zeros(3)}, tmp_path / "y.pth")
    status, text = run("show", str(tmp_path / "y.pth"))
    assert "of no network that is recognised" in text
    status, text = run("show", "nothing")
    assert status == 2
    assert "no stored weights is called 'nothing'" in text


def of_size() -> dict[str, Tensor]:
    return catalogue.build("rdn", features=4).state_dict()
